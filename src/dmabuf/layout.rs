#![warn(clippy::arithmetic_side_effects)]
//! Whether numbers describe an image: pure arithmetic, no file descriptor and no driver.
//!
//! Drivers do not do this for us. A software renderer that is told of an image larger than its
//! buffer says "success" and crashes when it draws.
//!
//! For each plane of a linear (or implicit) image:
//! `offset + stride * (rows - 1) + row_bytes <= size`, where the subsampled width and height are
//! rounded up, and all arithmetic is checked in 64 bits. The layout behind any other modifier is
//! its driver's secret: there only the beginning of a plane can be checked.
//!
//! Spec: `framebuffer_check()` in `drivers/gpu/drm/drm_framebuffer.c`;
//! `EGL_EXT_image_dma_buf_import`, whose attributes are signed 32-bit numbers.

use crate::dmabuf::Bounds;
use crate::dmabuf::MAX_PLANES;
use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::Modifier;
use crate::format::PlaneLayout;

/// The largest width or height in pixels, and the largest offset or stride in bytes: EGL's
/// attributes are signed.
pub const LIMIT: u32 = i32::MAX.unsigned_abs();

/// Where one plane is said to lie, and how large its buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaneGeometry {
    /// Bytes from the beginning of the buffer to the first row.
    pub offset_bytes: u32,
    /// Bytes from the beginning of one row to the next.
    pub stride_bytes: u32,
    /// Bytes in the buffer.
    pub buffer_bytes: u64,
}

/// How much of a plane has to lie inside its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Nothing but the first byte: for drivers that keep the pixels elsewhere and check every
    /// access in the kernel.
    Beginning,
}

/// The numbers of an image that wait to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Geometry<'a> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixel format.
    pub fourcc: Fourcc,
    /// The tiling of all planes.
    pub modifier: Modifier,
    /// The planes, in the order of the format.
    pub planes: &'a [PlaneGeometry],
}

impl Geometry<'_> {
    /// Checks the numbers. What is returned says how much a success proves.
    ///
    /// # Errors
    /// See [`LayoutError`]: one variant for each way to be wrong, with the plane and the numbers.
    ///
    /// ```
    /// use dmashare::dmabuf::layout::{Extent, Geometry, LayoutError, PlaneGeometry};
    /// use dmashare::format::{Fourcc, Modifier};
    ///
    /// let plane = PlaneGeometry { offset_bytes: 0, stride_bytes: 256, buffer_bytes: 4096 };
    /// let image = Geometry {
    ///     width: 64,
    ///     height: 64,
    ///     fourcc: Fourcc::ARGB8888,
    ///     modifier: Modifier::LINEAR,
    ///     planes: &[plane],
    /// };
    /// assert_eq!(
    ///     image.check(Extent::Whole),
    ///     Err(LayoutError::BufferTooSmall { plane: 0, needed_bytes: 16384, buffer_bytes: 4096 }),
    /// );
    /// ```
    pub fn check(&self, extent: Extent) -> Result<Bounds, LayoutError> {
        self.look_at(extent).map(|seen| seen.bounds)
    }

    /// As [`Geometry::check`], with what else was seen.
    pub(in crate::dmabuf) fn look_at(&self, extent: Extent) -> Result<Seen, LayoutError> {
        self.check_size()?;
        let layout = self.fourcc.layout().ok_or(LayoutError::UnknownFourcc(self.fourcc))?;
        let has_rows = self.modifier.is_linear() || self.modifier == Modifier::Implicit;
        if has_rows && !layout.has_linear() {
            return Err(LayoutError::NoLinearLayout(self.fourcc));
        }
        self.check_plane_count(layout, has_rows)?;
        let mut has_whole_rows = has_rows && extent == Extent::Whole;
        for (index, plane) in self.planes.iter().enumerate() {
            plane.check_numbers(index)?;
            match layout.planes().get(index) {
                Some(shape) if has_rows => {
                    let row_bytes = shape.row_bytes(self.width);
                    let rest_bytes = plane.check_stride(index, row_bytes)?;
                    if extent == Extent::Whole {
                        let rows = shape.rows(self.height);
                        let left_bytes = plane.check_end(index, rows, row_bytes)?;
                        has_whole_rows &= rest_bytes <= left_bytes;
                    }
                }
                _ => {}
            }
        }
        let bounds = match extent {
            Extent::Beginning => Bounds::KernelChecked,
            Extent::Whole if has_rows => Bounds::Proven,
            Extent::Whole => Bounds::Beginnings,
        };
        Ok(Seen { bounds, layout, has_whole_rows })
    }

    fn check_size(&self) -> Result<(), LayoutError> {
        let (width, height) = (self.width, self.height);
        if width == 0 || height == 0 {
            return Err(LayoutError::Empty { width, height });
        }
        if width > LIMIT || height > LIMIT {
            return Err(LayoutError::TooLarge { width, height });
        }
        Ok(())
    }

    /// A modifier may add planes to those of the format (for compression metadata).
    fn check_plane_count(&self, layout: &Layout, has_rows: bool) -> Result<(), LayoutError> {
        let fourcc = self.fourcc;
        let (found, least) = (self.planes.len(), layout.planes().len());
        let most = if has_rows { least } else { MAX_PLANES };
        if found < least {
            return Err(LayoutError::MissingPlane { plane: found, fourcc, expected: least });
        }
        if found > most {
            return Err(LayoutError::SurplusPlane { plane: most, fourcc, expected: most });
        }
        Ok(())
    }
}

