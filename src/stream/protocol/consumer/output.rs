//! What a consumer has to say.

use crate::stream::protocol::End;
use crate::stream::wire::BufferId;
use crate::stream::wire::Format;
use crate::stream::wire::Frame;
use crate::stream::wire::Message;

/// What is to be done, or has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Send this: a release that says so with its fence.
    Send(Message),
    /// All buffers that follow are of this format.
    Format(Format),
    /// Import this buffer.
    Announced {
        /// Its number.
        buffer: BufferId,
    },
    /// A buffer was retired, and is not held: its image can be dropped.
    Gone {
        /// Its number, which may belong to another buffer from now on.
        buffer: BufferId,
    },
    /// A frame, which is held from now on. Its buffer stays as it is until it is
    /// [released](super::Consumer::release). Its memory is that of the message.
    Frame(Box<Frame>),
    /// The connection is over. What is held stays as it is for as long as the producer lets it.
    Left(End),
}
