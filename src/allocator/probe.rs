//! Opening an allocator by its name.

use crate::allocator::Allocator;
use crate::allocator::AllocatorKind;
use crate::allocator::DmaHeap;
#[cfg(feature = "drm")]
use crate::allocator::Dumb;
#[cfg(feature = "gbm")]
use crate::allocator::Gbm;
use crate::allocator::Memfd;
use crate::allocator::OpenError;
use crate::allocator::Udmabuf;

/// Opens the allocator of a kind where it usually is: `/dev/udmabuf`, the heap `system`, the first
/// DRM node that GBM can allocate on (render nodes come first), the first display device.
///
/// # Errors
/// [`OpenError`] says what is missing and what to do about it.
pub fn probe(kind: AllocatorKind) -> Result<Box<dyn Allocator>, OpenError> {
    match kind {
        AllocatorKind::Memfd => Ok(Box::new(Memfd::new())),
        AllocatorKind::Udmabuf => Ok(Box::new(Udmabuf::open()?)),
        AllocatorKind::DmaHeap => Ok(Box::new(DmaHeap::open(DmaHeap::SYSTEM)?)),
        #[cfg(feature = "drm")]
        AllocatorKind::Dumb => Ok(Box::new(Dumb::first()?)),
        #[cfg(not(feature = "drm"))]
        AllocatorKind::Dumb => Err(OpenError::NotBuilt { feature: "drm" }),
        #[cfg(feature = "gbm")]
        AllocatorKind::Gbm => Ok(Box::new(Gbm::first()?)),
        #[cfg(not(feature = "gbm"))]
        AllocatorKind::Gbm => Err(OpenError::NotBuilt { feature: "gbm" }),
    }
}
