//! What is seen through an image.

use std::sync::Arc;

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::ErrorCode;
use dmashare::egl::Image;
use dmashare::egl::ImportError;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::gl::YuvTarget;

use crate::common::memfd;
use crate::common::pixels;
use crate::common::pixels::PlaneBytes;
use crate::common::pixels::colorimetry::Chroma;
use crate::common::pixels::colorimetry::Colorimetry as PixelColorimetry;
use crate::common::pixels::colorimetry::Matrix;
use crate::common::pixels::colorimetry::Range;
use crate::common::quirks;
use crate::common::renderer::Renderer;

/// What an import without hints is in this crate.
const COLORIMETRY: PixelColorimetry =
    PixelColorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Averaged };

/// The formats with luma and chroma that piglit samples.
const YUV: [Fourcc; 19] = [
    Fourcc::NV12,
    Fourcc::NV21,
    Fourcc::YUV420,
    Fourcc::YVU420,
    Fourcc::AYUV,
    Fourcc::XYUV8888,
    Fourcc::P010,
    Fourcc::P012,
    Fourcc::P016,
    Fourcc::Y210,
    Fourcc::Y212,
    Fourcc::Y216,
    Fourcc::Y410,
    Fourcc::Y412,
    Fourcc::Y416,
    Fourcc::YUYV,
    Fourcc::YVYU,
    Fourcc::UYVY,
    Fourcc::VYUY,
];

/// Four pixels of red and green above four of blue and white, each colour in a square of 2x2.
fn squares(x: u32, y: u32) -> [f64; 4] {
    match (x < 2, y < 2) {
        (true, true) => [1.0, 0.0, 0.0, 1.0],
        (false, true) => [0.0, 1.0, 0.0, 1.0],
        (true, false) => [0.0, 0.0, 1.0, 1.0],
        (false, false) => [1.0, 1.0, 1.0, 1.0],
    }
}

/// Bytes in memory are blue, green, red and alpha; the alpha of `XR24` is 1 whatever its byte is.
#[test]
fn sampled_colours_are_the_bytes_in_memory() {
    let renderer = Renderer::new();
    let bytes: Vec<u8> = vec![255, 0, 0, 0, 0, 255, 0, 85, 0, 0, 255, 170, 51, 102, 153, 255];
    let colours = [[0, 0, 255, 0], [0, 255, 0, 85], [255, 0, 0, 170], [153, 102, 51, 255]];
    for fourcc in [Fourcc::ARGB8888, Fourcc::XRGB8888] {
        let memory = memfd::image(fourcc, [2, 2]);
        let rows = bytes.clone();
        memfd::write(&memory, &[PlaneBytes { row_bytes: 8, rows: 2, bytes: rows }]);
        let seen = renderer.sample(&Image::import(&renderer.display, &memory).unwrap());
        for (seen, colour) in seen.iter().zip(colours) {
            let [red, green, blue, alpha] = colour.map(|part: u8| f32::from(part) / 255.0);
            let alpha = if fourcc == Fourcc::XRGB8888 { 1.0 } else { alpha };
            let expected = [red, green, blue, alpha];
            let off = seen.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-6, "{fourcc}: {seen:?} instead of {expected:?}");
        }
    }
}

