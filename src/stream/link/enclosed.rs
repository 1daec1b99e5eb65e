//! What goes with a message.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::dmabuf::Dmabuf;
use crate::sync::SyncFile;

/// What goes with a message. It stays the sender's; the peer gets file descriptors of its own.
#[derive(Clone, Copy, Debug)]
pub(in crate::stream) enum Enclosed<'a> {
    /// Nothing but bytes.
    Nothing,
    /// The image of a buffer that is announced.
    Image(&'a Dmabuf),
    /// The fence of a frame or of a release.
    Fence(&'a SyncFile),
}

impl<'a> Enclosed<'a> {
    /// The fence, if there is one.
    pub(in crate::stream) fn fence(fence: Option<&'a SyncFile>) -> Self {
        fence.map_or(Self::Nothing, Self::Fence)
    }

    /// The file descriptors, in the order of their slots.
    pub(in crate::stream::link) fn fds(self) -> impl Iterator<Item = BorrowedFd<'a>> {
        let (image, fence) = match self {
            Self::Nothing => (None, None),
            Self::Image(image) => (Some(image), None),
            Self::Fence(fence) => (None, Some(fence.as_fd())),
        };
        image.into_iter().flat_map(Dmabuf::distinct_fds).chain(fence)
    }

    /// The same for a message that waits. A fence gets another file descriptor for it.
    pub(in crate::stream::link) fn keep(self) -> Result<Kept, Errno> {
        Ok(match self {
            Self::Nothing => Kept::Nothing,
            Self::Image(image) => Kept::Image(image.clone()),
            Self::Fence(fence) => Kept::Fence(fence.try_clone()?),
        })
    }
}

/// What goes with a message that waits.
#[derive(Debug)]
pub(in crate::stream::link) enum Kept {
    Nothing,
    Image(Dmabuf),
    Fence(SyncFile),
}

impl Kept {
    pub(in crate::stream::link) fn lend(&self) -> Enclosed<'_> {
        match self {
            Self::Nothing => Enclosed::Nothing,
            Self::Image(image) => Enclosed::Image(image),
            Self::Fence(fence) => Enclosed::Fence(fence),
        }
    }
}
