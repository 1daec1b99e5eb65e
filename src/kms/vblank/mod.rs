//! Vertical blanks: which frame the display shows, since when, and when the next one comes.
//!
//! Between two frames a display rests for a moment, the **vertical blank**. It is the moment at
//! which a new picture is taken up, and the clock that everything visible runs by: draw once for
//! each, and motion is even; draw more often, and the work is thrown away. The kernel counts the
//! blanks of each CRTC and notes when each was; [`Vblank`] asks it.
//!
//! # Waiting for the next frame
//! ```no_run
//! use dmashare::device::Node;
//! use dmashare::kms::Topology;
//! use dmashare::kms::vblank::{Target, Vblank};
//!
//! let node = Node::open("/dev/dri/card0")?;
//! let topology = Topology::read_known(&node)?;
//! let lit = topology.crtcs.iter().find(|crtc| crtc.mode.is_some());
//! let vblank = Vblank::new(&node, lit.ok_or("no CRTC is on")?)?;
//!
//! let mut last = vblank.query()?;
//! for _ in 0..60 {
//!     let frame = vblank.wait(Target::AtOrNext(last.sequence.plus(1)))?;
//!     let interval = frame.time.since(last.time);
//!     println!("frame {}, {interval:?} after the last", frame.sequence);
//!     last = frame;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! No privilege is needed: anybody who can open the primary node may ask, whoever is master.
//!
//! # Which frame to wait for
//! | [`Target`] | waits for |
//! |---|---|
//! | `After(0)` | nothing: the last frame is told at once, as by [`Vblank::query`] |
//! | `After(n)` | the `n`th frame from now |
//! | `At(frame)` | that frame; if it is past, it is told at once |
//! | `AtOrNext(frame)` | that frame; if it is past, the next one: never twice the same |
//!
//! A loop that must not drift waits for `AtOrNext(last.plus(1))`, as above: `After(1)` begins to count when the
//! kernel sees it, so that work which took longer than a frame shifts everything after it.
//!
//! # Blocking, or events
//! [`Vblank::wait`] blocks the thread; the kernel gives up after three seconds
//! ([`VblankError::TimedOut`]), and [`Vblank::wait_timeout`] earlier if told so.
//! [`Vblank::queue`] returns at once, and the frame comes as an
//! [`Event::Vblank`](crate::kms::event::Event::Vblank) with the `user_data` that was given, for an
//! event loop. The kernel keeps 128 events for one open file, waiting or unread; then it is
//! [`VblankError::QueueFull`].
//!
//! # Numbers that begin again
//! Frames have 32-bit numbers that begin again at 0, so they are compared by
//! [`Sequence::is_after`](crate::kms::Sequence::is_after), never by `<`. A
//! [`SequenceTracker`](crate::kms::SequenceTracker) makes 64-bit numbers of them. Kernels from 4.15
//! on also count in 64 bits and in nanoseconds: [`Vblank::count`], [`Vblank::queue_count`].
//!
//! # Which CRTC
//! `DRM_IOCTL_WAIT_VBLANK` does not take the id of a CRTC but its place in the device's list, from
//! 0, and the first two, the second and all others each in bits of their own. [`Vblank::new`] takes
//! the [`Crtc`](crate::kms::Crtc) and knows. A CRTC that is off has no blanks:
//! [`VblankError::CrtcOff`].
//!
//! # When a wait is interrupted
//! A signal interrupts the call; it is made again, for the same frame. (The kernel turns a relative
//! target into an absolute one before it sleeps, and gives that back, so that the wait does not
//! become longer by being interrupted.)
//!
//! Spec: `DRM_IOCTL_WAIT_VBLANK`, `DRM_IOCTL_CRTC_GET_SEQUENCE` and
//! `DRM_IOCTL_CRTC_QUEUE_SEQUENCE` in `include/uapi/drm/drm.h`;
//! <https://docs.kernel.org/gpu/drm-kms.html#vertical-blanking>.

mod error;
mod sys;
mod target;
mod wait;

pub use error::VblankError;
pub use target::CountTarget;
pub use target::Target;
pub use wait::CrtcSequence;
pub use wait::Frame;
pub use wait::Vblank;
