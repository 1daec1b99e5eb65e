#![allow(unsafe_code, reason = "makes a display and a context without the crate, and lends them")]
//! Displays and contexts of somebody else: used, and left as they were.

use std::ffi::c_void;

use dmashare::egl::Context;
use dmashare::egl::ContextError;
use dmashare::egl::Device;
use dmashare::egl::Display;
use dmashare::egl::DisplayError;
use dmashare::egl::Image;
use dmashare::egl::Platform;
use dmashare::format::Fourcc;
use dmashare::gl::Gl;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use glow::HasContext;
use khronos_egl::ATTRIB_NONE;
use khronos_egl::DynamicInstance;
use khronos_egl::EGL1_5;

use crate::common::child;
use crate::common::memfd;
use crate::common::renderer::Renderer;
use crate::common::renderer::display;

const INSTALL: &str = "libEGL or its software device is missing: run `cargo xtask setup`";

/// `EGL_PLATFORM_DEVICE_EXT`.
const PLATFORM_DEVICE: u32 = 0x313F;

/// What an engine has made with EGL itself, on llvmpipe.
struct Engine {
    egl: DynamicInstance<EGL1_5>,
    display: khronos_egl::Display,
    context: Option<khronos_egl::Context>,
}

impl Engine {
    /// A display that nobody has initialised yet.
    fn without_init() -> Self {
        // SAFETY: `load_required` requires that the library is a libEGL: its name says so.
        let egl = unsafe { DynamicInstance::<EGL1_5>::load_required() }.expect(INSTALL);
        let device = software_device().as_raw();
        // SAFETY: the native display of this platform is a device of EGL's list.
        let display =
            unsafe { egl.get_platform_display(PLATFORM_DEVICE, device, &[ATTRIB_NONE]) }.unwrap();
        Self { egl, display, context: None }
    }

    /// An initialised display, with a context that is current.
    fn new() -> Self {
        let mut engine = Self::without_init();
        engine.egl.initialize(engine.display).unwrap();
        engine.egl.bind_api(khronos_egl::OPENGL_ES_API).unwrap();
        // SAFETY: EGL_NO_CONFIG_KHR is null (EGL_KHR_no_config_context).
        let none = unsafe { khronos_egl::Config::from_ptr(std::ptr::null_mut()) };
        let version = [khronos_egl::CONTEXT_CLIENT_VERSION, 3, khronos_egl::NONE];
        engine.context = engine.egl.create_context(engine.display, none, None, &version).ok();
        engine.make_current();
        engine
    }

    fn make_current(&self) {
        assert!(self.context.is_some());
        self.egl.make_current(self.display, None, None, self.context).unwrap();
    }

    fn raw(&self) -> *mut c_void {
        self.display.as_ptr()
    }

    fn is_initialized(&self) -> bool {
        self.egl.query_string(Some(self.display), khronos_egl::VERSION).is_ok()
    }

    /// The display for the crate to use.
    fn lend(&self) -> Result<Display, DisplayError> {
        // SAFETY: the display is of this libEGL, and the engine outlives what the cases make.
        unsafe { Display::adopt(self.raw()) }
    }

    /// The current context for the crate to use.
    fn lend_context(&self, display: &Display) -> Context {
        self.make_current();
        // SAFETY: the engine outlives what the cases make.
        unsafe { Context::adopt_current(display) }.unwrap()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(context) = self.context {
            self.egl.make_current(self.display, None, None, None).unwrap();
            self.egl.destroy_context(self.display, context).unwrap();
            self.egl.terminate(self.display).unwrap();
        }
    }
}

fn software_device() -> Device {
    let devices = Device::all().expect(INSTALL);
    devices.into_iter().find(Device::is_software).expect(INSTALL)
}

/// Draws with the engine's context, and finds it in memory.
fn assert_draws(gl: &Gl, display: &Display) {
    let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
    let image = Image::import(display, &memory).unwrap();
    let texture = Texture::<TwoD>::from_image(gl, &image).unwrap();
    RenderTarget::new(&texture).unwrap().clear([1.0, 1.0, 1.0, 1.0]).unwrap();
    gl.finish().unwrap();
    assert!(memfd::read(&memory)[0].bytes.iter().all(|byte| *byte == 255));
}

