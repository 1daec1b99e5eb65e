//! What goes over for each frame.

use std::num::NonZeroU64;

use crate::ipc::wire::Fields;
use crate::ipc::wire::HEADER_BYTES;
use crate::stream::wire::BufferId;
use crate::stream::wire::Colour;
use crate::stream::wire::Damage;
use crate::stream::wire::Field;
use crate::stream::wire::Kind;
use crate::stream::wire::Malformed;
use crate::stream::wire::bytes::Reader;
use crate::stream::wire::bytes::header;

const FRAME_BYTES: usize = 48;
const RELEASE_BYTES: usize = 32;

/// A frame: which buffer it is in, and what to know about it. The fence, if it has one, travels
/// with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Counts the frames of the stream. One that is skipped was not for this consumer.
    pub serial: NonZeroU64,
    /// Whatever the producer's user wants the consumer's to have.
    pub user_serial: u64,
    /// When it is to be seen, in nanoseconds of `CLOCK_MONOTONIC`; as soon as it is ready if
    /// `None`.
    pub presentation_ns: Option<NonZeroU64>,
    /// The buffer that it is in.
    pub buffer: BufferId,
    /// Whether a sync file says when the pixels are ready. Without one they are finished.
    pub has_fence: bool,
    /// What has changed since the frame that this consumer was sent before.
    pub damage: Damage,
    /// What the numbers of a pixel mean.
    pub colour: Colour,
}

impl Frame {
    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        let length_bytes = FRAME_BYTES.saturating_add(self.damage.bytes());
        let mut fields = Fields::<FRAME_BYTES>::new();
        fields.put(&header(Kind::Frame, length_bytes));
        fields.put(&self.serial.get().to_le_bytes());
        fields.put(&self.user_serial.to_le_bytes());
        fields.put(&self.presentation_ns.map_or(0, NonZeroU64::get).to_le_bytes());
        fields.put(&u16::from(self.buffer.get()).to_le_bytes());
        fields.put(&[u8::from(self.has_fence), self.damage.code()]);
        fields.put(&self.colour.encode());
        datagram.clear();
        datagram.extend_from_slice(&fields.bytes());
        self.damage.encode(datagram);
    }

    /// Reads a frame over another one. What is left of that after an error means nothing.
    pub(in crate::stream::wire) fn decode(
        &mut self,
        reader: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        reader.expect_at_least(FRAME_BYTES)?;
        let mut fields = reader.fixed::<{ FRAME_BYTES - HEADER_BYTES }>()?;
        self.serial = fields.nonzero_u64(Field::Serial)?;
        self.user_serial = fields.u64()?;
        self.presentation_ns = NonZeroU64::new(fields.u64()?);
        self.buffer = fields.buffer()?;
        self.has_fence = fields.flag(Field::Fence)?;
        let code = fields.u8()?;
        let rectangles_bytes = Damage::count_of(code)?.saturating_mul(16);
        self.colour = Colour::decode(&mut fields)?;
        reader.expect(FRAME_BYTES.saturating_add(rectangles_bytes))?;
        self.damage.decode(code, reader)
    }
}

/// A frame given back. The fence, if there is one, travels with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    /// The serial of the frame.
    pub serial: NonZeroU64,
    /// The buffer that it was in.
    pub buffer: BufferId,
    /// Whether a sync file says when it is not read any more. Without one it is not already.
    pub has_fence: bool,
}

impl Release {
    pub(in crate::stream::wire) fn encode(self, datagram: &mut Vec<u8>) {
        let mut fields = Fields::<RELEASE_BYTES>::new();
        fields.put(&header(Kind::Release, RELEASE_BYTES));
        fields.put(&self.serial.get().to_le_bytes());
        fields.put(&u16::from(self.buffer.get()).to_le_bytes());
        fields.put(&[u8::from(self.has_fence)]);
        datagram.clear();
        datagram.extend_from_slice(&fields.bytes());
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect(RELEASE_BYTES)?;
        let mut fields = reader.fixed::<{ RELEASE_BYTES - HEADER_BYTES }>()?;
        let serial = fields.nonzero_u64(Field::Serial)?;
        let buffer = fields.buffer()?;
        let has_fence = fields.flag(Field::Fence)?;
        fields.reserved::<5>()?;
        Ok(Self { serial, buffer, has_fence })
    }
}
