//! How llvmpipe reads an image, and how exactly.
//!
//! # Quirks
//! Measured with Mesa 25.0.7 and 26.2.6:
//!
//! - **Chroma of odd sizes** (both): the columns and rows of chroma are counted by rounding down, and
//!   what is counted is stretched over the whole image. Of 37 pixels in `NV12`, the last of the 19
//!   samples in a row is never seen, and from the middle on each pixel has the chroma of its left
//!   neighbour's. Even sizes are right.
//! - **More than 8 bits in the narrow range** (both): 16, 235 and 128 of 255 are taken for black,
//!   white and grey, where 16, 235 and 128 of 256 would be right: off by 2.2/255 at most.
//! - **Full range** (25): grey is taken to be at 127.5 of 255, not at 128: off by 0.93/255 at most.
//!   Mesa 26 takes 128 of 255, which is right for 8 bits, and off by as much for more.
//! - **Full range, 10 bits in 16** (both): the largest number is taken to be 65535, where it is 65472:
//!   off by 0.25/255 at most.
//! - **5 and 6 bits** (both) become 8 by repeating their upper bits: off by 0.72/255 at most.
//! - **`Y210`, `Y216`, `NV15`, `NV20`** (26): imported, and their memory is never read.

use dmashare::format::Fourcc;

use crate::common::pixels;
use crate::common::pixels::PlaneBytes;
use crate::common::pixels::colorimetry::Colorimetry;
use crate::common::pixels::colorimetry::Range;

/// Which samples were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Those that the format says.
    Right,
    /// Those of luma, and of chroma those of a plane that is rounded down and stretched.
    ChromaStretched,
    /// None.
    Nothing,
}

impl Reading {
    /// Whether the picture is there.
    pub(crate) fn is_of_pixels(self) -> bool {
        self != Self::Nothing
    }
}

/// Finds out how the pixels in `seen` were read from the bytes of an image.
///
/// # Errors
/// The first pixel that is off, if they were read in no way that is known.
pub(crate) fn of(
    fourcc: Fourcc,
    planes: &[PlaneBytes],
    size: [u32; 2],
    colorimetry: Colorimetry,
    seen: &[[f32; 4]],
) -> Result<Reading, String> {
    let tolerance = Tolerance::of(fourcc, colorimetry);
    let right = pixels::decode(fourcc.0, planes, size, colorimetry);
    let Err(mismatch) = compare(&right, seen, size, tolerance) else { return Ok(Reading::Right) };
    match stretched(fourcc, planes, size, colorimetry) {
        Some(pixels) if compare(&pixels, seen, size, tolerance).is_ok() => {
            Ok(Reading::ChromaStretched)
        }
        _ => Err(format!("{fourcc} {size:?} {colorimetry:?}: {mismatch}")),
    }
}

/// What the quirk makes of odd sizes; `None` where no pixels share chroma.
fn stretched(
    fourcc: Fourcc,
    planes: &[PlaneBytes],
    size: [u32; 2],
    colorimetry: Colorimetry,
) -> Option<Vec<[f64; 4]>> {
    let sharing = pixels::sharing(fourcc.0);
    let chroma_of = |x, y| {
        let place = [x, y];
        std::array::from_fn(|axis| {
            let samples = size[axis] / sharing[axis];
            // The middle of the pixel, in samples.
            (2 * place[axis] + 1) * samples / (2 * size[axis])
        })
    };
    (sharing != [1, 1])
        .then(|| pixels::decode_with_chroma_of(fourcc.0, planes, size, colorimetry, &chroma_of))
}

/// By how much the channels of a pixel may be off, and whether they are from 0 to 1.
#[derive(Clone, Copy)]
struct Tolerance {
    most: f64,
    limited: bool,
}

impl Tolerance {
    /// Arithmetic in floats, and what the quirks add.
    fn of(fourcc: Fourcc, colorimetry: Colorimetry) -> Self {
        let is_narrow = colorimetry.range == Range::Narrow;
        let (luma_bits, red_bits) = (pixels::luma_bits(fourcc.0), pixels::red_bits(fourcc.0));
        let quirk = match (luma_bits, red_bits) {
            (None, Some(5)) => 0.72,
            (None, _) => 0.0,
            (Some(8), _) if is_narrow => 0.0,
            (Some(8), _) => 0.93,
            (Some(_), _) if is_narrow => 2.2,
            (Some(_), _) => 0.93 + 0.25,
        };
        Self { most: (0.02 + quirk) / 255.0, limited: luma_bits.is_some() }
    }

    /// Luma and chroma that no colour has make numbers below 0 and above 1: the oracle limits them,
    /// and the driver leaves that to the render target.
    fn allows(self, expected: f64, seen: f32) -> bool {
        let seen = f64::from(seen);
        let seen = if self.limited { seen.clamp(0.0, 1.0) } else { seen };
        (seen - expected).abs() <= self.most
    }
}

fn compare(
    expected: &[[f64; 4]],
    seen: &[[f32; 4]],
    [width, height]: [u32; 2],
    tolerance: Tolerance,
) -> Result<(), String> {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    assert_eq!(expected.len(), seen.len());
    for ((x, y), (expected, seen)) in places.zip(expected.iter().zip(seen)) {
        if !expected.iter().zip(seen).all(|(expected, seen)| tolerance.allows(*expected, *seen)) {
            return Err(format!("{seen:?} instead of {expected:?} at {x}, {y}"));
        }
    }
    Ok(())
}
