//! GEM handles, counted per open file and closed exactly once.
//!
//! The kernel does not count: importing the same dma-buf twice into one open file gives the same
//! handle, and one close ends it for both. So the open file's table counts here.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#gem-objects-lifetime>, `include/uapi/drm/drm.h`.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use drm::control::Device as _;

use crate::device::DeviceError;
use crate::device::Node;

bitflags::bitflags! {
    /// How a buffer is exported.
    ///
    /// The file descriptor is always closed on exec.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PrimeFlags: u32 {
        /// It can be mapped for writing. The first export of a buffer decides for all later ones.
        #[doc(alias = "DRM_RDWR")]
        const READ_WRITE = drm::RDWR;
    }
}

/// How many owners each handle of an open file has.
#[derive(Debug, Default)]
pub(in crate::device) struct HandleTable {
    owners: Mutex<HashMap<u32, usize>>,
}

impl HandleTable {
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, usize>> {
        // The table is consistent between any two statements that can panic.
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer's name inside one open node. The handle is closed when the last owner goes away.
///
/// Two values can hold the same handle: clones, and every import of the same buffer.
#[derive(Debug)]
pub struct GemHandle {
    node: Node,
    raw: drm::buffer::Handle,
}

impl GemHandle {
    /// The handle in this node for a dma-buf of any device. The file descriptor is not needed
    /// after.
    ///
    /// # Errors
    /// [`DeviceError`]: the file descriptor is no dma-buf (`EINVAL`), the device cannot reach the
    /// memory of the other one, or cannot import at all.
    ///
    /// Spec: `DRM_IOCTL_PRIME_FD_TO_HANDLE`.
    #[doc(alias = "drmPrimeFDToHandle")]
    pub fn import(node: &Node, fd: BorrowedFd<'_>) -> Result<Self, DeviceError> {
        // Under the lock: between the kernel's answer and the count, somebody else's last owner
        // could close the handle.
        let mut owners = node.handles().lock();
        let raw = node
            .prime_fd_to_buffer(fd)
            .map_err(|error| DeviceError::of("DRM_IOCTL_PRIME_FD_TO_HANDLE", &error))?;
        *owners.entry(raw.into()).or_default() += 1;
        drop(owners);
        Ok(Self { node: node.clone(), raw })
    }

    /// Takes over a handle that the kernel has just made for this open file.
    pub(in crate::device) fn new(node: &Node, raw: drm::buffer::Handle) -> Self {
        *node.handles().lock().entry(raw.into()).or_default() += 1;
        Self { node: node.clone(), raw }
    }

    /// The buffer as a dma-buf that anybody can hold.
    ///
    /// # Errors
    /// [`DeviceError`]: the driver cannot export, or no file descriptor is free.
    ///
    /// Spec: `DRM_IOCTL_PRIME_HANDLE_TO_FD`.
    #[doc(alias = "drmPrimeHandleToFD")]
    pub fn export(&self, flags: PrimeFlags) -> Result<OwnedFd, DeviceError> {
        self.node
            .buffer_to_prime_fd(self.raw, drm::CLOEXEC | flags.bits())
            .map_err(|error| DeviceError::of("DRM_IOCTL_PRIME_HANDLE_TO_FD", &error))
    }

    /// The handle for `drm`'s functions. It is closed with its last owner here, so it must not be
    /// closed by the caller and not be used after.
    pub fn raw(&self) -> drm::buffer::Handle {
        self.raw
    }

    /// The open file that the handle belongs to.
    pub fn node(&self) -> &Node {
        &self.node
    }
}

impl Clone for GemHandle {
    fn clone(&self) -> Self {
        Self::new(&self.node, self.raw)
    }
}

impl Drop for GemHandle {
    fn drop(&mut self) {
        let mut owners = self.node.handles().lock();
        let Some(count) = owners.get_mut(&self.raw.into()) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        owners.remove(&self.raw.into());
        // Still under the lock, so that nobody is given the handle while it is closed.
        if let Err(error) = self.node.close_buffer(self.raw) {
            tracing::warn!(node = ?self.node.as_fd(), handle = ?self.raw, %error, "GEM_CLOSE");
        }
    }
}
