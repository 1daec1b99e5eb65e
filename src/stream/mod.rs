//! Frames from one producer to several consumers: buffers announced once, then numbers and fences.
//!
//! [`ipc`](crate::ipc) hands one image over. A stream hands over the same few images again and
//! again, so each is announced and imported once; a frame is then one small datagram that names a
//! buffer, and the answer is another one that gives it back. [`Producer`] and [`Consumer`] do all
//! that over sockets; what is said is in [`wire`], and what it means in [`protocol`], which open no
//! socket and no file descriptor.
//!
//! ```
//! use std::time::Duration;
//!
//! use dmashare::allocator::Memfd;
//! use dmashare::dmabuf::Access;
//! use dmashare::format::{FormatSet, Fourcc, Modifier, Usage};
//! use dmashare::ipc::{Channel, Ready};
//! use dmashare::stream::wire::Size;
//! use dmashare::stream::{Consumer, ConsumerSettings, Picture, Producer, ProducerSettings};
//!
//! const SOON: Duration = Duration::from_secs(10);
//!
//! let size = Size::new(64, 64).expect("a size");
//! let mut producer = Producer::new(Box::new(Memfd::new()), ProducerSettings::new(size))?;
//! // `producer.listen(path)` lets others in; these two know each other already.
//! let (here, there) = Channel::pair()?;
//! producer.add_peer(here)?;
//!
//! let viewer = std::thread::spawn(move || {
//!     let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
//!     let settings = ConsumerSettings::new(Usage::Cpu, formats);
//!     let mut consumer = Consumer::on_channel(there, &settings).expect("a consumer");
//!     let frame = consumer.next_frame(SOON).expect("a frame");
//!     frame.wait_for_pixels(SOON).expect("pixels");
//!     let mut row = [0; 4 * 64];
//!     let mut mapping = frame.image().map(Access::Read).expect("memory");
//!     mapping.begin(Access::Read).expect("access").read_row(0, 0, &mut row).expect("a row");
//!     consumer.release(frame, Ready::Finished).expect("it was held");
//!     row
//! });
//!
//! // Waits for the consumer, and agrees on a format with it.
//! let acquired = producer.acquire_timeout(SOON)?;
//! producer.wait_for_readers(&acquired, SOON)?;
//! let mut mapping = acquired.image().map(Access::Write)?;
//! mapping.begin(Access::Write)?.write_row(0, 0, &[0x7f; 4 * 64])?;
//! drop(mapping);
//! producer.submit(acquired, Ready::Finished, Picture::default())?;
//! assert_eq!(viewer.join().expect("a viewer"), [0x7f; 4 * 64]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Roles
//! A **producer** owns the buffers and writes them. A **consumer** reads them. Each consumer has a
//! connection of its own to the producer, of the kind that [`ipc::Channel`](crate::ipc::Channel)
//! uses: datagrams that stay in order and keep their file descriptors. Consumers never hear of each
//! other.
//!
//! # A connection
//!
//! | consumer | | producer | meaning |
//! |---|---|---|---|
//! | `ConsumerHello` | → | | versions, capabilities, device, what it is willing to keep |
//! | | ← | `ProducerHello` | versions, capabilities, device |
//! | `Offer` | → | | what it can use, for each usage a set of formats with all their modifiers |
//! | | ← | `Format` | the size, format and modifier of all buffers that follow |
//! | | ← | `Announce` | a buffer: its number, its planes, and their file descriptors |
//! | | ← | `Frame` | "frame 7 is in buffer 2 after this fence, and this has changed" |
//! | `Release` | → | | "I am done with frame 7 in buffer 2 after this fence" |
//! | | ← | `Retire` | a buffer that no further frame will come in |
//! | `Goodbye` | ↔ | `Goodbye` | the last message, and why |
//!
//! Both sides say hello at once, without waiting for each other. The version of the stream is the
//! highest that both speak; what the capabilities of both allow is agreed, and nothing else may be
//! used: a fence goes only from one who said that it sends fences to one who said that it waits for
//! them. Where a driver makes no fences its side does not claim to, finishes its work before it
//! speaks, and the other side can see that it does.
//!
//! # Negotiation
//! The consumer offers all modifiers of a format and fixes none. The producer finds what all its
//! parties have in common ([`negotiate`](crate::format::negotiate)), allocates a buffer to see which
//! modifier the driver picks, and states that one in `Format`. If nothing is in common the consumer
//! gets a `Goodbye` that says who lacks what, and those who are being served notice nothing.
//!
//! A list of formats is a claim. A consumer whose import fails sends another `Offer` without the
//! pair. It may do the same whenever its wishes change: its window has another size, or its surface
//! is scanned out now. Each `Offer` has a number, each `Format` says which one it answers, and a
//! consumer whose `Offer` is unanswered must not send another.
//!
//! The producer may send a `Format` at any time, because a consumer came or went or because the
//! picture has another size. It has a new *generation* then, and retires all buffers of the one
//! before. A `Format` of the same generation changes nothing but the `Offer` that it answers.
//!
//! # The life of a buffer
//! A pool has 1 to 64 buffers. To the producer each is
//!
//! - *free*: it can be acquired for writing, and its content is some earlier frame (its *age* says
//!   how much earlier, so that only what has changed since needs to be drawn);
//! - *written*: the producer has it, and nobody else;
//! - *shared*: submitted, and queued for or held by at least one consumer. Nobody writes.
//!
//! It is free again when every consumer that it was sent to has released it. Their release fences
//! are collected, and whoever acquires the buffer has to wait for them before it writes. A buffer
//! is sent to a consumer again only after that consumer has released it.
//!
//! The number of a buffer is its place in the pool. It can be used for another buffer once the
//! first is retired and nobody holds its last frame, which both sides can tell, as datagrams stay
//! in order. A release names the serial of the frame as well, so none can be taken for another.
//!
//! # Fences
//! A frame carries the fence after which its pixels may be read, or says that they are finished. A
//! release carries the fence after which its reader has finished, or says that it has. There is no
//! third case, and no wait for a peer's fence is without a deadline.
//!
//! Where a consumer cannot wait for fences, a dma-buf can carry them instead: the producer puts the
//! fence into it, and the consumer's driver finds it there ([`Fencing::Attached`], Linux 6.0). A
//! memfd carries none, and then whoever draws has to finish first. [`Producer::fencing`] says which
//! of these holds for those who are there.
//!
//! A consumer that went away has released nothing. If its process is gone only devices can still
//! read the buffer, and a dma-buf knows of them ([`SyncFile`](crate::sync::SyncFile) can be exported
//! from it); if it was sent away for being slow it may go on reading for as long as it likes. The
//! producer is told which buffers are *tainted* so ([`Acquired::is_tainted`]), and can
//! [replace](Producer::replace) them.
//!
//! # Slow consumers
//! A consumer says how many frames it is willing to hold; that is its window, and the producer
//! never sends more. What is submitted while the window is full waits in a queue of the producer's,
//! which is as deep as the policy says:
//!
//! - drop the oldest that waits, with a depth of 1: a *mailbox*, for whoever shows the present;
//! - drop the newest: for whoever must not skip within what it gets;
//! - block: the submission is refused until there is room or a deadline has passed, for recorders;
//! - disconnect.
//!
//! What one consumer misses is added to the damage of the next frame that it gets. A consumer that
//! holds frames for longer than a limit *while the producer has no free buffer* is sent away, under
//! each policy: otherwise one stopped process would stop everybody. With mailboxes a pool never runs
//! dry that has two buffers more than all windows together: one to write, and the latest frame.
//!
//! # What a hostile peer can do
//!
//! | it | what happens |
//! |---|---|
//! | sends anything but a message | [`Malformed`](wire::Malformed): every field is checked and every message has one encoding |
//! | sends a message at the wrong time | its connection ends; every kind in every state is in a table of the tests |
//! | names a buffer that it does not hold, or twice, or an old frame | the same |
//! | sends a fence where none was agreed on, or none that is one | the same; the file descriptor is closed, or not let in by the kernel (Linux 6.16) |
//! | sends more file descriptors than a message has, or fewer | the same; no more than 8 are ever let in |
//! | announces more buffers, bytes or file descriptors than it was allowed | the same, before anything is imported |
//! | announces what is no image, or too small for its numbers | refused by [`Dmabuf`](crate::dmabuf::Dmabuf), as in `ipc` |
//! | says nothing | the handshake has a deadline |
//! | reads nothing | what waits for it is bounded; beyond that its connection ends |
//! | is not allowed, or one too many | it is told so: [`PeerFilter`], [`ProducerSettings::most_peers`] |
//! | sends a fence that never signals | waits have deadlines, and say whose fence it was |
//! | sends offers without end | they may come only so often |
//! | never releases | the window bounds what it holds, the policy what it costs |
//! | dies | what it held is free again, and marked as tainted |
//! | reads a buffer after releasing it, or writes to it | it sees and makes garbage; memory that is shared is shared |
//!
//! What ends is always that one connection. The others are not even told.

mod alarm;
mod clock;
mod consumer;
mod dispatch_error;
mod link;
mod policy;
mod pool;
mod producer;
pub mod protocol;
mod returned;
#[cfg(test)]
mod snapshot;
pub mod wire;

pub use consumer::ConnectError;
pub use consumer::Consumer;
pub use consumer::ConsumerEvent;
pub use consumer::ConsumerSettings;
pub use consumer::NextError;
pub use consumer::NotReleased;
pub use consumer::ReceivedFrame;
pub use consumer::ReleaseError;
pub use dispatch_error::DispatchError;
pub use policy::Overflow;
pub use policy::Policy;
pub use producer::AcquireError;
pub use producer::Acquired;
pub use producer::Fencing;
pub use producer::JoinError;
pub use producer::ListenError;
pub use producer::NegotiateError;
pub use producer::NotSubmitted;
pub use producer::PeerFilter;
pub use producer::Producer;
pub use producer::ProducerEvent;
pub use producer::ProducerSettings;
pub use producer::ReadersError;
pub use producer::StartError;
pub use producer::SubmitError;
pub use protocol::End;
pub use protocol::producer::PeerId;
pub use protocol::producer::Picture;
