//! What a consumer refuses its user.

use crate::stream::wire::BufferId;
use crate::stream::wire::Malformed;

/// Why there is no further offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// The last one has not been answered: make this one when it is.
    #[error("the last offer has not been answered")]
    Unanswered,
    /// It cannot be sent.
    #[error("the offer cannot be sent")]
    Malformed(#[source] Malformed),
    /// Offers cannot be counted any further.
    #[error("there have been 4294967295 offers")]
    Exhausted,
    /// The connection is over.
    #[error("the connection is over")]
    Ended,
}

/// Why a frame cannot be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// No frame in this buffer is held.
    #[error("buffer {buffer} is not held")]
    NotHeld {
        /// Which one.
        buffer: BufferId,
    },
    /// It has a fence, which this side said it never sends, or which the producer cannot wait for:
    /// finish reading first.
    #[error("the producer cannot wait for a fence: finish reading before the frame is released")]
    Fence,
}
