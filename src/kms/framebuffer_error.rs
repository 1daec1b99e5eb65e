//! Why an image cannot be shown.

use rustix::io::Errno;

use crate::device::ImportError;
use crate::device::NodeKind;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;

/// Why no framebuffer was made of an image. Nothing stays behind in the kernel then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramebufferError {
    /// The node has no display, whatever its device has.
    #[error("a {kind} node has no display: make framebuffers on the primary node")]
    NotPrimary {
        /// What the node is for.
        kind: NodeKind,
    },
    /// A display reads the memory of devices, and a memfd has none.
    #[error("plane {plane} is a memfd, which no display reads: allocate a dma-buf")]
    NotADmaBuf {
        /// The plane, counted from 0.
        plane: usize,
    },
    /// Nobody but the driver that made the image knows its tiling.
    #[error("the image does not state its modifier: allocate it with an explicit one")]
    ImplicitModifier,
    /// The driver knows linear framebuffers alone.
    #[error(
        "this driver takes framebuffers without a modifier, and so LINEAR ones alone, not {modifier}"
    )]
    ModifiersUnsupported {
        /// The image's modifier.
        modifier: Modifier,
    },
    /// Smaller or larger than the device takes.
    #[error("{}x{} pixels; this device takes {}x{} up to {}x{}", size[0], size[1], least[0], least[1], most[0], most[1])]
    Size {
        /// Width and height in pixels.
        size: [u32; 2],
        /// The least width and height in pixels.
        least: [u32; 2],
        /// The greatest width and height in pixels.
        most: [u32; 2],
    },
    /// No plane reads it, and no writeback connector writes it.
    #[error("no plane of this device shows {fourcc} ({modifier}), but {offered}")]
    Format {
        /// The format that it would be shown as.
        fourcc: Fourcc,
        /// The image's modifier.
        modifier: Modifier,
        /// What all planes and writeback connectors together take.
        offered: FormatSet,
    },
    /// There is no format with the same bytes and without alpha.
    #[error("the alpha of {fourcc} cannot be passed over: no format has the same bytes without it")]
    NoOpaqueFormat {
        /// The image's format.
        fourcc: Fourcc,
    },
    /// A plane ends where the kernel's 32-bit numbers do not reach.
    #[error(
        "plane {plane} ends at byte {end_bytes} of its buffer, beyond the 4 GiB that a framebuffer can state"
    )]
    TooFar {
        /// The plane, counted from 0.
        plane: usize,
        /// Bytes from the beginning of the buffer to the end of the last row with its padding.
        end_bytes: u64,
    },
    /// The device cannot reach the memory.
    #[error("the buffer cannot be imported into the display's device")]
    Import(#[from] ImportError),
    /// The driver has neither of the calls that could make this framebuffer.
    #[error("{call} is not supported by this driver, and ADDFB cannot express {fourcc}")]
    Unsupported {
        /// The missing call.
        call: &'static str,
        /// The format that it would be shown as.
        fourcc: Fourcc,
    },
    /// The driver has rules of its own, mostly about strides: 64, 128 or 256 bytes divide those
    /// that all hardware takes.
    #[error(
        "the driver refuses the layout ({errno}): its strides of {strides_bytes:?} bytes may have to be multiples of 64 or 256"
    )]
    Refused {
        /// The kernel's error.
        errno: Errno,
        /// Bytes from row to row of each plane.
        strides_bytes: [u32; 4],
    },
    /// The kernel failed.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
