//! The numbers that a shader converts luma and chroma with.
//!
//! Spec: ITU-R BT.601-7, 2.5; BT.709-6, 3; BT.2020-2, tables 4 and 5.

use crate::format::Colorimetry;
use crate::gl::arrangement::Depth;

/// A matrix, and what is taken off before it or put on after it. Columns one after the other, as GL
/// wants them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::gl) struct Conversion {
    pub(in crate::gl) matrix: [f32; 9],
    pub(in crate::gl) zero: [f32; 3],
}

impl Conversion {
    /// From the numbers of texels to red, green and blue: `matrix * (numbers - zero)`.
    pub(in crate::gl) fn to_rgb(colorimetry: Colorimetry, depth: Depth) -> Self {
        let [red, green, blue] = colorimetry.matrix.luma_weights();
        let ([luma, luma_steps], [chroma, chroma_steps]) = codes(colorimetry, depth);
        // How much of red and of blue the differences make; green is what is left of luma.
        let (of_red, of_blue) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
        let of_luma = depth.full_texel / luma_steps;
        let of_chroma = depth.full_texel / chroma_steps;
        let columns = [
            [of_luma, of_luma, of_luma],
            [0.0, -of_blue * blue / green * of_chroma, of_blue * of_chroma],
            [of_red * of_chroma, -of_red * red / green * of_chroma, 0.0],
        ];
        let zero = [luma, chroma, chroma].map(|code| code / depth.full_texel);
        Self::rounded(columns, zero)
    }

    /// From red, green and blue to code values: `matrix * rgb + zero`.
    pub(in crate::gl) fn to_codes(colorimetry: Colorimetry, depth: Depth) -> Self {
        let weights = colorimetry.matrix.luma_weights();
        let ([luma, luma_steps], [chroma, chroma_steps]) = codes(colorimetry, depth);
        let [red, _, blue] = weights;
        // What a colour has more than luma, as a part of the most that it can have.
        let difference = |own: [f64; 3], weight: f64| -> [f64; 3] {
            let parts = own.iter().zip(weights);
            let mut parts = parts.map(|(own, luma)| (own - luma) / (2.0 - 2.0 * weight));
            std::array::from_fn(|_| parts.next().unwrap_or_default() * chroma_steps)
        };
        let of_luma = weights.map(|weight| weight * luma_steps);
        let of_blue = difference([0.0, 0.0, 1.0], blue);
        let of_red = difference([1.0, 0.0, 0.0], red);
        let ([r0, g0, b0], [r1, g1, b1], [r2, g2, b2]) = (of_luma, of_blue, of_red);
        let columns = [[r0, r1, r2], [g0, g1, g2], [b0, b1, b2]];
        Self::rounded(columns, [luma, chroma, chroma])
    }

    #[allow(clippy::cast_possible_truncation, reason = "a shader has no wider numbers")]
    fn rounded(columns: [[f64; 3]; 3], zero: [f64; 3]) -> Self {
        let mut matrix = [0.0; 9];
        for (to, from) in matrix.iter_mut().zip(columns.as_flattened()) {
            *to = *from as f32;
        }
        Self { matrix, zero: zero.map(|number| number as f32) }
    }
}

/// The code value of none and the steps of all, of luma and of chroma.
fn codes(colorimetry: Colorimetry, depth: Depth) -> ([f64; 2], [f64; 2]) {
    (colorimetry.range.luma_codes(depth.bits), colorimetry.range.chroma_codes(depth.bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Fourcc;
    use crate::format::Matrix;
    use crate::format::Range;
    use crate::gl::arrangement::Arrangement;

    fn apply(matrix: [f32; 9], numbers: [f32; 3]) -> [f32; 3] {
        std::array::from_fn(|row| {
            (0..3).map(|column| matrix[3 * column + row] * numbers[column]).sum()
        })
    }

    #[test]
    fn red_of_television_is_81_90_240() {
        let depth = Arrangement::of(Fourcc::NV12).unwrap().depth;
        let to_rgb = Conversion::to_rgb(Colorimetry::SD_VIDEO, depth);
        let numbers = [81.0, 90.0, 240.0_f32].map(|code| code / 255.0);
        let numbers = std::array::from_fn(|i| numbers[i] - to_rgb.zero[i]);
        let rgb = apply(to_rgb.matrix, numbers);
        for (found, expected) in rgb.iter().zip([1.0, 0.0, 0.0]) {
            assert!((found - expected).abs() < 0.005, "{rgb:?}");
        }
        let to_codes = Conversion::to_codes(Colorimetry::SD_VIDEO, depth);
        let codes = apply(to_codes.matrix, [1.0, 0.0, 0.0]);
        let codes: [f32; 3] = std::array::from_fn(|i| (codes[i] + to_codes.zero[i]).round());
        assert!(
            codes.iter().zip([81.0, 90.0, 240.0]).all(|(a, b)| (a - b).abs() < 0.1),
            "{codes:?}"
        );
    }

    #[test]
    fn there_and_back_is_the_same() {
        for fourcc in [Fourcc::NV12, Fourcc::P010, Fourcc::S012, Fourcc::NV15] {
            let depth = Arrangement::of(fourcc).unwrap().depth;
            for matrix in Matrix::ALL {
                for range in Range::ALL {
                    let colorimetry = Colorimetry { matrix, range, ..Colorimetry::default() };
                    let there = Conversion::to_codes(colorimetry, depth);
                    let back = Conversion::to_rgb(colorimetry, depth);
                    let rgb = [0.9, 0.3, 0.1];
                    let codes = apply(there.matrix, rgb);
                    #[allow(clippy::cast_possible_truncation, reason = "as the shader has it")]
                    let full_texel = depth.full_texel as f32;
                    let numbers = std::array::from_fn(|i| {
                        (codes[i] + there.zero[i]) / full_texel - back.zero[i]
                    });
                    for (found, expected) in apply(back.matrix, numbers).iter().zip(rgb) {
                        assert!((found - expected).abs() < 1e-5, "{fourcc} {colorimetry:?}");
                    }
                }
            }
        }
    }
}
