//! Why a connection is over.

use crate::ipc::ReceiveError;
use crate::ipc::SendError;
use crate::stream::protocol::Violation;
use crate::stream::wire::Goodbye;
use crate::stream::wire::Malformed;
use crate::stream::wire::Reason;
use crate::stream::wire::Text;

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The peer said goodbye.
    Peer(Goodbye),
    /// The connection is gone, without a goodbye.
    Lost,
    /// This side ended it, and has told the peer so.
    Here(Goodbye),
    /// The peer broke the protocol.
    Violation(Violation),
    /// The peer sent what is no message.
    Malformed(Malformed),
    /// What came with a message cannot be used: too many file descriptors or too few, what is no
    /// image or no fence. Or nothing could be received at all. Never
    /// [`ReceiveError::WouldBlock`], [`ReceiveError::TimedOut`] or [`ReceiveError::Closed`].
    Unusable(ReceiveError),
    /// A message could not be sent. Never [`SendError::WouldBlock`], [`SendError::TimedOut`] or
    /// [`SendError::Closed`].
    Unsent(SendError),
    /// The peer did not get through the handshake in time.
    Silent,
    /// The peer held frames for too long, left no room for more in time, or did not read what it
    /// was sent.
    TooSlow,
}

impl End {
    /// What the peer is told, if there is still somebody to tell.
    pub(in crate::stream::protocol) fn goodbye(&self) -> Option<Goodbye> {
        let goodbye = |reason, text: &str| Some(Goodbye { reason, text: Text::new(text) });
        match self {
            Self::Peer(_) | Self::Lost => None,
            Self::Here(goodbye) => Some(goodbye.clone()),
            Self::Violation(violation) => goodbye(violation.reason(), &violation.to_string()),
            Self::Malformed(malformed) => goodbye(Reason::Protocol, &malformed.to_string()),
            Self::Unusable(error @ (ReceiveError::Truncated | ReceiveError::Call { .. })) => {
                goodbye(Reason::Failed, &error.to_string())
            }
            Self::Unusable(error) => goodbye(Reason::Protocol, &error.to_string()),
            Self::Unsent(error) => goodbye(Reason::Failed, &error.to_string()),
            Self::Silent => goodbye(Reason::TooSlow, "the handshake took too long"),
            Self::TooSlow => goodbye(Reason::TooSlow, "frames were not released in time"),
        }
    }
}
