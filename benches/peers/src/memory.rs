//! Memory that two processes map.

use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use anyhow::Context as _;
use anyhow::Result;
use rustix::fs::MemfdFlags;
use rustix::mm::MapFlags;
use rustix::mm::ProtFlags;

/// A mapping of all bytes of a memfd.
pub(crate) struct Shared {
    start: NonNull<u8>,
    bytes: usize,
}

impl Shared {
    /// New memory, with a page in every place.
    pub(crate) fn make(bytes: usize) -> Result<(OwnedFd, Self)> {
        let memory = rustix::fs::memfd_create("pixels", MemfdFlags::CLOEXEC)?;
        rustix::fs::ftruncate(&memory, u64::try_from(bytes)?)?;
        let mut shared = Self::map(&memory, bytes)?;
        shared.bytes_mut().fill(0x55);
        Ok((memory, shared))
    }

    pub(crate) fn map(memory: &OwnedFd, bytes: usize) -> Result<Self> {
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: the kernel chooses an address where nothing is.
        let start =
            unsafe { rustix::mm::mmap(std::ptr::null_mut(), bytes, access, flags, memory, 0) }?;
        Ok(Self { start: NonNull::new(start.cast()).context("a mapping at 0")?, bytes })
    }

    /// What is there; the other process writes only when it is asked to.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping has so many bytes, and the protocol of this program keeps others from
        // writing while they are read.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `bytes`, and this is the only reference of this process.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is this object's own, and no reference outlives it.
        let unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok());
    }
}
