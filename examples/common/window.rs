//! Windows on X11 and Wayland: winit's window, and what GL draws into.

use std::sync::Arc;

use dmashare::egl::Config;
use dmashare::egl::Context;
use dmashare::egl::ContextError;
use dmashare::egl::Display;
use dmashare::egl::Platform;
use dmashare::egl::Surface;
use dmashare::gl::Kind;
use dmashare::gl::Orientation;
use dmashare::gl::Program;
use dmashare::gl::Texture;
use winit::raw_window_handle::HasWindowHandle;
use winit::raw_window_handle::RawWindowHandle;

use crate::common::place::Place;
use crate::common::report::Report;
use crate::common::x11_memory::X11Memory;

/// A window, and a context that draws into it.
pub(crate) struct Window {
    canvas: Canvas,
    context: Context,
    owner: Arc<winit::window::Window>,
}

/// How pixels get into a window.
enum Canvas {
    /// EGL's surface of it.
    Surface(Surface),
    /// Memory that the X server reads, where EGL can import images on another platform alone.
    Memory(Box<X11Memory>),
}

impl Window {
    /// `display` is that of the window's own connection, or one without windows.
    pub(crate) fn new(display: &Display, window: winit::window::Window) -> Result<Self, Report> {
        let owner = Arc::new(window);
        if matches!(display.platform(), Platform::Surfaceless | Platform::Device) {
            let RawWindowHandle::Xlib(window) = owner.window_handle()?.as_raw() else {
                return Err(Report::new("EGL imports nothing on the display of this compositor"));
            };
            let memory = X11Memory::new(u32::try_from(window.window)?)?;
            let canvas = Canvas::Memory(Box::new(memory));
            return Ok(Self { canvas, context: Context::new(display)?, owner });
        }
        let config = Config::for_window(display, &owner)?;
        let size = owner.inner_size().into();
        let canvas = Canvas::Surface(Surface::new(display, config, Arc::clone(&owner), size)?);
        Ok(Self { canvas, context: Context::for_windows(display, config)?, owner })
    }

    /// Shows a texture of the window's context over the whole window.
    pub(crate) fn show<K: Kind>(
        &mut self,
        program: &Program<K>,
        texture: &Texture<K>,
    ) -> Result<(), Report> {
        self.make_current()?;
        let size = self.owner.inner_size().into();
        match &mut self.canvas {
            Canvas::Surface(surface) => {
                texture.gl().draw(program, texture, size, Orientation::Window)?;
                self.owner.pre_present_notify();
                Ok(surface.swap()?)
            }
            Canvas::Memory(memory) => memory.show(program, texture, size),
        }
    }

    /// Follows a new size in pixels.
    pub(crate) fn resize(&self, size: [u32; 2]) {
        if let Canvas::Surface(surface) = &self.canvas {
            surface.resize(size);
        }
    }

    pub(crate) fn winit(&self) -> &winit::window::Window {
        &self.owner
    }
}

impl Place for Window {
    fn context(&self) -> &Context {
        &self.context
    }

    fn make_current(&self) -> Result<(), ContextError> {
        match &self.canvas {
            Canvas::Surface(surface) => surface.make_current(&self.context),
            Canvas::Memory(_) => self.context.make_current(),
        }
    }
}
