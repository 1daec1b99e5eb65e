//! One access of the CPU to a mapped image.
//!
//! Spec: <https://docs.kernel.org/driver-api/dma-buf.html#cpu-access-to-dma-buffer-objects>.

use crate::dmabuf::MapError;
use crate::dmabuf::Mapping;
use crate::dmabuf::sys;

/// The direction of a CPU access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// The CPU reads: caches are invalidated first.
    Read,
    /// The CPU writes: caches are flushed after.
    Write,
    /// Both.
    ReadWrite,
}

impl Access {
    pub(in crate::dmabuf) const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    pub(in crate::dmabuf) const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }

    pub(in crate::dmabuf) const fn flags(self) -> u32 {
        match self {
            Self::Read => sys::SYNC_READ,
            Self::Write => sys::SYNC_WRITE,
            Self::ReadWrite => sys::SYNC_READ | sys::SYNC_WRITE,
        }
    }
}

/// A CPU access in progress. It ends when it is dropped, also by a panic; [`CpuAccess::finish`]
/// ends it and tells of errors.
///
/// Rows are rows of blocks: for the usual formats a block is one sample, and a row has
/// [`row_bytes`](crate::format::PlaneLayout::row_bytes) bytes. Row 0 is the first in memory.
#[derive(Debug)]
pub struct CpuAccess<'a> {
    pub(in crate::dmabuf) mapping: &'a mut Mapping,
    pub(in crate::dmabuf) access: Access,
    pub(in crate::dmabuf) ended: bool,
}

impl CpuAccess<'_> {
    /// Copies one row out of a plane. `to` has exactly the bytes of a row.
    ///
    /// # Errors
    /// [`RowError`]: no such plane or row, a slice of another length, or an access for writing only.
    pub fn read_row(&self, plane: usize, row: u32, to: &mut [u8]) -> Result<(), RowError> {
        if !self.access.reads() {
            return Err(RowError::Direction);
        }
        self.mapping.plane(plane, row, to.len())?.read_row(row, to);
        Ok(())
    }

    /// Copies one row into a plane. `from` has exactly the bytes of a row.
    ///
    /// # Errors
    /// [`RowError`]: no such plane or row, a slice of another length, or an access for reading only.
    pub fn write_row(&mut self, plane: usize, row: u32, from: &[u8]) -> Result<(), RowError> {
        if !self.access.writes() {
            return Err(RowError::Direction);
        }
        self.mapping.plane(plane, row, from.len())?.write_row(row, from);
        Ok(())
    }

    /// All rows of a plane, one after the other without the padding between them.
    ///
    /// # Errors
    /// As [`CpuAccess::read_row`].
    pub fn read_plane(&self, plane: usize) -> Result<Vec<u8>, RowError> {
        let mapped = self.mapping.planes().get(plane).ok_or(RowError::Plane { plane })?;
        let (rows, row_bytes) = (mapped.rows(), mapped.row_bytes());
        let mut bytes = vec![0; row_bytes.saturating_mul(rows as usize)];
        for (row, to) in (0..rows).zip(bytes.chunks_exact_mut(row_bytes)) {
            self.read_row(plane, row, to)?;
        }
        Ok(bytes)
    }

    /// Fills a plane with rows that lie one after the other without padding.
    ///
    /// # Errors
    /// As [`CpuAccess::write_row`]; `from` must have the bytes of all rows.
    pub fn write_plane(&mut self, plane: usize, from: &[u8]) -> Result<(), RowError> {
        let mapped = self.mapping.planes().get(plane).ok_or(RowError::Plane { plane })?;
        let (rows, row_bytes) = (mapped.rows(), mapped.row_bytes());
        let expected = row_bytes.saturating_mul(rows as usize);
        if from.len() != expected {
            return Err(RowError::Length { expected, found: from.len() });
        }
        for (row, bytes) in (0..rows).zip(from.chunks_exact(row_bytes)) {
            self.write_row(plane, row, bytes)?;
        }
        Ok(())
    }

    /// Ends the access, so that devices see what was written.
    ///
    /// # Errors
    /// [`MapError::Call`] if the driver refused; the access has ended all the same.
    pub fn finish(mut self) -> Result<(), MapError> {
        self.ended = true;
        match self.mapping.end(self.access, usize::MAX) {
            None => Ok(()),
            Some(errno) => Err(MapError::Call { call: "DMA_BUF_IOCTL_SYNC", errno }),
        }
    }
}

impl Drop for CpuAccess<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Some(errno) = self.mapping.end(self.access, usize::MAX) {
            tracing::warn!(%errno, "the end of a CPU access was refused");
        }
    }
}

/// Why a row cannot be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum RowError {
    /// The image has fewer planes.
    #[error("the image has no plane {plane}")]
    Plane { plane: usize },
    /// The plane has fewer rows.
    #[error("the plane has no row {row}, only {rows}")]
    Row { row: u32, rows: u32 },
    /// The slice is not as long as a row, or as all rows.
    #[error("a slice of {found} bytes for rows of {expected}")]
    Length { expected: usize, found: usize },
    /// The access was begun in the other direction.
    #[error("the access was begun for the other direction")]
    Direction,
}
