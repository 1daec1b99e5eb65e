//! Luma and chroma: matrices, ranges, and where chroma is taken from.
//!
//! Spec: ITU-R BT.601-7, BT.709-6 and BT.2020-2 (non-constant luminance) for the matrices and the
//! narrow range; BT.2100-2, table 9, and JFIF (ITU-T T.871) for the full range.

use super::number;

/// All that is needed to turn luma and chroma into colours and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colorimetry {
    /// Which luma and chroma a colour has.
    pub matrix: Matrix,
    /// Which numbers stand for those.
    pub range: Range,
    /// Where chroma that pixels share lies.
    pub chroma: Chroma,
}

/// How much of luma is red and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// ITU-R BT.601.
    Bt601,
    /// ITU-R BT.709.
    Bt709,
    /// ITU-R BT.2020 with non-constant luminance.
    Bt2020,
}

/// Which numbers stand for black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Of 8 bits: luma 16 to 235, chroma 16 to 240. More bits multiply these by powers of two.
    Narrow,
    /// All numbers.
    Full,
}

/// Which pixels make a chroma sample that several share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// All of them: the mean.
    Averaged,
    /// The top left one.
    Cosited,
    /// Those around the place of the sample, across and down: the mean over an area as large as the
    /// pixels that share it. A pixel has what lies between the samples around it.
    Around([Siting; 2]),
}

/// Where a sample lies, of the pixels that share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Siting {
    /// At the first.
    First,
    /// In the middle.
    Middle,
}

impl Colorimetry {
    /// By how much rounding to whole numbers changes red, green and blue at most.
    pub(super) fn rounding(self, luma_bits: u32, chroma_bits: u32) -> [f64; 3] {
        let luma = 0.5 / self.range.luma_scale(luma_bits).steps;
        // The largest chroma of the full range lies half a step above the largest number.
        let half_steps = if self.range == Range::Full { 1.0 } else { 0.5 };
        let chroma = half_steps / self.range.chroma_scale(chroma_bits).steps;
        let [of_blue, of_red] = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|yuv| self.matrix.rgb(yuv));
        std::array::from_fn(|i| luma + chroma * (of_blue[i].abs() + of_red[i].abs()))
    }
}

impl Matrix {
    /// The parts of red, green and blue in luma.
    fn weights(self) -> [f64; 3] {
        let [red, blue] = match self {
            Self::Bt601 => [0.299, 0.114],
            Self::Bt709 => [0.2126, 0.0722],
            Self::Bt2020 => [0.2627, 0.0593],
        };
        [red, 1.0 - red - blue, blue]
    }

    /// Luma from 0 to 1, blue and red difference from -0.5 to 0.5.
    pub(super) fn yuv(self, [red, green, blue]: [f64; 3]) -> [f64; 3] {
        let [of_red, of_green, of_blue] = self.weights();
        let luma = of_red * red + of_green * green + of_blue * blue;
        [luma, (blue - luma) / (2.0 - 2.0 * of_blue), (red - luma) / (2.0 - 2.0 * of_red)]
    }

    /// Red, green and blue; beyond 0..=1 for luma and chroma that no colour has.
    pub(super) fn rgb(self, [luma, blue_difference, red_difference]: [f64; 3]) -> [f64; 3] {
        let [of_red, of_green, of_blue] = self.weights();
        let red = luma + (2.0 - 2.0 * of_red) * red_difference;
        let blue = luma + (2.0 - 2.0 * of_blue) * blue_difference;
        [red, (luma - of_red * red - of_blue * blue) / of_green, blue]
    }
}

/// Which number stands for zero, and how many steps make one.
struct Scale {
    zero: f64,
    steps: f64,
}

impl Scale {
    fn code(&self, value: f64, bits: u32) -> u128 {
        number::whole(value * self.steps + self.zero, bits)
    }

    fn value(&self, code: u128) -> f64 {
        (number::real(code) - self.zero) / self.steps
    }
}

impl Range {
    fn luma_scale(self, bits: u32) -> Scale {
        let of_8_bits = (f64::from(bits) - 8.0).exp2();
        match self {
            Self::Narrow => Scale { zero: 16.0 * of_8_bits, steps: 219.0 * of_8_bits },
            Self::Full => Scale { zero: 0.0, steps: number::largest(bits) },
        }
    }

    fn chroma_scale(self, bits: u32) -> Scale {
        let of_8_bits = (f64::from(bits) - 8.0).exp2();
        let steps = match self {
            Self::Narrow => 224.0 * of_8_bits,
            Self::Full => number::largest(bits),
        };
        Scale { zero: 128.0 * of_8_bits, steps }
    }

    pub(super) fn luma_code(self, luma: f64, bits: u32) -> u128 {
        self.luma_scale(bits).code(luma, bits)
    }

    pub(super) fn luma(self, code: u128, bits: u32) -> f64 {
        self.luma_scale(bits).value(code)
    }

    pub(super) fn chroma_code(self, difference: f64, bits: u32) -> u128 {
        self.chroma_scale(bits).code(difference, bits)
    }

    pub(super) fn chroma(self, code: u128, bits: u32) -> f64 {
        self.chroma_scale(bits).value(code)
    }
}
