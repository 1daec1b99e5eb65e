//! Why a device's display could not be looked at.

use rustix::io::Errno;

use crate::device::NodeKind;

/// Why a device's display could not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// The node has no display, whatever its device has.
    #[error(
        "a {kind} node has no display: open the primary node of the device (/dev/dri/card0 and up)"
    )]
    NotPrimary {
        /// What the node is for.
        kind: NodeKind,
    },
    /// The driver has no display at all: vgem, or a GPU without outputs.
    #[error("{call} is not supported: this driver has no display")]
    Unsupported {
        /// The missing call.
        call: &'static str,
    },
    /// What the device has changed again and again while it was asked.
    #[error("{call} gave another number of things each time it was asked")]
    Restless {
        /// The ioctl.
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

impl TopologyError {
    /// The error of an ioctl.
    pub(in crate::kms) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => Self::Unsupported { call },
            errno => Self::Call { call, errno },
        }
    }
}
