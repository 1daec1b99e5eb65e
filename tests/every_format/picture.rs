//! What is written into the images, and how luma and chroma are to be read.

use dmashare::format;
use dmashare::format::Layout;
use dmashare::format::Model;

use crate::common::pixels::colorimetry::Chroma;
use crate::common::pixels::colorimetry::Colorimetry;
use crate::common::pixels::colorimetry::Matrix;
use crate::common::pixels::colorimetry::Range;

/// Colours from 0 to 1 that no neighbour has: the fractions of multiples of irrational numbers.
pub(crate) fn scattered(x: u32, y: u32) -> [f64; 4] {
    let place = f64::from(x * 31 + y * 17 + 1);
    [0.618_034, 0.414_214, 0.732_051, 0.236_068].map(|step: f64| (step * place).fract())
}

/// Colours for a format: those that hold floats get numbers from -8 to 8.
pub(crate) fn for_format(layout: &Layout) -> impl Fn(u32, u32) -> [f64; 4] {
    let holds_floats = holds_floats(layout);
    move |x, y| {
        let colour = scattered(x, y);
        if holds_floats { colour.map(|part| part * 16.0 - 8.0) } else { colour }
    }
}

/// Half floats and floats have an F at the end of their kernel's names.
pub(crate) fn holds_floats(layout: &Layout) -> bool {
    layout.name().ends_with('F')
}

/// All that EGL knows for YUV; one for colours, which ignore it.
pub(crate) fn colorimetries(layout: &Layout) -> impl Iterator<Item = Colorimetry> {
    let count = if layout.model() == Model::Yuv { 6 } else { 1 };
    let all = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020].into_iter().flat_map(|matrix| {
        [Range::Narrow, Range::Full].map(|range| {
            let chroma = Chroma::Averaged;
            Colorimetry { matrix, range, chroma }
        })
    });
    all.take(count)
}

/// The same for the import.
pub(crate) fn hints(colorimetry: Colorimetry) -> format::Colorimetry {
    let matrix = match colorimetry.matrix {
        Matrix::Bt601 => format::Matrix::Bt601,
        Matrix::Bt709 => format::Matrix::Bt709,
        Matrix::Bt2020 => format::Matrix::Bt2020,
    };
    let range = match colorimetry.range {
        Range::Narrow => format::Range::Narrow,
        Range::Full => format::Range::Full,
    };
    format::Colorimetry { matrix, range, ..format::Colorimetry::default() }
}
