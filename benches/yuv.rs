//! What it costs to make colours of luma and chroma, by the driver and plane by plane, and the other
//! way round. Each is a draw over a target of `RGBA8` and a wait for it.
//!
//! `cargo bench --bench yuv`. Compare the medians of one run: `by_plane` with `direct` of the same
//! format and size, both with chroma interpolated. `unfiltered` is the driver's way with the chroma of
//! the nearest sample, `copied` a picture of the same size in `AR24`.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot run has to stop")]

use divan::Bencher;
use divan::counter::ItemsCount;
use dmashare::allocator::Allocator;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::Texture;
use dmashare::gl::YuvTarget;

const SIZES: [(&str, [u32; 2]); 2] = [("1080p", [1920, 1080]), ("4K", [3840, 2160])];

/// What the driver reads best: chroma in the middle.
const COLORIMETRY: Colorimetry = Colorimetry::JPEG;

fn main() {
    divan::main();
}

/// A format and a size.
#[derive(Clone, Copy)]
struct Case {
    fourcc: Fourcc,
    name: &'static str,
    size: [u32; 2],
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.fourcc, self.name)
    }
}

fn cases(formats: &[Fourcc]) -> Vec<Case> {
    let of_format =
        |fourcc: &Fourcc| SIZES.map(|(name, size)| Case { fourcc: *fourcc, name, size });
    formats.iter().flat_map(of_format).collect()
}

fn seen() -> Vec<Case> {
    cases(&[Fourcc::NV12, Fourcc::YUV420, Fourcc::YUYV, Fourcc::AYUV, Fourcc::P010])
}

/// What the driver takes as a whole: no planes before Mesa 26.
fn taken() -> Vec<Case> {
    let stage = Stage::new([16, 16]);
    let is_taken = |case: &Case| {
        let image = image(Case { size: [16, 16], ..*case });
        RgbView::new(&stage.gl, &image, COLORIMETRY, Policy::RequireDirect).is_ok()
    };
    seen().into_iter().filter(is_taken).collect()
}

fn drawn() -> Vec<Case> {
    cases(&[Fourcc::NV12, Fourcc::YUV420, Fourcc::P010])
}

fn image(case: Case) -> Dmabuf {
    let [width, height] = case.size;
    let request = Request::new(width, height, case.fourcc).usage(Usage::Render);
    Memfd::new().allocate(&request).expect("memory for an image")
}

/// A context that is current, and a target.
struct Stage {
    target: RenderTarget,
    gl: Gl,
    display: Display,
}

impl Stage {
    fn new(size: [u32; 2]) -> Self {
        let display = Display::surfaceless().expect("a software renderer");
        let context = Context::new(&display).expect("a context");
        context.make_current().expect("a context");
        let gl = Gl::new(&context).expect("GLES");
        let texture = Texture::new(&gl, size, PixelType::Rgba8).expect("a texture");
        Self { target: RenderTarget::new(&texture).expect("a target"), gl, display }
    }

    fn view(&self, case: Case, policy: Policy) -> RgbView {
        RgbView::new(&self.gl, &image(case), COLORIMETRY, policy).expect("a view")
    }

    fn bench_view(&self, bencher: Bencher, case: Case, view: &RgbView) {
        bencher.counter(pixels(case)).bench_local(|| {
            self.target.draw_view(view).expect("a drawing");
            self.gl.finish().expect("a context");
        });
    }
}

fn pixels(case: Case) -> ItemsCount {
    let [width, height] = case.size;
    ItemsCount::new(width * height)
}

/// Colours as they are.
#[divan::bench(args = cases(&[Fourcc::ARGB8888]), sample_count = 20, sample_size = 1)]
fn copied(bencher: Bencher, case: Case) {
    let stage = Stage::new(case.size);
    stage.bench_view(bencher, case, &stage.view(case, Policy::PreferDirect));
}

/// The driver converts, and filters nothing.
#[divan::bench(args = taken(), sample_count = 20, sample_size = 1)]
fn unfiltered(bencher: Bencher, case: Case) {
    let stage = Stage::new(case.size);
    let image = Image::import_with(&stage.display, &image(case), COLORIMETRY).expect("an import");
    let texture = Texture::<External>::from_image(&stage.gl, &image).expect("a texture");
    let program = Program::blit_external(&stage.gl).expect("a program");
    bencher.counter(pixels(case)).bench_local(|| {
        stage.target.draw(&program, &texture).expect("a drawing");
        stage.gl.finish().expect("a context");
    });
}

/// The driver converts.
#[divan::bench(args = taken(), sample_count = 20, sample_size = 1)]
fn direct(bencher: Bencher, case: Case) {
    let stage = Stage::new(case.size);
    stage.bench_view(bencher, case, &stage.view(case, Policy::RequireDirect));
}

/// A shader of the crate converts.
#[divan::bench(args = seen(), sample_count = 20, sample_size = 1)]
fn by_plane(bencher: Bencher, case: Case) {
    let stage = Stage::new(case.size);
    stage.bench_view(bencher, case, &stage.view(case, Policy::RequireExact));
}

/// Colours become luma and chroma.
#[divan::bench(args = drawn(), sample_count = 20, sample_size = 1)]
fn drawn_into(bencher: Bencher, case: Case) {
    let stage = Stage::new(case.size);
    let source = stage.view(Case { fourcc: Fourcc::ARGB8888, ..case }, Policy::PreferDirect);
    let target = YuvTarget::new(&stage.gl, &image(case), COLORIMETRY).expect("a target");
    bencher.counter(pixels(case)).bench_local(|| {
        target.draw(&source).expect("a drawing");
        stage.gl.finish().expect("a context");
    });
}
