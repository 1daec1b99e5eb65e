//! What a client understands, so that the kernel shows it.

use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::device::Node;
use crate::device::call::again;

/// Something that an open file has to ask for before the kernel shows it, with the kernel that
/// introduced it. Each open file asks for itself.
///
/// Spec: `include/uapi/drm/drm.h`, `DRM_IOCTL_SET_CLIENT_CAP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "drmSetClientCap")]
#[doc(alias = "DRM_CLIENT_CAP")]
pub enum ClientCapability {
    /// Modes for stereo displays are listed. Linux 3.13.
    Stereo3d,
    /// Primary and cursor planes are listed beside the overlays. Linux 3.15.
    UniversalPlanes,
    /// Atomic commits, and the properties that they need. Asks for
    /// [`UniversalPlanes`](Self::UniversalPlanes) and [`AspectRatio`](Self::AspectRatio) too.
    /// Linux 4.0. Refused to programs whose name begins with `X`.
    Atomic,
    /// Modes state their aspect ratio. Linux 4.18.
    AspectRatio,
    /// Writeback connectors are listed. After [`Atomic`](Self::Atomic). Linux 4.19.
    WritebackConnectors,
    /// The cursor planes of virtual machines are listed, for clients that state the hotspot. After
    /// [`Atomic`](Self::Atomic). Linux 6.6.
    CursorPlaneHotspot,
    /// Planes have a colour pipeline in place of their colour properties, `COLOR_ENCODING` and
    /// `COLOR_RANGE` among them. After [`Atomic`](Self::Atomic). Linux 6.19.
    PlaneColorPipeline,
}

impl ClientCapability {
    /// The kernel's number for it.
    pub const fn number(self) -> u64 {
        match self {
            Self::Stereo3d => 1,
            Self::UniversalPlanes => 2,
            Self::Atomic => 3,
            Self::AspectRatio => 4,
            Self::WritebackConnectors => 5,
            Self::CursorPlaneHotspot => 6,
            Self::PlaneColorPipeline => 7,
        }
    }

    /// Whether [`ClientCapability::Atomic`] has to be enabled first.
    pub const fn needs_atomic(self) -> bool {
        matches!(
            self,
            Self::WritebackConnectors | Self::CursorPlaneHotspot | Self::PlaneColorPipeline
        )
    }
}

impl Node {
    /// Asks the kernel to show something to this open file.
    ///
    /// # Errors
    /// - [`EnableError::Unsupported`]: the driver does not have it, or the device no display.
    /// - [`EnableError::Refused`]: the kernel is older than it, or it needs
    ///   [`ClientCapability::Atomic`] first.
    /// - [`EnableError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SET_CLIENT_CAP`.
    #[doc(alias = "drmSetClientCap")]
    pub fn enable(&self, capability: ClientCapability) -> Result<(), EnableError> {
        self.set_client(capability, true)
    }

    /// Asks the kernel to hide it again.
    ///
    /// # Errors
    /// As [`Node::enable`].
    ///
    /// Spec: `DRM_IOCTL_SET_CLIENT_CAP`.
    pub fn disable(&self, capability: ClientCapability) -> Result<(), EnableError> {
        self.set_client(capability, false)
    }

    fn set_client(&self, capability: ClientCapability, enable: bool) -> Result<(), EnableError> {
        let set = || drm_ffi::set_capability(self.as_fd(), capability.number(), enable);
        again(set).map(|_answer| ()).map_err(|errno| match errno {
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => {
                EnableError::Unsupported { capability, driver: self.driver().to_owned() }
            }
            Errno::INVAL => EnableError::Refused { capability, hint: hint(capability) },
            errno => EnableError::Call { call: "DRM_IOCTL_SET_CLIENT_CAP", errno },
        })
    }
}

const fn hint(capability: ClientCapability) -> &'static str {
    if capability.needs_atomic() {
        "enable `Atomic` first; or the kernel is older than this"
    } else {
        "the kernel is older than this"
    }
}

/// Why a client capability was not enabled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnableError {
    /// The driver does not have it, or the device has no display.
    #[error("{driver} does not have {capability:?}")]
    Unsupported {
        /// What was asked for.
        capability: ClientCapability,
        /// The driver.
        driver: String,
    },
    /// Not now, or not on this kernel.
    #[error("{capability:?} was refused: {hint}")]
    Refused {
        /// What was asked for.
        capability: ClientCapability,
        /// What to do.
        hint: &'static str,
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
