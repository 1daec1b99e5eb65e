//! What is done about a consumer that is slow.

use crate::stream::wire::MAX_FRAMES;

/// How many frames wait for a consumer whose window is full, and what happens to the next one.
///
/// The window is the consumer's: how many frames it is willing to hold. The queue is the
/// producer's, and so is this policy; the consumer need not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    depth: usize,
    overflow: Overflow,
    hold_limit_ns: u64,
}

/// What happens to a frame for which a consumer's queue has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// The frame that waits longest is dropped for this consumer, and the new one waits.
    DropOldest,
    /// The new one is dropped for this consumer.
    DropNewest,
    /// The submission is refused, for all consumers, until there is room. If there is none so many
    /// nanoseconds after the first refusal, the consumer is disconnected.
    Block {
        /// For how long, in nanoseconds.
        deadline_ns: u64,
    },
    /// The consumer is disconnected.
    Disconnect,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Policy {
    /// The latest frame waits, for consumers that show what is now.
    pub const fn mailbox() -> Self {
        Self::fifo(1, Overflow::DropOldest)
    }

    /// Up to `depth` frames wait, in order; 1 to 64.
    pub const fn fifo(depth: usize, overflow: Overflow) -> Self {
        let depth = if depth == 0 {
            1
        } else if depth > MAX_FRAMES {
            MAX_FRAMES
        } else {
            depth
        };
        Self { depth, overflow, hold_limit_ns: SECOND_NS }
    }

    /// The same with another limit for how long a frame may be held while the producer has no free
    /// buffer, in nanoseconds. A consumer that holds one for longer is disconnected. It is a second
    /// unless it is set.
    #[must_use]
    pub const fn with_hold_limit_ns(self, hold_limit_ns: u64) -> Self {
        Self { hold_limit_ns, ..self }
    }

    /// How many frames wait at the most.
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// What happens to the next.
    pub const fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// For how long a frame may be held while the producer has no free buffer, in nanoseconds.
    pub const fn hold_limit_ns(&self) -> u64 {
        self.hold_limit_ns
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::mailbox()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_brought_into_range() {
        let depths = [0, 1, 64, 65, usize::MAX];
        let depths = depths.map(|depth| Policy::fifo(depth, Overflow::DropNewest).depth());
        assert_eq!(depths, [1, 1, 64, 64, 64]);
        assert_eq!(Policy::mailbox().overflow(), Overflow::DropOldest);
        assert_eq!(Policy::default().with_hold_limit_ns(5).hold_limit_ns(), 5);
    }
}
