//! A frame while it is drawn.

use crate::dmabuf::Dmabuf;
use crate::gl::RenderTarget;
use crate::kms::Rectangle;
use crate::present::FrameError;
use crate::present::Scanout;

/// A buffer that is drawn into and then shown. Dropped without [`Frame::present`], it is not shown
/// and its pixels are lost.
#[derive(Debug)]
#[must_use = "a frame is shown by `present`"]
pub struct Frame<'a> {
    scanout: &'a mut Scanout,
    index: usize,
    age: Option<u64>,
    is_presented: bool,
}

impl<'a> Frame<'a> {
    pub(in crate::present) fn new(
        scanout: &'a mut Scanout,
        index: usize,
        age: Option<u64>,
    ) -> Self {
        Self { scanout, index, age, is_presented: false }
    }

    /// What to draw into. Row 0 is the upper one on the monitor.
    pub fn target(&self) -> &RenderTarget {
        self.scanout.target(self.index)
    }

    /// The memory behind the target.
    pub fn image(&self) -> &Dmabuf {
        self.scanout.image(self.index)
    }

    /// How old its pixels are: 1 are those of the last frame, 2 those of the one before; `None` if
    /// they mean nothing, so that everything has to be drawn.
    ///
    /// Spec: `EGL_EXT_buffer_age`, where 0 stands for `None`.
    #[doc(alias = "buffer age")]
    pub fn age(&self) -> Option<u64> {
        self.age
    }

    /// Shows the frame with the next vertical blank that no earlier frame has. The context must be
    /// current.
    ///
    /// `damage` is what differs from the frame before, in pixels; nothing means all of it.
    ///
    /// The first frame sets the mode and blocks until it is shown. Later ones do not block, but for
    /// GL with [`Synchronisation::Finish`](crate::present::Synchronisation::Finish).
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn present(mut self, damage: &[Rectangle]) -> Result<(), FrameError> {
        self.scanout.finish_drawing(self.index, damage)?;
        self.is_presented = true;
        self.scanout.queue(self.index)
    }
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        if !self.is_presented {
            self.scanout.cancel(self.index);
        }
    }
}
