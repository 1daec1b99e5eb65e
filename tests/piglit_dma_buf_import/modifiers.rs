//! Formats with modifiers: what is listed, and that what is listed works.

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::ErrorCode;
use dmashare::egl::ExportError;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::ModifierCode;
use dmashare::gl::BindError;
use dmashare::gl::PixelType;
use dmashare::gl::RenderTarget;
use dmashare::gl::TargetError;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::memfd;
use crate::common::renderer::Renderer;
use crate::raw::Egl;

/// Larger than a tile of any GPU by one pixel.
const SIZE: [u32; 2] = [257, 257];

/// What can be asked of the driver: how many there are without room for any, and as many as there is
/// room for. Less than no room, no place for them, and an unknown format are bad parameters.
#[test]
fn queries_answer_as_the_extension_says() {
    let (renderer, egl) = (Renderer::new(), Egl::load());
    let display = &renderer.display;
    let count = egl.formats(display, 0, &mut []).unwrap();
    assert!(count > 20, "{count} formats");
    assert_eq!(egl.formats(display, 5, &mut [0; 5]), Ok(5));
    assert_eq!(egl.formats(display, 500, &mut [0; 500]), Ok(count));
    assert_eq!(egl.formats(display, -1, &mut []), Err(ErrorCode::BAD_PARAMETER));
    assert_eq!(egl.formats(display, 5, &mut []), Err(ErrorCode::BAD_PARAMETER));
    let fourcc = Fourcc::ARGB8888.0;
    assert_eq!(egl.modifiers(display, fourcc, 0, &mut []), Ok(1));
    assert_eq!(egl.modifiers(display, fourcc, 4, &mut [u64::MAX; 4]), Ok(1));
    assert_eq!(egl.modifiers(display, fourcc, -1, &mut []), Err(ErrorCode::BAD_PARAMETER));
    assert_eq!(egl.modifiers(display, fourcc, 4, &mut []), Err(ErrorCode::BAD_PARAMETER));
    assert_eq!(egl.modifiers(display, 0, 4, &mut [0; 4]), Err(ErrorCode::BAD_PARAMETER));
}

/// The crate's sets hold what the driver lists, each format with its modifiers, and nothing else.
#[test]
fn format_support_is_what_the_driver_lists() {
    let (renderer, egl) = (Renderer::new(), Egl::load());
    let sample = renderer.display.formats().sample();
    let mut listed = [0; 500];
    let count = egl.formats(&renderer.display, 500, &mut listed).unwrap();
    let count = usize::try_from(count).unwrap();
    assert_eq!(sample.fourccs().count(), count);
    for fourcc in listed[..count].iter().map(|code| Fourcc(code.cast_unsigned())) {
        let mut codes = [0; 64];
        let found = egl.modifiers(&renderer.display, fourcc.0, 64, &mut codes).unwrap();
        let listed = codes[..usize::try_from(found).unwrap()].iter().copied();
        let known = sample.entries_of(fourcc).filter_map(|entry| entry.modifier.explicit());
        assert!(known.map(ModifierCode::get).eq(listed), "{fourcc}");
    }
    assert!(!sample.contains_fourcc(Fourcc::from_code(b"FOO0")));
    assert!(renderer.display.formats().has_modifiers());
}

