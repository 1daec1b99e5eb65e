//! What a producer refuses its user.

use rustix::io::Errno;

use crate::allocator::AllocateError;
use crate::format::Disagreement;
use crate::format::Fourcc;
use crate::ipc::BindError;
use crate::stream::DispatchError;
use crate::stream::producer::Acquired;
use crate::sync::SyncFileError;

/// Why there is no producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The kernel refused, of which `EMFILE` is the likely error.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why nobody can connect there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// There is no socket at that path.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why somebody does not become a consumer. The connection is closed then, and was told why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The filter does not name this user or process.
    #[error("this user or process is not allowed")]
    NotAllowed,
    /// There are as many consumers as there may be.
    #[error("there are {most} consumers already, which is the most")]
    TooManyPeers {
        /// The most that there may be.
        most: usize,
    },
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why there are no buffers that all can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiateError {
    /// The parties have no format in common; says who lacks what.
    #[error(transparent)]
    NothingInCommon(#[from] Disagreement),
    /// No format that all can use could be allocated.
    #[error("none of {tried} formats in common can be allocated; {fourcc}: {source}")]
    Allocate {
        /// How many formats were tried.
        tried: usize,
        /// The best of them.
        fourcc: Fourcc,
        /// What became of it.
        source: AllocateError,
    },
    /// Generations cannot be counted any further.
    #[error("the stream has had 4294967295 formats: start another one")]
    Exhausted,
}

/// Why no buffer can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// There are no buffers, because there was nobody yet to agree on a format with. See
    /// [`Producer::negotiate`](crate::stream::Producer::negotiate) for who wants to draw before.
    #[error("there is no consumer to agree on a format with")]
    NotConfigured,
    /// All are being written or read: try again when the producer's file descriptor is readable.
    #[error("no buffer is free")]
    NoneFree {
        /// When it is worth another try even if none was released, in nanoseconds of
        /// `CLOCK_MONOTONIC`: somebody has held a frame for too long then. `None` if nobody holds
        /// any.
        until_ns: Option<u64>,
    },
    /// The kernel refused.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
}

/// A frame that was not submitted, and why.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct NotSubmitted {
    pub(in crate::stream::producer) reason: SubmitError,
    pub(in crate::stream::producer) acquired: Option<Acquired>,
}

impl NotSubmitted {
    /// Why.
    pub fn reason(&self) -> SubmitError {
        self.reason
    }

    /// The buffer, to submit it in another way; `None` only after [`SubmitError::Retired`].
    pub fn into_acquired(self) -> Option<Acquired> {
        self.acquired
    }
}

/// Why a frame was not submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The format has changed while it was drawn, and its buffer is gone: acquire another one.
    #[error("the buffer was retired while it was written")]
    Retired,
    /// It is a buffer of another producer.
    #[error("the buffer belongs to another producer")]
    Foreign,
    /// Damage outside of the picture.
    #[error("the damage reaches out of the picture")]
    Damage,
    /// It has a fence, which some consumer cannot wait for, and its buffer cannot carry it
    /// ([`Fencing::Finished`](crate::stream::Fencing)).
    #[error("somebody cannot wait for a fence: finish the frame before it is submitted")]
    Fence,
    /// A consumer that must not miss any frame has no room for one: try again when the producer's
    /// file descriptor is readable.
    #[error("a consumer has no room for another frame")]
    WouldBlock {
        /// When it is worth another try even if nothing was released, in nanoseconds of
        /// `CLOCK_MONOTONIC`: the consumer is late then.
        until_ns: u64,
    },
    /// The fence could not be attached to the buffer.
    #[error("the fence could not be attached to the buffer")]
    Attach(#[source] SyncFileError),
    /// Frames cannot be counted any further.
    #[error("the stream has had 18446744073709551615 frames")]
    Exhausted,
    /// The kernel refused to duplicate the fence, of which `EMFILE` is the likely error.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
    /// Nothing can be dispatched while waiting for room.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
}
