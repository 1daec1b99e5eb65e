//! Why there is no allocator, or no image.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::allocator::AllocatorKind;
use crate::dmabuf::InvalidDescriptor;
use crate::dmabuf::layout::LayoutError;
use crate::format::Fourcc;
use crate::format::Modifier;

/// Why an allocator is not available. Nothing stays open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such device file.
    #[error("{} is not there ({hint})", path.display())]
    Missing {
        /// The device file.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// The device file is there, but not for this user.
    #[error("{} may not be opened by this user ({hint})", path.display())]
    Denied {
        /// The device file.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// There is no DRM node at all.
    #[error("/dev/dri has no node (no graphics device, or its driver is not loaded)")]
    NoNode,
    /// The file is something else than a DRM node.
    #[error("{device} is no DRM device")]
    NotDrm {
        /// Its path, or what else is known of it.
        device: String,
    },
    /// GBM crashes on a device that cannot be written to.
    #[error("{device} is open for reading only: open it for reading and writing")]
    ReadOnly {
        /// Its path, or what else is known of it.
        device: String,
    },
    /// The device is there, and makes no buffers.
    #[error("{device} makes no buffers: {reason}")]
    NoBuffers {
        /// Its path, or what else is known of it.
        device: String,
        /// What became of the trial.
        reason: Box<AllocateError>,
    },
    /// The name has a `/` in it, or is none.
    #[error("{name:?} is no name of a heap: see the files in /dev/dma_heap")]
    HeapName {
        /// The name.
        name: String,
    },
    /// This build of the crate leaves the allocator out.
    #[error("not built in (enable the feature `{feature}`)")]
    NotBuilt {
        /// The crate's feature.
        feature: &'static str,
    },
    /// The kernel or a library refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The function.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl OpenError {
    /// From the error of `open(2)` on a device file.
    pub(in crate::allocator) fn of_open(
        path: impl Into<PathBuf>,
        errno: Errno,
        [missing, denied]: [&'static str; 2],
    ) -> Self {
        let path = path.into();
        match errno {
            Errno::NOENT | Errno::NODEV | Errno::NXIO | Errno::NOTDIR => {
                Self::Missing { path, hint: missing }
            }
            Errno::ACCESS | Errno::PERM => Self::Denied { path, hint: denied },
            errno => Self::Call { call: "open", errno },
        }
    }
}

/// Why an image was not allocated. Nothing stays open or mapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllocateError {
    /// The allocator has no such images.
    #[error("{allocator} has no {fourcc} with {}", list(modifiers))]
    Unsupported {
        /// The allocator.
        allocator: AllocatorKind,
        /// The format asked for.
        fourcc: Fourcc,
        /// The modifiers that were allowed.
        modifiers: Vec<Modifier>,
    },
    /// The numbers of the request do not make an image: its size is 0, its format is not known or
    /// exists with a vendor's compression alone.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Strides and offsets would not fit 31 bits, or the buffer not the address space.
    #[error("an image of {width}x{height} pixels in {fourcc} is too large for one buffer")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The format asked for.
        fourcc: Fourcc,
    },
    /// The buffer is larger than the kernel was configured to allow.
    #[error("a buffer of {bytes} bytes is over the limit of {limit_bytes}: raise {parameter}")]
    OverLimit {
        /// Bytes in the buffer.
        bytes: u64,
        /// Bytes that are allowed.
        limit_bytes: u64,
        /// The kernel's parameter.
        parameter: &'static str,
    },
    /// The driver made an image with a modifier that nobody asked for.
    #[error("{allocator} made an image with modifier {modifier}, which was not asked for")]
    WrongModifier {
        /// The allocator.
        allocator: AllocatorKind,
        /// What it made.
        modifier: Modifier,
    },
    /// What the driver made does not hold the image that it says it does.
    #[error("{allocator} made something else than the image asked for")]
    Rejected {
        /// The allocator.
        allocator: AllocatorKind,
        /// What is wrong with it.
        source: InvalidDescriptor,
    },
    /// The kernel or a library refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The function.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl AllocateError {
    /// Whether the allocator will never have such an image, as opposed to having failed this time.
    pub fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::Unsupported { .. }
                | Self::Layout(LayoutError::UnknownFourcc(_) | LayoutError::NoLinearLayout(_))
        )
    }
}

/// `LINEAR, 0x0100000000000001`, or that there is nothing to list.
pub(in crate::allocator) fn list(modifiers: &[Modifier]) -> String {
    if modifiers.is_empty() {
        return String::from("no modifier at all");
    }
    modifiers.iter().map(Modifier::to_string).collect::<Vec<_>>().join(", ")
}
