#![warn(clippy::arithmetic_side_effects)]
//! The room that a software renderer needs to draw into a plane.
//!
//! `llvmpipe` draws in blocks of 4x4 pixels. It reads a block as a whole, replaces the pixels that
//! are covered and writes it back as a whole, also beyond the edges of the image: an image whose
//! buffer ends with its last row is a crash. Clearing and sampling keep to the image.
//!
//! Measured with Mesa 25.0.7 and 26.2.6: drawing into an image of 1024x1 pixels in `R8` whose buffer
//! ends one page after its only row is a `SIGSEGV` at a stride of 8192 bytes, and none when the
//! buffer holds four rows.
//!
//! Four pixels of 32 bits or more are written with aligned vector stores: a row of such a format that
//! begins off a multiple of 16 bytes is a `SIGSEGV` as well (`AR24` with a stride of 1032 bytes or an
//! offset of 8; `AB48` likewise; `R8`, `GR88`, `RG16` and `R16` at any stride are none).
//!
//! Spec: `LP_RASTER_BLOCK_SIZE` in `src/gallium/drivers/llvmpipe` of Mesa.

use crate::format::PlaneLayout;

/// The width and height, in pixels, of the blocks that `llvmpipe` draws in.
pub const DRAW_BLOCK_PIXELS: u32 = 4;

/// What rows that are accessed as vectors must begin at a multiple of.
pub(crate) const VECTOR_BYTES: u32 = 16;

/// Whether drawing into rows at this offset and stride is safe.
pub(crate) fn is_aligned(shape: PlaneLayout, offset_bytes: u32, stride_bytes: u32) -> bool {
    let is_vector = shape.bits_per_block() >= shape.block_width().saturating_mul(32);
    !is_vector || is_vector_aligned(offset_bytes, stride_bytes)
}

/// Whether all rows begin where a vector may.
pub(crate) fn is_vector_aligned(offset_bytes: u32, stride_bytes: u32) -> bool {
    [offset_bytes, stride_bytes].iter().all(|bytes| bytes.is_multiple_of(VECTOR_BYTES))
}

/// The bytes of a row, up to the end of its last block.
pub(crate) fn drawn_row_bytes(shape: PlaneLayout, width: u32) -> Option<u64> {
    let samples = drawn_samples(width, shape.horizontal_subsampling())?;
    let blocks = u64::from(samples.div_ceil(shape.block_width()));
    Some(blocks.checked_mul(u64::from(shape.bits_per_block()))?.div_ceil(8))
}

/// The rows of a plane, up to the end of the last row of blocks.
pub(crate) fn drawn_rows(shape: PlaneLayout, height: u32) -> Option<u32> {
    let samples = drawn_samples(height, shape.vertical_subsampling())?;
    Some(samples.div_ceil(shape.block_height()))
}

/// The bytes of a linear plane from its first row to the last that drawing touches, or `None` if the
/// number does not fit 64 bits.
pub(crate) fn drawn_bytes(shape: PlaneLayout, size: [u32; 2], stride_bytes: u32) -> Option<u64> {
    let [width, height] = size;
    let last_row = u64::from(drawn_rows(shape, height)?.checked_sub(1)?);
    last_row.checked_mul(u64::from(stride_bytes))?.checked_add(drawn_row_bytes(shape, width)?)
}

/// Each plane is drawn into as an image of its own, so whole blocks are whole in its samples.
fn drawn_samples(pixels: u32, subsampling: u32) -> Option<u32> {
    pixels.div_ceil(subsampling).checked_next_multiple_of(DRAW_BLOCK_PIXELS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Fourcc;

    fn planes(fourcc: Fourcc) -> &'static [PlaneLayout] {
        fourcc.layout().unwrap().planes()
    }

    #[test]
    fn drawn_rows_and_row_bytes_are_those_of_whole_blocks() {
        let r8 = planes(Fourcc::R8)[0];
        assert_eq!((drawn_rows(r8, 1), drawn_row_bytes(r8, 1)), (Some(4), Some(4)));
        assert_eq!((drawn_rows(r8, 4), drawn_row_bytes(r8, 4)), (Some(4), Some(4)));
        assert_eq!((drawn_rows(r8, 5), drawn_row_bytes(r8, 257)), (Some(8), Some(260)));
        let chroma = planes(Fourcc::NV12)[1];
        // 641x481 pixels have 321x241 samples of chroma of two bytes each.
        assert_eq!((drawn_rows(chroma, 481), drawn_row_bytes(chroma, 641)), (Some(244), Some(648)));
    }

    #[test]
    fn drawn_bytes_of_one_row_are_those_of_four() {
        let r8 = planes(Fourcc::R8)[0];
        assert_eq!(drawn_bytes(r8, [1024, 1], 8192), Some(3 * 8192 + 1024));
    }

    #[test]
    fn rows_of_wide_pixels_off_a_vector_are_not_aligned() {
        let (wide, narrow) = (planes(Fourcc::ARGB8888)[0], planes(Fourcc::GR88)[0]);
        assert!(is_aligned(wide, 16, 1040));
        assert!(!is_aligned(wide, 8, 1040));
        assert!(!is_aligned(wide, 0, 1032));
        assert!(is_aligned(narrow, 1, 1031));
    }

    #[test]
    fn drawn_bytes_beyond_32_bits_of_rows_are_refused() {
        let r8 = planes(Fourcc::R8)[0];
        assert_eq!(drawn_bytes(r8, [1, u32::MAX], 256), None);
        assert_eq!(drawn_bytes(r8, [1, 0], 256), None);
    }
}
