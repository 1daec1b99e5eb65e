//! Why a connection is over.

use std::fmt;

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

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |f: &mut fmt::Formatter<'_>, who, goodbye: &Goodbye| {
            write!(f, "{who} ended it: {}", goodbye.reason)?;
            let text = goodbye.text.as_str();
            if text.is_empty() { Ok(()) } else { write!(f, " ({text})") }
        };
        match self {
            Self::Peer(goodbye) => said(f, "the peer", goodbye),
            Self::Here(goodbye) => said(f, "this side", goodbye),
            Self::Lost => f.write_str("the peer has gone without a goodbye"),
            Self::Violation(violation) => write!(f, "the peer broke the protocol: {violation}"),
            Self::Malformed(malformed) => write!(f, "the peer sent no message: {malformed}"),
            Self::Unusable(error) => write!(f, "what the peer sent cannot be used: {error}"),
            Self::Unsent(error) => write!(f, "a message was not sent: {error}"),
            Self::Silent => f.write_str("the peer took too long for the handshake"),
            Self::TooSlow => f.write_str("the peer was too slow"),
        }
    }
}
