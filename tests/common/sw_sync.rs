#![allow(unsafe_code, reason = "talks to the kernel's test driver for fences with ioctls")]
//! Fences that signal when a test says so.
//!
//! Needs a kernel with `CONFIG_SW_SYNC` and its debug file system mounted.
//!
//! Spec: `drivers/dma-buf/sw_sync.c` in the kernel.

use std::fs::File;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use dmashare::sync::SyncFile;
use rustix::ioctl::Opcode;
use rustix::ioctl::Setter;
use rustix::ioctl::Updater;
use rustix::ioctl::opcode;

/// `struct sw_sync_create_fence_data`.
#[repr(C)]
struct CreateFence {
    value: u32,
    name: [u8; 32],
    fence: i32,
}

const CREATE_FENCE: Opcode = opcode::read_write::<CreateFence>(b'W', 0);
const INCREMENT: Opcode = opcode::write::<u32>(b'W', 1);

/// A counter whose fences signal when it reaches their number. Fences that still wait when it is
/// dropped fail.
pub(crate) struct Timeline {
    file: File,
}

impl Timeline {
    /// A counter at 0.
    pub(crate) fn new() -> Self {
        let path = "/sys/kernel/debug/sync/sw_sync";
        Self { file: File::options().read(true).write(true).open(path).expect(path) }
    }

    /// A fence that signals at this number.
    pub(crate) fn fence(&self, value: u32) -> SyncFile {
        let mut data = CreateFence { value, name: [0; 32], fence: -1 };
        // SAFETY: `Updater` requires that the opcode takes this struct: it is built from it.
        let request = unsafe { Updater::<CREATE_FENCE, CreateFence>::new(&mut data) };
        // SAFETY: `ioctl` requires a request for this driver: the file is its only one.
        unsafe { rustix::ioctl::ioctl(&self.file, request) }.unwrap();
        // SAFETY: `from_raw_fd` requires an open file descriptor without an owner: the kernel has
        // just installed it for this call.
        let fd = unsafe { OwnedFd::from_raw_fd(data.fence) };
        SyncFile::from_fd(fd).unwrap()
    }

    /// Counts on.
    pub(crate) fn advance(&self, by: u32) {
        // SAFETY: `Setter` requires that the opcode takes a `u32`: it is built from it.
        let request = unsafe { Setter::<INCREMENT, u32>::new(by) };
        // SAFETY: `ioctl` requires a request for this driver: the file is its only one.
        unsafe { rustix::ioctl::ioctl(&self.file, request) }.unwrap();
    }
}
