//! How luma and chroma become colours.
//!
//! Numbers of luma and chroma have no colours of their own. Whoever made them chose a matrix, the
//! numbers for black and white, and a place for the chroma that pixels share; whoever reads them has
//! to know. A [`Colorimetry`] says it once, for every reader of this crate: the hints of an EGL
//! import, the shaders of `gl`, the properties of a plane of `kms`, the frames of a stream.
//!
//! Spec: ITU-R BT.601-7, BT.709-6, BT.2020-2; for the full range ITU-T T.871 (JFIF).

/// The matrix between luma and chroma, and red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601: standard definition, JPEG, most webcams.
    #[default]
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance: ultra-high definition.
    Bt2020,
}

impl Matrix {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bt601, Self::Bt709, Self::Bt2020];

    /// The parts of red, green and blue in luma. Their sum is 1.
    ///
    /// Spec: BT.601-7, 2.5.1; BT.709-6, 3.2; BT.2020-2, table 4.
    #[doc(alias = "Kr")]
    pub const fn luma_weights(self) -> [f64; 3] {
        let (red, blue) = match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        };
        [red, 1.0 - red - blue, blue]
    }
}

/// Which code values stand for black and white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Range {
    /// 16 to 235 for luma and 16 to 240 for chroma, at 8 bits: television and video.
    #[default]
    #[doc(alias = "limited")]
    Narrow,
    /// 0 to 255, at 8 bits: JPEG.
    Full,
}

impl Range {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Narrow, Self::Full];

    /// The code value of black and the steps from there to white, for luma of so many bits.
    ///
    /// Spec: BT.2020-2, table 5; BT.2100-2, table 9.
    pub fn luma_codes(self, bits: u32) -> [f64; 2] {
        let of_8_bits = unit(bits) / 256.0;
        match self {
            Self::Narrow => [16.0 * of_8_bits, 219.0 * of_8_bits],
            Self::Full => [0.0, unit(bits) - 1.0],
        }
    }

    /// The code value of no chroma and the steps of the whole range around it, for so many bits.
    ///
    /// Spec: as [`Range::luma_codes`].
    pub fn chroma_codes(self, bits: u32) -> [f64; 2] {
        let middle = unit(bits) / 2.0;
        match self {
            Self::Narrow => [middle, 224.0 * unit(bits) / 256.0],
            Self::Full => [middle, unit(bits) - 1.0],
        }
    }
}

/// How many code values there are.
fn unit(bits: u32) -> f64 {
    f64::from(bits).exp2()
}

/// Where a chroma sample lies relative to the pixels that share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChromaSiting {
    /// At the first of the pixels.
    Cosited,
    /// In the middle of the pixels.
    #[default]
    Centered,
}

impl ChromaSiting {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cosited, Self::Centered];

    /// The place of the first sample, in pixels from the middle of the first pixel, where so many
    /// pixels share one.
    pub fn offset_pixels(self, sharing: u32) -> f64 {
        match self {
            Self::Cosited => 0.0,
            Self::Centered => (f64::from(sharing) - 1.0) / 2.0,
        }
    }
}

/// How luma and chroma become colours. RGB images have no such thing and ignore it.
///
/// The default is what drivers take for granted where nothing is said: BT.601 in the narrow range,
/// chroma in the middle.
///
/// ```
/// use dmashare::format::{ChromaSiting, Colorimetry, Matrix, Range};
///
/// let of_a_webcam = Colorimetry::JPEG;
/// assert_eq!((of_a_webcam.matrix, of_a_webcam.range), (Matrix::Bt601, Range::Full));
/// let of_a_movie = Colorimetry::HD_VIDEO;
/// assert_eq!(of_a_movie.horizontal_siting, ChromaSiting::Cosited);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Colorimetry {
    /// The matrix.
    pub matrix: Matrix,
    /// The range.
    pub range: Range,
    /// From left to right.
    pub horizontal_siting: ChromaSiting,
    /// From top to bottom.
    pub vertical_siting: ChromaSiting,
}

impl Colorimetry {
    /// JPEG and what most webcams send: BT.601, full range, chroma in the middle.
    pub const JPEG: Self = Self {
        matrix: Matrix::Bt601,
        range: Range::Full,
        horizontal_siting: ChromaSiting::Centered,
        vertical_siting: ChromaSiting::Centered,
    };

    /// Standard definition video: BT.601, narrow range, chroma at the left pixels, between the rows.
    pub const SD_VIDEO: Self = Self::video(Matrix::Bt601, ChromaSiting::Centered);

    /// High definition video: BT.709, narrow range, chroma at the left pixels, between the rows.
    pub const HD_VIDEO: Self = Self::video(Matrix::Bt709, ChromaSiting::Centered);

    /// Ultra-high definition video: BT.2020, narrow range, chroma at the top left pixels.
    pub const UHD_VIDEO: Self = Self::video(Matrix::Bt2020, ChromaSiting::Cosited);

    const fn video(matrix: Matrix, vertical_siting: ChromaSiting) -> Self {
        let (range, horizontal_siting) = (Range::Narrow, ChromaSiting::Cosited);
        Self { matrix, range, horizontal_siting, vertical_siting }
    }

    /// Where chroma lies from left to right and from top to bottom.
    pub const fn siting(&self) -> [ChromaSiting; 2] {
        [self.horizontal_siting, self.vertical_siting]
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn code_values_are_those_of_the_standards() {
        assert_eq!(Range::Narrow.luma_codes(8), [16.0, 219.0]);
        assert_eq!(Range::Narrow.chroma_codes(8), [128.0, 224.0]);
        assert_eq!(Range::Narrow.luma_codes(10), [64.0, 876.0]);
        assert_eq!(Range::Narrow.chroma_codes(12), [2048.0, 3584.0]);
        assert_eq!(Range::Full.luma_codes(10), [0.0, 1023.0]);
        assert_eq!(Range::Full.chroma_codes(8), [128.0, 255.0]);
    }

    #[test]
    fn luma_of_white_is_one() {
        for matrix in Matrix::ALL {
            let [red, green, blue] = matrix.luma_weights();
            assert!((red + green + blue - 1.0).abs() < 1e-12, "{matrix:?}");
        }
        assert_eq!(
            Matrix::Bt601.luma_weights().map(|it| (it * 1e4).round()),
            [2990.0, 5870.0, 1140.0]
        );
        assert_eq!(
            Matrix::Bt2020.luma_weights().map(|it| (it * 1e4).round()),
            [2627.0, 6780.0, 593.0]
        );
    }

    #[test]
    fn centered_chroma_lies_between_the_pixels() {
        assert_eq!(ChromaSiting::Centered.offset_pixels(1), 0.0);
        assert_eq!(ChromaSiting::Centered.offset_pixels(2), 0.5);
        assert_eq!(ChromaSiting::Centered.offset_pixels(4), 1.5);
        assert_eq!(ChromaSiting::Cosited.offset_pixels(4), 0.0);
    }
}
