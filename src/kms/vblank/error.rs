//! Why a vertical blank was not waited for.

use drm::control::crtc;
use rustix::io::Errno;

/// Why a vertical blank was not waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VblankError {
    /// The driver does not count vertical blanks, or not for a CRTC this far down the list.
    #[error("{what} is not supported by this driver")]
    Unsupported {
        /// What is missing.
        what: &'static str,
    },
    /// The CRTC is off: nothing is scanned out, so there are no vertical blanks.
    #[error(
        "CRTC {} is off and has no vertical blanks: choose one that is on, or light it up by \
         setting a mode (start a display server, or call `Output::enable`)",
        u32::from(*.crtc)
    )]
    CrtcOff {
        /// The CRTC.
        crtc: crtc::Handle,
    },
    /// The device has no such CRTC, or it was leased to somebody else.
    #[error("the device has no CRTC {} (any more)", u32::from(*.crtc))]
    NoSuchCrtc {
        /// The CRTC.
        crtc: crtc::Handle,
    },
    /// The frame did not come in time.
    #[error(
        "the frame did not come in time: too many frames to wait for, or the CRTC was turned off"
    )]
    TimedOut,
    /// Too many events wait to happen or to be read.
    #[error("no room for another event: read those that are there")]
    QueueFull,
    /// The machine has 32-bit numbers for user data in this call.
    #[error("user data {user_data:#x} does not fit a word of this machine")]
    UserData {
        /// What was given.
        user_data: u64,
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
