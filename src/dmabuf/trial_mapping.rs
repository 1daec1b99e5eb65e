#![allow(unsafe_code, reason = "tries out whether a buffer can be mapped")]
//! Whether a buffer can be mapped at all.
//!
//! The kernel lets a driver export memory that nobody can map (`dma_buf_mmap_internal()` answers
//! `EINVAL` without `dma_buf_ops.mmap`, and the helper of DRM drivers whatever the driver says). A
//! software renderer says "failed to mmap" on the standard error then, and crashes when it draws.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::mm::MapFlags;
use rustix::mm::ProtFlags;

/// Maps the first page as a software renderer does, and gives it back. Two system calls; no memory is
/// touched.
pub(in crate::dmabuf) fn is_mappable(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    let bytes = rustix::param::page_size();
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: `mmap` without a fixed address touches no existing mapping (mmap(2)).
    let page =
        unsafe { rustix::mm::mmap(std::ptr::null_mut(), bytes, access, MapFlags::SHARED, fd, 0)? };
    // SAFETY: `munmap` requires that nothing refers to the region: nobody else knows of it.
    if let Err(errno) = unsafe { rustix::mm::munmap(page, bytes) } {
        tracing::warn!(%errno, "a trial mapping could not be unmapped");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use rustix::fs::MemfdFlags;

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "miri maps no files")]
    fn memory_is_mappable_and_a_pipe_is_not() {
        let memfd = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        assert_eq!(is_mappable(memfd.as_fd()), Ok(()));
        let (pipe, _writer) = rustix::pipe::pipe().unwrap();
        assert!(is_mappable(pipe.as_fd()).is_err());
    }
}
