//! A frame, until it is given back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::dmabuf::Dmabuf;
use crate::v4l2::QueueError;
use crate::v4l2::queue::Description;
use crate::v4l2::queue::Queue;

/// What a camera captured, in the buffer that it was captured into.
///
/// The pixels are finished, and stay as they are until the frame is given back: by
/// [`Frame::requeue`], or when it is dropped. Then the camera writes the next frame there, whoever
/// still reads: V4L2 knows no fences. So give a frame back when the GPU has finished with it (wait
/// for the fence of the drawing) and when no other process has it.
///
/// An image of [`Frame::image`] that was kept is the same memory, with another frame in it.
pub struct Frame {
    queue: Arc<Queue>,
    buffer: usize,
    image: Dmabuf,
    description: Description,
    is_held: bool,
}

impl Frame {
    pub(in crate::v4l2) fn new(
        queue: Arc<Queue>,
        buffer: usize,
        image: Dmabuf,
        description: Description,
    ) -> Self {
        Self { queue, buffer, image, description, is_held: true }
    }

    /// The pixels: an image of the capture's own or of those that were imported.
    pub fn image(&self) -> &Dmabuf {
        &self.image
    }

    /// Which buffer it is in, counted from 0; of imported images, which one. The next frame in this
    /// buffer has the same image, so that it has to be imported into GL only once.
    pub fn buffer(&self) -> usize {
        self.buffer
    }

    /// How many frames the camera had captured before this one since it was started. A gap is a frame
    /// that was lost, mostly because no buffer was free. Goes on from 0 after 2^32 frames.
    ///
    /// It is the driver's word: `vivid` gives two frames the same number where it takes longer to draw
    /// one than half the time from one frame to the next (`vivid_thread_vid_cap`, Linux 7.3).
    pub fn sequence(&self) -> u32 {
        self.description.sequence
    }

    /// When it was captured, by `CLOCK_MONOTONIC`; `None` if the driver uses another clock.
    pub fn timestamp(&self) -> Option<Duration> {
        self.description.timestamp
    }

    /// Whether something got lost on the way, and pixels may be of an earlier frame.
    #[doc(alias = "V4L2_BUF_FLAG_ERROR")]
    pub fn is_damaged(&self) -> bool {
        self.description.is_damaged
    }

    /// Lets the camera write into the buffer again. As dropping it, but it says what went wrong.
    ///
    /// # Errors
    /// [`QueueError::Unplugged`], [`QueueError::Call`]: nothing will be written to the buffer until
    /// the camera has no other or is started again.
    #[doc(alias = "VIDIOC_QBUF")]
    pub fn requeue(mut self) -> Result<(), QueueError> {
        self.is_held = false;
        self.queue.give_back(self.buffer)
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if self.is_held
            && let Err(error) = self.queue.give_back(self.buffer)
        {
            tracing::debug!(%error, buffer = self.buffer, "a frame was not given back");
        }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("buffer", &self.buffer)
            .field("image", &self.image)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
