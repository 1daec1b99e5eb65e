//! Every image of luma and chroma is seen in the right colours, whichever way it goes, and the way is
//! told; and colours are drawn into such images as the standards say.
//!
//! The same tests pass on Mesa 25, which imports no planes as one image, and on Mesa 26.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod direct;
mod drawing;
mod exact;
mod meaning;
mod picture;
mod table;
mod ways;

use common::memfd;
use common::pixels;
use common::pixels::PlaneBytes;
use common::pixels::colorimetry as oracle;
use common::pixels::worst;
use common::renderer::Renderer;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Layout;
use dmashare::format::Model;
use dmashare::gl::PixelType;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::Texture;

/// The formats of luma and chroma that have rows.
fn formats() -> impl Iterator<Item = Fourcc> {
    let all = Layout::all().iter();
    let yuv = all.filter(|layout| layout.model() == Model::Yuv && layout.has_linear());
    yuv.map(Layout::fourcc)
}

/// Colours that go over the image smoothly, each in a direction of its own.
fn gradient([width, height]: [u32; 2]) -> impl Fn(u32, u32) -> [f64; 4] {
    move |x, y| {
        let across = (f64::from(x) + 0.5) / f64::from(width);
        let down = (f64::from(y) + 0.5) / f64::from(height);
        [across, down, 1.0 - f64::midpoint(across, down), across * down]
    }
}

/// Colours that no neighbour has: the fractions of multiples of irrational numbers.
fn scattered(x: u32, y: u32) -> [f64; 4] {
    let place = f64::from(x * 31 + y * 17 + 1);
    [0.618_034, 0.414_214, 0.732_051, 0.236_068].map(|step: f64| (step * place).fract())
}

/// An image with a picture in it, and its bytes as the oracle wrote them.
fn image_of(
    fourcc: Fourcc,
    size: [u32; 2],
    colorimetry: oracle::Colorimetry,
    picture: &dyn Fn(u32, u32) -> [f64; 4],
) -> (Dmabuf, Vec<PlaneBytes>) {
    let planes = pixels::encode(fourcc.0, size, colorimetry, picture);
    let image = memfd::image(fourcc, size);
    memfd::write(&image, &planes);
    (image, planes)
}

/// What is seen through a view, as floats.
fn seen(renderer: &Renderer, view: &RgbView) -> Vec<[f32; 4]> {
    let size = [view.width(), view.height()];
    let target =
        RenderTarget::new(&Texture::new(&renderer.gl, size, PixelType::Rgba32F).unwrap()).unwrap();
    target.draw_view(view).unwrap();
    let floats = target.read_rgba32f().unwrap();
    let (pixels, _) = floats.as_chunks::<4>();
    pixels.to_vec()
}

/// All colorimetries that make a difference to a format.
fn colorimetries(fourcc: Fourcc) -> Vec<Colorimetry> {
    meaning::all().into_iter().filter(|it| meaning::matters(fourcc, *it)).collect()
}
