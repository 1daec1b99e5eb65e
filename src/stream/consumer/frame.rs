//! A frame, for as long as it is held.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use crate::dmabuf::Dmabuf;
use crate::stream::returned::Returned;
use crate::stream::wire::BufferId;
use crate::stream::wire::Colour;
use crate::stream::wire::Damage;
use crate::stream::wire::Frame;
use crate::sync::SyncFile;
use crate::sync::WaitError;

/// A frame that was received. The producer does not write to its buffer before it is
/// [released](crate::stream::Consumer::release).
///
/// A frame that is dropped is released too, as one that is read no more, by the next
/// [`Consumer::dispatch`](crate::stream::Consumer::dispatch), for which the consumer's file
/// descriptor becomes readable. That is right for who has read with the CPU or has skipped the
/// frame; whoever has a GPU still reading releases with a fence.
///
/// It can go to another thread. It owns its fence and shares its image.
#[derive(Debug)]
#[must_use = "dropping it releases the frame"]
pub struct ReceivedFrame {
    frame: Box<Frame>,
    image: Dmabuf,
    fence: Option<SyncFile>,
    hold: Hold,
}

impl ReceivedFrame {
    pub(in crate::stream::consumer) fn new(
        frame: Box<Frame>,
        image: Dmabuf,
        fence: Option<SyncFile>,
        returned: Arc<Returned>,
    ) -> Self {
        let hold = Hold { buffer: frame.buffer, returned: Some(returned) };
        Self { frame, image, fence, hold }
    }

    /// The image that it is in. Wait for the [fence](Self::fence) before its pixels are used.
    pub fn image(&self) -> &Dmabuf {
        &self.image
    }

    /// Which buffer that is: the key for what was imported from it, until
    /// [`ConsumerEvent::Gone`](crate::stream::ConsumerEvent::Gone).
    pub fn buffer(&self) -> BufferId {
        self.frame.buffer
    }

    /// Counts the frames of the stream. One that is skipped was not for this consumer.
    pub fn serial(&self) -> NonZeroU64 {
        self.frame.serial
    }

    /// Whatever the producer's user wants this one's to have.
    pub fn user_serial(&self) -> u64 {
        self.frame.user_serial
    }

    /// When it is to be seen, in nanoseconds of `CLOCK_MONOTONIC`; as soon as it is ready if
    /// `None`.
    pub fn presentation_ns(&self) -> Option<NonZeroU64> {
        self.frame.presentation_ns
    }

    /// What has changed since the frame that this consumer was sent before.
    pub fn damage(&self) -> &Damage {
        &self.frame.damage
    }

    /// What the numbers of a pixel mean.
    pub fn colour(&self) -> Colour {
        self.frame.colour
    }

    /// When the pixels are ready; `None` if they are already. A GPU can wait for it instead of the
    /// CPU.
    pub fn fence(&self) -> Option<&SyncFile> {
        self.fence.as_ref()
    }

    /// Blocks until the pixels are ready, at most for `timeout`. A producer may send a fence that
    /// never signals.
    ///
    /// # Errors
    /// As [`SyncFile::wait`].
    pub fn wait_for_pixels(&self, timeout: Duration) -> Result<(), WaitError> {
        self.fence.as_ref().map_or(Ok(()), |fence| fence.wait(timeout))
    }

    /// Whether it is one of the consumer's to which frames return here.
    pub(in crate::stream::consumer) fn is_of(&self, returned: &Arc<Returned>) -> bool {
        self.hold.returned.as_ref().is_some_and(|own| Arc::ptr_eq(own, returned))
    }

    /// It has been released: dropping it says nothing any more. Its memory is for another one.
    pub(in crate::stream::consumer) fn defuse(mut self) -> Box<Frame> {
        self.hold.returned = None;
        self.frame
    }
}

/// Says that a frame is not held any more when it is dropped.
#[derive(Debug)]
struct Hold {
    buffer: BufferId,
    returned: Option<Arc<Returned>>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(returned) = &self.returned {
            returned.put(self.buffer);
        }
    }
}
