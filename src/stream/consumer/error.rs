//! Why a consumer could not do something.

use rustix::io::Errno;

use crate::ipc;
use crate::stream::DispatchError;
use crate::stream::consumer::ReceivedFrame;
use crate::stream::protocol::End;
use crate::stream::wire::Malformed;

/// Why there is no consumer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no connection.
    #[error(transparent)]
    Connection(#[from] ipc::ConnectError),
    /// The settings cannot be sent: an empty set of formats, or more than 2048 entries.
    #[error("the wished formats cannot be sent")]
    Offer(#[source] Malformed),
    /// The kernel refused, of which `EMFILE` is the likely error.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why there is no next event, or no next frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NextError {
    /// None came in time.
    #[error("nothing came in time")]
    TimedOut,
    /// The connection is over, and all that came before has been taken.
    #[error("the connection is over: {0}")]
    Ended(End),
    /// The kernel refused.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
}

/// A frame that was not released, and why. It is still held.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct NotReleased {
    pub(in crate::stream::consumer) reason: ReleaseError,
    pub(in crate::stream::consumer) frame: Box<ReceivedFrame>,
}

impl NotReleased {
    /// Why.
    pub fn reason(&self) -> ReleaseError {
        self.reason
    }

    /// The frame, to release it in another way.
    pub fn into_frame(self) -> ReceivedFrame {
        *self.frame
    }
}

/// Why a frame is not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It has a fence, which this side said it never sends, or which the producer cannot wait for.
    #[error("the producer cannot wait for a fence: finish reading before the frame is released")]
    Fence,
    /// It is a frame of another consumer.
    #[error("the frame belongs to another consumer")]
    Foreign,
}
