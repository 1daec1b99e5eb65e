//! Images in sealed anonymous memory.
//!
//! No device, no privilege: what software renderers import without a copy. A GPU refuses them.
//!
//! Spec: `memfd_create(2)`, `fcntl(2)` on file seals.

use std::os::fd::OwnedFd;

use rustix::fs::MemfdFlags;
use rustix::fs::SealFlags;
use rustix::io::Errno;

use crate::allocator::AllocateError;
use crate::allocator::Allocator;
use crate::allocator::AllocatorKind;
use crate::allocator::Request;
use crate::allocator::linear;
use crate::dmabuf::Dmabuf;
use crate::format::FormatSet;
use crate::format::Usage;

/// Allocates images in memfds.
///
/// The size of a memfd is fixed before anybody else sees it: sealed against shrinking, which would
/// kill whoever maps it, and against growing. Its pages are zero, belong to this process's account,
/// and come into being when they are touched.
///
/// ```
/// use dmashare::allocator::Allocator;
/// use dmashare::allocator::Memfd;
/// use dmashare::allocator::Request;
/// use dmashare::format::Fourcc;
///
/// let image = Memfd::new().allocate(&Request::new(64, 64, Fourcc::ARGB8888))?;
/// assert_eq!(image.planes()[0].stride_bytes(), 256);
/// assert!(image.is_writable() && !image.is_dma_buf());
/// # Ok::<(), dmashare::allocator::AllocateError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Memfd;

impl Memfd {
    /// Always works: there is nothing to open.
    pub const fn new() -> Self {
        Self
    }
}

impl Allocator for Memfd {
    fn kind(&self) -> AllocatorKind {
        AllocatorKind::Memfd
    }

    fn formats(&self, _usage: Usage) -> FormatSet {
        linear::formats()
    }

    fn check(&self, request: &Request) -> Result<(), AllocateError> {
        linear::plan(self.kind(), request).map(|_plan| ())
    }

    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError> {
        linear::allocate(self.kind(), request, |bytes, _stride_bytes| sealed(bytes))
    }
}

/// Anonymous memory whose size is final.
pub(in crate::allocator) fn sealed(bytes: u64) -> Result<OwnedFd, AllocateError> {
    let failed = |call| move |errno| AllocateError::Call { call, errno };
    let fd = create().map_err(failed("memfd_create"))?;
    rustix::fs::ftruncate(&fd, bytes).map_err(failed("ftruncate"))?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&fd, seals).map_err(failed("fcntl(F_ADD_SEALS)"))?;
    Ok(fd)
}

/// Kernels before 6.3 do not know `MFD_NOEXEC_SEAL`, and later ones can be told to insist on it.
fn create() -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create("dmashare", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => rustix::fs::memfd_create("dmashare", flags),
        other => other,
    }
}
