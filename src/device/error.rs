//! What can go wrong with a device.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::device::NodeKind;

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
        kind: NodeKind,
    },
    /// The device has no node of this kind.
    #[error(
        "the device {} has no {kind} node{}", device.display(),
        if *kind == NodeKind::Render { " (its driver does not render: use the primary one)" }
        else { " (its driver has no display)" }
    )]
    NoSuchKind {
        /// The kind of node that was asked for.
        kind: NodeKind,
        /// Where the kernel describes the device.
        device: PathBuf,
    },
    /// No node in `/dev/dri` has this number.
    #[error("no node in /dev/dri has the device number {device_number:#x}")]
    NoSuchNumber {
        /// The device number (`dev_t`).
        device_number: u64,
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
    /// What the error number of an ioctl means.
    pub(crate) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => Self::Unsupported { call },
            errno => Self::Call { call, errno },
        }
    }
}
