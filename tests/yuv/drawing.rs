//! Colours drawn into the planes of an image: what arrives in memory is what the oracle writes.

use dmashare::dmabuf::Dmabuf;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::gl::Policy;
use dmashare::gl::RgbView;
use dmashare::gl::YuvTarget;
use dmashare::gl::YuvTargetError;

use crate::colorimetries;
use crate::common::memfd;
use crate::common::pixels;
use crate::common::pixels::PlaneBytes;
use crate::common::renderer::Renderer;
use crate::formats;
use crate::gradient;
use crate::image_of;
use crate::meaning;
use crate::scattered;

/// What can be drawn into: planes of one kind of sample each.
const DRAWN: [&str; 31] = [
    "NV12", "NV21", "NV16", "NV61", "NV24", "NV42", "P010", "P012", "P016", "P210", "YUV9", "YVU9",
    "YU11", "YV11", "YU12", "YV12", "YU16", "YV16", "YU24", "YV24", "S010", "S210", "S410", "S012",
    "S212", "S412", "S016", "S216", "S416", "Q410", "Q401",
];

fn drawn() -> impl Iterator<Item = Fourcc> {
    DRAWN.iter().map(|code| code.parse().unwrap())
}

/// Colours of 16 bits, as they are in memory, and a view of them.
fn colours(
    renderer: &Renderer,
    size: [u32; 2],
    picture: &dyn Fn(u32, u32) -> [f64; 4],
) -> (RgbView, Vec<[f64; 4]>) {
    let fourcc = Fourcc::ABGR16161616;
    let ignored = meaning::of(Colorimetry::default());
    let (image, planes) = image_of(fourcc, size, ignored, picture);
    let colorimetry = Colorimetry::default();
    let view = RgbView::new(&renderer.gl, &image, colorimetry, Policy::default()).unwrap();
    let without_luma = pixels::colorimetry::Colorimetry {
        chroma: pixels::colorimetry::Chroma::Averaged,
        ..ignored
    };
    (view, pixels::decode(fourcc.0, &planes, size, without_luma))
}

