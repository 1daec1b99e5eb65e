//! Test pictures in the bytes of a format, worked out without any driver.
//!
//! RGB formats hold the XOR pattern, pixel by pixel. YUV formats hold a chequerboard of the smallest
//! and the largest bytes: whatever the order of the channels, its colours are known.

mod cells;
mod number;
mod word;

use dmashare::format::Fourcc;
use dmashare::format::Model;

use crate::picture::cells::Cells;
use crate::size::Size;
use crate::xor_pattern;

pub(crate) use number::to_u16;
pub(crate) use word::Word;

/// What rounding in a driver may cost, in steps of 8 bits.
const ROUNDING: u8 = 1;

/// How far a driver's conversion of YUV may be off, in steps of 8 bits.
const CONVERSION: u8 = 3;

/// The test picture of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    /// The XOR pattern, one word for each pixel.
    Words(Word),
    /// The chequerboard.
    Cells(Cells),
}

impl Picture {
    /// `None` for a format whose bytes are not known to this tool.
    pub(crate) fn of(fourcc: Fourcc) -> Option<Self> {
        let layout = fourcc.layout().filter(|layout| layout.has_linear())?;
        match layout.model() {
            Model::Rgb => Word::of(layout).map(Self::Words),
            _ => Some(Self::Cells(Cells::of(layout))),
        }
    }

    /// The bytes of each plane, its rows one after the other without padding.
    pub(crate) fn planes(&self, size: Size) -> Vec<Vec<u8>> {
        match self {
            Self::Words(word) => {
                let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
                vec![pixels.flat_map(|(x, y)| word.encode(xor_pattern::at(x, y))).collect()]
            }
            Self::Cells(cells) => cells.planes(size),
        }
    }

    /// What a sampler must see at a pixel, as R, G, B, A, each give or take
    /// [`Picture::tolerance`].
    pub(crate) fn colour(&self, x: u32, y: u32) -> [u8; 4] {
        match self {
            Self::Words(word) => word.seen(xor_pattern::at(x, y)),
            Self::Cells(cells) => cells.colour(x, y),
        }
    }

    /// What a driver may be off by when it samples the bytes of the picture.
    pub(crate) const fn tolerance(&self) -> [u8; 4] {
        match self {
            Self::Words(_) => [ROUNDING; 4],
            Self::Cells(_) => [CONVERSION; 4],
        }
    }

    /// What a driver may be off by that rounded the XOR pattern to the format itself. `None` for a
    /// picture that cannot be drawn.
    pub(crate) fn tolerance_drawn(&self) -> Option<[u8; 4]> {
        match self {
            Self::Words(word) => Some(word.steps().map(|step| step.saturating_add(ROUNDING))),
            Self::Cells(_) => None,
        }
    }

    /// The pixels of a plane's bytes as R, G, B, A with 8 bits each, for the formats that hold one
    /// word for each pixel.
    pub(crate) fn decode(&self, plane: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Words(word) => {
                Some(plane.chunks_exact(word.bytes()).flat_map(|one| word.decode(one)).collect())
            }
            Self::Cells(_) => None,
        }
    }
}
