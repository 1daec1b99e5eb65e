//! What all buffers of a generation are.

use std::fmt;
use std::num::NonZeroU32;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::stream::wire::Field;
use crate::stream::wire::Kind;
use crate::stream::wire::Malformed;
use crate::stream::wire::bytes::Reader;
use crate::stream::wire::bytes::Writer;

const FORMAT_BYTES: usize = 48;
const LIMIT: u32 = 0x7fff_ffff;

/// Width and height in pixels, each 1 to 2147483647.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// `None` if a side is 0 or more than 2147483647.
    pub fn new(width: u32, height: u32) -> Option<Self> {
        Self::check(width, height).ok()
    }

    pub(in crate::stream::wire) fn check(width: u32, height: u32) -> Result<Self, Malformed> {
        for (field, side) in [(Field::Width, width), (Field::Height, height)] {
            if !(1..=LIMIT).contains(&side) {
                return Err(Malformed::OutOfRange { field, found: u64::from(side) });
            }
        }
        Ok(Self { width, height })
    }

    /// Width in pixels.
    pub fn width(self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(self) -> u32 {
        self.height
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// What all buffers are that are announced from now on. A new generation retires all buffers of the
/// one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// Counts the formats of a stream.
    pub generation: NonZeroU32,
    /// The number of the last offer that was considered.
    pub answers: NonZeroU32,
    /// The size of each buffer.
    pub size: Size,
    /// The pixel format.
    pub fourcc: Fourcc,
    /// The tiling that the producer's driver has picked.
    pub modifier: Modifier,
    /// Whether some consumer can sample it as an external texture alone.
    pub external_only: bool,
}

impl Format {
    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        let mut writer = Writer::new(datagram, Kind::Format, FORMAT_BYTES);
        writer.u32(self.generation.get());
        writer.u32(self.answers.get());
        writer.u32(self.size.width);
        writer.u32(self.size.height);
        writer.u32(self.fourcc.0);
        writer.flag(self.external_only);
        writer.bytes(&[0; 3]);
        writer.modifier(self.modifier);
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect(FORMAT_BYTES)?;
        let generation = reader.nonzero_u32(Field::Generation)?;
        let answers = reader.nonzero_u32(Field::OfferNumber)?;
        let size = Size::check(reader.u32()?, reader.u32()?)?;
        let fourcc = Fourcc(reader.u32()?);
        let external_only = reader.flag(Field::ExternalOnly)?;
        reader.reserved::<3>()?;
        let modifier = reader.modifier()?;
        Ok(Self { generation, answers, size, fourcc, modifier, external_only })
    }
}
