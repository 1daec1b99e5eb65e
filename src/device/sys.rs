#![allow(unsafe_code, reason = "makes the ioctls that `drm-ffi` lacks")]
//! The ioctls of a DRM node that `drm-ffi` does not have, as the kernel declares them.
//!
//! Spec: `include/uapi/drm/drm.h`.

use std::mem::size_of;
use std::os::fd::BorrowedFd;

use drm_ffi::drm_gem_flink;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::opcode;

const IOCTL_GEM_FLINK: Opcode = opcode::read_write::<drm_gem_flink>(b'd', 0x0a);

const _: () = assert!(size_of::<drm_gem_flink>() == 8);
const _: () = assert!(IOCTL_GEM_FLINK == 0xc008_640a);

/// `DRM_IOCTL_GEM_FLINK`.
pub(in crate::device) fn flink(
    node: BorrowedFd<'_>,
    data: &mut drm_gem_flink,
) -> Result<(), Errno> {
    update::<IOCTL_GEM_FLINK, _>(node, data)
}

/// An ioctl that reads and writes `data`; interrupted calls are made again.
fn update<const OPCODE: Opcode, T>(node: BorrowedFd<'_>, data: &mut T) -> Result<(), Errno> {
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `T`; each opcode of this file is built
        // from the type that it is called with, and asserted above.
        let request = unsafe { Updater::<OPCODE, T>::new(data) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor; another kind of
        // file answers ENOTTY without touching memory (ioctl(2)).
        match unsafe { rustix::ioctl::ioctl(node, request) } {
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
}
