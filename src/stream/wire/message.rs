//! Any message of a stream.

use crate::ipc::wire;
use crate::stream::wire::Announce;
use crate::stream::wire::ConsumerHello;
use crate::stream::wire::Format;
use crate::stream::wire::Frame;
use crate::stream::wire::Goodbye;
use crate::stream::wire::MAX_MESSAGE_BYTES;
use crate::stream::wire::Malformed;
use crate::stream::wire::Offer;
use crate::stream::wire::ProducerHello;
use crate::stream::wire::Release;
use crate::stream::wire::Retire;
use crate::stream::wire::SpareFrames;
use crate::stream::wire::bytes::Reader;

/// One message, either way. See the [tables](crate::stream::wire) for its bytes.
///
/// ```
/// use std::num::NonZeroU64;
///
/// use dmashare::stream::wire::{BufferId, Malformed, Message, Release};
///
/// let buffer = BufferId::new(2).expect("a buffer of a pool");
/// let release = Release { serial: NonZeroU64::MIN, buffer, has_fence: false };
/// let mut datagram = Vec::new();
/// Message::Release(release).encode(&mut datagram);
/// assert_eq!(datagram.len(), 32);
/// assert_eq!(Message::decode(&datagram), Ok(Message::Release(release)));
///
/// datagram[27] = 1;
/// assert_eq!(Message::decode(&datagram), Err(Malformed::Reserved { at: 27 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// What a consumer says first.
    ConsumerHello(ConsumerHello),
    /// What a producer says first.
    ProducerHello(ProducerHello),
    /// What a consumer can use.
    Offer(Offer),
    /// What all buffers are from now on.
    Format(Format),
    /// A new buffer.
    Announce(Announce),
    /// A buffer that no further frame comes in.
    Retire(Retire),
    /// A frame. It is large and frequent: see [`Message::decode_with`].
    Frame(Box<Frame>),
    /// A frame given back.
    Release(Release),
    /// The last message.
    Goodbye(Goodbye),
}

impl Message {
    /// Reads a datagram. Allocates for a [`Frame`], an [`Offer`] and a [`Goodbye`] alone, and for the
    /// latter no more than the datagram has bytes for.
    ///
    /// # Errors
    /// [`Malformed`]: says which field is wrong.
    pub fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        Self::decode_with(datagram, &mut SpareFrames::new())
    }

    /// As [`Message::decode`], but a frame is written to one of `spares`. Give it back to them when
    /// it is not needed any more, and no frame but the first ones allocates.
    ///
    /// # Errors
    /// [`Malformed`]: says which field is wrong.
    pub fn decode_with(datagram: &[u8], spares: &mut SpareFrames) -> Result<Self, Malformed> {
        let (kind, mut reader) = Reader::behind_header(datagram)?;
        let reader = &mut reader;
        Ok(match kind {
            Kind::ConsumerHello => Self::ConsumerHello(ConsumerHello::decode(reader)?),
            Kind::ProducerHello => Self::ProducerHello(ProducerHello::decode(reader)?),
            Kind::Offer => Self::Offer(Offer::decode(reader)?),
            Kind::Format => Self::Format(Format::decode(reader)?),
            Kind::Announce => Self::Announce(Announce::decode(reader)?),
            Kind::Retire => Self::Retire(Retire::decode(reader)?),
            Kind::Frame => {
                let mut frame = spares.take();
                frame.decode(reader)?;
                Self::Frame(frame)
            }
            Kind::Release => Self::Release(Release::decode(reader)?),
            Kind::Goodbye => Self::Goodbye(Goodbye::decode(reader)?),
        })
    }

    /// Why a datagram is refused of which only the beginning was received, because it is longer
    /// than any message.
    pub(in crate::stream) fn refuse_cut(beginning: &[u8], sent_bytes: usize) -> Malformed {
        match wire::Header::decode(beginning, sent_bytes) {
            Err(malformed) => Malformed::Header(malformed),
            Ok(_) => Malformed::Length { expected: MAX_MESSAGE_BYTES, found: sent_bytes },
        }
    }

    /// Writes the datagram over what is in `datagram`, whose memory is used again.
    pub fn encode(&self, datagram: &mut Vec<u8>) {
        match self {
            Self::ConsumerHello(message) => message.encode(datagram),
            Self::ProducerHello(message) => message.encode(datagram),
            Self::Offer(message) => message.encode(datagram),
            Self::Format(message) => message.encode(datagram),
            Self::Announce(message) => message.encode(datagram),
            Self::Retire(message) => message.encode(datagram),
            Self::Frame(message) => message.encode(datagram),
            Self::Release(message) => message.encode(datagram),
            Self::Goodbye(message) => message.encode(datagram),
        }
    }

    /// Which message it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::ConsumerHello(_) => Kind::ConsumerHello,
            Self::ProducerHello(_) => Kind::ProducerHello,
            Self::Offer(_) => Kind::Offer,
            Self::Format(_) => Kind::Format,
            Self::Announce(_) => Kind::Announce,
            Self::Retire(_) => Kind::Retire,
            Self::Frame(_) => Kind::Frame,
            Self::Release(_) => Kind::Release,
            Self::Goodbye(_) => Kind::Goodbye,
        }
    }

    /// How many file descriptors travel with it: at most
    /// [`MAX_SLOTS`](crate::ipc::wire::MAX_SLOTS).
    pub fn slots(&self) -> usize {
        match self {
            Self::Announce(announce) => announce.image().slots(),
            Self::Frame(frame) => usize::from(frame.has_fence),
            Self::Release(release) => usize::from(release.has_fence),
            _ => 0,
        }
    }
}

impl From<Frame> for Message {
    /// Allocates.
    fn from(frame: Frame) -> Self {
        Self::Frame(Box::new(frame))
    }
}

/// Which message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the name of a message")]
pub enum Kind {
    ConsumerHello,
    ProducerHello,
    Offer,
    Format,
    Announce,
    Retire,
    Frame,
    Release,
    Goodbye,
}

impl Kind {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 9] = [
        Self::ConsumerHello,
        Self::ProducerHello,
        Self::Offer,
        Self::Format,
        Self::Announce,
        Self::Retire,
        Self::Frame,
        Self::Release,
        Self::Goodbye,
    ];

    /// The number in the header.
    pub fn code(self) -> u16 {
        match self {
            Self::ConsumerHello => 16,
            Self::ProducerHello => 17,
            Self::Offer => 18,
            Self::Format => 19,
            Self::Announce => 20,
            Self::Retire => 21,
            Self::Frame => 22,
            Self::Release => 23,
            Self::Goodbye => 24,
        }
    }

    /// The kind of a number, if a stream has one.
    pub(in crate::stream::wire) fn from_code(code: u16) -> Result<Self, Malformed> {
        let kind = Self::ALL.into_iter().find(|kind| kind.code() == code);
        kind.ok_or(Malformed::Header(wire::Malformed::Kind { found: code }))
    }
}
