//! A display with a context to draw in.

use std::time::Duration;
use std::time::Instant;

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;

/// A context of a display, current on this thread for as long as it lives.
#[derive(Debug)]
pub(crate) struct Renderer {
    gl: Gl,
}

impl Renderer {
    /// Opens the display and makes a context of it current.
    pub(crate) fn open(name: &DisplayName) -> Result<Self, Failure> {
        Self::on(&name.open()?)
    }

    /// Makes a context of the display current.
    pub(crate) fn on(display: &Display) -> Result<Self, Failure> {
        let context = Context::new(display).attempt("no context can be made")?;
        context.make_current().attempt("the context cannot be made current")?;
        let gl = Gl::new(&context).attempt("the functions of GL cannot be loaded")?;
        // The driver is asked once; the time of the first import is that of an import.
        display.formats();
        Ok(Self { gl })
    }

    pub(crate) fn display(&self) -> &Display {
        self.gl.context().display()
    }

    pub(crate) fn gl(&self) -> &Gl {
        &self.gl
    }

    /// Imports an image, and says how long that took.
    pub(crate) fn import(&self, image: &Dmabuf) -> Result<(Image, Duration), Failure> {
        let begin = Instant::now();
        let imported = Image::import(self.display(), image);
        let took = begin.elapsed();
        Ok((imported.attempt("the image cannot be imported")?, took))
    }

    /// The image as something to draw into.
    pub(crate) fn target(&self, image: &Image) -> Result<RenderTarget, Failure> {
        let texture = Texture::<TwoD>::from_image(&self.gl, image)
            .attempt("the image cannot become a texture")?;
        RenderTarget::new(&texture).attempt("the image cannot be drawn into")
    }

    /// Draws the XOR pattern, and waits until it is in memory.
    pub(crate) fn draw_pattern(&self, target: &RenderTarget) -> Result<(), Failure> {
        let program = Program::xor_pattern(&self.gl).attempt("the shaders cannot be built")?;
        target.fill(&program).attempt("the pattern cannot be drawn")?;
        self.gl.finish().attempt("the drawing cannot be waited for")
    }
}
