//! The software renderer that every machine with Mesa has.
//!
//! Tests that draw do not skip where it is missing: they fail, and say what installs it.

use dmashare::dmabuf::ImporterClass;
use dmashare::egl::Context;
use dmashare::egl::Device;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::Kind;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

const INSTALL: &str =
    "this test draws with llvmpipe of Mesa 25.0.3 or later: run `cargo xtask setup`";

/// A display on llvmpipe, a context that is current on the thread that made it, and the programs
/// that show an image.
pub(crate) struct Renderer {
    pub(crate) blit: Program<TwoD>,
    pub(crate) blit_external: Program<External>,
    pub(crate) gl: Gl,
    pub(crate) context: Context,
    pub(crate) display: Display,
}

impl Renderer {
    /// On the first display that is llvmpipe's.
    pub(crate) fn new() -> Self {
        Self::on(display())
    }

    /// On a display of the caller's.
    pub(crate) fn on(display: Display) -> Self {
        let context = Context::new(&display).expect(INSTALL);
        context.make_current().expect(INSTALL);
        let renderer = Self::of(display, context);
        let found = renderer.gl.renderer();
        assert!(found.contains("llvmpipe"), "{found}: {INSTALL}");
        renderer
    }

    /// On the GPU with this driver.
    #[cfg(all(feature = "gbm", feature = "drm"))]
    pub(crate) fn on_driver(driver: &str) -> Self {
        let node = super::display::open(driver);
        let display = Display::gbm(node.path().unwrap()).unwrap();
        assert_eq!(display.driver_name(), Some(driver));
        let context = Context::new(&display).unwrap();
        context.make_current().unwrap();
        Self::of(display, context)
    }

    fn of(display: Display, context: Context) -> Self {
        let gl = Gl::new(&context).expect(INSTALL);
        let blit = Program::blit(&gl).unwrap();
        let blit_external = Program::blit_external(&gl).unwrap();
        Self { blit, blit_external, gl, context, display }
    }

    /// The major version of Mesa: 25 in `OpenGL ES 3.2 Mesa 25.0.7-2~bpo12+1`.
    pub(crate) fn mesa(&self) -> u32 {
        let version = self.gl.version();
        let after = version.split_once("Mesa ").map(|(_, after)| after);
        let major = after.and_then(|after| after.split('.').next()).and_then(|v| v.parse().ok());
        major.unwrap_or_else(|| panic!("{version} is no version of Mesa"))
    }

    /// What a shader sees in an image, as floats: the pixels row by row.
    pub(crate) fn sample(&self, image: &Image) -> Vec<[f32; 4]> {
        if image.is_external_only() {
            let texture = Texture::<External>::from_image(&self.gl, image).unwrap();
            return self.read(&self.blit_external, &texture);
        }
        let texture = Texture::<TwoD>::from_image(&self.gl, image).unwrap();
        self.read(&self.blit, &texture)
    }

    /// What a program makes of a texture, as floats: the pixels row by row.
    pub(crate) fn read<K: Kind>(
        &self,
        program: &Program<K>,
        texture: &Texture<K>,
    ) -> Vec<[f32; 4]> {
        let size = [texture.width(), texture.height()];
        let floats = Texture::new(&self.gl, size, PixelType::Rgba32F).unwrap();
        let target = RenderTarget::new(&floats).unwrap();
        target.draw(program, texture).unwrap();
        let floats = target.read_rgba32f().unwrap();
        let (pixels, rest) = floats.as_chunks::<4>();
        assert!(rest.is_empty());
        pixels.to_vec()
    }
}

/// The surfaceless display where that is llvmpipe, else the software device of EGL's list: with a
/// GPU in the machine, the surfaceless display is the GPU's.
pub(crate) fn display() -> Display {
    let display = Display::surfaceless().expect(INSTALL);
    if display.importer().class() == ImporterClass::MapsMemory {
        return display;
    }
    on_software_device()
}

/// The display of the software device of EGL's list.
pub(crate) fn on_software_device() -> Display {
    let devices = Device::all().expect(INSTALL);
    let device = devices.iter().find(|device| device.is_software()).expect(INSTALL);
    Display::on_device(device).expect(INSTALL)
}
