//! Why a connection is over.

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
    /// The peer did not get through the handshake in time.
    Silent,
    /// The consumer held frames for too long, or left no room for more in time.
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
            Self::Silent => goodbye(Reason::TooSlow, "the handshake took too long"),
            Self::TooSlow => goodbye(Reason::TooSlow, "frames were not released in time"),
        }
    }
}
