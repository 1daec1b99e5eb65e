//! Colours that GL draws into luma and chroma are the same through GL and on the display.

use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Matrix;
use dmashare::format::Range;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::Texture;
use dmashare::gl::YuvTarget;
use dmashare::kms::Alpha;
use dmashare::kms::Change;
use dmashare::kms::Layer;

use crate::COLORIMETRY;
use crate::SIZE;
use crate::common::memfd;
use crate::common::monitor::Monitor;
use crate::common::pixels;
use crate::common::renderer::Renderer;
use crate::image;

/// Pixels on each side of a square of one colour.
const SIDE: u32 = 16;

/// A colour for each square.
fn squares(x: u32, y: u32) -> [f64; 4] {
    let place = f64::from(x / SIDE * 31 + y / SIDE * 17 + 1);
    let [red, green, blue] =
        [0.618_034, 0.414_214, 0.732_051].map(|step: f64| (step * place).fract());
    [red, green, blue, 1.0]
}

/// Whether no chroma of another square is near: displays have filters of their own.
fn is_inside(x: u32, y: u32) -> bool {
    [x, y].iter().all(|place| (2..SIDE - 2).contains(&(place % SIDE)))
}

/// What GL shows of an image, in 8 bits.
fn seen(renderer: &Renderer, view: &RgbView) -> Vec<u8> {
    let target = Texture::new(&renderer.gl, SIZE, PixelType::Rgba8).unwrap();
    let target = RenderTarget::new(&target).unwrap();
    target.draw_view(view).unwrap();
    target.read_rgba8().unwrap()
}

#[test]
#[ignore = "lab: needs vkms of Linux 6.17 or later, and /dev/udmabuf"]
fn colours_drawn_into_planes_are_the_same_in_gl_and_on_the_display() {
    let (renderer, mut monitor) = (Renderer::new(), Monitor::new(SIZE));
    let plane = monitor.screen.pipeline.primary;
    let colours = memfd::image(Fourcc::ABGR16161616, SIZE);
    memfd::write(&colours, &pixels::encode(colours.fourcc().0, SIZE, COLORIMETRY, &squares));
    let colours =
        RgbView::new(&renderer.gl, &colours, Colorimetry::default(), Policy::default()).unwrap();
    // A step for rounding to luma and chroma, and one for vkms, which takes more than 8 bits for 257ths.
    for (fourcc, steps) in [(Fourcc::NV12, 3), (Fourcc::P010, 3)] {
        for matrix in Matrix::ALL {
            for range in Range::ALL {
                let colorimetry = Colorimetry { matrix, range, ..Colorimetry::HD_VIDEO };
                let image = image(fourcc);
                YuvTarget::new(&renderer.gl, &image, colorimetry).unwrap().draw(&colours).unwrap();
                renderer.gl.finish().unwrap();
                let view = RgbView::new(&renderer.gl, &image, colorimetry, Policy::PreferDirect);
                let in_gl = seen(&renderer, &view.unwrap());
                let framebuffer = monitor.framebuffer(&image, Alpha::Blend);
                let layer = Layer::new(&framebuffer).colorimetry(colorimetry);
                monitor.screen.output.apply(&[Change::show(plane, &layer)]).unwrap();
                let shown = monitor.photograph();
                let mut worst = 0;
                for (index, (shown, in_gl)) in (0..).zip(shown.iter().zip(in_gl.chunks(4))) {
                    let (x, y) = (index % SIZE[0], index / SIZE[0]);
                    let colour = squares(x, y);
                    for channel in 0..3 {
                        let apart = shown[channel].abs_diff(in_gl[channel]);
                        let off = (f64::from(shown[channel]) - 255.0 * colour[channel]).abs();
                        let what = format!("{fourcc} {colorimetry:?} {x}, {y}");
                        let is_near = apart <= steps && off <= f64::from(steps) + 0.5;
                        assert!(
                            !is_inside(x, y) || is_near,
                            "{what}: {shown:?} {in_gl:?} {colour:?}"
                        );
                        worst = worst.max(if is_inside(x, y) { apart } else { 0 });
                    }
                }
                println!("{fourcc} {matrix:?} {range:?}: {worst} of 255 apart at most");
            }
        }
    }
}
