#![allow(unsafe_code, reason = "takes over a file descriptor that an ioctl made")]
//! PRIME: from handles to file descriptors.
//!
//! The other way is [`GemHandle::import`](crate::device::GemHandle::import).
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#prime-buffer-sharing>.

use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use crate::device::DeviceError;
use crate::device::call::again;

bitflags::bitflags! {
    /// How a buffer is exported.
    ///
    /// The file descriptor is always closed on exec.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PrimeFlags: u32 {
        /// It can be mapped for writing. The first export of a buffer decides for all later ones,
        /// as long as a file descriptor or a handle of that export is left.
        #[doc(alias = "DRM_RDWR")]
        const READ_WRITE = drm::RDWR;
    }
}

const CALL: &str = "DRM_IOCTL_PRIME_HANDLE_TO_FD";

/// A handle of any open file of a device as a dma-buf. Nothing is closed.
pub(in crate::device) fn export(
    device: BorrowedFd<'_>,
    handle: drm::buffer::Handle,
    flags: PrimeFlags,
) -> Result<OwnedFd, DeviceError> {
    let flags = drm::CLOEXEC | flags.bits();
    let answer = again(|| drm_ffi::gem::handle_to_fd(device, handle.into(), flags))
        .map_err(|errno| DeviceError::of(CALL, errno))?;
    if answer.fd < 0 {
        return Err(DeviceError::Call { call: CALL, errno: Errno::BADF });
    }
    // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the kernel has
    // just installed it for this call (drm_prime.c, `drm_gem_prime_handle_to_fd`).
    Ok(unsafe { OwnedFd::from_raw_fd(answer.fd) })
}
