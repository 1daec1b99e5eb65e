//! What the numbers of a frame's pixels mean, as the frame says it.

use crate::format::ChromaSiting;
use crate::format::Colorimetry;
use crate::format::Matrix;
use crate::format::Range;
use crate::stream::wire::Field;
use crate::stream::wire::Malformed;
use crate::stream::wire::bytes::Reader;

/// The code point for "nothing is said".
const UNSPECIFIED: u8 = 2;

/// The places of chroma from left to right and from top to bottom, by `Chroma420SampleLocType`. What
/// lies at the lower of two rows (4 and 5) has no reader in this crate.
const SITINGS: [[ChromaSiting; 2]; 4] = [
    [ChromaSiting::Cosited, ChromaSiting::Centered],
    [ChromaSiting::Centered, ChromaSiting::Centered],
    [ChromaSiting::Cosited, ChromaSiting::Cosited],
    [ChromaSiting::Centered, ChromaSiting::Cosited],
];

/// What the numbers of a pixel mean. The code points are open: any number can be held.
///
/// ```
/// use dmashare::format::Colorimetry;
/// use dmashare::stream::wire::Colour;
///
/// let sent = Colour::from(Colorimetry::HD_VIDEO);
/// assert_eq!((sent.primaries, sent.matrix), (2, 1));
/// assert_eq!(sent.colorimetry(Colorimetry::default()), Some(Colorimetry::HD_VIDEO));
/// ```
///
/// Spec: ITU-T H.273, `ColourPrimaries`, `TransferCharacteristics`, `MatrixCoefficients`,
/// `VideoFullRangeFlag`, `Chroma420SampleLocType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "CICP")]
pub struct Colour {
    /// Which red, green and blue: 1 for BT.709 and sRGB, 9 for BT.2020.
    pub primaries: u8,
    /// How numbers become light: 13 for sRGB, 16 for PQ.
    pub transfer: u8,
    /// How Y, Cb and Cr become red, green and blue: 0 for those already, 1 for BT.709, 6 for
    /// BT.601, 9 for BT.2020.
    pub matrix: u8,
    /// Which numbers are black and white; nothing is said if `None`.
    pub range: Option<Range>,
    /// Where chroma lies from left to right and from top to bottom; nothing is said if `None`.
    pub siting: Option<[ChromaSiting; 2]>,
}

impl Colour {
    /// Nothing is said.
    pub const UNSPECIFIED: Self = Self {
        primaries: UNSPECIFIED,
        transfer: UNSPECIFIED,
        matrix: UNSPECIFIED,
        range: None,
        siting: None,
    };

    /// How luma and chroma become colours, where what is not said is taken from `otherwise`. `None`
    /// if it says something that this crate cannot convert, such as constant luminance.
    pub fn colorimetry(self, otherwise: Colorimetry) -> Option<Colorimetry> {
        let matrix = match self.matrix {
            1 => Matrix::Bt709,
            // As PAL and as NTSC had it.
            5 | 6 => Matrix::Bt601,
            9 => Matrix::Bt2020,
            UNSPECIFIED => otherwise.matrix,
            _ => return None,
        };
        let [horizontal_siting, vertical_siting] = self.siting.unwrap_or(otherwise.siting());
        let range = self.range.unwrap_or(otherwise.range);
        Some(Colorimetry { matrix, range, horizontal_siting, vertical_siting })
    }

    pub(in crate::stream::wire) fn encode(self) -> [u8; 4] {
        let range = match self.range {
            None => 0,
            Some(Range::Narrow) => 1,
            Some(Range::Full) => 2,
        };
        let siting = (1_u8..).zip(SITINGS).find(|(_, siting)| Some(*siting) == self.siting);
        let siting = siting.map_or(0, |(code, _)| code);
        [self.primaries, self.transfer, self.matrix, range | siting << 4]
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [primaries, transfer, matrix, halves] = reader.take()?;
        let (range, siting) = (halves & 15, halves >> 4);
        let range = match range {
            0 => None,
            1 => Some(Range::Narrow),
            2 => Some(Range::Full),
            _ => {
                return Err(Malformed::OutOfRange { field: Field::Range, found: range.into() });
            }
        };
        let siting = match siting.checked_sub(1) {
            None => None,
            Some(code) => {
                let refused =
                    Malformed::OutOfRange { field: Field::ChromaSiting, found: siting.into() };
                Some(SITINGS.get(usize::from(code)).copied().ok_or(refused)?)
            }
        };
        Ok(Self { primaries, transfer, matrix, range, siting })
    }
}

impl From<Colorimetry> for Colour {
    /// Says nothing of primaries and transfer, which no colorimetry knows.
    fn from(colorimetry: Colorimetry) -> Self {
        let matrix = match colorimetry.matrix {
            Matrix::Bt709 => 1,
            Matrix::Bt601 => 6,
            Matrix::Bt2020 => 9,
        };
        let (range, siting) = (Some(colorimetry.range), Some(colorimetry.siting()));
        Self { matrix, range, siting, ..Self::UNSPECIFIED }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colorimetry_goes_over_and_comes_back() {
        for matrix in Matrix::ALL {
            for range in Range::ALL {
                for [horizontal_siting, vertical_siting] in SITINGS {
                    let sent = Colorimetry { matrix, range, horizontal_siting, vertical_siting };
                    let colour = Colour::from(sent);
                    assert_eq!(colour.colorimetry(Colorimetry::JPEG), Some(sent));
                }
            }
        }
    }

    #[test]
    fn what_is_not_said_is_taken_from_elsewhere() {
        let found = Colour::UNSPECIFIED.colorimetry(Colorimetry::UHD_VIDEO);
        assert_eq!(found, Some(Colorimetry::UHD_VIDEO));
        let of_pal = Colour { matrix: 5, ..Colour::UNSPECIFIED };
        let found = of_pal.colorimetry(Colorimetry::HD_VIDEO);
        assert_eq!(found, Some(Colorimetry { matrix: Matrix::Bt601, ..Colorimetry::HD_VIDEO }));
    }

    #[test]
    fn what_cannot_be_converted_is_not_taken_for_something_else() {
        // RGB, YCgCo, BT.2020 with constant luminance, ICtCp.
        for matrix in [0, 8, 10, 14] {
            let colour = Colour { matrix, ..Colour::UNSPECIFIED };
            assert_eq!(colour.colorimetry(Colorimetry::default()), None, "{matrix}");
        }
    }
}
