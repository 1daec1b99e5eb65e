//! GEM handles, counted per open file and closed exactly once.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#gem-objects-lifetime>, `include/uapi/drm/drm.h`.

use std::num::NonZeroU32;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use crate::device::DeviceError;
use crate::device::ImportError;
use crate::device::Node;
use crate::device::PrimeFlags;
use crate::device::call::again;
use crate::device::prime;

/// A buffer's name inside one open node. The handle is closed when the last owner goes away.
///
/// Two values can hold the same handle: clones, and every import of the same dma-buf. They are equal
/// then, and the handle stays until the last of them is dropped. It keeps its node open.
///
/// The kernel's table of handles belongs to the open file, not to the device: a handle of one node
/// means nothing on another, and [`Node::reopen`] gives a table of its own, while a duplicate of a
/// file descriptor shares the table without the count that is kept here.
#[derive(Debug)]
#[doc(alias = "GEM")]
pub struct GemHandle {
    node: Node,
    handle: NonZeroU32,
}

impl GemHandle {
    /// The handle in this node for a dma-buf of any device. The file descriptor stays the caller's
    /// and is not needed after. May block while the memory is moved to where the device reaches it.
    ///
    /// Importing the same buffer again gives the same handle, whatever file descriptor it comes in.
    ///
    /// # Errors
    /// - [`ImportError::NotADmaBuf`]: a memfd, or something else that no driver exported.
    /// - [`ImportError::Unreachable`]: the device cannot use memory of that exporter.
    /// - [`ImportError::Unsupported`], [`ImportError::Call`].
    ///
    /// Spec: `DRM_IOCTL_PRIME_FD_TO_HANDLE`, `drm_gem_prime_fd_to_handle()`.
    #[doc(alias = "drmPrimeFDToHandle")]
    pub fn import(node: &Node, fd: BorrowedFd<'_>) -> Result<Self, ImportError> {
        let mut entries = node.handles().lock();
        let answer = again(|| drm_ffi::gem::fd_to_handle(node.as_fd(), fd))
            .map_err(|errno| ImportError::of(node, fd, errno))?;
        let handle = NonZeroU32::new(answer.handle).ok_or(ImportError::NO_HANDLE)?;
        entries.add(handle);
        drop(entries);
        Ok(Self { node: node.clone(), handle })
    }

    /// Takes over a handle that `make` has the kernel make for this open file.
    pub(crate) fn make<E: From<DeviceError>>(
        node: &Node,
        make: impl FnOnce() -> Result<u32, E>,
    ) -> Result<Self, E> {
        let mut entries = node.handles().lock();
        let handle = NonZeroU32::new(make()?)
            .ok_or(DeviceError::Call { call: "GEM", errno: rustix::io::Errno::BADF })?;
        entries.add(handle);
        drop(entries);
        Ok(Self { node: node.clone(), handle })
    }

    /// A handle on this open file that another library made and closes: GBM, Mesa, a user of `drm`.
    /// While it or a clone lives, this crate does not close the handle, not even when the same
    /// buffer is imported here and dropped again.
    ///
    /// It is needed only where an open file is shared with such a library (a node made
    /// [from](Node::from_fd) a duplicate of its file descriptor). Where that can be avoided, a node
    /// of one's own ([`Node::reopen`]) and PRIME keep the two apart.
    ///
    /// The other library must keep its handle as long as this value lives; if it closes it sooner,
    /// calls here fail with `ENOENT`, or find another buffer that was given the number.
    #[doc(alias = "gbm_bo_get_handle")]
    pub fn borrow_foreign(node: &Node, handle: drm::buffer::Handle) -> Self {
        let handle = NonZeroU32::from(drm::control::RawResourceHandle::from(handle));
        node.handles().lock().add_foreign(handle);
        Self { node: node.clone(), handle }
    }

    /// The buffer as a dma-buf that anybody can hold; the caller owns the file descriptor. It is
    /// always closed on exec.
    ///
    /// # Errors
    /// [`DeviceError`]: the driver cannot export, the handle was closed by somebody else
    /// (`ENOENT`), or no file descriptor is free (`EMFILE`).
    ///
    /// Spec: `DRM_IOCTL_PRIME_HANDLE_TO_FD`.
    #[doc(alias = "drmPrimeHandleToFD")]
    pub fn export(&self, flags: PrimeFlags) -> Result<OwnedFd, DeviceError> {
        prime::export(self.node.as_fd(), self.raw(), flags)
    }

    /// The handle for `drm`'s functions. It is closed with its last owner here, so it must not be
    /// closed by the caller and not be used after.
    pub fn raw(&self) -> drm::buffer::Handle {
        drm::control::RawResourceHandle::from(self.handle).into()
    }

    /// The open file that the handle belongs to.
    pub fn node(&self) -> &Node {
        &self.node
    }
}

impl Clone for GemHandle {
    fn clone(&self) -> Self {
        self.node.handles().lock().add(self.handle);
        Self { node: self.node.clone(), handle: self.handle }
    }
}

impl PartialEq for GemHandle {
    /// The same buffer on the same open file.
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node && self.handle == other.handle
    }
}

impl Eq for GemHandle {}

impl Drop for GemHandle {
    fn drop(&mut self) {
        let mut entries = self.node.handles().lock();
        if !entries.remove(self.handle) {
            return;
        }
        // Still under the lock, so that nobody is given the handle while it is closed.
        let close = || drm_ffi::gem::close(self.node.as_fd(), self.handle.get());
        if let Err(errno) = again(close) {
            tracing::warn!(node = ?self.node, handle = self.handle, %errno, "DRM_IOCTL_GEM_CLOSE");
        }
    }
}
