//! What a file descriptor really is.
//!
//! A software renderer maps whatever it is given and reads where the numbers point: a pipe, a file
//! that shrinks later or a directory ends in a crash of the process that draws. So the kind of each
//! file descriptor is asked of the kernel, never taken from a peer.

use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;
use rustix::fs::SealFlags;
use rustix::fs::SeekFrom;
use rustix::io::Errno;

use crate::dmabuf::Identity;

/// The file system of every dma-buf (`DMA_BUF_MAGIC`).
///
/// Spec: `include/uapi/linux/magic.h`.
const DMA_BUF_MAGIC: i64 = 0x444d_4142;

/// What kind of memory is behind a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BackingKind {
    /// A dma-buf: memory that a driver exported. Its size never changes.
    DmaBuf,
    /// A memfd that is sealed against shrinking: plain memory, for software renderers.
    Memfd,
}

/// What is known about the buffer behind a file descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backing {
    kind: BackingKind,
    size_bytes: u64,
    writable: bool,
    identity: Identity,
}

impl Backing {
    /// Asks the kernel about a file descriptor, which stays the caller's.
    ///
    /// # Errors
    /// - [`BackingError::NotABuffer`] for anything but a dma-buf or a memfd: a pipe, a directory, a
    ///   device, a socket.
    /// - [`BackingError::Shrinkable`] for a memfd that its owner could still shrink.
    /// - [`BackingError::PathOnly`] for a file descriptor that was opened with `O_PATH`.
    /// - [`BackingError::Closed`] if the number belongs to no open file.
    /// - [`BackingError::Call`] if the kernel fails otherwise.
    ///
    /// Spec: `memfd_create(2)`, `fcntl(2)` on file seals, `DMA_BUF_MAGIC`.
    pub fn inspect(fd: BorrowedFd<'_>) -> Result<Self, BackingError> {
        match rustix::fs::fcntl_get_seals(fd) {
            Ok(seals) => Self::of_memfd(fd, seals),
            Err(Errno::INVAL) => Self::of_dma_buf(fd),
            Err(Errno::BADF) => Err(bad_fd(fd)),
            Err(errno) => Err(BackingError::Call { call: "fcntl(F_GET_SEALS)", errno }),
        }
    }

    fn of_memfd(fd: BorrowedFd<'_>, seals: SealFlags) -> Result<Self, BackingError> {
        if !seals.contains(SealFlags::SHRINK) {
            return Err(BackingError::Shrinkable);
        }
        let stat =
            rustix::fs::fstat(fd).map_err(|errno| BackingError::Call { call: "fstat", errno })?;
        let read_only = seals.intersects(SealFlags::WRITE | SealFlags::FUTURE_WRITE);
        Ok(Self {
            kind: BackingKind::Memfd,
            size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
            writable: !read_only && is_open_for_writing(fd)?,
            identity: Identity { device: stat.st_dev, inode: stat.st_ino },
        })
    }

    fn of_dma_buf(fd: BorrowedFd<'_>) -> Result<Self, BackingError> {
        let file_system = rustix::fs::fstatfs(fd)
            .map_err(|errno| BackingError::Call { call: "fstatfs", errno })?;
        if file_system.f_type != DMA_BUF_MAGIC {
            return Err(BackingError::NotABuffer);
        }
        let stat =
            rustix::fs::fstat(fd).map_err(|errno| BackingError::Call { call: "fstat", errno })?;
        // `st_size` of a dma-buf is 0 on older kernels; seeking to the end is the documented way.
        let size_bytes = rustix::fs::seek(fd, SeekFrom::End(0))
            .map_err(|errno| BackingError::Call { call: "lseek", errno })?;
        Ok(Self {
            kind: BackingKind::DmaBuf,
            size_bytes,
            writable: is_open_for_writing(fd)?,
            identity: Identity { device: stat.st_dev, inode: stat.st_ino },
        })
    }

    /// Dma-buf or memfd.
    pub fn kind(&self) -> BackingKind {
        self.kind
    }

    /// Bytes that can be reached through the file descriptor. They never become fewer.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Whether the file descriptor can be mapped for writing.
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// Which memory it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }
}

/// The kernel calls both a number without a file and a file without access a bad file descriptor; its
/// flags can be asked of the second alone.
fn bad_fd(fd: BorrowedFd<'_>) -> BackingError {
    match rustix::fs::fcntl_getfl(fd) {
        Ok(_flags) => BackingError::PathOnly,
        Err(_) => BackingError::Closed,
    }
}

fn is_open_for_writing(fd: BorrowedFd<'_>) -> Result<bool, BackingError> {
    let flags = rustix::fs::fcntl_getfl(fd)
        .map_err(|errno| BackingError::Call { call: "fcntl(F_GETFL)", errno })?;
    Ok(flags & OFlags::RWMODE == OFlags::RDWR)
}

/// Why a file descriptor cannot hold an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackingError {
    /// No file is open under this number.
    #[error("the file descriptor is closed")]
    Closed,
    /// The file descriptor names a file without access to what is in it.
    #[error("the file descriptor was opened with O_PATH, which gives no access to the memory")]
    PathOnly,
    /// The file is neither a dma-buf nor a memfd.
    #[error("the file descriptor is neither a dma-buf nor a memfd")]
    NotABuffer,
    /// The memfd could be shrunk under whoever maps it, which would kill them with `SIGBUS`.
    #[error("the memfd is not sealed against shrinking: its owner must add F_SEAL_SHRINK")]
    Shrinkable,
    /// The kernel refused to tell.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::fd::AsRawFd;

    use rustix::fs::MemfdFlags;
    use rustix::fs::Mode;

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "miri has no /proc")]
    fn inspect_what_was_opened_with_o_path_says_so() {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memfd = rustix::fs::memfd_create("test", flags).unwrap();
        rustix::fs::fcntl_add_seals(&memfd, SealFlags::SHRINK).unwrap();
        let path = format!("/proc/self/fd/{}", memfd.as_raw_fd());
        let named = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        assert_eq!(Backing::inspect(named.as_fd()), Err(BackingError::PathOnly));
        assert!(Backing::inspect(memfd.as_fd()).is_ok());
    }
}
