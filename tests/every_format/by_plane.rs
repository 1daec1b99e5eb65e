//! The planes of YUV as images of their own: what works where a driver refuses the whole.

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
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
use crate::picture;
use crate::picture::hints;

const COLORIMETRY: Colorimetry =
    Colorimetry { matrix: Matrix::Bt709, range: Range::Narrow, chroma: Chroma::Averaged };

/// A format, and the formats and the parts of a pixel's luma and chroma that its planes are.
struct Planar {
    fourcc: Fourcc,
    planes: &'static [(Fourcc, &'static str)],
    /// The largest numbers, of 8 bits, of `Y:x 10:6` and of all its bits.
    scale: f64,
}

const PLANAR: [Planar; 3] = [
    Planar {
        fourcc: Fourcc::NV12,
        planes: &[(Fourcc::R8, "y, 0.0"), (Fourcc::GR88, "cb, cr")],
        scale: 1.0,
    },
    Planar {
        fourcc: Fourcc::YUV420,
        planes: &[(Fourcc::R8, "y, 0.0"), (Fourcc::R8, "cb, 0.0"), (Fourcc::R8, "cr, 0.0")],
        scale: 1.0,
    },
    Planar {
        fourcc: Fourcc::P010,
        planes: &[(Fourcc::R16, "y, 0.0"), (Fourcc::GR1616, "cb, cr")],
        // Numbers of 10 bits in the upper bits of 16: 256 / 65535 of what 8 bits have.
        scale: 255.0 * 256.0 / 65535.0,
    },
];

impl Planar {
    /// Each plane of an image as an image of its own.
    fn split(&self, image: &Dmabuf) -> Vec<Dmabuf> {
        let [width, height] = [image.width(), image.height()];
        let shapes = self.fourcc.layout().unwrap().planes();
        let planes = self.planes.iter().zip(shapes).enumerate();
        let split = planes.map(|(index, ((fourcc, _), shape))| {
            let (across, down) = (shape.horizontal_subsampling(), shape.vertical_subsampling());
            let size = [width.div_ceil(across), height.div_ceil(down)];
            memfd::plane_as_image(image, index, *fourcc, size)
        });
        split.collect()
    }
}

fn texture(renderer: &Renderer, image: &Dmabuf) -> Texture<TwoD> {
    let image = Image::import(&renderer.display, image).unwrap();
    Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap()
}

fn size_of(image: &Dmabuf) -> [u32; 2] {
    [image.width(), image.height()]
}

#[test]
fn planes_are_sampled_as_numbers() {
    let renderer = Renderer::new();
    for planar in &PLANAR {
        for size in SIZES {
            let planes = pixels::encode(planar.fourcc.0, size, COLORIMETRY, &picture::scattered);
            let image = memfd::image(planar.fourcc, size);
            memfd::write(&image, &planes);
            for (part, bytes) in planar.split(&image).iter().zip(&planes) {
                let (fourcc, size) = (part.fourcc(), size_of(part));
                let expected =
                    pixels::decode(fourcc.0, std::slice::from_ref(bytes), size, COLORIMETRY);
                let seen = renderer.read(&renderer.blit, &texture(&renderer, part));
                for (seen, expected) in seen.as_flattened().iter().zip(expected.as_flattened()) {
                    let off = (f64::from(*seen) - expected).abs();
                    assert!(off < 1e-6, "{} {fourcc}: {seen} {expected}", planar.fourcc);
                }
            }
        }
    }
}

/// A shader that makes luma and chroma of BT.709 in the narrow range from colours, and keeps some.
fn converter(renderer: &Renderer, planar: &Planar, parts: &str) -> Program<TwoD> {
    let scale = planar.scale;
    let source = format!(
        "#version 100
        precision highp float;
        uniform highp sampler2D source;
        varying highp vec2 coordinates;
        void main() {{
            vec3 rgb = texture2D(source, coordinates).rgb;
            float luma = dot(rgb, vec3(0.2126, 0.7152, 0.0722));
            float y = (16.0 + 219.0 * luma) / 255.0;
            float cb = (128.0 + 224.0 * (rgb.b - luma) / 1.8556) / 255.0;
            float cr = (128.0 + 224.0 * (rgb.r - luma) / 1.5748) / 255.0;
            gl_FragColor = vec4({scale:?} * vec2({parts}), 0.0, 1.0);
        }}"
    );
    Program::new(&renderer.gl, &source).unwrap()
}

/// Colours that are the same for all pixels that share chroma.
fn in_fours(x: u32, y: u32) -> [f64; 4] {
    picture::scattered(x / 2, y / 2)
}

/// Draws the planes of an image from colours.
fn convert(renderer: &Renderer, planar: &Planar, image: &Dmabuf) {
    let size = size_of(image);
    let colours = memfd::image(Fourcc::ABGR16161616, size);
    memfd::write(&colours, &pixels::encode(colours.fourcc().0, size, COLORIMETRY, &in_fours));
    let colours = texture(renderer, &colours);
    for (part, (_, parts)) in planar.split(image).iter().zip(planar.planes) {
        let target = RenderTarget::new(&texture(renderer, part)).unwrap();
        target.draw(&converter(renderer, planar, parts), &colours).unwrap();
    }
    renderer.gl.finish().unwrap();
}

#[test]
fn planes_are_drawn_as_numbers() {
    let renderer = Renderer::new();
    for planar in &PLANAR {
        for size in SIZES {
            let image = memfd::image(planar.fourcc, size);
            convert(&renderer, planar, &image);
            let expected = pixels::encode(planar.fourcc.0, size, COLORIMETRY, &in_fours);
            for (found, expected) in memfd::read(&image).iter().zip(&expected) {
                let most = most_steps_apart(planar, found, expected);
                assert!(most <= 1.0, "{} {size:?}: {most} steps", planar.fourcc);
            }
        }
    }
}

/// By how many steps of the format two planes differ at most: rounding may go either way.
fn most_steps_apart(planar: &Planar, one: &PlaneBytes, other: &PlaneBytes) -> f64 {
    assert_eq!((one.row_bytes, one.rows), (other.row_bytes, other.rows));
    let numbers = |plane: &PlaneBytes| -> Vec<f64> {
        if planar.fourcc != Fourcc::P010 {
            return plane.bytes.iter().map(|byte| f64::from(*byte)).collect();
        }
        let (words, _) = plane.bytes.as_chunks::<2>();
        words.iter().map(|word| f64::from(u16::from_le_bytes(*word)) / 64.0).collect()
    };
    let apart = numbers(one).into_iter().zip(numbers(other)).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f64::max)
}

#[test]
fn planes_that_were_drawn_are_sampled_as_one_picture_where_the_driver_can() {
    let renderer = Renderer::new();
    for planar in &PLANAR {
        let size = [64, 64];
        let image = memfd::image(planar.fourcc, size);
        convert(&renderer, planar, &image);
        let imported = Image::import_with(&renderer.display, &image, hints(COLORIMETRY));
        let Ok(imported) = imported else {
            assert!(renderer.mesa() < 26, "{}: {imported:?}", planar.fourcc);
            continue;
        };
        // A step of luma and of chroma for each rounding, and the quirks of more than 8 bits.
        let tolerance = 4.0 / 255.0;
        let seen = renderer.sample(&imported);
        for (index, seen) in (0..).zip(&seen) {
            let expected = in_fours(index % size[0], index / size[0]);
            let off = (0..3).map(|i| (f64::from(seen[i]) - expected[i]).abs()).fold(0.0, f64::max);
            assert!(off < tolerance, "{} {seen:?} {expected:?}", planar.fourcc);
        }
    }
}
