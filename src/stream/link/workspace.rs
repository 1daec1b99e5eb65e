//! Memory for one message at a time.

use crate::stream::wire::MAX_MESSAGE_BYTES;
use crate::stream::wire::SpareFrames;

/// The longest message that is sent again and again: a frame with all its rectangles.
const FRAME_ROOM_BYTES: usize = 512;

/// The memory in which messages are read and written, one at a time: all connections of a producer
/// share it, so that a frame for many of them needs no more of the caches than one for a few.
#[derive(Debug)]
pub(in crate::stream) struct Workspace {
    /// A datagram that has come.
    pub(in crate::stream::link) received: Box<[u8]>,
    /// A datagram that goes.
    pub(in crate::stream::link) encoded: Vec<u8>,
    /// What frames that come are written to.
    pub(in crate::stream) spares: SpareFrames,
}

impl Workspace {
    pub(in crate::stream) fn new() -> Self {
        Self {
            received: vec![0; MAX_MESSAGE_BYTES].into_boxed_slice(),
            encoded: Vec::with_capacity(FRAME_ROOM_BYTES),
            spares: SpareFrames::new(),
        }
    }
}
