//! How drawing was handed over.

use crate::sync::Ready;
use crate::sync::SyncFile;

/// When what was drawn is done: the answer of [`Gl::fence_or_finish`](crate::gl::Gl::fence_or_finish).
///
/// It owns the fence. [`Completion::ready`] is what a hand-over takes.
#[derive(Debug)]
#[must_use = "the pixels are not to be used before"]
pub enum Completion {
    /// It is done: the context was waited for.
    Finished,
    /// When the fence signals.
    Fence(SyncFile),
}

impl Completion {
    /// The same for a hand-over, which borrows the fence.
    pub fn ready(&self) -> Ready<'_> {
        match self {
            Self::Finished => Ready::Finished,
            Self::Fence(fence) => Ready::Fence(fence),
        }
    }

    /// The fence, if there is one to wait for.
    pub fn into_fence(self) -> Option<SyncFile> {
        match self {
            Self::Finished => None,
            Self::Fence(fence) => Some(fence),
        }
    }
}
