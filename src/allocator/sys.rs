#![allow(unsafe_code, reason = "declares ioctls that return file descriptors")]
//! The ioctls of `/dev/udmabuf` and of the dma-heaps, as the kernel declares them.
//!
//! Spec: `include/uapi/linux/udmabuf.h`, `include/uapi/linux/dma-heap.h`.

use std::ffi::c_void;
use std::mem::size_of;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::ioctl::Ioctl;
use rustix::ioctl::IoctlOutput;
use rustix::ioctl::Opcode;
use rustix::ioctl::opcode;

/// `struct udmabuf_create`, whose ioctl answers with a new file descriptor.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(in crate::allocator) struct UdmabufCreate {
    pub(in crate::allocator) memfd: i32,
    pub(in crate::allocator) flags: u32,
    pub(in crate::allocator) offset: u64,
    pub(in crate::allocator) size: u64,
}

/// `UDMABUF_FLAGS_CLOEXEC`.
pub(in crate::allocator) const UDMABUF_FLAGS_CLOEXEC: u32 = 1;

/// `UDMABUF_CREATE`.
const IOCTL_UDMABUF_CREATE: Opcode = opcode::write::<UdmabufCreate>(b'u', 0x42);

// SAFETY: `Ioctl` requires that the opcode takes what `as_ptr` points to and that `IS_MUTATING` is
// true if it is written to: `UDMABUF_CREATE` is declared with `_IOW` and `struct udmabuf_create`
// (udmabuf.h), whose layout is asserted below.
unsafe impl Ioctl for UdmabufCreate {
    type Output = OwnedFd;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        IOCTL_UDMABUF_CREATE
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(self).cast()
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _data: *mut c_void) -> Result<OwnedFd, Errno> {
        if out < 0 {
            return Err(Errno::BADF);
        }
        // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the return
        // value of `UDMABUF_CREATE` is one that the kernel has just installed
        // (`udmabuf_create()` in drivers/dma-buf/udmabuf.c).
        Ok(unsafe { OwnedFd::from_raw_fd(out) })
    }
}

/// `struct dma_heap_allocation_data`, which the ioctl completes with a new file descriptor.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(in crate::allocator) struct DmaHeapAllocation {
    pub(in crate::allocator) len: u64,
    pub(in crate::allocator) fd: u32,
    pub(in crate::allocator) fd_flags: u32,
    pub(in crate::allocator) heap_flags: u64,
}

/// `DMA_HEAP_IOCTL_ALLOC`.
pub(in crate::allocator) const IOCTL_DMA_HEAP_ALLOC: Opcode =
    opcode::read_write::<DmaHeapAllocation>(b'H', 0);

const _: () = assert!(size_of::<UdmabufCreate>() == 24);
const _: () = assert!(size_of::<DmaHeapAllocation>() == 24);
const _: () = assert!(IOCTL_UDMABUF_CREATE == 0x4018_7542);
const _: () = assert!(IOCTL_DMA_HEAP_ALLOC == 0xc018_4800);
