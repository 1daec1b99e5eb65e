//! How a peer breaks the protocol.

use std::num::NonZeroU32;
use std::num::NonZeroU64;

use crate::stream::wire::BufferId;
use crate::stream::wire::Kind;
use crate::stream::wire::Reason;

/// What a peer did that it must not do. Its connection ends, and nobody else's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum Violation {
    /// No message of this kind can come at this time, or from this side at all.
    #[error("a message {kind:?} while {state}")]
    Unexpected { kind: Kind, state: &'static str },
    /// There is no version of the stream that both speak.
    #[error("no common version: {theirs:?} there, {ours:?} here, oldest and newest")]
    Version { theirs: [u16; 2], ours: [u16; 2] },
    /// A release of a buffer that the consumer does not hold: it never had it, or released it
    /// before.
    #[error("buffer {buffer} is released but not held")]
    NotHeld { buffer: BufferId },
    /// A release of another frame than the one that is held.
    #[error("frame {found} in buffer {buffer} is released, but {held} is held")]
    WrongSerial { buffer: BufferId, found: NonZeroU64, held: NonZeroU64 },
    /// A fence came that was not agreed on, or it did not come with its message.
    #[error("a fence that was not agreed on, or none where one was stated")]
    Fence,
    /// The number of an offer is not more than that of the one before.
    #[error("offer {found} after {before}")]
    OfferNumber { found: NonZeroU32, before: u32 },
    /// Another offer before the last one was answered.
    #[error("offer {found} before the last one was answered")]
    OfferUnanswered { found: NonZeroU32 },
    /// More offers than can be considered.
    #[error("offers come faster than they may")]
    OfferFlood,
    /// A format for an offer that was not made, or not the last one that was answered.
    #[error("a format for offer {found}, where {answered} is answered and {last} is the last")]
    Answer { found: NonZeroU32, answered: u32, last: u32 },
    /// A format of an earlier generation, or a changed one of the same.
    #[error("generation {found} of the format after {current}")]
    Generation { found: NonZeroU32, current: u32 },
    /// A format that was not offered.
    #[error("a format that was not offered")]
    NotOffered,
    /// A buffer of another size, format or modifier than all are to have.
    #[error("buffer {buffer} is not of the stream's format")]
    WrongImage { buffer: BufferId },
    /// An image that only its driver can check, which was not agreed on.
    #[error("buffer {buffer} is checked by its driver alone, which was not agreed on")]
    KernelChecked { buffer: BufferId },
    /// A buffer is announced in the place of another, or a frame comes in one that is held.
    #[error("buffer {buffer} is in use")]
    InUse { buffer: BufferId },
    /// A frame or a retirement of a buffer that was not announced.
    #[error("there is no buffer {buffer}")]
    NoBuffer { buffer: BufferId },
    /// More buffers, file descriptors or bytes than the consumer is willing to keep.
    #[error("buffer {buffer} is more than may be announced")]
    OverLimit { buffer: BufferId },
    /// More frames than the consumer is willing to hold.
    #[error("frame {serial} is more than may be held")]
    TooManyFrames { serial: NonZeroU64 },
    /// A frame that is not later than the one before.
    #[error("frame {found} after {before}")]
    SerialOrder { found: NonZeroU64, before: u64 },
    /// Damage outside of the picture.
    #[error("frame {serial} has changed outside of its picture")]
    Damage { serial: NonZeroU64 },
}

impl Violation {
    /// What the peer is told.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Version { .. } => Reason::Version,
            Self::OverLimit { .. } | Self::TooManyFrames { .. } | Self::OfferFlood => Reason::Limit,
            _ => Reason::Protocol,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::protocol::fixtures::*;

    #[test]
    fn peer_is_told_whether_it_costs_too_much_or_breaks_the_rules() {
        for (violation, reason) in [
            (Violation::Version { theirs: [2, 2], ours: [1, 1] }, Reason::Version),
            (Violation::OverLimit { buffer: id(0) }, Reason::Limit),
            (Violation::TooManyFrames { serial: serial(1) }, Reason::Limit),
            (Violation::OfferFlood, Reason::Limit),
            (Violation::NotHeld { buffer: id(0) }, Reason::Protocol),
            (Violation::Fence, Reason::Protocol),
        ] {
            assert_eq!(violation.reason(), reason, "{violation}");
        }
    }
}
