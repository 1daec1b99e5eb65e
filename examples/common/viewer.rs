//! Frames of a camera in GL: each buffer is imported once, and GL reads it where the camera wrote it.

use dmashare::format::Colorimetry;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::v4l2::Capture;
use dmashare::v4l2::Frame;

use crate::common::report::Report;

/// Turns the frames of a capture into one texture of red, green and blue.
pub(crate) struct Viewer {
    buffers: TextureCache<External>,
    colorimetry: Colorimetry,
    program: Program<External>,
    target: RenderTarget,
}

impl Viewer {
    /// Imports all buffers, so that what GL does not take is known before the first frame. The
    /// context must be current.
    pub(crate) fn new(gl: &Gl, capture: &Capture) -> Result<Self, Report> {
        let format = capture.format();
        let colorimetry = format.colorimetry();
        let colorimetry =
            colorimetry.ok_or_else(|| Report::new("GL has no such matrix of colours"))?;
        let mut buffers = TextureCache::with_capacity(gl, capture.buffer_count());
        for image in capture.images() {
            buffers.texture_with(&image, colorimetry)?;
        }
        let size = [format.width(), format.height()];
        let target = RenderTarget::new(&Texture::<TwoD>::new(gl, size, PixelType::Rgba8)?)?;
        Ok(Self { buffers, colorimetry, program: Program::blit_external(gl)?, target })
    }

    /// Draws a frame, and returns when GL has read it: then the camera may have it back.
    pub(crate) fn draw(&mut self, frame: &Frame) -> Result<(), Report> {
        let texture = self.buffers.texture_with(frame.image(), self.colorimetry)?;
        self.target.draw(&self.program, texture)?;
        Ok(self.buffers.gl().finish()?)
    }

    /// What was drawn.
    pub(crate) fn texture(&self) -> &Texture<TwoD> {
        self.target.texture()
    }

    /// What was drawn, as red, green, blue and alpha.
    pub(crate) fn pixels(&self) -> Result<Vec<u8>, Report> {
        Ok(self.target.read_rgba8()?)
    }
}
