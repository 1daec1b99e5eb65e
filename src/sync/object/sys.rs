#![allow(unsafe_code, reason = "makes the ioctls that `drm-ffi` makes without a point or a handle")]
//! From file descriptors to synchronisation objects and back.
//!
//! `drm-ffi` imports a sync file into the handle 0, which no object has, and has no points.
//!
//! Spec: `include/uapi/drm/drm.h`.

use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::opcode;

/// `struct drm_syncobj_handle`. Kernels before 6.16 do not have `point`: they read what they know,
/// and refuse the flag that makes it count.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct SyncObjectHandle {
    handle: u32,
    flags: u32,
    fd: i32,
    pad: u32,
    point: u64,
}

const IOCTL_HANDLE_TO_FD: Opcode = opcode::read_write::<SyncObjectHandle>(b'd', 0xc1);
const IOCTL_FD_TO_HANDLE: Opcode = opcode::read_write::<SyncObjectHandle>(b'd', 0xc2);

const _: () = assert!(size_of::<SyncObjectHandle>() == 24);
const _: () = assert!(IOCTL_HANDLE_TO_FD == 0xc018_64c1);
const _: () = assert!(IOCTL_FD_TO_HANDLE == 0xc018_64c2);

/// `DRM_SYNCOBJ_*_FLAGS_*_SYNC_FILE`: a fence, not the object.
const SYNC_FILE: u32 = 1;
/// `DRM_SYNCOBJ_*_FLAGS_TIMELINE`: `point` counts.
const TIMELINE: u32 = 2;

/// The object as a file descriptor.
pub(super) fn export(node: BorrowedFd<'_>, handle: u32) -> Result<OwnedFd, Errno> {
    handle_to_fd(node, handle, 0, 0)
}

/// Its fence, or that of a point, as a sync file. `EINVAL` if there is none, or if the kernel is
/// older than the flag that a point needs.
pub(super) fn export_fence(
    node: BorrowedFd<'_>,
    handle: u32,
    point: Option<u64>,
) -> Result<OwnedFd, Errno> {
    let (flags, point) = fence(point);
    handle_to_fd(node, handle, flags, point)
}

/// A new handle for the object in a file descriptor.
pub(super) fn import(node: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> Result<u32, Errno> {
    let mut data = SyncObjectHandle { handle: 0, flags: 0, fd: fd.as_raw_fd(), pad: 0, point: 0 };
    update::<IOCTL_FD_TO_HANDLE>(node, &mut data)?;
    Ok(data.handle)
}

/// Puts the fence of a sync file into an object, or to a point of it.
pub(super) fn import_fence(
    node: BorrowedFd<'_>,
    handle: u32,
    fd: BorrowedFd<'_>,
    point: Option<u64>,
) -> Result<(), Errno> {
    let (flags, point) = fence(point);
    let mut data = SyncObjectHandle { handle, flags, fd: fd.as_raw_fd(), pad: 0, point };
    update::<IOCTL_FD_TO_HANDLE>(node, &mut data)
}

fn fence(point: Option<u64>) -> (u32, u64) {
    match point {
        None => (SYNC_FILE, 0),
        Some(point) => (SYNC_FILE | TIMELINE, point),
    }
}

fn handle_to_fd(
    node: BorrowedFd<'_>,
    handle: u32,
    flags: u32,
    point: u64,
) -> Result<OwnedFd, Errno> {
    let mut data = SyncObjectHandle { handle, flags, fd: -1, pad: 0, point };
    update::<IOCTL_HANDLE_TO_FD>(node, &mut data)?;
    if data.fd < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the kernel has
    // just installed it for this call, with O_CLOEXEC (drm_syncobj.c).
    Ok(unsafe { OwnedFd::from_raw_fd(data.fd) })
}

/// An ioctl that reads and writes `data`; interrupted calls are made again.
fn update<const OPCODE: Opcode>(
    node: BorrowedFd<'_>,
    data: &mut SyncObjectHandle,
) -> Result<(), Errno> {
    loop {
        // SAFETY: `Updater` requires that the opcode takes this struct: both are built from it.
        let request = unsafe { Updater::<OPCODE, SyncObjectHandle>::new(data) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor; another kind of
        // file answers ENOTTY without touching memory (ioctl(2)).
        match unsafe { rustix::ioctl::ioctl(node, request) } {
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
}
