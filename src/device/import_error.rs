//! Why a buffer of somebody else's was not imported.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::device::Node;
use crate::dmabuf::Backing;
use crate::dmabuf::BackingKind;

const CALL: &str = "DRM_IOCTL_PRIME_FD_TO_HANDLE";

/// Why a buffer was not imported into a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Only memory that a driver exported can be given to another one.
    #[error(
        "a device takes dma-bufs alone, and this is a {what}: allocate with udmabuf, a dma-heap, \
         GBM or a dumb buffer"
    )]
    NotADmaBuf {
        /// `memfd`, or that it is another kind of file.
        what: &'static str,
    },
    /// The device, or its driver, has no use for memory of that kind.
    #[error(
        "{driver} cannot reach the memory of this buffer ({errno}): allocate it on a node of \
         {driver}, or copy it there"
    )]
    Unreachable {
        /// The driver that refused.
        driver: String,
        /// Its error.
        errno: Errno,
    },
    /// The driver imports nothing.
    #[error("{driver} imports no buffers of other devices ({errno})")]
    Unsupported {
        /// The driver that refused.
        driver: String,
        /// Its error.
        errno: Errno,
    },
    /// The kernel refused, for want of memory for instance.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl ImportError {
    /// The kernel said yes and gave the number that stands for no handle.
    pub(in crate::device) const NO_HANDLE: Self = Self::Call { call: CALL, errno: Errno::BADF };

    /// What an error number means for this node and this file descriptor. The kernel answers
    /// `EINVAL` to most mistakes, so the file is asked what it is.
    pub(in crate::device) fn of(node: &Node, fd: BorrowedFd<'_>, errno: Errno) -> Self {
        let driver = || node.driver().to_owned();
        match errno {
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => {
                Self::Unsupported { driver: driver(), errno }
            }
            Errno::INVAL | Errno::NODEV | Errno::NXIO | Errno::PERM | Errno::ACCESS => {
                match Backing::inspect(fd).map(|backing| backing.kind()) {
                    Ok(BackingKind::DmaBuf) => Self::Unreachable { driver: driver(), errno },
                    Ok(BackingKind::Memfd) => Self::NotADmaBuf { what: "memfd" },
                    Err(_other) => Self::NotADmaBuf { what: "file of another kind" },
                }
            }
            errno => Self::Call { call: CALL, errno },
        }
    }
}
