#![allow(unsafe_code, reason = "asks DRM devices with ioctls")]
//! The ioctls of a DRM device that the allocator needs, as the kernel declares them.
//!
//! Spec: `include/uapi/drm/drm.h`, `include/uapi/drm/virtgpu_drm.h`.

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

/// `struct drm_virtgpu_getparam`, with the address of a number to be filled in.
#[repr(C)]
struct VirtgpuGetparam {
    param: u64,
    value: u64,
}

/// `VIRTGPU_PARAM_3D_FEATURES`.
const VIRTGPU_PARAM_3D_FEATURES: u64 = 1;

/// `DRM_IOCTL_VIRTGPU_GETPARAM`.
const IOCTL_VIRTGPU_GETPARAM: Opcode = opcode::read_write::<VirtgpuGetparam>(b'd', 0x43);
/// `DRM_IOCTL_VERSION`.
const IOCTL_VERSION: Opcode = opcode::read_write::<DrmVersion>(b'd', 0x00);
/// `DRM_IOCTL_PRIME_HANDLE_TO_FD`.
const IOCTL_PRIME_HANDLE_TO_FD: Opcode = opcode::read_write::<DrmPrimeHandle>(b'd', 0x2d);

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<DrmVersion>() == 64);
#[cfg(target_pointer_width = "64")]
const _: () = assert!(IOCTL_VERSION == 0xc040_6400);
const _: () = assert!(size_of::<VirtgpuGetparam>() == 16);
const _: () = assert!(IOCTL_VIRTGPU_GETPARAM == 0xc010_6443);
const _: () = assert!(IOCTL_PRIME_HANDLE_TO_FD == 0xc00c_642d);

unsafe extern "C" {
    /// Where `errno` of this thread is.
    safe fn __errno_location() -> *mut c_int;
}

/// Forgets the error of an earlier call, so that none is taken for that of the next.
pub(in crate::allocator::gbm) fn clear_errno() {
    // SAFETY: writing requires a valid pointer that nobody else uses: it is that of this thread's
    // own `errno` (errno(3)).
    unsafe { *__errno_location() = 0 };
}

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

/// Whether a node of virtio-gpu draws on the host.
pub(in crate::allocator::gbm) fn virtgpu_has_3d(node: impl AsFd) -> Result<bool, Errno> {
    let mut has_3d: c_int = 0;
    let value = (&raw mut has_3d).expose_provenance() as u64;
    let mut getparam = VirtgpuGetparam { param: VIRTGPU_PARAM_3D_FEATURES, value };
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `struct drm_virtgpu_getparam`, asserted
        // above.
        let request =
            unsafe { Updater::<IOCTL_VIRTGPU_GETPARAM, VirtgpuGetparam>::new(&mut getparam) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor, and the caller
        // has asked that it is one of virtio-gpu: the kernel writes one `int` to `value`
        // (`virtio_gpu_getparam_ioctl()`).
        match unsafe { rustix::ioctl::ioctl(&node, request) } {
            Ok(()) => return Ok(has_3d != 0),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
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
