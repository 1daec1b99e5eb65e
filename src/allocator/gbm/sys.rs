#![allow(unsafe_code, reason = "asks DRM devices with ioctls")]
//! The ioctls of a DRM device that the allocator needs, as the kernel declares them.
//!
//! Spec: `include/uapi/drm/drm.h`.

use std::ffi::c_char;
use std::ffi::c_int;
use std::mem::size_of;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::opcode;

use crate::dmabuf::sys::DrmPrimeHandle;

/// `struct drm_version`: three texts that the caller has room for.
#[repr(C)]
struct DrmVersion {
    version_major: c_int,
    version_minor: c_int,
    version_patchlevel: c_int,
    name_len: usize,
    name: *mut c_char,
    date_len: usize,
    date: *mut c_char,
    desc_len: usize,
    desc: *mut c_char,
}

/// `DRM_IOCTL_VERSION`.
const IOCTL_VERSION: Opcode = opcode::read_write::<DrmVersion>(b'd', 0x00);
/// `DRM_IOCTL_PRIME_HANDLE_TO_FD`.
const IOCTL_PRIME_HANDLE_TO_FD: Opcode = opcode::read_write::<DrmPrimeHandle>(b'd', 0x2d);

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<DrmVersion>() == 64);
#[cfg(target_pointer_width = "64")]
const _: () = assert!(IOCTL_VERSION == 0xc040_6400);
const _: () = assert!(IOCTL_PRIME_HANDLE_TO_FD == 0xc00c_642d);

/// The name of the driver behind a node.
pub(in crate::allocator::gbm) fn driver_name(node: impl AsFd) -> Result<String, Errno> {
    let mut name = [0_u8; 64];
    let mut version = DrmVersion {
        version_major: 0,
        version_minor: 0,
        version_patchlevel: 0,
        name_len: name.len(),
        name: name.as_mut_ptr().cast(),
        date_len: 0,
        date: std::ptr::null_mut(),
        desc_len: 0,
        desc: std::ptr::null_mut(),
    };
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `struct drm_version`, asserted above.
        let request = unsafe { Updater::<IOCTL_VERSION, DrmVersion>::new(&mut version) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor: the kernel
        // writes at most `name_len` bytes to `name`, which has them, and nothing to the others
        // (`drm_copy_field()`); another kind of file answers ENOTTY (ioctl(2)).
        match unsafe { rustix::ioctl::ioctl(&node, request) } {
            Ok(()) => break,
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
    // The kernel answers with the length of the whole name, however much of it there was room for.
    let name = name.get(..version.name_len).unwrap_or(&name);
    Ok(String::from_utf8_lossy(name).trim_end_matches('\0').to_owned())
}

/// A file descriptor of a buffer that can be mapped for writing. The handle stays whose it is.
pub(in crate::allocator::gbm) fn writable_fd(
    node: BorrowedFd<'_>,
    handle: u32,
) -> Result<OwnedFd, Errno> {
    let flags = (OFlags::RDWR | OFlags::CLOEXEC).bits();
    let mut prime = DrmPrimeHandle { handle, flags, fd: -1 };
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `struct drm_prime_handle`; its size is
        // asserted in `dmabuf::sys` and in the opcode above.
        let request =
            unsafe { Updater::<IOCTL_PRIME_HANDLE_TO_FD, DrmPrimeHandle>::new(&mut prime) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor; another kind of
        // file answers ENOTTY without touching memory (ioctl(2)).
        match unsafe { rustix::ioctl::ioctl(node, request) } {
            Ok(()) => break,
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
    if prime.fd < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the kernel has
    // just installed it for this call (drm.h).
    Ok(unsafe { OwnedFd::from_raw_fd(prime.fd) })
}
