//! What holds for the buffers of an image together.

use crate::dmabuf::Backing;
use crate::dmabuf::BackingKind;

/// What an importer asks about all buffers of an image, put together once, when the image is checked.
#[derive(Clone, Copy, Debug)]
pub(in crate::dmabuf) struct Buffers {
    /// Whether each can be mapped for writing.
    pub(in crate::dmabuf) are_writable: bool,
    /// Whether each is a memfd.
    pub(in crate::dmabuf) are_memfds: bool,
    /// How large the largest is.
    pub(in crate::dmabuf) largest_bytes: u64,
}

impl Buffers {
    pub(in crate::dmabuf) fn of(backings: &[Backing]) -> Self {
        let none = Self { are_writable: true, are_memfds: true, largest_bytes: 0 };
        backings.iter().fold(none, |known, backing| Self {
            are_writable: known.are_writable & backing.is_writable(),
            are_memfds: known.are_memfds & (backing.kind() == BackingKind::Memfd),
            largest_bytes: known.largest_bytes.max(backing.size_bytes()),
        })
    }
}
