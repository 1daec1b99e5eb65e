#![allow(unsafe_code, reason = "maps a buffer of a driver")]
//! The CPU's view of a dumb buffer.
//!
//! The display may read the memory, and its users may map and write it, at any moment: so there is
//! no `&[u8]` here, only copies in and out.
//!
//! Spec: `mmap(2)` at the offset that `DRM_IOCTL_MODE_MAP_DUMB` gives.

use std::ffi::c_void;
use std::fmt;
use std::os::fd::AsFd;
use std::ptr::NonNull;

use rustix::mm::MapFlags;
use rustix::mm::ProtFlags;

use crate::device::DeviceError;
use crate::device::DumbBuffer;
use crate::device::DumbError;
use crate::device::call::again;
use crate::dmabuf::RowError;
use crate::dmabuf::volatile;

/// A dumb buffer in the address space, until dropped. It keeps the memory, not the handle.
///
/// Row 0 is the first in memory. What is written is seen by a display at once, or, where the display
/// keeps a copy (`virtio_gpu`), when the framebuffer is shown again or marked as damaged.
pub struct DumbMapping {
    region: NonNull<u8>,
    region_bytes: usize,
    stride_bytes: usize,
    row_bytes: usize,
    rows: u32,
}

// SAFETY: `Send` requires that the region may be used and unmapped from another thread; a mapping
// belongs to the process, not to a thread (mmap(2)).
unsafe impl Send for DumbMapping {}
// SAFETY: `Sync` requires that shared access is free of data races in Rust's sense; a shared
// reference only makes volatile accesses to memory outside of Rust's allocations.
unsafe impl Sync for DumbMapping {}

impl DumbMapping {
    pub(in crate::device) fn new(buffer: &DumbBuffer) -> Result<Self, DumbError> {
        let node = buffer.handle().node();
        let handle = buffer.handle().raw().into();
        let map = || drm_ffi::mode::dumbbuffer::map(node.as_fd(), handle, 0, 0);
        let answer =
            again(map).map_err(|errno| DeviceError::of("DRM_IOCTL_MODE_MAP_DUMB", errno))?;
        let region_bytes =
            usize::try_from(buffer.size_bytes()).map_err(|_overflow| DumbError::AddressSpace)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: `mmap` without a fixed address touches no existing mapping (mmap(2)).
        let region = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                region_bytes,
                protection,
                MapFlags::SHARED,
                node.as_fd(),
                answer.offset,
            )
        };
        let region = region.map_err(|errno| DumbError::call("mmap", errno))?;
        Ok(Self {
            region: NonNull::new(region.cast()).ok_or(DumbError::AddressSpace)?,
            region_bytes,
            stride_bytes: usize::try_from(buffer.stride_bytes())
                .map_err(|_overflow| DumbError::AddressSpace)?,
            row_bytes: buffer.row_bytes(),
            rows: buffer.height(),
        })
    }

    /// Copies one row out. `to` has exactly the bytes of a row of pixels
    /// ([`DumbBuffer::row_bytes`]).
    ///
    /// # Errors
    /// [`RowError`]: no such row, or a slice of another length.
    pub fn read_row(&self, row: u32, to: &mut [u8]) -> Result<(), RowError> {
        let address = self.row_address(row, to.len())?;
        // SAFETY: `copy_out` requires `row_bytes` valid bytes outside of Rust's allocations: the
        // region holds those of each row.
        unsafe { volatile::copy_out(address, to) };
        Ok(())
    }

    /// Copies one row in. `from` has exactly the bytes of a row of pixels
    /// ([`DumbBuffer::row_bytes`]).
    ///
    /// # Errors
    /// [`RowError`]: no such row, or a slice of another length.
    pub fn write_row(&self, row: u32, from: &[u8]) -> Result<(), RowError> {
        let address = self.row_address(row, from.len())?;
        // SAFETY: `copy_in` requires `row_bytes` valid bytes outside of Rust's allocations: the
        // region holds those of each row, and is mapped for writing.
        unsafe { volatile::copy_in(from, address) };
        Ok(())
    }

    /// Inside the region: its buffer has `stride * rows` bytes, and a row of pixels is no longer
    /// than the stride. Both were checked when it was made.
    fn row_address(&self, row: u32, length: usize) -> Result<*mut u8, RowError> {
        if row >= self.rows {
            return Err(RowError::Row { row, rows: self.rows });
        }
        if length != self.row_bytes {
            return Err(RowError::Length { expected: self.row_bytes, found: length });
        }
        Ok(self.region.as_ptr().wrapping_add(row as usize * self.stride_bytes))
    }
}

impl fmt::Debug for DumbMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DumbMapping")
            .field("region_bytes", &self.region_bytes)
            .field("stride_bytes", &self.stride_bytes)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl Drop for DumbMapping {
    fn drop(&mut self) {
        let region = self.region.as_ptr().cast::<c_void>();
        // SAFETY: `munmap` requires that nothing refers to the region any more; its addresses never
        // leave this file.
        if let Err(errno) = unsafe { rustix::mm::munmap(region, self.region_bytes) } {
            tracing::warn!(%errno, "a dumb buffer could not be unmapped");
        }
    }
}
