//! A buffer, for as long as it is written.

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::dmabuf::Dmabuf;
use crate::stream::protocol::producer as machine;
use crate::stream::returned::Returned;
use crate::stream::wire::BufferId;

/// A buffer that is the caller's to write to, until it is
/// [submitted](crate::stream::Producer::submit). Wait for its readers first
/// ([`Producer::wait_for_readers`](crate::stream::Producer::wait_for_readers)).
///
/// One that is dropped is [cancelled](crate::stream::Producer::cancel): it is free again from the
/// next call of the producer's on, and its content is no frame. It can go to another thread.
#[derive(Debug)]
#[must_use = "dropping it gives the buffer back without a frame"]
pub struct Acquired {
    content: machine::Acquired,
    image: Dmabuf,
    returned: Option<Arc<Returned>>,
}

impl Acquired {
    pub(in crate::stream::producer) fn new(
        content: machine::Acquired,
        image: Dmabuf,
        returned: Arc<Returned>,
    ) -> Self {
        Self { content, image, returned: Some(returned) }
    }

    /// Where to draw.
    pub fn image(&self) -> &Dmabuf {
        &self.image
    }

    /// Which buffer that is: the key for what was imported from it, until
    /// [`ProducerEvent::Retired`](crate::stream::ProducerEvent::Retired).
    pub fn buffer(&self) -> BufferId {
        self.content.buffer
    }

    /// How many frames ago its content was submitted: 1 for the last one. `None` if the content is
    /// no frame. Only what has changed since then has to be drawn.
    ///
    /// Spec: `EGL_EXT_buffer_age`.
    pub fn age(&self) -> Option<NonZeroU64> {
        self.content.age
    }

    /// Whether a consumer left without releasing it. Its process is gone, and devices may still be
    /// reading what it gave them; or it was sent away, and can read for as long as it likes. Such a
    /// buffer is best [replaced](crate::stream::Producer::replace).
    pub fn is_tainted(&self) -> bool {
        self.content.is_tainted
    }

    /// Whether it is one of the producer's to which buffers return here.
    pub(in crate::stream::producer) fn is_of(&self, returned: &Arc<Returned>) -> bool {
        self.returned.as_ref().is_some_and(|own| Arc::ptr_eq(own, returned))
    }

    /// The producer has it back: dropping it says nothing any more.
    pub(in crate::stream::producer) fn defuse(mut self) {
        self.returned = None;
    }
}

impl Drop for Acquired {
    fn drop(&mut self) {
        if let Some(returned) = &self.returned {
            returned.put(self.content.buffer);
        }
    }
}
