//! The ioctls of a dma-buf, and those that tell its device, as the kernel declares them.
//!
//! Spec: `include/uapi/linux/dma-buf.h`, `include/uapi/drm/drm.h`, `include/uapi/drm/drm_mode.h`.

use std::mem::size_of;

use rustix::ioctl::Opcode;
use rustix::ioctl::opcode;

/// `struct dma_buf_sync`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct DmaBufSync {
    pub(crate) flags: u64,
}

/// `struct dma_buf_export_sync_file` and `struct dma_buf_import_sync_file`, which are alike.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct DmaBufSyncFile {
    pub(crate) flags: u32,
    pub(crate) fd: i32,
}

/// `struct drm_prime_handle`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrmPrimeHandle {
    pub(crate) handle: u32,
    pub(crate) flags: u32,
    pub(crate) fd: i32,
}

/// `struct drm_mode_map_dumb`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrmModeMapDumb {
    pub(crate) handle: u32,
    pub(crate) pad: u32,
    pub(crate) offset: u64,
}

pub(crate) const SYNC_READ: u32 = 1;
pub(crate) const SYNC_WRITE: u32 = 2;
pub(crate) const SYNC_END: u32 = 4;

/// `DMA_BUF_IOCTL_SYNC`.
pub(crate) const IOCTL_SYNC: Opcode = opcode::write::<DmaBufSync>(b'b', 0);
/// `DMA_BUF_IOCTL_EXPORT_SYNC_FILE`.
pub(crate) const IOCTL_EXPORT_SYNC_FILE: Opcode = opcode::read_write::<DmaBufSyncFile>(b'b', 2);
/// `DMA_BUF_IOCTL_IMPORT_SYNC_FILE`.
pub(crate) const IOCTL_IMPORT_SYNC_FILE: Opcode = opcode::write::<DmaBufSyncFile>(b'b', 3);
/// `DRM_IOCTL_PRIME_FD_TO_HANDLE`.
pub(crate) const IOCTL_PRIME_FD_TO_HANDLE: Opcode =
    opcode::read_write::<DrmPrimeHandle>(b'd', 0x2e);
/// `DRM_IOCTL_MODE_MAP_DUMB`.
pub(crate) const IOCTL_MODE_MAP_DUMB: Opcode = opcode::read_write::<DrmModeMapDumb>(b'd', 0xb3);

const _: () = assert!(size_of::<DmaBufSync>() == 8);
const _: () = assert!(size_of::<DmaBufSyncFile>() == 8);
const _: () = assert!(IOCTL_SYNC == 0x4008_6200);
const _: () = assert!(IOCTL_EXPORT_SYNC_FILE == 0xc008_6202);
const _: () = assert!(IOCTL_IMPORT_SYNC_FILE == 0x4008_6203);
const _: () = assert!(size_of::<DrmPrimeHandle>() == 12);
const _: () = assert!(size_of::<DrmModeMapDumb>() == 16);
const _: () = assert!(IOCTL_PRIME_FD_TO_HANDLE == 0xc00c_642e);
const _: () = assert!(IOCTL_MODE_MAP_DUMB == 0xc010_64b3);
