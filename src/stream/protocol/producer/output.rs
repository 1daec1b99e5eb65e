//! What a producer has to say.

use std::fmt;
use std::num::NonZeroU64;

use crate::stream::protocol::End;
use crate::stream::wire::BufferId;
use crate::stream::wire::Colour;
use crate::stream::wire::Damage;
use crate::stream::wire::Message;

/// A consumer, for as long as its connection lasts. None is ever used for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerId {
    pub(in crate::stream) place: usize,
    pub(in crate::stream::protocol::producer) connection: u32,
}

impl fmt::Display for PeerId {
    /// The how-manieth connection it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connection.fmt(f)
    }
}

/// What is to be done, or has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Send this: an announcement with the file descriptors of its buffer, a frame that says so
    /// with the [`acquire_fence`](super::Producer::acquire_fence) of its buffer. Give frames back
    /// with [`recycle`](super::Producer::recycle).
    Send {
        /// To whom.
        peer: PeerId,
        /// What.
        message: Message,
    },
    /// A consumer has made an offer that the format is not in, or there is no format yet. It waits
    /// for [`configure`](super::Producer::configure), or to be dismissed.
    Offered {
        /// Who.
        peer: PeerId,
    },
    /// A consumer does not get a frame, by the policy or because it was not told of its buffer.
    Missed {
        /// Who.
        peer: PeerId,
        /// The serial of the frame.
        serial: NonZeroU64,
    },
    /// A consumer has left. Close its connection, after what was to be sent before.
    Left {
        /// Who.
        peer: PeerId,
        /// Why.
        end: End,
    },
    /// A buffer was retired and is held by nobody: its image can be dropped.
    Gone {
        /// Its number, which may belong to another buffer from now on.
        buffer: BufferId,
    },
}

/// What to know about a frame beside its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Whatever the consumers are to have.
    pub user_serial: u64,
    /// When it is to be seen, in nanoseconds of `CLOCK_MONOTONIC`; as soon as it is ready if
    /// `None`.
    pub presentation_ns: Option<NonZeroU64>,
    /// What has changed since the frame that was submitted before.
    pub damage: Damage,
    /// What the numbers of a pixel mean.
    pub colour: Colour,
}

impl Picture {
    /// What another one says. Moves no more of the damage than there is.
    pub(in crate::stream::protocol::producer) fn set(&mut self, other: &Self) {
        let Self { user_serial, presentation_ns, ref damage, colour } = *other;
        (self.user_serial, self.presentation_ns) = (user_serial, presentation_ns);
        self.damage.set(damage);
        self.colour = colour;
    }
}

impl Default for Picture {
    /// Everything has changed, and nothing more is said.
    fn default() -> Self {
        Self {
            user_serial: 0,
            presentation_ns: None,
            damage: Damage::EVERYTHING,
            colour: Colour::UNSPECIFIED,
        }
    }
}