const CASES: &[child::Case] = &[
    ("null", || {
        // SAFETY: null is allowed.
        let adopted = unsafe { Display::adopt(std::ptr::null_mut()) };
        assert_eq!(adopted.unwrap_err(), DisplayError::NotInitialized);
    }),
    ("display_that_is_not_initialised", || {
        let engine = Engine::without_init();
        assert_eq!(engine.lend().unwrap_err(), DisplayError::NotInitialized);
        assert!(!engine.is_initialized());
    }),
    ("display_and_context_are_used_and_left", || {
        let engine = Engine::new();
        let display = engine.lend().unwrap();
        assert_eq!(display.platform(), Platform::Adopted);
        assert_eq!(display.as_raw(), engine.raw());
        assert!(display.imports_dma_bufs());
        let context = engine.lend_context(&display);
        let gl = Gl::new(&context).unwrap();
        assert_draws(&gl, &display);
        drop((gl, context, display));
        assert!(engine.is_initialized());
        let current = engine.egl.get_current_context();
        assert_eq!(current, engine.context, "still current");
        engine.make_current();
        // And once more.
        let display = engine.lend().unwrap();
        assert_draws(&Gl::new(&engine.lend_context(&display)).unwrap(), &display);
    }),
    ("display_that_was_adopted_is_not_terminated_by_who_opens_it", || {
        let engine = Engine::new();
        let adopted = engine.lend().unwrap();
        let opened = Display::on_device(&software_device()).unwrap();
        assert_eq!(adopted, opened);
        drop((adopted, opened));
        assert!(engine.is_initialized());
    }),
    ("display_that_was_opened_here_is_adopted_as_itself", || {
        let engine = Engine::without_init();
        let opened = Display::on_device(&software_device()).unwrap();
        let adopted = engine.lend().unwrap();
        assert_eq!((opened.platform(), adopted.platform()), (Platform::Device, Platform::Device));
        drop(opened);
        assert!(engine.is_initialized());
        drop(adopted);
        assert!(!engine.is_initialized());
    }),
    ("context_of_nobody", || {
        let display = display();
        // SAFETY: nothing is current, so nothing is adopted.
        let adopted = unsafe { Context::adopt_current(&display) };
        assert_eq!(adopted.unwrap_err(), ContextError::NotCurrent);
    }),
    ("context_of_another_display", || {
        let renderer = Renderer::new();
        let engine = Engine::without_init();
        let other = Display::on_device(&software_device()).unwrap();
        assert_eq!(other.as_raw(), engine.raw());
        // SAFETY: what is current is the renderer's, which lives.
        let adopted = unsafe { Context::adopt_current(&other) };
        assert_eq!(adopted.unwrap_err(), ContextError::NotCurrent);
        // SAFETY: as above.
        let adopted = unsafe { Context::adopt_current(&renderer.display) }.unwrap();
        assert_eq!(adopted, renderer.context);
    }),
    ("objects_of_the_crate_are_gone_from_the_context", || {
        let engine = Engine::new();
        let display = engine.lend().unwrap();
        let context = engine.lend_context(&display);
        let gl = Gl::new(&context).unwrap();
        assert_draws(&gl, &display);
        drop(gl);
        let loaded = Gl::new(&context).unwrap();
        let names = (1..200).filter_map(std::num::NonZeroU32::new);
        let in_use = names.filter(|name| {
            let (texture, buffer) = (glow::NativeTexture(*name), glow::NativeBuffer(*name));
            let framebuffer = glow::NativeFramebuffer(*name);
            // SAFETY: the context is current, and any name may be asked about.
            let is_texture = unsafe { loaded.glow().is_texture(texture) };
            // SAFETY: as above.
            let is_buffer = unsafe { loaded.glow().is_buffer(buffer) };
            // SAFETY: as above.
            let is_framebuffer = unsafe { loaded.glow().is_framebuffer(framebuffer) };
            is_texture || is_buffer || is_framebuffer
        });
        // The quad of the second, which asks.
        assert_eq!(in_use.count(), 1);
    }),
];

#[test]
fn displays_and_contexts_of_others_are_left_alone() {
    child::run_drawing("adopted::displays_and_contexts_of_others_are_left_alone", CASES);
}
