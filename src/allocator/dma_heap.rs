#![allow(unsafe_code, reason = "allocates from a heap with an ioctl")]
//! Images in the memory of the kernel's heaps.
//!
//! Spec: `include/uapi/linux/dma-heap.h`,
//! <https://docs.kernel.org/userspace-api/dma-buf-heaps.html>.

use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::ioctl::Updater;

use crate::allocator::AllocateError;
use crate::allocator::Allocator;
use crate::allocator::AllocatorKind;
use crate::allocator::OpenError;
use crate::allocator::Request;
use crate::allocator::linear;
use crate::allocator::sys::DmaHeapAllocation;
use crate::allocator::sys::IOCTL_DMA_HEAP_ALLOC;
use crate::dmabuf::Dmabuf;
use crate::format::FormatSet;
use crate::format::Usage;

const FOLDER: &str = "/dev/dma_heap";

const HINTS: [&str; 2] =
    ["a kernel with CONFIG_DMABUF_HEAPS", "usually for root alone: ask for a udev rule"];

/// Allocates images from one of the kernel's heaps: `system` has ordinary memory, others
/// contiguous, protected or a device's own.
///
/// The memory is zero and stays in place; it is on nobody's account. Owns the heap's file
/// descriptor. Its images are independent of it: they stay when it goes.
#[derive(Debug)]
pub struct DmaHeap {
    heap: OwnedFd,
}

impl DmaHeap {
    /// The heap of ordinary memory, which is there if any is.
    pub const SYSTEM: &'static str = "system";

    /// Opens the heap of this name, which is that of its file in `/dev/dma_heap`.
    ///
    /// # Errors
    /// - [`OpenError::HeapName`]: the name is no file name.
    /// - [`OpenError::Missing`], [`OpenError::Denied`] or [`OpenError::Call`].
    #[doc(alias = "/dev/dma_heap")]
    pub fn open(name: &str) -> Result<Self, OpenError> {
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
            return Err(OpenError::HeapName { name: name.to_owned() });
        }
        let path = Path::new(FOLDER).join(name);
        // Reading is all that a heap's own file has to allow; each buffer is asked for writable.
        match rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(heap) => Ok(Self { heap }),
            Err(errno) => Err(OpenError::of_open(path, errno, HINTS)),
        }
    }

    fn create(&self, bytes: u64) -> Result<OwnedFd, AllocateError> {
        let fd_flags = OFlags::RDWR | OFlags::CLOEXEC;
        let mut allocation =
            DmaHeapAllocation { len: bytes, fd: 0, fd_flags: fd_flags.bits(), heap_flags: 0 };
        let failed = |errno| AllocateError::Call { call: "DMA_HEAP_IOCTL_ALLOC", errno };
        loop {
            // SAFETY: `Updater` requires that the opcode takes a `struct dma_heap_allocation_data`;
            // `sys` asserts opcode and size against dma-heap.h.
            let request = unsafe {
                Updater::<{ IOCTL_DMA_HEAP_ALLOC }, DmaHeapAllocation>::new(&mut allocation)
            };
            // SAFETY: `ioctl` requires a request that is right for the file descriptor: it is that
            // of a heap; another kind of file answers ENOTTY without touching memory (ioctl(2)).
            match unsafe { rustix::ioctl::ioctl(&self.heap, request) } {
                Ok(()) => break,
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
        let fd = i32::try_from(allocation.fd).map_err(|_overflow| failed(Errno::BADF))?;
        // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the kernel
        // has just installed it for this call (dma-heap.h).
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

impl Allocator for DmaHeap {
    fn kind(&self) -> AllocatorKind {
        AllocatorKind::DmaHeap
    }

    fn formats(&self, _usage: Usage) -> FormatSet {
        linear::formats()
    }

    fn check(&self, request: &Request) -> Result<(), AllocateError> {
        linear::plan(self.kind(), request).map(|_plan| ())
    }

    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError> {
        linear::allocate(self.kind(), request, |bytes, _stride_bytes| self.create(bytes))
    }
}
