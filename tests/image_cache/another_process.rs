//! What another process writes is what textures show that were made long before.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::gl::External;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;

use crate::AR24;
use crate::SOON;
use crate::bound_texture::BoundTexture;
use crate::common::child;
use crate::common::child::Process;
use crate::common::memfd;
use crate::common::renderer::Renderer;
use crate::counts;
use crate::in_8_bits;

/// The formats of 8 bits that each Mesa samples as 2D textures, and how their bytes are channels.
const FORMATS: [(Fourcc, [Option<usize>; 4]); 3] = [
    (AR24, [Some(2), Some(1), Some(0), Some(3)]),
    (Fourcc::ABGR8888, [Some(0), Some(1), Some(2), Some(3)]),
    (Fourcc::R8, [Some(0), None, None, None]),
];

/// How many pictures come.
const PICTURES: u8 = 40;

/// The bytes of each pixel of a picture.
fn bytes(picture: u8) -> [u8; 4] {
    [picture, picture ^ 0x55, 255 - picture, picture.rotate_left(3)]
}

fn paint(image: &Dmabuf, picture: u8) {
    let mut planes = memfd::read(image);
    for plane in &mut planes {
        let pixel_bytes = plane.row_bytes / image.width() as usize;
        for pixel in plane.bytes.chunks_mut(pixel_bytes) {
            pixel.copy_from_slice(&bytes(picture)[..pixel_bytes]);
        }
    }
    memfd::write(image, &planes);
}

/// Paints the next picture into each image that comes, and sends it back.
fn painter() {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let channel = Channel::from_fd(stdin).unwrap();
    for picture in 0..PICTURES {
        let image = channel.recv_timeout(SOON).unwrap().image;
        paint(&image, picture);
        channel.send(&image, Ready::Finished).unwrap();
    }
}

#[test]
fn textures_show_what_another_process_wrote() {
    const TEST: &str = "another_process::textures_show_what_another_process_wrote";
    if child::case().is_some() {
        painter();
        return child::done();
    }
    let renderer = Renderer::new();
    for (fourcc, channels) in FORMATS {
        let (here, there) = Channel::pair().unwrap();
        let mut command = child::command(TEST, "painter");
        command.stdin(Stdio::from(OwnedFd::from(there)));
        let process = Process::start(command);
        let image = memfd::image(fourcc, [16, 16]);
        let mut plain = TextureCache::<TwoD>::new(&renderer.gl);
        let mut external = TextureCache::<External>::new(&renderer.gl);
        let kept = plain.texture(&image).unwrap().clone();
        let bound = BoundTexture::new(&renderer.gl, &kept);
        for picture in 0..PICTURES {
            here.send(&image, Ready::Finished).unwrap();
            let received = here.recv_timeout(SOON).unwrap().image;
            let expected = channels.map(|place| place.map(|place| bytes(picture)[place]));
            let expected = match expected {
                [red, None, None, None] => [red.unwrap(), 0, 0, 255],
                all => all.map(Option::unwrap),
            };
            let texture = plain.texture(&received).unwrap();
            let drawn = bound.draw();
            let (pixels, rest) = drawn.as_chunks::<4>();
            assert!(rest.is_empty());
            assert!(pixels.iter().all(|pixel| pixel.map(in_8_bits) == expected));
            let pixels = renderer.read(&renderer.blit, texture);
            assert!(pixels.iter().all(|pixel| pixel.map(in_8_bits) == expected));
            let pixels =
                renderer.read(&renderer.blit_external, external.texture(&received).unwrap());
            assert!(pixels.iter().all(|pixel| pixel.map(in_8_bits) == expected));
        }
        assert_eq!(counts(plain.statistics()), [u64::from(PICTURES), 1, 0]);
        assert_eq!(counts(external.statistics()), [u64::from(PICTURES) - 1, 1, 0]);
        process.finish();
    }
}

/// Every format that can be a 2D texture: what is written shows as it does in a texture made of it anew.
#[test]
fn a_texture_that_stays_bound_shows_what_was_written_since() {
    let renderer = Renderer::new();
    let listed = renderer.display.formats().render().fourccs();
    let mut seen = 0;
    for fourcc in listed.filter(|fourcc| fourcc.layout().is_some()) {
        let image = memfd::image(fourcc, [16, 16]);
        let draw_anew = || {
            let mut cache = TextureCache::<TwoD>::new(&renderer.gl);
            cache.texture(&image).map(|texture| BoundTexture::new(&renderer.gl, texture).draw())
        };
        memfd::fill(&image, 0);
        // What a driver lists it may refuse all the same.
        let Ok(dark) = draw_anew() else { continue };
        let mut cache = TextureCache::<TwoD>::new(&renderer.gl);
        cache.texture(&image).unwrap();
        let bound = BoundTexture::new(&renderer.gl, cache.texture(&image).unwrap());
        assert!(bound.draw() == dark, "{fourcc}");
        memfd::fill(&image, 0x3c);
        cache.texture(&image).unwrap();
        let light = bound.draw();
        drop(bound);
        assert!(light != dark, "{fourcc}");
        assert!(light == draw_anew().unwrap(), "{fourcc}");
        seen += 1;
    }
    assert!(seen >= 10, "{seen} formats");
}
