//! Where a display comes from, and why it cannot be had.

use std::fmt;

use crate::egl::CallError;
use crate::egl::LoadError;

/// Where a display comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// No window system and no device: rendering into images alone.
    Surfaceless,
    /// A DRM device through GBM.
    Gbm,
    /// A device of EGL's own list.
    Device,
    /// An X server.
    X11,
    /// A Wayland compositor.
    Wayland,
    /// Somebody else made it.
    Adopted,
}

impl Platform {
    /// The client extensions of which one is needed for a display of this platform, the current
    /// name first.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Surfaceless => &["EGL_MESA_platform_surfaceless"],
            Self::Gbm => &["EGL_KHR_platform_gbm", "EGL_MESA_platform_gbm"],
            Self::Device => &["EGL_EXT_platform_device"],
            Self::X11 => &["EGL_KHR_platform_x11", "EGL_EXT_platform_x11"],
            Self::Wayland => &["EGL_KHR_platform_wayland", "EGL_EXT_platform_wayland"],
            Self::Adopted => &[],
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Surfaceless => "surfaceless",
            Self::Gbm => "GBM",
            Self::Device => "device",
            Self::X11 => "X11",
            Self::Wayland => "Wayland",
            Self::Adopted => "adopted",
        })
    }
}

/// Why there is no display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisplayError {
    /// libEGL is missing.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// libEGL lacks the platform, or a call that this crate cannot do without.
    #[error("this libEGL does not have {extension}")]
    Unsupported {
        /// The missing extension.
        extension: &'static str,
    },
    /// No driver answers for this platform.
    #[error("no driver for the {platform} platform")]
    NoDriver {
        /// Where a display was asked for.
        platform: Platform,
        /// What EGL said.
        source: CallError,
    },
    /// The window system has no handle to give, of a kind that EGL could use.
    #[error("the window system gives no display: {cause}")]
    NoHandle {
        /// What it said.
        cause: String,
    },
    /// The adopted pointer is null, or its display was never initialised.
    #[error("the display to adopt is not initialised: call eglInitialize on it first")]
    NotInitialized,
    /// The device file cannot be opened, or is no DRM device.
    #[error("{path} is no usable DRM device: {cause}")]
    Node {
        /// The device file.
        path: String,
        /// What the kernel or GBM said.
        cause: String,
    },
}
