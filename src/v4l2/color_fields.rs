//! What a driver says of its colours.

use crate::format::ChromaSiting;
use crate::format::Colorimetry;
use crate::format::Matrix;
use crate::format::Range;

/// `V4L2_COLORSPACE_*`, as far as they decide what the other fields are by default.
const COLORSPACE_SMPTE240M: u32 = 2;
const COLORSPACE_REC709: u32 = 3;
const COLORSPACE_JPEG: u32 = 7;
const COLORSPACE_SRGB: u32 = 8;
const COLORSPACE_OPRGB: u32 = 9;
const COLORSPACE_BT2020: u32 = 10;
const COLORSPACE_RAW: u32 = 11;
const COLORSPACE_DCI_P3: u32 = 12;

/// What a driver says of its colours, in the numbers of `videodev2.h`. A field that is 0 leaves the
/// answer to the colour space; [`ColorFields::resolved`] looks it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColorFields {
    /// The primaries, and what the other fields are by default: `V4L2_COLORSPACE_*`.
    pub colorspace: u32,
    /// The matrix from luma and chroma to red, green and blue: `V4L2_YCBCR_ENC_*`.
    pub encoding: u32,
    /// The range of the code values: `V4L2_QUANTIZATION_*`.
    pub quantization: u32,
    /// The transfer function: `V4L2_XFER_FUNC_*`.
    pub transfer: u32,
}

impl ColorFields {
    /// [`ColorFields::encoding`]: BT.601.
    pub const ENCODING_BT601: u32 = 1;
    /// [`ColorFields::encoding`]: BT.709.
    pub const ENCODING_BT709: u32 = 2;
    /// [`ColorFields::encoding`]: BT.2020, non-constant luminance.
    pub const ENCODING_BT2020: u32 = 6;
    /// [`ColorFields::encoding`]: SMPTE 240M.
    pub const ENCODING_SMPTE240M: u32 = 8;
    /// [`ColorFields::quantization`]: 0 to 255, at 8 bits.
    pub const FULL_RANGE: u32 = 1;
    /// [`ColorFields::quantization`]: 16 to 235 for luma, 16 to 240 for chroma, at 8 bits.
    pub const LIMITED_RANGE: u32 = 2;

    /// How luma and chroma become colours, by fields that leave nothing open; `None` for matrices that
    /// [`Matrix`] does not have (SMPTE 240M, BT.2020 with constant luminance). Drivers do not say
    /// where chroma lies: in the middle of the pixels, as the formats' descriptions have it.
    ///
    /// Spec: "Color Sample Location" in
    /// <https://docs.kernel.org/userspace-api/media/v4l/pixfmt-yuv-planar.html>.
    pub fn colorimetry(&self) -> Option<Colorimetry> {
        let matrix = match self.encoding {
            // The other two are BT.601 for colours beyond the range, and a deprecated name of it.
            Self::ENCODING_BT601 | 3 | 5 => Matrix::Bt601,
            Self::ENCODING_BT709 | 4 => Matrix::Bt709,
            Self::ENCODING_BT2020 => Matrix::Bt2020,
            _ => return None,
        };
        let is_full = self.quantization == Self::FULL_RANGE;
        let range = if is_full { Range::Full } else { Range::Narrow };
        let siting = ChromaSiting::Centered;
        Some(Colorimetry { matrix, range, horizontal_siting: siting, vertical_siting: siting })
    }

    /// The same with what is left to the colour space filled in, for a format of luma and chroma or
    /// one of red, green and blue.
    ///
    /// Spec: `V4L2_MAP_YCBCR_ENC_DEFAULT`, `V4L2_MAP_QUANTIZATION_DEFAULT` and
    /// `V4L2_MAP_XFER_FUNC_DEFAULT` in `videodev2.h`.
    #[must_use]
    pub fn resolved(self, is_yuv: bool) -> Self {
        let or = |value, default| if value == 0 { default } else { value };
        let encoding = match self.colorspace {
            COLORSPACE_REC709 | COLORSPACE_DCI_P3 => Self::ENCODING_BT709,
            COLORSPACE_BT2020 => Self::ENCODING_BT2020,
            COLORSPACE_SMPTE240M => Self::ENCODING_SMPTE240M,
            _ => Self::ENCODING_BT601,
        };
        let is_full = !is_yuv || self.colorspace == COLORSPACE_JPEG;
        let transfer = match self.colorspace {
            COLORSPACE_SRGB | COLORSPACE_JPEG => 2,
            COLORSPACE_OPRGB => 3,
            COLORSPACE_SMPTE240M => 4,
            COLORSPACE_RAW => 5,
            COLORSPACE_DCI_P3 => 6,
            _ => 1,
        };
        Self {
            colorspace: self.colorspace,
            encoding: or(self.encoding, encoding),
            quantization: or(
                self.quantization,
                if is_full { Self::FULL_RANGE } else { Self::LIMITED_RANGE },
            ),
            transfer: or(self.transfer, transfer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolved_fields_are_those_of_the_colour_space() {
        for (colorspace, encoding, quantization, transfer) in [
            (0, 1, 2, 1),
            (1, 1, 2, 1),
            (COLORSPACE_SMPTE240M, 8, 2, 4),
            (COLORSPACE_REC709, 2, 2, 1),
            (COLORSPACE_JPEG, 1, 1, 2),
            (COLORSPACE_SRGB, 1, 2, 2),
            (COLORSPACE_OPRGB, 1, 2, 3),
            (COLORSPACE_BT2020, 6, 2, 1),
            (COLORSPACE_RAW, 1, 2, 5),
            (COLORSPACE_DCI_P3, 2, 2, 6),
        ] {
            let fields = ColorFields { colorspace, ..ColorFields::default() };
            let resolved = ColorFields { colorspace, encoding, quantization, transfer };
            assert_eq!(fields.resolved(true), resolved);
            let resolved = ColorFields { quantization: 1, ..resolved };
            assert_eq!(fields.resolved(false), resolved);
        }
    }

    #[test]
    fn colorimetry_of_matrices_that_nobody_has_is_none() {
        let of = |encoding| ColorFields { encoding, ..ColorFields::default() }.colorimetry();
        assert_eq!(of(ColorFields::ENCODING_BT2020).map(|it| it.matrix), Some(Matrix::Bt2020));
        assert_eq!(of(7), None);
        assert_eq!(of(ColorFields::ENCODING_SMPTE240M), None);
        let jpeg = ColorFields { colorspace: COLORSPACE_JPEG, ..ColorFields::default() };
        assert_eq!(jpeg.resolved(true).colorimetry(), Some(Colorimetry::JPEG));
    }

    #[test]
    fn resolved_fields_that_are_stated_stay() {
        let stated = ColorFields { colorspace: 8, encoding: 2, quantization: 1, transfer: 1 };
        assert_eq!(stated.resolved(true), stated);
    }
}
