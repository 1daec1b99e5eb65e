#![allow(unsafe_code, reason = "maps the buffers of other drivers")]
//! One plane of an image in the address space.
//!
//! The region begins with the buffer, wherever the plane does. Not every exporter looks at the offset
//! of a mapping: `vb2_vmalloc_mmap()` (cameras on USB, and vivid) maps the beginning of its buffer in
//! any case, in all kernels up to 7.3.
//!
//! Spec: `mmap(2)`.

use std::ffi::c_void;
use std::ptr::NonNull;

use rustix::mm::MapFlags;
use rustix::mm::ProtFlags;

use crate::dmabuf::Access;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::MapError;
use crate::dmabuf::Plane;
use crate::dmabuf::layout;
use crate::dmabuf::volatile;
use crate::format::PlaneLayout;

/// One plane in the address space, until dropped. `address` is that of its first row.
pub(in crate::dmabuf) struct MappedPlane {
    region: NonNull<c_void>,
    region_bytes: usize,
    address: NonNull<u8>,
    stride_bytes: usize,
    row_bytes: usize,
    rows: u32,
}

// SAFETY: `Send` requires that the region may be used and unmapped from another thread; a mapping
// belongs to the process, not to a thread (mmap(2)).
unsafe impl Send for MappedPlane {}
// SAFETY: `Sync` requires that shared access is free of data races in Rust's sense; a shared
// reference only reads, with volatile accesses to memory outside of Rust's allocations.
unsafe impl Sync for MappedPlane {}

impl MappedPlane {
    pub(in crate::dmabuf) fn new(
        dmabuf: &Dmabuf,
        plane: &Plane,
        shape: PlaneLayout,
        access: Access,
    ) -> Result<Self, MapError> {
        let offset_bytes = usize_of(plane.offset_bytes())?;
        let size = [dmabuf.width(), dmabuf.height()];
        let region_bytes = layout::plane_bytes(shape, size, plane.stride_bytes())
            .and_then(|bytes| usize::try_from(bytes).ok())
            .and_then(|bytes| bytes.checked_add(offset_bytes))
            .ok_or(MapError::AddressSpace)?;
        let protection = match access {
            Access::Read => ProtFlags::READ,
            Access::Write | Access::ReadWrite => ProtFlags::READ | ProtFlags::WRITE,
        };
        // SAFETY: `mmap` without a fixed address touches no existing mapping (mmap(2)).
        let region = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                region_bytes,
                protection,
                MapFlags::SHARED,
                plane.fd(),
                0,
            )
        };
        let region = region.map_err(|errno| MapError::Call { call: "mmap", errno })?;
        let region = NonNull::new(region).ok_or(MapError::AddressSpace)?;
        // SAFETY: `add` requires the result to stay inside the region; `offset_bytes` is less than
        // `region_bytes`, because a checked plane has at least one byte.
        let address = unsafe { region.cast::<u8>().add(offset_bytes) };
        Ok(Self {
            region,
            region_bytes,
            address,
            stride_bytes: usize_of(plane.stride_bytes())?,
            row_bytes: usize::try_from(shape.row_bytes(dmabuf.width()))
                .map_err(|_overflow| MapError::AddressSpace)?,
            rows: shape.rows(dmabuf.height()),
        })
    }

    pub(in crate::dmabuf) fn rows(&self) -> u32 {
        self.rows
    }

    pub(in crate::dmabuf) fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// Copies a row out. The caller has checked that there is such a row, of this length.
    pub(in crate::dmabuf) fn read_row(&self, row: u32, to: &mut [u8]) {
        assert!(row < self.rows && to.len() == self.row_bytes, "a checked row");
        // SAFETY: `copy_out` requires `row_bytes` valid bytes: the region holds those of each row.
        unsafe { volatile::copy_out(self.row_address(row), to) };
    }

    /// Copies a row in. The caller has checked that there is such a row, of this length, and that
    /// the region was mapped for writing.
    pub(in crate::dmabuf) fn write_row(&self, row: u32, from: &[u8]) {
        assert!(row < self.rows && from.len() == self.row_bytes, "a checked row");
        // SAFETY: `copy_in` requires `row_bytes` valid bytes: the region holds those of each row.
        unsafe { volatile::copy_in(from, self.row_address(row)) };
    }

    /// Inside the region: it has `stride * (rows - 1) + row_bytes` bytes from `address` on.
    fn row_address(&self, row: u32) -> *mut u8 {
        self.address.as_ptr().wrapping_add(row as usize * self.stride_bytes)
    }
}

impl Drop for MappedPlane {
    fn drop(&mut self) {
        // SAFETY: `munmap` requires that nothing refers to the region any more; addresses never
        // leave `CpuAccess`, which borrows the mapping.
        if let Err(errno) = unsafe { rustix::mm::munmap(self.region.as_ptr(), self.region_bytes) } {
            tracing::warn!(%errno, "a buffer could not be unmapped");
        }
    }
}

fn usize_of(bytes: u32) -> Result<usize, MapError> {
    usize::try_from(bytes).map_err(|_overflow| MapError::AddressSpace)
}