/// By how many code values, of the format's own depth, two images differ at most.
fn steps_apart(fourcc: Fourcc, one: &[PlaneBytes], other: &[PlaneBytes]) -> f64 {
    let bits = pixels::luma_bits(fourcc.0).unwrap();
    let is_upper = ["P010", "P012", "P210", "Q410", "Q401"].contains(&fourcc.to_string().as_str());
    let step = if is_upper { (16.0 - f64::from(bits)).exp2() } else { 1.0 };
    let numbers = |planes: &[PlaneBytes]| -> Vec<f64> {
        let bytes = planes.iter().flat_map(|plane| plane.bytes.iter().copied());
        if bits == 8 {
            return bytes.map(f64::from).collect();
        }
        let bytes: Vec<u8> = bytes.collect();
        let (words, _) = bytes.as_chunks::<2>();
        words.iter().map(|word| f64::from(u16::from_le_bytes(*word)) / step).collect()
    };
    let (one, other) = (numbers(one), numbers(other));
    assert_eq!(one.len(), other.len());
    one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn draw(renderer: &Renderer, image: &Dmabuf, colorimetry: Colorimetry, source: &RgbView) {
    let target = YuvTarget::new(&renderer.gl, image, colorimetry).unwrap();
    target.draw(source).unwrap();
    renderer.gl.finish().unwrap();
}

/// Numbers halfway between two code values are rounded either way by floats, and all others right.
fn assert_drawn(fourcc: Fourcc, what: &str, found: &[PlaneBytes], expected: &[PlaneBytes]) {
    let most = steps_apart(fourcc, found, expected);
    let allowed = if pixels::luma_bits(fourcc.0) == Some(16) { 2.0 } else { 1.0 };
    assert!(most <= allowed, "{fourcc} {what}: {most} steps");
    let all: usize = found.iter().map(|plane| plane.bytes.len()).sum();
    let pairs = found.iter().zip(expected);
    let different =
        pairs.flat_map(|(a, b)| a.bytes.iter().zip(&b.bytes)).filter(|(a, b)| a != b).count();
    let is_deep = pixels::luma_bits(fourcc.0) > Some(12);
    assert!(is_deep || different * 100 <= all, "{fourcc} {what}: {different} of {all} bytes");
}

#[test]
fn every_colorimetry_of_every_format_is_drawn_within_a_code_value() {
    let renderer = Renderer::new();
    for size in [[1, 1], [3, 5], [14, 10]] {
        let (source, pixels_of_source) = colours(&renderer, size, &scattered);
        let picture = |x: u32, y: u32| pixels_of_source[(y * size[0] + x) as usize];
        for fourcc in drawn() {
            for colorimetry in colorimetries(fourcc) {
                let image = memfd::image(fourcc, size);
                draw(&renderer, &image, colorimetry, &source);
                let expected = pixels::encode(fourcc.0, size, meaning::of(colorimetry), &picture);
                let what = format!("{size:?} {colorimetry:?}");
                assert_drawn(fourcc, &what, &memfd::read(&image), &expected);
            }
        }
    }
}

#[test]
fn gradients_of_odd_sizes_are_drawn_within_a_code_value() {
    let renderer = Renderer::new();
    let size = [257, 257];
    let (source, pixels_of_source) = colours(&renderer, size, &gradient(size));
    let picture = |x: u32, y: u32| pixels_of_source[(y * size[0] + x) as usize];
    for fourcc in drawn() {
        for colorimetry in colorimetries(fourcc) {
            let image = memfd::image(fourcc, size);
            draw(&renderer, &image, colorimetry, &source);
            let expected = pixels::encode(fourcc.0, size, meaning::of(colorimetry), &picture);
            let what = format!("{colorimetry:?}");
            assert_drawn(fourcc, &what, &memfd::read(&image), &expected);
        }
    }
}

/// From a decoder's format to an encoder's, without colours in between.
#[test]
fn one_yuv_image_is_drawn_into_another() {
    let renderer = Renderer::new();
    let size = [38, 22];
    for (from, to) in [("NV12", "P010"), ("YUYV", "NV12"), ("P010", "YU12"), ("NV15", "NV16")] {
        let [from, to]: [Fourcc; 2] = [from, to].map(|code| code.parse().unwrap());
        let (colorimetry, into) = (Colorimetry::HD_VIDEO, Colorimetry::JPEG);
        let (image, planes) = image_of(from, size, meaning::of(colorimetry), &gradient(size));
        let source = RgbView::new(&renderer.gl, &image, colorimetry, Policy::RequireExact).unwrap();
        let seen = pixels::decode(from.0, &planes, size, meaning::of(colorimetry));
        let picture = |x: u32, y: u32| seen[(y * size[0] + x) as usize];
        let target = memfd::image(to, size);
        draw(&renderer, &target, into, &source);
        let expected = pixels::encode(to.0, size, meaning::of(into), &picture);
        let most = steps_apart(to, &memfd::read(&target), &expected);
        // Colours beyond black and white are not limited between the two.
        assert!(most <= 2.0, "{from} to {to}: {most} steps");
    }
}

#[test]
fn formats_whose_planes_hold_several_kinds_of_samples_are_unsupported() {
    let renderer = Renderer::new();
    let mut count = 0;
    let colours = [Fourcc::ARGB8888, Fourcc::R8];
    for fourcc in formats().chain(colours).filter(|fourcc| drawn().all(|it| it != *fourcc)) {
        let image = memfd::image(fourcc, [64, 64]);
        let refused = YuvTarget::new(&renderer.gl, &image, Colorimetry::default()).unwrap_err();
        // Nothing but luma is not drawn either.
        assert_eq!(refused, YuvTargetError::Unsupported { fourcc });
        count += 1;
    }
    assert!(count > 20, "{count} formats");
}
