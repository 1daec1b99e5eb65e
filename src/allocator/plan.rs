#![warn(clippy::arithmetic_side_effects)]
//! Where the planes of a linear image go: pure arithmetic.
//!
//! - A row begins at a multiple of 256 bytes, which all drivers can share among each other.
//! - A plane begins at a page, so that it can be mapped and imported alone.
//! - A plane has room for whole blocks of 4x4 samples, because software renderers draw in those
//!   ([`DRAW_BLOCK_PIXELS`](crate::dmabuf::DRAW_BLOCK_PIXELS)).
//! - A buffer has a whole number of pages, as udmabuf and the heaps want it.
//!
//! Spec: `drm_fourcc.h`, "Format Modifiers"; amdgpu and Intel display engines need a stride of 256
//! and 64 bytes.

use crate::allocator::AllocateError;
use crate::allocator::Request;
use crate::dmabuf::layout::LIMIT;
use crate::dmabuf::layout::LayoutError;
use crate::dmabuf::raster;
use crate::format::PlaneLayout;

/// Strides are multiples of this many bytes.
pub const STRIDE_ALIGNMENT_BYTES: u32 = 256;

/// Where one plane goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlannedPlane {
    /// Which buffer it lies in, counted from 0.
    pub buffer: usize,
    /// Bytes from the beginning of the buffer to the first row: a multiple of the page size.
    pub offset_bytes: u32,
    /// Bytes from row to row: a multiple of [`STRIDE_ALIGNMENT_BYTES`].
    pub stride_bytes: u32,
}

/// Where the planes of a linear image go, and how large their buffers are.
///
/// ```
/// use dmashare::allocator::Plan;
/// use dmashare::allocator::Request;
/// use dmashare::format::Fourcc;
///
/// let plan = Plan::new(&Request::new(640, 480, Fourcc::NV12), 4096)?;
/// let [luma, chroma] = plan.planes() else { return Err("two planes".into()) };
/// assert_eq!((luma.offset_bytes, luma.stride_bytes), (0, 768));
/// assert_eq!((chroma.offset_bytes, chroma.stride_bytes), (768 * 480, 768));
/// assert_eq!(plan.buffers_bytes(), [768 * 480 + 768 * 240]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    planes: Vec<PlannedPlane>,
    buffers_bytes: Vec<u64>,
}

impl Plan {
    /// Lays a linear image out; the modifiers of the request are not looked at. `page_bytes` is the
    /// size of a page.
    ///
    /// # Errors
    /// - [`AllocateError::Layout`]: width or height is 0 or above 31 bits, or the format is not
    ///   known or has no linear layout.
    /// - [`AllocateError::TooLarge`]: an offset or a stride above 31 bits, or a buffer above 63.
    pub fn new(request: &Request, page_bytes: u32) -> Result<Self, AllocateError> {
        let (width, height, fourcc) = (request.width(), request.height(), request.fourcc());
        if width == 0 || height == 0 {
            return Err(LayoutError::Empty { width, height }.into());
        }
        if width > LIMIT || height > LIMIT {
            return Err(LayoutError::TooLarge { width, height }.into());
        }
        let layout = fourcc.layout().ok_or(LayoutError::UnknownFourcc(fourcc))?;
        if !layout.has_linear() {
            return Err(LayoutError::NoLinearLayout(fourcc).into());
        }
        let mut plan = Self { planes: Vec::new(), buffers_bytes: Vec::new() };
        for shape in layout.planes() {
            let is_first = plan.planes.is_empty();
            if is_first || request.has_separate_planes() {
                plan.buffers_bytes.push(0);
            }
            plan.add(*shape, [width, height], u64::from(page_bytes))
                .ok_or(AllocateError::TooLarge { width, height, fourcc })?;
        }
        Ok(plan)
    }

    /// Puts a plane at the end of the last buffer; `None` if a number gets too large.
    fn add(&mut self, shape: PlaneLayout, size: [u32; 2], page_bytes: u64) -> Option<()> {
        let [width, height] = size;
        let buffer = self.buffers_bytes.len().checked_sub(1)?;
        let buffer_bytes = self.buffers_bytes.last_mut()?;
        let offset_bytes = below_limit(*buffer_bytes)?;
        let stride_bytes = below_limit(
            raster::drawn_row_bytes(shape, width)?
                .checked_next_multiple_of(u64::from(STRIDE_ALIGNMENT_BYTES))?,
        )?;
        let rows = u64::from(raster::drawn_rows(shape, height)?);
        *buffer_bytes = rows
            .checked_mul(u64::from(stride_bytes))?
            .checked_add(*buffer_bytes)?
            .checked_next_multiple_of(page_bytes)
            .filter(|bytes| i64::try_from(*bytes).is_ok() && usize::try_from(*bytes).is_ok())?;
        self.planes.push(PlannedPlane { buffer, offset_bytes, stride_bytes });
        Some(())
    }

    /// The planes, in the order of the format.
    pub fn planes(&self) -> &[PlannedPlane] {
        &self.planes
    }

    /// The longest stride in a buffer, in bytes; 0 if there is no such buffer.
    pub(in crate::allocator) fn stride_bytes_of(&self, buffer: usize) -> u32 {
        let planes = self.planes.iter().filter(|plane| plane.buffer == buffer);
        planes.map(|plane| plane.stride_bytes).max().unwrap_or(0)
    }

    /// The sizes of the buffers in bytes: one buffer, or one for each plane.
    pub fn buffers_bytes(&self) -> &[u64] {
        &self.buffers_bytes
    }
}

/// Drivers are told of offsets and strides in signed numbers of 32 bits.
fn below_limit(bytes: u64) -> Option<u32> {
    u32::try_from(bytes).ok().filter(|bytes| *bytes <= LIMIT)
}

#[cfg(test)]
mod tests;
