//! The ioctls of a sync file, as the kernel declares them.
//!
//! Spec: `include/uapi/linux/sync_file.h`.

use std::mem::size_of;

use rustix::ioctl::Opcode;
use rustix::ioctl::opcode;

/// `struct sync_merge_data`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(in crate::sync) struct MergeData {
    pub(in crate::sync) name: [u8; 32],
    pub(in crate::sync) fd2: i32,
    pub(in crate::sync) fence: i32,
    pub(in crate::sync) flags: u32,
    pub(in crate::sync) pad: u32,
}

/// `struct sync_file_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sync) struct FileInfo {
    pub(in crate::sync) name: [u8; 32],
    pub(in crate::sync) status: i32,
    pub(in crate::sync) flags: u32,
    pub(in crate::sync) num_fences: u32,
    pub(in crate::sync) pad: u32,
    pub(in crate::sync) sync_fence_info: u64,
}

/// `struct sync_fence_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sync) struct RawFenceInfo {
    pub(in crate::sync) obj_name: [u8; 32],
    pub(in crate::sync) driver_name: [u8; 32],
    pub(in crate::sync) status: i32,
    pub(in crate::sync) flags: u32,
    pub(in crate::sync) timestamp_ns: u64,
}

/// `SYNC_IOC_MERGE`.
pub(in crate::sync) const IOCTL_MERGE: Opcode = opcode::read_write::<MergeData>(b'>', 3);
/// `SYNC_IOC_FILE_INFO`.
pub(in crate::sync) const IOCTL_FILE_INFO: Opcode = opcode::read_write::<FileInfo>(b'>', 4);

const _: () = assert!(size_of::<MergeData>() == 48);
const _: () = assert!(size_of::<FileInfo>() == 56);
const _: () = assert!(size_of::<RawFenceInfo>() == 80);
const _: () = assert!(IOCTL_MERGE == 0xc030_3e03);
const _: () = assert!(IOCTL_FILE_INFO == 0xc038_3e04);
