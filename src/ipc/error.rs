//! Why an image did not go over.

use rustix::io::Errno;

use crate::dmabuf::InvalidDescriptor;
use crate::ipc::wire::Malformed;
use crate::sync::SyncFileError;

/// Why an image was not sent. Nothing has left this process then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peer has closed its end.
    #[error("the peer has closed the connection")]
    Closed,
    /// The peer reads too slowly, and the socket is non-blocking: wait until it can be written.
    #[error("the socket is full")]
    WouldBlock,
    /// The peer did not read in time.
    #[error("the peer made no room in time")]
    TimedOut,
    /// The kernel lets a user have only so many file descriptors on their way.
    #[error("too many file descriptors are waiting to be received: the peer reads too slowly")]
    TooManyInFlight,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl SendError {
    /// What the answer of the system call means.
    pub(crate) fn of_sendmsg(errno: Errno) -> Self {
        match errno {
            Errno::PIPE | Errno::CONNRESET => Self::Closed,
            Errno::AGAIN => Self::WouldBlock,
            Errno::TOOMANYREFS => Self::TooManyInFlight,
            errno => Self::Call { call: "sendmsg", errno },
        }
    }
}

/// Why no image was received. Every file descriptor that came with the message has been closed.
///
/// The message is gone, but the connection is not: the next one can be received. A peer that sends
/// what is refused here is broken or hostile, though, and best left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The message breaks the format.
    #[error("the message is malformed")]
    Malformed(#[source] Malformed),
    /// Fewer file descriptors arrived than were sent.
    #[error("file descriptors were lost on arrival: this process has reached its limit of them")]
    Truncated,
    /// More file descriptors than the message refers to.
    #[error("{found} file descriptors or more came with a message for {expected}")]
    SurplusFds {
        /// How many the message refers to.
        expected: usize,
        /// How many were counted.
        found: usize,
    },
    /// Fewer file descriptors than the message refers to.
    #[error("{found} file descriptors came with a message for {expected}")]
    MissingFds {
        /// How many the message refers to.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// The peer says that its image is checked by its driver alone, and this side has not agreed
    /// to that.
    #[error("the image is checked by its driver alone: see `Channel::allow_kernel_checked`")]
    KernelChecked,
    /// The claim is no image.
    #[error("the peer's claim is no image")]
    Image(#[source] InvalidDescriptor),
    /// What was sent for a fence is none.
    #[error("the peer's fence cannot be used")]
    Fence(#[source] SyncFileError),
    /// The peer has closed its end, and all that it sent has been received.
    #[error("the peer has closed the connection")]
    Closed,
    /// There is no message, and the socket is non-blocking: wait until it can be read.
    #[error("no message is waiting")]
    WouldBlock,
    /// No message came in time.
    #[error("no message came in time")]
    TimedOut,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl ReceiveError {
    /// What the answer of the system call means.
    pub(crate) fn of_recvmsg(errno: Errno) -> Self {
        match errno {
            Errno::AGAIN => Self::WouldBlock,
            errno => Self::Call { call: "recvmsg", errno },
        }
    }
}
