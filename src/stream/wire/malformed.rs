//! Why a datagram is no message of a stream.

use std::fmt;

use crate::ipc::wire;

/// Why a datagram is no message of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum Malformed {
    /// The header is not that of a stream's message.
    #[error(transparent)]
    Header(wire::Malformed),
    /// Shorter or longer than the message that it claims to be.
    #[error("a datagram of {found} bytes instead of {expected}")]
    Length { expected: usize, found: usize },
    /// The datagram contradicts its header.
    #[error("a datagram of {found} bytes whose header states {stated}")]
    StatedLength { stated: u32, found: usize },
    /// A field has a value that it cannot have.
    #[error("{field} cannot be {found}")]
    OutOfRange { field: Field, found: u64 },
    /// Reserved bytes are not 0. `at` is where they begin in the datagram.
    #[error("reserved bytes at {at} are not 0")]
    Reserved { at: usize },
    /// The image of an announced buffer is none.
    #[error("the image: {0}")]
    Image(wire::Malformed),
    /// A pair of format and modifier is there twice, or away from the others of its format. Entries
    /// are counted from 0, in all sets together.
    #[error("entry {entry} of the offer is out of order or there twice")]
    EntryOrder { entry: usize },
    /// A rectangle is there twice. Counted from 0.
    #[error("rectangle {rectangle} of the damage is there twice")]
    RectangleTwice { rectangle: usize },
    /// The text is no UTF-8, or has a control character in it.
    #[error("the text is not printable UTF-8")]
    Text,
}

/// The fields that cannot have each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are those of the tables of bytes")]
pub enum Field {
    OldestVersion,
    NewestVersion,
    LimitBuffers,
    LimitFrames,
    LimitFds,
    LimitBytes,
    OfferNumber,
    Width,
    Height,
    Sets,
    Usage,
    Entries,
    ExternalOnly,
    Generation,
    Buffer,
    ImageFence,
    Serial,
    Fence,
    Damage,
    Range,
    ChromaSiting,
    RectangleWidth,
    RectangleHeight,
    Reason,
    TextBytes,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OldestVersion => "oldest version",
            Self::NewestVersion => "newest version",
            Self::LimitBuffers => "limit of buffers",
            Self::LimitFrames => "limit of frames",
            Self::LimitFds => "limit of file descriptors",
            Self::LimitBytes => "limit of bytes",
            Self::OfferNumber => "number of the offer",
            Self::Width => "width",
            Self::Height => "height",
            Self::Sets => "count of sets",
            Self::Usage => "usage",
            Self::Entries => "count of entries",
            Self::ExternalOnly => "external-only",
            Self::Generation => "generation",
            Self::Buffer => "buffer",
            Self::ImageFence => "fence of the image",
            Self::Serial => "serial",
            Self::Fence => "fence",
            Self::Damage => "count of rectangles",
            Self::Range => "range",
            Self::ChromaSiting => "place of chroma",
            Self::RectangleWidth => "width of a rectangle",
            Self::RectangleHeight => "height of a rectangle",
            Self::Reason => "reason",
            Self::TextBytes => "length of the text",
        })
    }
}
