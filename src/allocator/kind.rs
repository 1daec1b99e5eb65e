//! The names of the allocators.

use std::fmt;
use std::str::FromStr;

/// Where the memory of an image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AllocatorKind {
    /// Sealed anonymous memory: needs no device, for software renderers.
    Memfd,
    /// Anonymous memory behind a real dma-buf, from `/dev/udmabuf`.
    Udmabuf,
    /// A dma-buf from one of the kernel's heaps, in `/dev/dma_heap`.
    DmaHeap,
    /// A "dumb" buffer of a display device, which the CPU fills.
    Dumb,
    /// A buffer of a graphics driver, from a DRM node through GBM.
    Gbm,
}

impl AllocatorKind {
    /// All of them, those that need least first.
    pub const ALL: [Self; 5] = [Self::Memfd, Self::Udmabuf, Self::DmaHeap, Self::Dumb, Self::Gbm];

    /// The name in messages and on command lines: `memfd`, `udmabuf`, `dma-heap`, `dumb`, `gbm`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memfd => "memfd",
            Self::Udmabuf => "udmabuf",
            Self::DmaHeap => "dma-heap",
            Self::Dumb => "dumb",
            Self::Gbm => "gbm",
        }
    }
}

impl fmt::Display for AllocatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text is no allocator's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no allocator: expected memfd, udmabuf, dma-heap, dumb or gbm")]
pub struct ParseAllocatorKindError {
    text: String,
}

impl FromStr for AllocatorKind {
    type Err = ParseAllocatorKindError;

    /// Reads what [`AllocatorKind::name`] gives.
    fn from_str(text: &str) -> Result<Self, ParseAllocatorKindError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| ParseAllocatorKindError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in AllocatorKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let refused = "shm".parse::<AllocatorKind>().unwrap_err();
        assert!(refused.to_string().starts_with("\"shm\" is no allocator"), "{refused}");
    }
}
