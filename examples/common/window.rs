//! Windows on X11 and Wayland: winit's window, and what GL draws into.

use std::sync::Arc;

use dmashare::egl::Config;
use dmashare::egl::Context;
use dmashare::egl::ContextError;
use dmashare::egl::Display;
use dmashare::egl::Surface;
use dmashare::gl::Orientation;
use dmashare::gl::Program;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use winit::raw_window_handle::HasWindowHandle;
use winit::raw_window_handle::RawWindowHandle;

use crate::common::place::Place;
use crate::common::report::Report;
use crate::common::x11_memory::X11Memory;

/// A window, and a context that draws into it.
pub(crate) struct Window {
    canvas: Canvas,
    context: Context,
    window: Arc<winit::window::Window>,
}

/// How pixels get into a window.
enum Canvas {
    /// EGL's surface of it.
    Surface(Surface),
    /// Memory that the X server reads, where EGL can import images on another platform alone.
    Memory(X11Memory),
}

impl Window {
    /// `display` is that of the window's own connection, or surfaceless.
    pub(crate) fn new(display: &Display, window: winit::window::Window) -> Result<Self, Report> {
        let window = Arc::new(window);
        let (canvas, context) = match (display.platform(), window.window_handle()?.as_raw()) {
            (dmashare::egl::Platform::Surfaceless, RawWindowHandle::Xlib(handle)) => {
                let memory = X11Memory::new(u32::try_from(handle.window)?)?;
                (Canvas::Memory(memory), Context::new(display)?)
            }
            _ => {
                let config = Config::for_window(display, &window)?;
                let size = window.inner_size().into();
                let surface = Surface::new(display, config, Arc::clone(&window), size)?;
                (Canvas::Surface(surface), Context::for_windows(display, config)?)
            }
        };
        Ok(Self { canvas, context, window })
    }

    /// Shows a texture of the window's context over the whole window.
    pub(crate) fn show(
        &mut self,
        program: &Program<TwoD>,
        texture: &Texture<TwoD>,
    ) -> Result<(), Report> {
        self.make_current()?;
        let size = self.window.inner_size().into();
        match &mut self.canvas {
            Canvas::Surface(surface) => {
                texture.gl().draw(program, texture, size, Orientation::Window)?;
                self.window.pre_present_notify();
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
        &self.window
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
