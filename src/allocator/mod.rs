//! Where images come from.
//!
//! An [`Allocator`] makes a [`Dmabuf`] to a [`Request`]. There are several, because no memory suits
//! everybody:
//!
//! | allocator | what it needs | who can import its images |
//! |---|---|---|
//! | [`Memfd`] | nothing | software renderers |
//! | [`Udmabuf`] | `/dev/udmabuf` | software renderers, some GPUs |
//! | [`DmaHeap`] | `/dev/dma_heap/system` or another heap | software renderers, some GPUs |
//! | `Dumb` (feature `drm`) | a primary DRM node | the driver of that node, CPUs, some GPUs |
//! | `Gbm` (feature `gbm`) | a DRM node | the driver of that node, and whoever knows the modifier |
//!
//! [`choose`] picks the best for a display and can say why; [`probe`] opens one by its name.
//!
//! All of them hand out images that own their file descriptors and need their allocator no more.
//!
//! Spec: <https://docs.kernel.org/userspace-api/dma-buf-alloc-exchange.html>.

mod choose;
mod dma_heap;
#[cfg(feature = "drm")]
mod dumb;
mod error;
#[cfg(feature = "gbm")]
mod gbm;
mod kind;
mod linear;
mod memfd;
mod plan;
mod probe;
mod reason;
mod request;
mod sys;
mod udmabuf;

use std::fmt;

use crate::dmabuf::Dmabuf;
use crate::format::FormatSet;
use crate::format::Usage;

pub use choose::Choice;
pub use choose::ChooseError;
pub use choose::choose;
pub use choose::choose_proved;
pub use dma_heap::DmaHeap;
#[cfg(feature = "drm")]
pub use dumb::Dumb;
pub use error::AllocateError;
pub use error::OpenError;
#[cfg(feature = "gbm")]
pub use gbm::Gbm;
pub use kind::AllocatorKind;
pub use kind::ParseAllocatorKindError;
pub use memfd::Memfd;
pub use plan::Plan;
pub use plan::PlannedPlane;
pub use plan::STRIDE_ALIGNMENT_BYTES;
pub use probe::probe;
pub use reason::Reason;
pub use reason::Verdict;
pub use request::Request;
pub use udmabuf::Udmabuf;

/// Makes images.
///
/// ```
/// use dmashare::allocator::Allocator;
/// use dmashare::allocator::Memfd;
/// use dmashare::allocator::Request;
/// use dmashare::format::Fourcc;
///
/// let allocator: Box<dyn Allocator> = Box::new(Memfd::new());
/// let image = allocator.allocate(&Request::new(640, 480, Fourcc::NV12))?;
/// assert_eq!(image.planes()[0].stride_bytes(), 768);
/// assert_eq!(image.planes()[1].stride_bytes(), 768);
/// # Ok::<(), dmashare::allocator::AllocateError>(())
/// ```
pub trait Allocator: fmt::Debug + Send + Sync {
    /// Which one it is.
    fn kind(&self) -> AllocatorKind;

    /// What it can allocate for a use, the usual formats first. An image may still be too large.
    fn formats(&self, usage: Usage) -> FormatSet;

    /// What can be said about a request without allocating anything.
    ///
    /// # Errors
    /// Any of [`AllocateError`]; the allocation would fail with the same.
    fn check(&self, request: &Request) -> Result<(), AllocateError>;

    /// Makes an image. Its memory is zero where a driver does not leave it undefined (GBM), its
    /// file descriptors are its own, open for reading and writing where the driver can do that, and
    /// closed on `exec`. May block while the kernel finds memory.
    ///
    /// # Errors
    /// - [`AllocateError::Unsupported`], and what [`AllocateError::is_unsupported`] says so of: never
    ///   here.
    /// - [`AllocateError::Layout`], [`AllocateError::TooLarge`], [`AllocateError::OverLimit`]: not
    ///   with these numbers.
    /// - [`AllocateError::WrongModifier`], [`AllocateError::Rejected`]: the driver made something
    ///   else.
    /// - [`AllocateError::Call`]: the kernel or a library refused, for want of memory or of file
    ///   descriptors.
    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError>;
}
