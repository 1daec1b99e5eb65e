#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! From GL in one process to the display of another, against numbers: a picture is drawn by one
//! process, sampled and drawn again by a second one, scanned out as a framebuffer, and captured
//! where the monitor would be.

#[path = "../common/mod.rs"]
mod common;
mod drawing;
mod numbers;

use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;

use common::memfd;
use common::pixels;
use common::pixels::PlaneBytes;
use common::pixels::colorimetry::Chroma;
use common::pixels::colorimetry::Colorimetry;
use common::pixels::colorimetry::Matrix;
use common::pixels::colorimetry::Range;
use common::renderer::Renderer;
use numbers::SIZE;

/// Formats without luma have no use for it.
const COLORIMETRY: Colorimetry =
    Colorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Cosited };

/// The bytes that the second process must have drawn.
fn planes_of(fourcc: Fourcc) -> Vec<PlaneBytes> {
    match fourcc {
        Fourcc::NV12 => vec![numbers::luma(0), numbers::chroma(0)],
        Fourcc::P010 => vec![numbers::luma(8), numbers::chroma(8)],
        Fourcc::RGB565 => vec![numbers::sixteen_bits()],
        fourcc => {
            let of_eight_bits = |x, y| numbers::drawn(x, y).map(|part| f64::from(part) / 255.0);
            pixels::encode(fourcc.0, SIZE, COLORIMETRY, &of_eight_bits)
        }
    }
}

/// What the bytes mean; bits without a meaning are left out.
fn colours(fourcc: Fourcc, planes: &[PlaneBytes]) -> Vec<[f64; 4]> {
    pixels::decode(fourcc.0, planes, SIZE, COLORIMETRY)
}

/// The largest difference of red, green or blue.
fn distance(one: &[f64; 4], other: &[f64; 4]) -> f64 {
    one.iter().zip(other).take(3).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// By how much a driver may draw another number: llvmpipe of Mesa 25.0.7 is off by one of 1023 in
/// either direction.
fn slack(fourcc: Fourcc) -> f64 {
    if fourcc == Fourcc::XRGB2101010 { 1.001 / 1023.0 } else { 0.0 }
}

/// Draws the first process' picture again into another image.
fn draw_again(renderer: &Renderer, picture: &Dmabuf, image: &Dmabuf) {
    match image.planes().len() {
        1 => drawing::draw_copy(renderer, picture, image),
        _ => drawing::draw_planes(renderer, picture, image),
    }
}

#[test]
fn pictures_are_drawn_as_numbers() {
    let renderer = Renderer::new();
    let picture = memfd::image(Fourcc::ARGB8888, SIZE);
    drawing::draw_picture(&renderer, &picture);
    assert!(memfd::read(&picture) == planes_of(Fourcc::ARGB8888));
    for fourcc in [
        Fourcc::ARGB8888,
        Fourcc::XRGB8888,
        Fourcc::RGB565,
        Fourcc::XRGB2101010,
        Fourcc::NV12,
        Fourcc::P010,
    ] {
        let image = memfd::image(fourcc, SIZE);
        draw_again(&renderer, &picture, &image);
        let (found, expected) = (memfd::read(&image), planes_of(fourcc));
        let (found, expected) = (colours(fourcc, &found), colours(fourcc, &expected));
        let worst = found.iter().zip(&expected).map(|(f, e)| distance(f, e)).fold(0.0, f64::max);
        assert!(worst <= slack(fourcc), "{fourcc}: {worst}");
    }
}
