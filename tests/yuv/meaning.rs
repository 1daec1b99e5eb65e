//! The crate's words for what luma and chroma mean, and the oracle's.

use dmashare::format::ChromaSiting;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Matrix;
use dmashare::format::Range;

use crate::common::pixels;
use crate::oracle;

/// Every matrix, range and place of chroma.
pub(crate) fn all() -> Vec<Colorimetry> {
    let mut all = Vec::new();
    for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
        for range in [Range::Narrow, Range::Full] {
            for horizontal_siting in [ChromaSiting::Cosited, ChromaSiting::Centered] {
                for vertical_siting in [ChromaSiting::Cosited, ChromaSiting::Centered] {
                    all.push(Colorimetry { matrix, range, horizontal_siting, vertical_siting });
                }
            }
        }
    }
    all
}

/// Whether the place of chroma can differ from the middle in this format.
pub(crate) fn matters(fourcc: Fourcc, colorimetry: Colorimetry) -> bool {
    let sitings = [colorimetry.horizontal_siting, colorimetry.vertical_siting];
    let shared = pixels::sharing(fourcc.0).into_iter().zip(sitings);
    shared.into_iter().all(|(sharing, siting)| sharing > 1 || siting == ChromaSiting::Centered)
}

/// The same for the oracle.
pub(crate) fn of(colorimetry: Colorimetry) -> oracle::Colorimetry {
    let siting = |siting| match siting {
        ChromaSiting::Cosited => oracle::Siting::First,
        ChromaSiting::Centered => oracle::Siting::Middle,
    };
    oracle::Colorimetry {
        matrix: match colorimetry.matrix {
            Matrix::Bt601 => oracle::Matrix::Bt601,
            Matrix::Bt709 => oracle::Matrix::Bt709,
            Matrix::Bt2020 => oracle::Matrix::Bt2020,
        },
        range: match colorimetry.range {
            Range::Narrow => oracle::Range::Narrow,
            Range::Full => oracle::Range::Full,
        },
        chroma: oracle::Chroma::Around([
            siting(colorimetry.horizontal_siting),
            siting(colorimetry.vertical_siting),
        ]),
    }
}
