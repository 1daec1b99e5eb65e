//! Page flips and vertical blanks, as they happen.
//!
//! Whoever asks for an event (a page flip, [`Vblank::queue`](crate::kms::vblank::Vblank::queue))
//! gets it through the node's file descriptor. That becomes readable when events are waiting, so it
//! fits into any event loop, without a thread:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use dmashare::device::Node;
//! use dmashare::kms::event::{Event, EventReader};
//!
//! let node = Node::open("/dev/dri/card0")?;
//! let mut events = EventReader::new(&node)?;
//! // Or give `events.as_fd()` to `epoll`, and call `read` when it is readable.
//! while let Some(event) = events.wait(Duration::from_secs(1))? {
//!     match event {
//!         Event::Flip(flip) => println!("frame {} is on the screen", flip.sequence),
//!         Event::Vblank(vblank) => println!("frame {} begins", vblank.sequence),
//!         other => println!("{other:?}"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # One stream for a node
//! All CRTCs and all users of an open node share one stream, and who reads an event takes it away
//! from everybody else. So there is one [`EventReader`] for each node, and its owner hands each event
//! on: every [`Output`](crate::kms::Output) looks at it and says whether it was the end of its own
//! flip; what no output claims is for those who asked for vertical blanks, who know their own by the
//! `user_data`.
//!
//! Spec: "Vertical Blanking" in <https://docs.kernel.org/gpu/drm-kms.html>, `struct drm_event` in
//! `include/uapi/drm/drm.h`.

mod parse;
mod reader;

pub use parse::EventParser;
pub use parse::MalformedEvent;
pub use reader::EventError;
pub use reader::EventReader;

use drm::control::crtc;

use crate::kms::Sequence;
use crate::kms::Timestamp;

/// Something that happened on the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A page flip is complete: the new framebuffer is on the screen, the old one is free.
    #[doc(alias = "DRM_EVENT_FLIP_COMPLETE")]
    Flip(VblankEvent),
    /// A vertical blank that was waited for.
    #[doc(alias = "DRM_EVENT_VBLANK")]
    Vblank(VblankEvent),
    /// A vertical blank that was waited for with a 64-bit number.
    #[doc(alias = "DRM_EVENT_CRTC_SEQUENCE")]
    Sequence(SequenceEvent),
    /// A kind that this crate has never heard of, as drivers may have of their own (from
    /// `0x80000000` on). Its contents are passed over.
    Unknown {
        /// The kernel's number.
        kind: u32,
        /// Its length with its header.
        length_bytes: u32,
    },
}

/// What comes with a page flip or a vertical blank.
///
/// Spec: `struct drm_event_vblank`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VblankEvent {
    /// What whoever asked for the event gave to know it by.
    pub user_data: u64,
    /// When the first pixel of the frame left, in microseconds.
    pub time: Timestamp,
    /// The frame.
    pub sequence: Sequence,
    /// Where it happened; `None` from drivers without `DRM_CAP_CRTC_IN_VBLANK_EVENT` (kernels
    /// before 4.12): know it by the user data then.
    pub crtc: Option<crtc::Handle>,
}

/// What comes with a 64-bit frame number.
///
/// Spec: `struct drm_event_crtc_sequence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceEvent {
    /// What whoever asked for the event gave to know it by. The kernel does not say which CRTC it
    /// was.
    pub user_data: u64,
    /// When the first pixel of the frame left, in nanoseconds, always on the monotonic clock.
    pub time: Timestamp,
    /// The frame.
    pub count: u64,
}
