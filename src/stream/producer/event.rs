//! What a producer is told.

use std::num::NonZeroU64;

use crate::dmabuf::Dmabuf;
use crate::ipc::AcceptError;
use crate::ipc::PeerCredentials;
use crate::stream::producer::JoinError;
use crate::stream::producer::NegotiateError;
use crate::stream::protocol::End;
use crate::stream::protocol::producer::PeerId;
use crate::stream::wire::BufferId;
use crate::stream::wire::Format;
use crate::stream::wire::Size;

/// What has happened, in order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ProducerEvent {
    /// A consumer has connected. It is sent frames once it has got through the handshake, and a
    /// format was found that it can use too. [`ProducerEvent::Left`] is its last event.
    Joined {
        /// Who, from now on.
        peer: PeerId,
        /// Who the kernel says it is.
        credentials: PeerCredentials,
    },
    /// Somebody has connected who may not, and was told so.
    Refused {
        /// Who the kernel says it is, if it says.
        credentials: Option<PeerCredentials>,
        /// Why not.
        reason: JoinError,
    },
    /// A connection could not be accepted, of which too many open files is the likely reason. It is
    /// tried again after a while; those who are connected notice nothing.
    NotAccepted(AcceptError),
    /// What all buffers are from now on: make all render targets again. Those of before go, each
    /// when it is not held any more.
    Configured(Format),
    /// A buffer has gone: drop what was imported from it. Its number may come again for another
    /// one.
    Retired {
        /// Its number.
        buffer: BufferId,
        /// Its image, for caches of imports to forget.
        image: Dmabuf,
    },
    /// A consumer would like frames of another size. [`Producer::resize`](crate::stream::Producer::resize)
    /// would follow.
    Wished {
        /// Who.
        peer: PeerId,
        /// The size in pixels; `None` for whatever there is.
        size: Option<Size>,
    },
    /// A consumer did not get a frame, by the policy, or because it waited for room when the format
    /// changed. Its damage is in the next one that it gets.
    ///
    /// While very many events wait to be taken, this one is left out;
    /// [`Producer::missed_frames`](crate::stream::Producer::missed_frames) counts on.
    Missed {
        /// Who.
        peer: PeerId,
        /// The serial of the frame.
        serial: NonZeroU64,
    },
    /// A consumer has left.
    Left {
        /// Who.
        peer: PeerId,
        /// Why.
        end: End,
    },
    /// No buffers could be made that all can use: those who had just come were sent away, and
    /// nothing has changed for the others.
    NegotiationFailed(NegotiateError),
}
