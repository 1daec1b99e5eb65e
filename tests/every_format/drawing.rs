//! What GL draws into an image arrives in its memory as the oracle writes it.

use std::collections::BTreeSet;

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Layout;
use dmashare::gl::GlError;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::TargetError;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::SIZES;
use crate::common::memfd;
use crate::common::pixels;
use crate::common::pixels::PlaneBytes;
use crate::common::pixels::colorimetry::Chroma;
use crate::common::pixels::colorimetry::Colorimetry;
use crate::common::pixels::colorimetry::Matrix;
use crate::common::pixels::colorimetry::Range;
use crate::common::renderer::Renderer;
use crate::listed;
use crate::picture;

/// What llvmpipe must draw into: all that it lists, but `XR30` and `XB30`.
const ALWAYS: [&str; 19] = [
    "R8", "R16", "GR88", "GR32", "AR12", "AB12", "AR15", "AB15", "RG16", "XR24", "XB24", "AR24",
    "AB24", "AR30", "AB30", "XB48", "AB48", "XB4H", "AB4H",
];

/// A target, with the image whose memory it is.
struct Canvas {
    image: Dmabuf,
    target: RenderTarget,
}

impl Canvas {
    /// `None` if the driver cannot draw into the format.
    fn new(renderer: &Renderer, fourcc: Fourcc, size: [u32; 2]) -> Option<Self> {
        let image = memfd::image(fourcc, size);
        memfd::fill(&image, PADDING);
        let imported = Image::import(&renderer.display, &image).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &imported).unwrap();
        match RenderTarget::new(&texture) {
            Ok(target) => Some(Self { image, target }),
            Err(TargetError::Gl(GlError::Incomplete { .. })) => None,
            Err(error) => panic!("{fourcc}: {error:?}"),
        }
    }

    /// What is in memory after the drawing, and nothing beyond the rows has changed.
    fn bytes(&self, renderer: &Renderer) -> Vec<PlaneBytes> {
        renderer.gl.finish().unwrap();
        assert!(memfd::padding(&self.image).all(|byte| byte == PADDING), "bytes between the rows");
        memfd::read(&self.image)
    }
}

const PADDING: u8 = 0xa5;

/// Formats that the driver lists and that are not external-only: all but YUV.
fn drawable(renderer: &Renderer) -> impl Iterator<Item = &'static Layout> {
    let render = renderer.display.formats().render().clone();
    listed(renderer).filter(move |layout| render.contains_fourcc(layout.fourcc()))
}

/// Formats without luma have no use for it.
const IGNORED: Colorimetry =
    Colorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Averaged };

/// The picture of a format in numbers that both the format and the source have, so that no rounding
/// is left to the driver.
fn exact(layout: &Layout, size: [u32; 2]) -> Vec<[f64; 4]> {
    let in_source = rounded(source_format(layout), size, &picture::for_format(layout));
    rounded(layout.fourcc(), size, &|x, y| in_source[(y * size[0] + x) as usize])
}

/// A picture after it was written in a format and read again.
fn rounded(
    fourcc: Fourcc,
    size: [u32; 2],
    picture: &dyn Fn(u32, u32) -> [f64; 4],
) -> Vec<[f64; 4]> {
    read(fourcc, &pixels::encode(fourcc.0, size, IGNORED, picture), size)
}

fn read(fourcc: Fourcc, planes: &[PlaneBytes], size: [u32; 2]) -> Vec<[f64; 4]> {
    pixels::decode(fourcc.0, planes, size, IGNORED)
}

/// A format that can be sampled everywhere, with so many bits that what is drawn from it is rounded
/// to the numbers of any other as intended.
fn source_format(layout: &Layout) -> Fourcc {
    if picture::holds_floats(layout) { Fourcc::ABGR16161616F } else { Fourcc::ABGR16161616 }
}

/// What is drawn: an image with these pixels.
fn source(renderer: &Renderer, layout: &Layout, size: [u32; 2]) -> Texture<TwoD> {
    let (fourcc, exact) = (source_format(layout), exact(layout, size));
    let pixel = |x, y| exact[(y * size[0] + x) as usize];
    let image = memfd::image(fourcc, size);
    memfd::write(&image, &pixels::encode(fourcc.0, size, IGNORED, &pixel));
    let image = Image::import(&renderer.display, &image).unwrap();
    Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap()
}

/// Fails with the first pixel that differs: all of them would fill the screen.
fn assert_same(fourcc: Fourcc, found: &[[f64; 4]], expected: &[[f64; 4]]) {
    assert_eq!(found.len(), expected.len(), "{fourcc}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "{fourcc}, pixel {index}");
    }
}

#[test]
fn drawn_pixels_arrive_in_memory_as_the_format_says() {
    let renderer = Renderer::new();
    let mut drawn = BTreeSet::new();
    for layout in drawable(&renderer) {
        for size in SIZES {
            let fourcc = layout.fourcc();
            let Some(canvas) = Canvas::new(&renderer, fourcc, size) else { continue };
            canvas.target.draw(&renderer.blit, &source(&renderer, layout, size)).unwrap();
            let found = read(fourcc, &canvas.bytes(&renderer), size);
            assert_same(fourcc, &found, &exact(layout, size));
            drawn.insert(fourcc);
        }
    }
    println!("{}: {drawn:?}", renderer.gl.version());
    for code in ALWAYS {
        assert!(drawn.contains(&code.parse().unwrap()), "{code}");
    }
}

#[test]
fn cleared_pixels_arrive_in_memory_as_the_format_says() {
    let renderer = Renderer::new();
    for layout in drawable(&renderer) {
        let (fourcc, size) = (layout.fourcc(), [37, 23]);
        let Some(canvas) = Canvas::new(&renderer, fourcc, size) else { continue };
        for colour in exact(layout, [4, 1]) {
            canvas.target.clear(colour.map(to_f32)).unwrap();
            let found = read(fourcc, &canvas.bytes(&renderer), size);
            assert_same(fourcc, &found, &vec![colour; found.len()]);
        }
    }
}

#[test]
fn filled_pixels_are_the_pattern() {
    let renderer = Renderer::new();
    let program = Program::xor_pattern(&renderer.gl).unwrap();
    for fourcc in [Fourcc::ARGB8888, Fourcc::XRGB8888, Fourcc::ABGR8888, Fourcc::XBGR8888] {
        for [width, height] in SIZES {
            let canvas = Canvas::new(&renderer, fourcc, [width, height]).unwrap();
            canvas.target.fill(&program).unwrap();
            let pattern = |x: u32, y: u32| {
                let colours = [x ^ y, x ^ (2 * y), (2 * x) ^ y, 255];
                colours.map(|colour| f64::from(colour & 255) / 255.0)
            };
            let size = [width, height];
            let expected = rounded(fourcc, size, &pattern);
            assert_same(fourcc, &read(fourcc, &canvas.bytes(&renderer), size), &expected);
            let read_back = canvas.target.read_rgba8().unwrap();
            let (read_back, _) = read_back.as_chunks::<4>();
            let read_back: Vec<_> =
                read_back.iter().map(|pixel| pixel.map(|part| f64::from(part) / 255.0)).collect();
            assert_same(fourcc, &read_back, &expected);
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the number has few bits")]
fn to_f32(number: f64) -> f32 {
    number as f32
}
