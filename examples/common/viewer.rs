//! Frames of a camera in GL: each buffer is imported once, and GL reads it where the camera wrote it.

use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::v4l2::Capture;
use dmashare::v4l2::Frame;

use crate::common::report::Report;

/// Turns the frames of a capture into one texture of red, green and blue.
pub(crate) struct Viewer {
    /// By the number of the buffer.
    views: Vec<RgbView>,
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
        let mut views = Vec::new();
        for image in capture.images() {
            // Whole where the driver gets the colours right, else plane by plane.
            views.push(RgbView::new(gl, &image, colorimetry, Policy::PreferDirect)?);
        }
        let size = [format.width(), format.height()];
        let target = RenderTarget::new(&Texture::<TwoD>::new(gl, size, PixelType::Rgba8)?)?;
        Ok(Self { views, target })
    }

    /// How GL reads the camera's colours.
    pub(crate) fn way(&self) -> String {
        self.views
            .first()
            .map_or_else(String::new, |view| format!("{}: {}", view.way(), view.reason()))
    }

    /// Draws a frame, and returns when GL has read it: then the camera may have it back.
    pub(crate) fn draw(&mut self, frame: &Frame) -> Result<(), Report> {
        let view = self.views.get(frame.buffer());
        let view = view.ok_or_else(|| Report::new("a frame of another camera"))?;
        view.refresh()?;
        self.target.draw_view(view)?;
        Ok(view.gl().finish()?)
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
