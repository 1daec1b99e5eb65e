//! Why the display was not changed.

use rustix::io::Errno;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Rectangle;
use crate::kms::TopologyError;

/// Why the display was not changed. Nothing of a refused change is on the screen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The last flip is not complete, or its event was not looked at.
    #[error(
        "the last flip of this output is still pending: read the node's events and give them to \
         `Output::accept`, then flip again"
    )]
    FlipPending,
    /// Somebody else's change of the same CRTC is not complete, or the driver is out of something.
    #[error("{call}: the display is busy with an earlier change")]
    Busy {
        /// The ioctl.
        call: &'static str,
    },
    /// This open file is not master.
    #[error(
        "{call}: another process is master of the display, most likely a display server: stop it, \
         switch to a free virtual terminal (Ctrl-Alt-F3), or use another device"
    )]
    NotMaster {
        /// The ioctl.
        call: &'static str,
    },
    /// No mode is set, so there is nothing to flip.
    #[error("the output is off: call `Output::enable` first")]
    Off,
    /// The display could not be looked at.
    #[error("the display could not be looked at")]
    Topology(#[from] TopologyError),
    /// The connector cannot be driven by this CRTC.
    #[error("no encoder of connector {connector} reaches CRTC {crtc}")]
    Unreachable {
        /// The id of the connector.
        connector: u32,
        /// The id of the CRTC.
        crtc: u32,
    },
    /// An object that is not there, or does not belong to this output.
    #[error("{object} {id} is not there, or is no part of this output")]
    NoSuchObject {
        /// What kind of object.
        object: &'static str,
        /// Its id.
        id: u32,
    },
    /// A framebuffer of another device, or one that somebody removed.
    #[error("framebuffer {id} is not one of this device (any more)")]
    NoSuchFramebuffer {
        /// Its id.
        id: u32,
    },
    /// The plane does not read the format.
    #[error("plane {plane} cannot show {fourcc} ({modifier})")]
    Format {
        /// The id of the plane.
        plane: u32,
        /// The format of the framebuffer.
        fourcc: Fourcc,
        /// Its modifier.
        modifier: Modifier,
    },
    /// The crop reaches beyond the framebuffer, or is empty.
    #[error(
        "the crop of {}x{} pixels at {},{} (in 1/65536) reaches beyond the framebuffer of {}x{}",
        source_q16[2], source_q16[3], source_q16[0], source_q16[1], size[0], size[1]
    )]
    Crop {
        /// Left, top, width and height, in 1/65536 of a pixel.
        source_q16: [u32; 4],
        /// Width and height of the framebuffer in pixels.
        size: [u32; 2],
    },
    /// A part that is said to differ is empty, or reaches beyond the framebuffer.
    #[error(
        "damage of {}x{} pixels at {},{} is no part of a framebuffer of {}x{}",
        part.width, part.height, part.x, part.y, size[0], size[1]
    )]
    Damage {
        /// What was given.
        part: Rectangle,
        /// Width and height of the framebuffer in pixels.
        size: [u32; 2],
    },
    /// The place on the screen cannot be expressed.
    #[error("no place on the screen: {width}x{height} pixels at {x},{y}")]
    Position {
        /// The left edge in pixels.
        x: i32,
        /// The upper edge in pixels.
        y: i32,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The driver, or this way of changing the display, cannot do it.
    #[error("{what} is not supported by this driver")]
    Unsupported {
        /// What is missing.
        what: &'static str,
    },
    /// The driver refuses this combination, and does not say why. The kernel's log does, with
    /// `echo 0x1f > /sys/module/drm/parameters/debug`.
    #[error("{call}: the driver refuses ({errno}): {tried}")]
    Refused {
        /// The ioctl.
        call: &'static str,
        /// The kernel's error.
        errno: Errno,
        /// The objects and what they were to be set to.
        tried: String,
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

impl CommitError {
    /// What an error number of a call that changes the display means. `tried` is asked for when
    /// the number alone says too little.
    pub(in crate::kms) fn of(
        call: &'static str,
        errno: Errno,
        tried: impl FnOnce() -> String,
    ) -> Self {
        match errno {
            Errno::BUSY => Self::Busy { call },
            Errno::ACCESS | Errno::PERM => Self::NotMaster { call },
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => Self::Unsupported { what: call },
            Errno::INVAL | Errno::NOSPC | Errno::RANGE | Errno::NOENT => {
                Self::Refused { call, errno, tried: tried() }
            }
            errno => Self::Call { call, errno },
        }
    }
}