/// What is known of numbers that are right.
pub(in crate::dmabuf) struct Seen {
    pub(in crate::dmabuf) bounds: Bounds,
    pub(in crate::dmabuf) layout: &'static Layout,
    /// Whether each plane is known to have room for a last row as long as the others.
    pub(in crate::dmabuf) has_whole_rows: bool,
}

/// The bytes that a linear plane takes from its first row to the last byte of its last one, or
/// `None` if the number does not fit 64 bits.
pub fn plane_bytes(shape: PlaneLayout, size: [u32; 2], stride_bytes: u32) -> Option<u64> {
    let [width, height] = size;
    rows_bytes(shape.rows(height), shape.row_bytes(width), stride_bytes)
}

/// The same by the number of rows and what one takes without the bytes behind it.
fn rows_bytes(rows: u32, row_bytes: u64, stride_bytes: u32) -> Option<u64> {
    let last_row = u64::from(rows.checked_sub(1)?);
    last_row.checked_mul(u64::from(stride_bytes))?.checked_add(row_bytes)
}

impl PlaneGeometry {
    /// What holds for every modifier.
    fn check_numbers(&self, plane: usize) -> Result<(), LayoutError> {
        let Self { offset_bytes, stride_bytes, buffer_bytes } = *self;
        if stride_bytes == 0 {
            return Err(LayoutError::ZeroStride { plane });
        }
        if stride_bytes > LIMIT {
            return Err(LayoutError::StrideTooLarge { plane, stride_bytes });
        }
        if offset_bytes > LIMIT {
            return Err(LayoutError::OffsetTooLarge { plane, offset_bytes });
        }
        if u64::from(offset_bytes) >= buffer_bytes {
            return Err(LayoutError::OffsetPastEnd { plane, offset_bytes, buffer_bytes });
        }
        Ok(())
    }

    /// Returns how many bytes there are from the end of one row to the next.
    fn check_stride(&self, plane: usize, row_bytes: u64) -> Result<u64, LayoutError> {
        let stride_bytes = self.stride_bytes;
        match u64::from(stride_bytes).checked_sub(row_bytes) {
            Some(rest_bytes) => Ok(rest_bytes),
            None => Err(LayoutError::StrideTooSmall { plane, stride_bytes, row_bytes }),
        }
    }

    /// Returns how many bytes there are from the end of the last row to that of the buffer.
    fn check_end(&self, plane: usize, rows: u32, row_bytes: u64) -> Result<u64, LayoutError> {
        let buffer_bytes = self.buffer_bytes;
        let needed_bytes = rows_bytes(rows, row_bytes, self.stride_bytes)
            .and_then(|bytes| bytes.checked_add(u64::from(self.offset_bytes)))
            .ok_or(LayoutError::Overflow { plane })?;
        match buffer_bytes.checked_sub(needed_bytes) {
            Some(left_bytes) => Ok(left_bytes),
            None => Err(LayoutError::BufferTooSmall { plane, needed_bytes, buffer_bytes }),
        }
    }
}

/// Why numbers do not describe an image. Planes are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum LayoutError {
    /// Width or height is 0.
    #[error("an image of {width}x{height} pixels is empty")]
    Empty { width: u32, height: u32 },
    /// Width or height is above [`LIMIT`].
    #[error("an image of {width}x{height} pixels is larger than any driver can be told of")]
    TooLarge { width: u32, height: u32 },
    /// The arrangement of its bytes is not known, so nothing about it can be checked.
    #[error("format {0} is not known")]
    UnknownFourcc(Fourcc),
    /// The format exists with a vendor's compression alone.
    #[error("format {0} has no linear layout: it needs an explicit vendor modifier")]
    NoLinearLayout(Fourcc),
    /// Fewer planes than the format has.
    #[error("plane {plane} is missing: {fourcc} has {expected}")]
    MissingPlane { plane: usize, fourcc: Fourcc, expected: usize },
    /// More planes than the format and its modifier can have.
    #[error("plane {plane} is one too many: {fourcc} has {expected}")]
    SurplusPlane { plane: usize, fourcc: Fourcc, expected: usize },
    /// Each row would lie on top of the one before.
    #[error("plane {plane} has a stride of 0")]
    ZeroStride { plane: usize },
    /// The rows overlap.
    #[error("plane {plane} has a stride of {stride_bytes} bytes, but a row takes {row_bytes}")]
    StrideTooSmall { plane: usize, stride_bytes: u32, row_bytes: u64 },
    /// The stride is above [`LIMIT`]: a driver would read it as negative.
    #[error("plane {plane} has a stride of {stride_bytes} bytes, more than any driver accepts")]
    StrideTooLarge { plane: usize, stride_bytes: u32 },
    /// The offset is above [`LIMIT`]: a driver would read it as negative.
    #[error("plane {plane} has an offset of {offset_bytes} bytes, more than any driver accepts")]
    OffsetTooLarge { plane: usize, offset_bytes: u32 },
    /// The plane begins behind the end of its buffer.
    #[error("plane {plane} begins at byte {offset_bytes} of a buffer of {buffer_bytes}")]
    OffsetPastEnd { plane: usize, offset_bytes: u32, buffer_bytes: u64 },
    /// The plane ends behind the end of its buffer.
    #[error("plane {plane} needs {needed_bytes} bytes of a buffer of {buffer_bytes}")]
    BufferTooSmall { plane: usize, needed_bytes: u64, buffer_bytes: u64 },
    /// The size of the plane does not fit 64 bits.
    #[error("the size of plane {plane} overflows")]
    Overflow { plane: usize },
}

#[cfg(test)]
mod tests;
