//! Why an allocator was picked, or passed over.

use std::fmt;

use crate::allocator::AllocateError;
use crate::allocator::AllocatorKind;
use crate::allocator::OpenError;
use crate::dmabuf::ImporterClass;
use crate::dmabuf::MapError;
use crate::dmabuf::Refusal;

/// What became of one candidate. Printed, it is a line for humans: `udmabuf: /dev/udmabuf is not
/// there (modprobe udmabuf)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The candidate.
    pub allocator: AllocatorKind,
    /// What became of it.
    pub verdict: Verdict,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.allocator, self.verdict)
    }
}

/// Whether a candidate was picked, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Picked: its trial image was allocated and is one that the display can be given.
    Picked {
        /// The display's driver.
        driver: String,
        /// How the display gets at the pixels.
        class: ImporterClass,
        /// What the images are.
        allocator: AllocatorKind,
    },
    /// Not tried, because one that suits better was picked.
    NotNeeded {
        /// The one that was picked.
        picked: AllocatorKind,
    },
    /// Its device cannot be opened, or it is not built in.
    NotOpened(OpenError),
    /// It allocates on a device, and the display has none.
    NoDevice {
        /// The display's driver.
        driver: String,
    },
    /// Nobody said which of several devices the display draws on.
    WhichDevice,
    /// It does not make such images.
    NotAllocated(AllocateError),
    /// It makes such images, but not for this display.
    Refused(Refusal),
    /// It makes such images, and the CPU, which is to use them, cannot map them.
    NotMappable(MapError),
    /// It makes such images, and another user of them says why not
    /// ([`choose_proved`](crate::allocator::choose_proved)).
    NotProved(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Picked { driver, class, allocator } => {
                write!(f, "{}, ", memory(*allocator))?;
                match class {
                    ImporterClass::MapsMemory => write!(f, "`{driver}` maps it without a copy"),
                    ImporterClass::KmsSoftware => write!(f, "`{driver}` maps it on its own device"),
                    _ => write!(f, "for `{driver}`"),
                }
            }
            Self::NotNeeded { picked } => write!(f, "not needed, {picked} suits better"),
            Self::NotOpened(error) => write!(f, "{error}"),
            Self::NoDevice { driver } => {
                write!(f, "`{driver}` draws with the CPU and has no device to allocate on")
            }
            Self::WhichDevice => {
                f.write_str("the display does not say which DRM node it draws on (name the node)")
            }
            Self::NotAllocated(AllocateError::Rejected { source, .. }) => {
                write!(f, "what it makes cannot be used: {source}")
            }
            Self::NotAllocated(error) => write!(f, "{error}"),
            Self::NotMappable(error) => write!(f, "the CPU cannot map it: {error}"),
            Self::NotProved(reason) => f.write_str(reason),
            Self::Refused(refusal) => write!(f, "{refusal}"),
        }
    }
}

const fn memory(allocator: AllocatorKind) -> &'static str {
    match allocator {
        AllocatorKind::Memfd => "sealed memory",
        AllocatorKind::Udmabuf => "memory behind a real dma-buf",
        AllocatorKind::DmaHeap => "a dma-buf of the kernel's heap",
        AllocatorKind::Dumb => "a buffer for the display device",
        AllocatorKind::Gbm => "a buffer of the display's own device",
    }
}