/// Luma and chroma arrive as the colours that they were made from, in every arrangement that the
/// driver takes; what it does not take is refused, and not shown wrong.
#[test]
fn sampled_yuv_is_the_colours_it_was_made_from() {
    // Five bits for each colour, as piglit allows.
    let tolerance = 1.0 / 31.0;
    let renderer = Renderer::new();
    let formats = renderer.display.formats().sample();
    let mut count = 0;
    for fourcc in YUV {
        let memory = memfd::image(fourcc, [4, 4]);
        memfd::write(&memory, &pixels::encode(fourcc.0, [4, 4], COLORIMETRY, &squares));
        let image = match Image::import(&renderer.display, &memory) {
            Ok(image) => image,
            Err(ImportError::Driver { source, .. }) => {
                assert_eq!(source.code, ErrorCode::BAD_ALLOC, "{fourcc}");
                continue;
            }
            Err(error) => {
                assert!(!formats.contains(fourcc, Modifier::LINEAR), "{fourcc}: {error}");
                continue;
            }
        };
        let seen = renderer.sample(&image);
        if quirks::is_never_read(fourcc) && renderer.mesa() >= 26 {
            continue;
        }
        for (index, seen) in (0..).zip(&seen) {
            let expected = squares(index % 4, index / 4);
            let parts = seen.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs());
            assert!(parts.fold(0.0, f64::max) < tolerance, "{fourcc}: {seen:?} {expected:?}");
        }
        count += 1;
    }
    // All that are packed; from Mesa 26 on, those in planes instead of the two that are never read.
    assert!(count >= if renderer.mesa() < 26 { 12 } else { 17 }, "{count} formats");
}

/// As the test above, through the one call that finds a way for each: nothing is left out.
#[test]
fn sampled_yuv_is_its_colours_by_whichever_way() {
    let tolerance = 1.0 / 31.0;
    let renderer = Renderer::new();
    let target = Texture::<TwoD>::new(&renderer.gl, [4, 4], PixelType::Rgba8).unwrap();
    let target = RenderTarget::new(&target).unwrap();
    for fourcc in YUV {
        let planes = pixels::encode(fourcc.0, [4, 4], COLORIMETRY, &squares);
        for memory in [memfd::image(fourcc, [4, 4]), memfd::image_in_parts(fourcc, [4, 4])] {
            memfd::write(&memory, &planes);
            for policy in [Policy::PreferDirect, Policy::RequireExact] {
                let colorimetry = Colorimetry::default();
                let view = RgbView::new(&renderer.gl, &memory, colorimetry, policy).unwrap();
                target.draw_view(&view).unwrap();
                let seen = target.read_rgba8().unwrap();
                // Between two squares there is chroma of both.
                for (x, y) in [(0, 0), (3, 0), (0, 3), (3, 3)] {
                    let place = 4 * (4 * y as usize + x as usize);
                    for (seen, expected) in seen[place..].iter().zip(squares(x, y)) {
                        let off = (f64::from(*seen) / 255.0 - expected).abs();
                        assert!(off < tolerance, "{fourcc} {x}, {y}: {seen} {expected}");
                    }
                }
            }
        }
    }
}

/// Colours become NV12, and NV12 becomes the same colours: by the planes alone.
#[test]
fn nv12_that_was_drawn_as_r8_and_gr88_is_seen_as_its_colours() {
    let renderer = Renderer::new();
    let (size, colorimetry) = ([64, 48], Colorimetry::JPEG);
    let in_fours = |x: u32, y: u32| [f64::from(x / 2) / 31.0, f64::from(y / 2) / 23.0, 0.5, 1.0];
    let colours = memfd::image(Fourcc::ABGR8888, size);
    memfd::write(&colours, &pixels::encode(colours.fourcc().0, size, COLORIMETRY, &in_fours));
    let colours = RgbView::new(&renderer.gl, &colours, colorimetry, Policy::default()).unwrap();
    let memory = memfd::image(Fourcc::NV12, size);
    YuvTarget::new(&renderer.gl, &memory, colorimetry).unwrap().draw(&colours).unwrap();
    renderer.gl.finish().unwrap();
    let full = PixelColorimetry { range: Range::Full, ..COLORIMETRY };
    let seen = pixels::decode(Fourcc::NV12.0, &memfd::read(&memory), size, full);
    for (index, seen) in (0..).zip(&seen) {
        let expected = in_fours(index % size[0], index / size[0]);
        let off = seen.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 2.5 / 255.0, "{seen:?} {expected:?}");
    }
}

