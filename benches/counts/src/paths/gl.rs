//! Importing an image, and looking at it again. Of these only the crate's own instructions count;
//! the driver's are the driver's.

use std::hint::black_box;

use dmashare::dmabuf::ImporterClass;
use dmashare::egl::Context;
use dmashare::egl::Device;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::gl::Gl;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::inputs;
use crate::path::Path;

const TIMES: u32 = 20;
const INSTALL: &str = "needs llvmpipe of Mesa 25.0.3 or later: run `cargo xtask setup`";

pub(crate) fn paths() -> impl Iterator<Item = Path> {
    let display = display();
    let context = Context::new(&display).expect(INSTALL);
    context.make_current().expect(INSTALL);
    let gl = Gl::new(&context).expect(INSTALL);
    let sizes = [[64, 64], [1920, 1080], [7680, 4320]].map(|size| import(&display, size));
    sizes.into_iter().chain([refresh(&gl, &display)])
}

/// The software renderer, which takes memory that no device made. With a GPU in the machine, the
/// surfaceless display is the GPU's.
fn display() -> Display {
    let display = Display::surfaceless().expect(INSTALL);
    if display.importer().class() == ImporterClass::MapsMemory {
        return display;
    }
    let devices = Device::all().expect(INSTALL);
    let software = devices.iter().find(|device| device.is_software()).expect(INSTALL);
    Display::on_device(software).expect(INSTALL)
}

/// Import and destroy.
fn import(display: &Display, size: [u32; 2]) -> Path {
    let (display, image) = (display.clone(), inputs::image(1, size));
    Path::new(format!("import width/{}", size[0]), TIMES, move || {
        drop(black_box(Image::import(&display, black_box(&image)).expect("an import")));
    })
}

/// What a frame costs when its image is kept.
fn refresh(gl: &Gl, display: &Display) -> Path {
    let image = Image::import(display, &inputs::image(1, [1920, 1080])).expect("an import");
    let texture = Texture::<TwoD>::from_image(gl, &image).expect("a texture");
    Path::new("texture refresh", TIMES, move || {
        black_box(&texture).refresh(black_box(&image)).expect("the same texture");
    })
}
