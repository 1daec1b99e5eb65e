//! Memory for frames.

use std::num::NonZeroU64;

use crate::stream::wire::BufferId;
use crate::stream::wire::Colour;
use crate::stream::wire::Damage;
use crate::stream::wire::Frame;

/// Frames that nobody needs any more, whose memory the next ones are written to: a frame is large,
/// because of its rectangles, and is neither moved nor allocated again and again.
///
/// It keeps what it is given, which is as many as were ever in use at once.
#[derive(Clone, Debug, Default)]
#[allow(clippy::vec_box, reason = "a frame goes around in its box, and comes back in it")]
pub struct SpareFrames {
    frames: Vec<Box<Frame>>,
}

impl SpareFrames {
    /// None yet: the first frames are allocated.
    pub fn new() -> Self {
        Self::default()
    }

    /// A frame to write over. What it says means nothing.
    pub fn take(&mut self) -> Box<Frame> {
        let blank = || {
            Box::new(Frame {
                serial: NonZeroU64::MIN,
                user_serial: 0,
                presentation_ns: None,
                buffer: BufferId::FIRST,
                has_fence: false,
                damage: Damage::NOTHING,
                colour: Colour::UNSPECIFIED,
            })
        };
        self.frames.pop().unwrap_or_else(blank)
    }

    /// Gives a frame back.
    pub fn put(&mut self, frame: Box<Frame>) {
        self.frames.push(frame);
    }
}
