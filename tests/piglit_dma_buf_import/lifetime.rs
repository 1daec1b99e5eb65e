//! Who owns what, and for how long.

use std::sync::Arc;

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::child;
use crate::common::leaks::Open;
use crate::common::memfd;
use crate::common::pixels::PlaneBytes;
use crate::common::renderer::Renderer;
use crate::common::renderer::display;

const GREEN: [f32; 4] = [0.0, 1.0, 0.0, 1.0];
const BLUE: [f32; 4] = [0.0, 0.0, 1.0, 1.0];

/// Fills an image of `AR24` with one colour, by CPU.
fn paint(image: &Dmabuf, [red, green, blue, alpha]: [u8; 4]) {
    let pixels = (image.width() * image.height()) as usize;
    let bytes = [blue, green, red, alpha].repeat(pixels);
    let (row_bytes, rows) = (image.width() as usize * 4, image.height() as usize);
    memfd::write(image, &[PlaneBytes { row_bytes, rows, bytes }]);
}

fn assert_shows(renderer: &Renderer, image: &Image, colour: [f32; 4]) {
    let seen = renderer.sample(image);
    assert!(seen.iter().all(|pixel| *pixel == colour), "{:?} instead of {colour:?}", seen[0]);
}

/// The import borrows file descriptors. They stay the caller's to close, after the image is
/// destroyed and the display is terminated, and nobody else has closed them.
#[test]
fn ownership_of_file_descriptors_is_not_transferred() {
    const CASES: &[child::Case] = &[("import_and_terminate", || {
        // The first image makes the driver load what it keeps.
        let image = memfd::image(Fourcc::ARGB8888, [64, 64]);
        drop(Image::import(&display(), &image).unwrap());
        let fd = image.planes()[0].shared_fd();
        let before = Open::now();
        let display = display();
        let imported = Image::import(&display, &image).unwrap();
        assert!(Open::now().fd_count() > before.fd_count(), "the driver has one of its own");
        drop((imported, display));
        assert_eq!(Open::now().fd_count(), before.fd_count());
        drop(image);
        let fd = Arc::into_inner(fd).expect("nobody else holds it");
        assert!(rustix::fs::fstat(&fd).is_ok());
        drop(fd);
        assert_eq!(Open::now().fd_count() + 1, before.fd_count());
    })];
    child::run_cases("lifetime::ownership_of_file_descriptors_is_not_transferred", CASES);
}

/// Two images of one buffer are two: destroying one does not touch the other.
#[test]
fn image_outlives_another_image_of_its_buffer() {
    let renderer = Renderer::new();
    let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
    let one = Image::import(&renderer.display, &memory).unwrap();
    let other = Image::import(&renderer.display, &memory).unwrap();
    paint(&memory, [0, 255, 0, 255]);
    assert_shows(&renderer, &one, GREEN);
    drop(one);
    paint(&memory, [0, 0, 255, 255]);
    assert_shows(&renderer, &other, BLUE);
}

/// A texture keeps the memory of its image after the image is destroyed, and the buffer after its
/// owner has closed it.
#[test]
fn texture_outlives_its_image_and_its_buffer() {
    let renderer = Renderer::new();
    let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
    paint(&memory, [0, 255, 0, 255]);
    let image = Image::import(&renderer.display, &memory).unwrap();
    let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
    drop((image, memory));
    let seen = renderer.read(&renderer.blit, &texture);
    assert!(seen.iter().all(|pixel| *pixel == GREEN));
}

/// Imports of one buffer on several threads at once count right: none frees what another uses.
#[test]
fn imports_on_two_threads_do_not_disturb_each_other() {
    const ROUNDS: u32 = 5_000;
    let renderer = Renderer::new();
    let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
    paint(&memory, [0, 255, 0, 255]);
    std::thread::scope(|scope| {
        for _thread in 0..2 {
            scope.spawn(|| {
                for _round in 0..ROUNDS {
                    drop(Image::import(&renderer.display, &memory).unwrap());
                }
            });
        }
    });
    assert_shows(&renderer, &Image::import(&renderer.display, &memory).unwrap(), GREEN);
}

/// A buffer that was mapped, drawn and destroyed can be imported and mapped again, and is the same.
#[test]
fn buffer_is_imported_again_after_it_was_drawn_and_destroyed() {
    let renderer = Renderer::new();
    let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
    for round in 0..16_u8 {
        let image = Image::import(&renderer.display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        target.clear([f32::from(round) / 255.0, 0.0, 1.0, 1.0]).unwrap();
        // Destroyed while the drawing is under way.
        drop((target, texture, image));
        renderer.gl.finish().unwrap();
        let [plane] = &memfd::read(&memory)[..] else { panic!("one plane") };
        let (pixels, _) = plane.bytes.as_chunks::<4>();
        assert!(pixels.iter().all(|pixel| *pixel == [255, 0, round, 255]), "round {round}");
    }
}
