//! What can go wrong with a device.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

/// Why a node was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No node there.
    #[error("no DRM node {path:?}: {errno}")]
    Missing {
        /// What was asked for.
        path: PathBuf,
        /// The error of `open(2)`.
        errno: Errno,
    },
    /// No device of this driver.
    #[error("no {kind} node whose driver is {driver:?}; `ls /dev/dri` lists what there is")]
    NoSuchDriver {
        /// The driver that was asked for.
        driver: String,
        /// The kind of node that was asked for.
        kind: super::NodeKind,
    },
    /// The file is no DRM node.
    #[error("{path:?} is no DRM node")]
    NotANode {
        /// What was asked for, empty for a file descriptor.
        path: PathBuf,
    },
    /// This user may not open it.
    #[error("{path:?}: permission denied; add yourself to the group that owns it (`ls -l`)")]
    PermissionDenied {
        /// What was asked for.
        path: PathBuf,
    },
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why a device did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The driver has no such call.
    #[error("{call} is not supported by this driver or this kind of node")]
    Unsupported {
        /// The missing call.
        call: &'static str,
    },
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl DeviceError {
    /// The error of an ioctl, from the standard library's type in which `drm` reports it.
    pub(crate) fn of(call: &'static str, error: &io::Error) -> Self {
        match errno_of(error) {
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => Self::Unsupported { call },
            errno => Self::Call { call, errno },
        }
    }
}

/// The error number in an error that came from the kernel.
pub(crate) fn errno_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