/// The planes of NV12 can be imported as images of one and of two channels, sampled, and drawn into
/// others: a copy of NV12 without a conversion.
#[test]
fn planes_of_nv12_are_copied_as_r8_and_gr88() {
    let renderer = Renderer::new();
    let (from, to) = (memfd::image(Fourcc::NV12, [64, 48]), memfd::image(Fourcc::NV12, [64, 48]));
    let planes = pixels::encode(Fourcc::NV12.0, [64, 48], COLORIMETRY, &|x, y| {
        [f64::from(x) / 63.0, f64::from(y) / 47.0, f64::from(x ^ y) / 63.0, 1.0]
    });
    memfd::write(&from, &planes);
    for (index, fourcc, size) in [(0, Fourcc::R8, [64, 48]), (1, Fourcc::GR88, [32, 24])] {
        let texture = |memory: &Dmabuf| {
            let plane = memory.plane_as_image(index, fourcc).unwrap();
            assert_eq!([plane.width(), plane.height()], size);
            let image = Image::import(&renderer.display, &plane).unwrap();
            Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap()
        };
        let target = RenderTarget::new(&texture(&to)).unwrap();
        target.draw(&renderer.blit, &texture(&from)).unwrap();
    }
    renderer.gl.finish().unwrap();
    assert!(memfd::read(&to) == planes);
}

/// An image whose planes lie in one buffer and one whose planes have a buffer each look the same;
/// and so do file descriptors that are the same number and those that are duplicates.
#[test]
fn planes_in_one_buffer_or_in_several_look_the_same() {
    let renderer = Renderer::new();
    let planes = pixels::encode(Fourcc::NV12.0, [4, 4], COLORIMETRY, &squares);
    let together = memfd::image(Fourcc::NV12, [4, 4]);
    let apart = memfd::image_in_parts(Fourcc::NV12, [4, 4]);
    let mut duplicated = memfd::descriptor(Fourcc::NV12, [4, 4]);
    let fd = duplicated.planes[1].fd.try_clone().unwrap();
    duplicated.planes[1].fd = Arc::new(fd);
    let duplicated = Dmabuf::new(duplicated).unwrap();
    let seen = [together, apart, duplicated].map(|memory| {
        memfd::write(&memory, &planes);
        assert!(memfd::read(&memory) == planes);
        let parts = [(0, Fourcc::R8, [4, 4]), (1, Fourcc::GR88, [2, 2])];
        let parts = parts.map(|(index, fourcc, size)| {
            let plane = memfd::plane_as_image(&memory, index, fourcc, size);
            renderer.sample(&Image::import(&renderer.display, &plane).unwrap())
        });
        let whole = Image::import(&renderer.display, &memory).map(|image| renderer.sample(&image));
        (parts, whole.map_err(|error| assert!(renderer.mesa() < 26, "{error}")))
    });
    assert!(seen[0] == seen[1] && seen[0] == seen[2]);
    // 81 of 255: the luma of red.
    assert!((seen[0].0[0][0][0] - 81.0 / 255.0).abs() < 1e-6);
}

/// Three bytes for a pixel: drawn and read like any other, or not listed.
#[test]
fn pixels_of_24_bits_are_drawn_or_not_listed() {
    let renderer = Renderer::new();
    for fourcc in [Fourcc::RGB888, Fourcc::BGR888] {
        let memory = memfd::image(fourcc, [64, 64]);
        let modifier = Modifier::LINEAR;
        match Image::import(&renderer.display, &memory) {
            Err(error) => assert_eq!(error, ImportError::Format { fourcc, modifier }),
            Ok(image) => {
                let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
                let target = RenderTarget::new(&texture).unwrap();
                target.clear([0.2, 0.4, 0.6, 1.0]).unwrap();
                renderer.gl.finish().unwrap();
                let pixel = if fourcc == Fourcc::RGB888 { [153, 102, 51] } else { [51, 102, 153] };
                assert!(memfd::read(&memory)[0].bytes == pixel.repeat(64 * 64), "{fourcc}");
            }
        }
    }
}
