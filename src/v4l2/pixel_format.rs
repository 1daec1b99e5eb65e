//! The pixel format code of `videodev2.h`.

use std::fmt;

use crate::format::Fourcc;

/// A pixel format as cameras name it: four ASCII characters in a `u32`, little end first.
///
/// These are other names than those of [`Fourcc`], which the rest of this crate uses. The same
/// letters can mean other bytes (`AYUV`), the same bytes have other letters (`RGB3` is `BG24`), and
/// there are two names where the planes can share a buffer (`NV12`) or not (`NM12`).
///
/// The type is open: what this crate cannot translate, such as compressed formats, is kept, compared
/// and printed like any other.
///
/// ```
/// use dmashare::format::Fourcc;
/// use dmashare::v4l2::PixelFormat;
///
/// let camera = PixelFormat::from_code(b"NM12");
/// assert_eq!(camera.fourcc(), Some(Fourcc::NV12));
/// assert_eq!(PixelFormat::of(Fourcc::NV12, 2), Some(camera));
/// assert_eq!(PixelFormat::from_code(b"MJPG").fourcc(), None);
/// ```
///
/// Spec: `include/uapi/linux/videodev2.h`,
/// <https://docs.kernel.org/userspace-api/media/v4l/pixfmt.html>.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
#[doc(alias = "V4L2_PIX_FMT")]
pub struct PixelFormat(pub u32);

/// Set in the codes of formats whose words have their most significant byte first.
const BIG_ENDIAN: u32 = 1 << 31;

impl PixelFormat {
    /// The code made of four characters, as `v4l2_fourcc(a, b, c, d)` makes it.
    pub const fn from_code(code: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*code))
    }

    /// The format with the same bytes, or `None` if there is none: the format is compressed, tiled,
    /// of a sensor's raw samples, or not known to this crate.
    pub fn fourcc(self) -> Option<Fourcc> {
        self.entry().map(|entry| entry.fourcc)
    }

    /// How many buffers a frame has, for formats with a [`PixelFormat::fourcc`]: one with all
    /// planes, or one for each plane.
    pub fn buffers(self) -> Option<usize> {
        self.entry().map(|entry| entry.buffers)
    }

    /// The camera's name for a format whose planes lie in so many buffers.
    pub fn of(fourcc: Fourcc, buffers: usize) -> Option<Self> {
        let found = TABLE.iter().find(|it| (it.fourcc, it.buffers) == (fourcc, buffers));
        found.map(|entry| entry.pixel_format)
    }

    /// Every format that this crate can translate.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.pixel_format)
    }

    fn entry(self) -> Option<&'static Entry> {
        TABLE.iter().find(|entry| entry.pixel_format == self)
    }
}

impl fmt::Display for PixelFormat {
    /// The characters without trailing blanks (`YUYV`), followed by `-BE` for a big-endian one, or
    /// the number when they cannot be printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = (self.0 & !BIG_ENDIAN).to_le_bytes();
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_end_matches(' ');
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return f.pad(&format!("{:#010x}", self.0));
        }
        if self.0 & BIG_ENDIAN == 0 { f.pad(text) } else { f.pad(&format!("{text}-BE")) }
    }
}

impl fmt::Debug for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PixelFormat({self})")
    }
}

struct Entry {
    pixel_format: PixelFormat,
    fourcc: Fourcc,
    buffers: usize,
}

const fn one(code: [u8; 4], fourcc: Fourcc) -> Entry {
    Entry { pixel_format: PixelFormat(u32::from_le_bytes(code)), fourcc, buffers: 1 }
}

const fn several(code: [u8; 4], fourcc: Fourcc, buffers: usize) -> Entry {
    Entry { pixel_format: PixelFormat(u32::from_le_bytes(code)), fourcc, buffers }
}