/// Formats that can be drawn into, and the images of them in memory.
fn targets(renderer: &Renderer) -> impl Iterator<Item = (Dmabuf, RenderTarget)> {
    let fourccs: Vec<_> = renderer.display.formats().render().fourccs().collect();
    fourccs.into_iter().filter_map(|fourcc| {
        let memory = memfd::image(fourcc, SIZE);
        let image = Image::import(&renderer.display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
        match RenderTarget::new(&texture) {
            Ok(target) => Some((memory, target)),
            Err(TargetError::Gl(_incomplete)) => None,
            Err(error) => panic!("{fourcc}: {error}"),
        }
    })
}

/// The corners and the middle, which lie in different tiles if there are any.
fn probes(seen: &[[f32; 4]]) -> [[f32; 4]; 5] {
    [0, 256, 256 * 257, 257 * 257 - 1, 128 * 257 + 128].map(|index| seen[index])
}

/// What is cleared through one import is seen through another, whether LINEAR is stated or not.
#[test]
fn cleared_image_is_seen_through_a_second_import() {
    let renderer = Renderer::new();
    let mut count = 0;
    for (memory, target) in targets(&renderer) {
        target.clear([1.0, 1.0, 1.0, 1.0]).unwrap();
        renderer.gl.finish().unwrap();
        let seen = [&memory, &memfd::without_modifier(&memory)].map(|memory| {
            let image = Image::import(&renderer.display, memory).unwrap();
            probes(&renderer.sample(&image))
        });
        assert_eq!(seen[0], seen[1], "{}", memory.fourcc());
        assert!(seen[0].iter().all(|pixel| pixel[0] == 1.0), "{}: {seen:?}", memory.fourcc());
        count += 1;
    }
    assert!(count > 15, "{count} formats");
}

/// Images that are drawn, sampled and drawn again in turns stay apart.
#[test]
fn images_that_are_drawn_in_turns_stay_apart() {
    let renderer = Renderer::new();
    let targets: Vec<_> = targets(&renderer).collect();
    for round in [0.0_f32, 1.0, 0.0] {
        for (index, (_, target)) in targets.iter().enumerate() {
            let value = if index % 2 == 0 { round } else { 1.0 - round };
            target.clear([value, 0.0, 0.0, 1.0]).unwrap();
        }
        for (index, (memory, target)) in targets.iter().enumerate() {
            let value = if index % 2 == 0 { round } else { 1.0 - round };
            let seen = probes(&renderer.read(&renderer.blit, target.texture()));
            assert!(seen.iter().all(|pixel| pixel[0] == value), "{}: {seen:?}", memory.fourcc());
        }
    }
}

/// What is listed for external textures alone is bound to no other: Mesa would sample raw luma.
#[test]
fn external_only_image_is_no_2d_texture() {
    let renderer = Renderer::new();
    let (fourcc, modifier) = (Fourcc::YUYV, Modifier::LINEAR);
    let image = Image::import(&renderer.display, &memfd::image(fourcc, [64, 64])).unwrap();
    let expected = BindError::ExternalOnly { fourcc, modifier };
    assert_eq!(Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap_err(), expected);
    let plain = Texture::<TwoD>::new(&renderer.gl, [64, 64], PixelType::Rgba8).unwrap();
    assert_eq!(plain.refresh(&image).unwrap_err(), expected);
}

/// Textures are exported by drivers that list the extension; from others, which hand out the
/// function all the same, nothing is asked.
#[test]
fn texture_is_exported_or_the_extension_is_missing() {
    let renderer = Renderer::new();
    let texture = Texture::<TwoD>::new(&renderer.gl, [64, 64], PixelType::Rgba8).unwrap();
    let target = RenderTarget::new(&texture).unwrap();
    target.clear([0.0, 1.0, 0.0, 1.0]).unwrap();
    renderer.gl.finish().unwrap();
    let exported = texture.to_image().unwrap().export();
    if !renderer.display.exports_dma_bufs() {
        let extension = "EGL_MESA_image_dma_buf_export";
        assert_eq!(exported.unwrap_err(), ExportError::Unsupported { extension });
        return;
    }
    let memory = exported.unwrap();
    assert_eq!((memory.width(), memory.height(), memory.planes().len()), (64, 64, 1));
    assert!(memory.planes()[0].stride_bytes() >= 64 * 4);
    let seen = renderer.sample(&Image::import(&renderer.display, &memory).unwrap());
    assert!(seen.iter().all(|pixel| *pixel == [0.0, 1.0, 0.0, 1.0]));
}
