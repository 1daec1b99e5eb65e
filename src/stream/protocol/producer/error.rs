//! What a producer refuses its user.

use crate::stream::wire::BufferId;

/// Why nobody can connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There are as many consumers as there may be.
    #[error("there are {most} consumers already, which is the most")]
    TooManyPeers {
        /// The most that there may be.
        most: usize,
    },
}

/// Why there is no further format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigureError {
    /// Generations cannot be counted any further.
    #[error("the stream has had 4294967295 formats: start another one")]
    Exhausted,
}

/// Why a buffer was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// There is no format that it could be of.
    #[error("the stream has no format: configure it first")]
    NotConfigured,
    /// It is of another size, format or modifier.
    #[error("the image is not of the stream's size, format and modifier")]
    WrongImage,
    /// There are 64, some of which may be retired and still held.
    #[error("there are 64 buffers already")]
    PoolFull,
}

/// Why no buffer can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// All are being written or read: try again when one was released.
    #[error("no buffer is free")]
    NoneFree {
        /// When it is worth another try even if none was released: somebody has held a frame for
        /// too long then. `None` if nobody holds any.
        until_ns: Option<u64>,
    },
}

/// Why a frame was not submitted. Its buffer is still the caller's to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The buffer was not acquired.
    #[error("buffer {buffer} was not acquired")]
    NotAcquired {
        /// Which one.
        buffer: BufferId,
    },
    /// It has been retired while it was written, and is gone now: acquire another one.
    #[error("buffer {buffer} was retired while it was written")]
    Retired {
        /// Which one.
        buffer: BufferId,
    },
    /// Damage outside of the picture.
    #[error("the damage reaches out of the picture")]
    Damage,
    /// It has a fence, which this side said it never sends, or which some consumer cannot wait for:
    /// finish the frame first.
    #[error("somebody cannot wait for a fence: finish the frame before it is submitted")]
    Fence,
    /// A consumer that must not miss any frame has no room for one.
    #[error("a consumer has no room for another frame")]
    WouldBlock {
        /// When it is worth another try even if nothing was released: the consumer is late then.
        until_ns: u64,
    },
    /// Frames cannot be counted any further.
    #[error("the stream has had 18446744073709551615 frames")]
    Exhausted,
}
