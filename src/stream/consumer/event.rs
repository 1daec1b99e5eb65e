//! What a consumer is told.

use crate::dmabuf::Dmabuf;
use crate::stream::consumer::ReceivedFrame;
use crate::stream::protocol::End;
use crate::stream::wire::BufferId;
use crate::stream::wire::Format;
use crate::stream::wire::Frame;
use crate::sync::SyncFile;

/// What has happened, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConsumerEvent {
    /// All buffers that follow are of this size and format. Those of before go, each when it is
    /// not held any more.
    Format(Format),
    /// A buffer has come: [`Consumer::image`](crate::stream::Consumer::image) is its image. The
    /// time to import it, if the first frame should not wait for that.
    Announced(BufferId),
    /// A frame. It is held until it is [released](crate::stream::Consumer::release).
    Frame(ReceivedFrame),
    /// A buffer has gone: drop what was imported from it. Its number may come again for another
    /// one.
    Gone {
        /// Its number.
        buffer: BufferId,
        /// Its image, for caches of imports to forget.
        image: Dmabuf,
    },
    /// The connection is over, and nothing follows. Frames that are held stay readable, for as long
    /// as the producer does not write to them.
    Ended(End),
}

/// An event that nobody has taken yet. It owns what it brings, so that the images that a consumer
/// has are those of the events that were taken.
#[derive(Debug)]
pub(in crate::stream::consumer) enum Waiting {
    Format(Format),
    Announced { buffer: BufferId, image: Dmabuf },
    Frame { frame: Box<Frame>, fence: Option<SyncFile> },
    Gone { buffer: BufferId },
    Ended(End),
}
