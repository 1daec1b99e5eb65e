//! What can go wrong on the way to a monitor.

use crate::egl::FenceError;
use crate::format::Fourcc;
use crate::gl::NotCurrent;
use crate::kms::CommitError;
use crate::kms::TopologyError;
use crate::kms::event::EventError;
use crate::sync::WaitError;

/// Why there is no swap chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanoutError {
    /// Fewer than two buffers, or more than eight.
    #[error("a swap chain has 2 to 8 buffers, not {buffers}")]
    BufferCount {
        /// How many were asked for.
        buffers: usize,
    },
    /// No format was found that GL draws, the plane shows and somebody allocates.
    #[error("no format can be drawn and shown: {}", explained(attempts))]
    NoFormat {
        /// Each format that was tried, and why it will not do.
        attempts: Vec<(Fourcc, String)>,
    },
    /// The output has no primary plane.
    #[error("the output has no primary plane")]
    NoPrimaryPlane,
    /// The display could not be looked at.
    #[error("the display could not be looked at")]
    Topology(#[from] TopologyError),
    /// The context is not current.
    #[error(transparent)]
    NotCurrent(#[from] NotCurrent),
    /// This way of synchronisation was asked for, and GL or the display does not have it.
    #[error("the display cannot wait for GL in this way: {reason}")]
    Unsupported {
        /// What is missing.
        reason: String,
    },
}

/// Why a frame was not drawn or not shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// No buffer became free in time: the flip that would free one is not complete.
    #[error("no flip was completed in time")]
    TimedOut,
    /// The node's events could not be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The display refused, and the frame was dropped. A display that is merely busy is asked again.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The context is not current.
    #[error(transparent)]
    NotCurrent(#[from] NotCurrent),
    /// GL gave no fence.
    #[error(transparent)]
    Fence(#[from] FenceError),
    /// GL did not finish the first frame, or failed.
    #[error("the first frame was not finished")]
    Unfinished(#[from] WaitError),
}

fn explained(attempts: &[(Fourcc, String)]) -> String {
    let explained = attempts.iter().map(|(fourcc, reason)| format!("{fourcc}: {reason}"));
    explained.collect::<Vec<_>>().join("; ")
}
