//! Which memory a file descriptor stands for.

/// The identity of a buffer: its inode.
///
/// File descriptor numbers say nothing: a duplicate has another number, and a closed number is
/// given to the next file. The inode is the same for every duplicate in every process, and is not
/// given to another buffer while one of them is open.
///
/// Kernels before Linux 5.3 have one inode for all dma-bufs: those are no buffers to
/// [`Backing::inspect`](crate::dmabuf::Backing::inspect), which knows dma-bufs by their file system,
/// that came with the inodes. Until about Linux 5.18 the numbers have 32 bits and begin again after
/// 2^32 buffers.
///
/// Spec: `dma_buf_getfile()` in the kernel gives each dma-buf an inode of its own and numbers it;
/// memfds have one each anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub(in crate::dmabuf) device: u64,
    pub(in crate::dmabuf) inode: u64,
}

impl Identity {
    /// The number of the file system that the inode belongs to (`st_dev`).
    pub const fn device(self) -> u64 {
        self.device
    }

    /// The inode's number (`st_ino`).
    pub const fn inode(self) -> u64 {
        self.inode
    }
}