/// Where two codes mean the same bytes, the one that is not deprecated comes first.
///
/// Left out are the formats of 32 bits whose first byte is alpha or unused and which go on with Y
/// (`AYUV`, `XYUV`, `YUV4`): `drm_fourcc.h` has no such bytes, and means others by those letters.
static TABLE: [Entry; 75] = [
    // One plane of colours.
    one(*b"RGB1", Fourcc::RGB332),
    one(*b"AR12", Fourcc::ARGB4444),
    one(*b"XR12", Fourcc::XRGB4444),
    one(*b"RA12", Fourcc::RGBA4444),
    one(*b"RX12", Fourcc::RGBX4444),
    one(*b"AB12", Fourcc::ABGR4444),
    one(*b"XB12", Fourcc::XBGR4444),
    one(*b"GA12", Fourcc::BGRA4444),
    one(*b"BX12", Fourcc::BGRX4444),
    one(*b"R444", Fourcc::XRGB4444),
    one(*b"AR15", Fourcc::ARGB1555),
    one(*b"XR15", Fourcc::XRGB1555),
    one(*b"RA15", Fourcc::RGBA5551),
    one(*b"RX15", Fourcc::RGBX5551),
    one(*b"AB15", Fourcc::ABGR1555),
    one(*b"XB15", Fourcc::XBGR1555),
    one(*b"BA15", Fourcc::BGRA5551),
    one(*b"BX15", Fourcc::BGRX5551),
    one(*b"RGBO", Fourcc::XRGB1555),
    one(*b"RGBP", Fourcc::RGB565),
    one(*b"BGR3", Fourcc::RGB888),
    one(*b"RGB3", Fourcc::BGR888),
    one(*b"AR24", Fourcc::ARGB8888),
    one(*b"XR24", Fourcc::XRGB8888),
    one(*b"RA24", Fourcc::RGBA8888),
    one(*b"RX24", Fourcc::RGBX8888),
    one(*b"AB24", Fourcc::ABGR8888),
    one(*b"XB24", Fourcc::XBGR8888),
    one(*b"BA24", Fourcc::BGRA8888),
    one(*b"BX24", Fourcc::BGRX8888),
    one(*b"BGR4", Fourcc::XRGB8888),
    one(*b"RGB4", Fourcc::BGRX8888),
    one(*b"RX30", Fourcc::RGBX1010102),
    one(*b"RA30", Fourcc::RGBA1010102),
    one(*b"AR30", Fourcc::ARGB2101010),
    // One plane of luma, or of luma and chroma.
    one(*b"GREY", Fourcc::Y8),
    one(*b"YUYV", Fourcc::YUYV),
    one(*b"YVYU", Fourcc::YVYU),
    one(*b"UYVY", Fourcc::UYVY),
    one(*b"VYUY", Fourcc::VYUY),
    one(*b"Y210", Fourcc::Y210),
    one(*b"Y212", Fourcc::Y212),
    one(*b"Y216", Fourcc::Y216),
    one(*b"YUV3", Fourcc::VUY888),
    one(*b"VUYA", Fourcc::AYUV),
    one(*b"VUYX", Fourcc::XYUV8888),
    one(*b"YUVA", Fourcc::AVUY8888),
    one(*b"YUVX", Fourcc::XVUY8888),
    // Two planes.
    one(*b"NV12", Fourcc::NV12),
    one(*b"NV21", Fourcc::NV21),
    one(*b"NV16", Fourcc::NV16),
    one(*b"NV61", Fourcc::NV61),
    one(*b"NV24", Fourcc::NV24),
    one(*b"NV42", Fourcc::NV42),
    one(*b"P010", Fourcc::P010),
    one(*b"P012", Fourcc::P012),
    one(*b"NV15", Fourcc::NV15),
    one(*b"NV20", Fourcc::NV20),
    several(*b"NM12", Fourcc::NV12, 2),
    several(*b"NM21", Fourcc::NV21, 2),
    several(*b"NM16", Fourcc::NV16, 2),
    several(*b"NM61", Fourcc::NV61, 2),
    several(*b"PM12", Fourcc::P012, 2),
    // Three planes.
    one(*b"YU12", Fourcc::YUV420),
    one(*b"YV12", Fourcc::YVU420),
    one(*b"422P", Fourcc::YUV422),
    one(*b"411P", Fourcc::YUV411),
    one(*b"YUV9", Fourcc::YUV410),
    one(*b"YVU9", Fourcc::YVU410),
    several(*b"YM12", Fourcc::YUV420, 3),
    several(*b"YM21", Fourcc::YVU420, 3),
    several(*b"YM16", Fourcc::YUV422, 3),
    several(*b"YM61", Fourcc::YVU422, 3),
    several(*b"YM24", Fourcc::YUV444, 3),
    several(*b"YM42", Fourcc::YVU444, 3),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table_once() {
        for entry in &TABLE {
            let same = TABLE.iter().filter(|it| it.pixel_format == entry.pixel_format);
            assert_eq!(same.count(), 1, "{}", entry.pixel_format);
        }
    }

    #[test]
    fn formats_have_one_buffer_or_one_for_each_plane() {
        for format in PixelFormat::all() {
            let layout = format.fourcc().and_then(Fourcc::layout).unwrap();
            let buffers = format.buffers().unwrap();
            assert!(buffers == 1 || buffers == layout.planes().len(), "{format}");
        }
    }

    #[test]
    fn names_that_are_not_deprecated_are_preferred() {
        assert_eq!(PixelFormat::of(Fourcc::XRGB8888, 1), Some(PixelFormat::from_code(b"XR24")));
        assert_eq!(PixelFormat::of(Fourcc::NV12, 3), None);
    }

    #[test]
    fn letters_that_mean_other_bytes_are_not_translated() {
        assert_eq!(PixelFormat::from_code(b"AYUV").fourcc(), None);
        assert_eq!(PixelFormat::from_code(b"XYUV").fourcc(), None);
        assert_eq!(PixelFormat::from_code(b"VUYA").fourcc(), Some(Fourcc::AYUV));
        assert_eq!(PixelFormat::from_code(b"RGB3").fourcc(), Some(Fourcc::BGR888));
    }

    #[test]
    fn display_of_codes_is_their_text() {
        assert_eq!(PixelFormat::from_code(b"Y10 ").to_string(), "Y10");
        assert_eq!(PixelFormat(u32::from_le_bytes(*b"Y16 ") | BIG_ENDIAN).to_string(), "Y16-BE");
        assert_eq!(PixelFormat(7).to_string(), "0x00000007");
        assert_eq!(format!("{:>6}", PixelFormat::from_code(b"NV12")), "  NV12");
    }
}
