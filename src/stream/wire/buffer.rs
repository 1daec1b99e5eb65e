//! Buffers that come and go.

use std::fmt;
use std::num::NonZeroU32;

use crate::ipc::wire::ImageMessage;
use crate::stream::wire::Field;
use crate::stream::wire::Kind;
use crate::stream::wire::MAX_BUFFERS;
use crate::stream::wire::Malformed;
use crate::stream::wire::bytes::Reader;
use crate::stream::wire::bytes::Writer;

const ANNOUNCE_BYTES: usize = 96;
const RETIRE_BYTES: usize = 24;

/// The place of a buffer in the pool of its producer: 0 to 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferId(u8);

impl BufferId {
    pub(in crate::stream::wire) const FIRST: Self = Self(0);

    /// `None` for 64 or more.
    pub fn new(number: u16) -> Option<Self> {
        let id = u8::try_from(number).ok()?;
        (usize::from(id) < MAX_BUFFERS).then_some(Self(id))
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }

    /// The number, to find something in a table.
    pub(in crate::stream) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The bit that stands for it in a set of buffers.
    pub(in crate::stream) fn bit(self) -> u64 {
        const _: () = assert!(MAX_BUFFERS == 64);
        1_u64.wrapping_shl(u32::from(self.0))
    }

    /// All of them, in order.
    pub(in crate::stream) fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..64).map(Self)
    }
}

impl fmt::Display for BufferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A new buffer. Its planes' file descriptors travel with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announce {
    /// The generation of the format that the buffer belongs to.
    pub generation: NonZeroU32,
    /// Its number from now on.
    pub buffer: BufferId,
    image: ImageMessage,
}

impl Announce {
    /// Announces an image. It has no fence: each frame in it has one of its own.
    pub fn new(generation: NonZeroU32, buffer: BufferId, image: ImageMessage) -> Self {
        Self { generation, buffer, image: ImageMessage { has_fence: false, ..image } }
    }

    /// What the sender claims the image to be. Nothing in it has been compared with a file
    /// descriptor.
    pub fn image(&self) -> &ImageMessage {
        &self.image
    }

    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        let mut writer = Writer::new(datagram, Kind::Announce, ANNOUNCE_BYTES);
        writer.u32(self.generation.get());
        writer.buffer(self.buffer);
        writer.bytes(&[0; 2]);
        writer.bytes(&self.image.encode_fields());
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect(ANNOUNCE_BYTES)?;
        let generation = reader.nonzero_u32(Field::Generation)?;
        let buffer = reader.buffer()?;
        reader.reserved::<2>()?;
        let image = ImageMessage::decode_fields(&reader.take()?).map_err(Malformed::Image)?;
        if image.has_fence {
            return Err(Malformed::OutOfRange { field: Field::ImageFence, found: 1 });
        }
        Ok(Self { generation, buffer, image })
    }
}

/// A buffer that no further frame comes in. Whoever holds its last frame keeps it until it releases
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retire {
    /// Its number.
    pub buffer: BufferId,
}

impl Retire {
    pub(in crate::stream::wire) fn encode(self, datagram: &mut Vec<u8>) {
        let mut writer = Writer::new(datagram, Kind::Retire, RETIRE_BYTES);
        writer.buffer(self.buffer);
        writer.bytes(&[0; 6]);
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect(RETIRE_BYTES)?;
        let buffer = reader.buffer()?;
        reader.reserved::<6>()?;
        Ok(Self { buffer })
    }
}
