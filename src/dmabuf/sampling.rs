#![warn(clippy::arithmetic_side_effects)]
//! Which images a software renderer reads within their planes.
//!
//! `llvmpipe` counts the samples of chroma by rounding down. Of an image that is smaller than what
//! shares one sample there are none left, and it samples column or row -1: what lies in memory
//! before the plane, which may be another mapping, or nothing.
//!
//! Measured with Mesa 25.0.7 (`YUYV`, `YVYU`, `UYVY`, `VYUY`; it imports no other shared chroma) and
//! 26.2.6 (these and `NV12`, `YU12`, `YUV9` and their kin): an image of 1x64 pixels takes its chroma
//! from the bytes before its first one, an image of 64x1 from a row before. Formats with more than 8
//! bits are read by other code, which does not; they are refused all the same.
//!
//! Mesa 26.2.6 reads `P030` as if it were `P010`: two bytes for each sample of luma where there are
//! four for three. Its last row is read far beyond its end.
//!
//! Pixels of 128 bits are read with aligned vector loads: of `AB8F`, which Mesa 26.2.6 takes and 25.0.7
//! does not, a row that begins off a multiple of 16 bytes is a `SIGSEGV`. All others are read at any
//! offset and stride.
//!
//! Mesa 26.2.6 refuses a plane whose last row is shorter than its stride at the end of the buffer, and
//! each time forgets a file descriptor and a mapping of it: a peer that sends such images could use
//! up all that a process may have. Mesa 25.0.7 takes them.
//!
//! Spec: `util_format_get_plane_width()` in `src/util/format` of Mesa.

use crate::dmabuf::raster;
use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::PlaneLayout;

/// The width and height in pixels below which no sample of chroma is left. 1x1 for formats in which
/// pixels share nothing.
pub(crate) fn least_size(layout: &Layout) -> [u32; 2] {
    layout.pixels_per_chroma()
}

/// Whether the rows are read as longer ones.
pub(crate) fn is_read_beyond_rows(fourcc: Fourcc) -> bool {
    matches!(fourcc, Fourcc::P030 | Fourcc::P230)
}

/// Whether reading rows at this offset and stride is safe.
pub(crate) fn is_aligned(shape: PlaneLayout, offset_bytes: u32, stride_bytes: u32) -> bool {
    let is_vector = || shape.bits_per_block() >= shape.block_width().saturating_mul(128);
    raster::is_vector_aligned(offset_bytes, stride_bytes) || !is_vector()
}

/// The bytes that a linear plane takes if its last row is as long as the others, or `None` if the
/// number does not fit 64 bits.
pub(crate) fn whole_rows_bytes(shape: PlaneLayout, height: u32, stride_bytes: u32) -> Option<u64> {
    u64::from(shape.rows(height)).checked_mul(u64::from(stride_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_size_is_that_of_the_pixels_that_share_chroma() {
        let cases = [
            (Fourcc::ARGB8888, [1, 1]),
            (Fourcc::R8, [1, 1]),
            (Fourcc::AYUV, [1, 1]),
            (Fourcc::NV24, [1, 1]),
            (Fourcc::YUYV, [2, 1]),
            (Fourcc::Y216, [2, 1]),
            (Fourcc::NV16, [2, 1]),
            (Fourcc::NV12, [2, 2]),
            (Fourcc::NV15, [2, 2]),
            (Fourcc::YVU411, [4, 1]),
            (Fourcc::YUV410, [4, 4]),
        ];
        for (fourcc, size) in cases {
            assert_eq!(least_size(fourcc.layout().unwrap()), size, "{fourcc}");
        }
    }

    #[test]
    fn rows_of_128_bits_off_a_vector_are_not_aligned() {
        let plane = |fourcc: Fourcc| fourcc.layout().unwrap().planes()[0];
        for (offset_bytes, stride_bytes) in [(8, 1024), (0, 1032)] {
            assert!(!is_aligned(plane(Fourcc::ABGR32323232F), offset_bytes, stride_bytes));
            for fourcc in [Fourcc::ARGB8888, Fourcc::ABGR16161616F, Fourcc::BGR323232F] {
                assert!(is_aligned(plane(fourcc), offset_bytes, stride_bytes), "{fourcc}");
            }
        }
        assert!(is_aligned(plane(Fourcc::ABGR32323232F), 16, 1040));
    }

    #[test]
    fn whole_rows_are_those_of_the_plane() {
        let [luma, chroma] = Fourcc::NV12.layout().unwrap().planes() else { panic!("two planes") };
        assert_eq!(whole_rows_bytes(*luma, 481, 768), Some(481 * 768));
        assert_eq!(whole_rows_bytes(*chroma, 481, 768), Some(241 * 768));
        assert_eq!(whole_rows_bytes(*luma, u32::MAX, u32::MAX), Some(0xffff_fffe_0000_0001));
    }
}
