//! How consumers learn when pixels are ready.

use crate::stream::protocol::producer::PeerId;
use crate::sync::SyncFile;

/// How the consumers that there are learn when the pixels of a frame are ready. It can change
/// whenever one comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fencing {
    /// All wait for fences: submit frames with one as soon as the work is queued.
    Explicit,
    /// Some cannot wait for fences, but their drivers look for them in the dma-bufs, into which
    /// they are put: submit frames as for [`Fencing::Explicit`].
    ///
    /// Spec: `DMA_BUF_IOCTL_IMPORT_SYNC_FILE`, Linux 6.0.
    Attached,
    /// Some cannot wait for fences, and the buffers cannot carry any, as memfds cannot: finish the
    /// work before each frame is submitted (`glFinish`).
    Finished,
}

/// A fence that is waited for, and whose it is.
#[derive(Debug)]
pub(in crate::stream::producer) struct Fence {
    /// The consumer that released with it; `None` for the acquire fence of this side.
    pub(in crate::stream::producer) from: Option<PeerId>,
    pub(in crate::stream::producer) sync_file: SyncFile,
}
