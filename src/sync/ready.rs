//! What a hand-over says.

use crate::sync::SyncFile;

/// When the pixels of an image that is handed over are ready. There is no default: to forget the
/// fence would show the peer half a picture.
#[derive(Clone, Copy, Debug)]
pub enum Ready<'a> {
    /// Now. Whoever wrote them has finished: a CPU, or a GPU that was waited for.
    Finished,
    /// When the fence signals. It stays the caller's.
    Fence(&'a SyncFile),
}
