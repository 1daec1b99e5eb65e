//! What the messages of a stream mean: two state machines that do nothing but think.
//!
//! A [`Producer`](producer::Producer) and a [`Consumer`](consumer::Consumer) take what was received,
//! what their user wants and what time it is, and answer with what is to be sent and what has
//! happened. They own no socket and no file descriptor, read no clock and never block, so that each
//! of their states can be tested.
//!
//! After each call the outputs have to be taken until there are none, in order.
//!
//! ```
//! use std::num::NonZeroU64;
//!
//! use dmashare::dmabuf::layout::Extent;
//! use dmashare::format::{FormatSet, Fourcc, Modifier, Usage};
//! use dmashare::ipc::wire::{ImageMessage, PlaneList, PlaneMessage};
//! use dmashare::stream::protocol::consumer::{self, Consumer};
//! use dmashare::stream::protocol::producer::{self, Picture, Producer};
//! use dmashare::stream::wire::{Message, Size};
//!
//! // One buffer of 4x4 pixels, without memory: nobody looks at it here.
//! let [fourcc, modifier] = [Fourcc::XRGB8888.0, 0];
//! let (fourcc, modifier) = (Fourcc(fourcc), Modifier::from_raw(u64::from(modifier)));
//! let plane = PlaneMessage { offset_bytes: 0, stride_bytes: 16, slot: 0 };
//! let image = ImageMessage {
//!     width: 4,
//!     height: 4,
//!     fourcc,
//!     modifier,
//!     extent: Extent::Whole,
//!     has_fence: false,
//!     planes: PlaneList::new(&[plane])?,
//! };
//!
//! let mut producer = Producer::<()>::new(producer::Settings::default());
//! let size = Size::new(4, 4).expect("a size");
//! producer.configure(size, fourcc, modifier, false, 0)?;
//! let buffer = producer.add(image, 64, 0)?;
//! let peer = producer.connect(0)?;
//!
//! let formats = FormatSet::from_iter([(fourcc, modifier)]);
//! let sets = [(Usage::Sample, formats)];
//! let mut consumer = Consumer::new(consumer::Settings::default(), None, &sets, 0)?;
//!
//! // Nothing but the messages goes over, as through a socket.
//! let mut frames = 0;
//! for _ in 0..8 {
//!     while let Some(output) = producer.next_output() {
//!         if let producer::Output::Send { message, .. } = output {
//!             consumer.receive(message, 64);
//!         }
//!     }
//!     while let Some(output) = consumer.next_output() {
//!         match output {
//!             consumer::Output::Send(message) => producer.receive(peer, message, None, 0),
//!             consumer::Output::Frame(frame) => {
//!                 frames += 1;
//!                 consumer.release(frame.buffer, false)?;
//!             }
//!             _ => {}
//!         }
//!     }
//!     if let Ok(acquired) = producer.acquire(0) {
//!         assert_eq!(acquired.buffer, buffer);
//!         producer.submit(buffer, Picture::default(), None, 0)?;
//!     }
//! }
//! assert!(frames > 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod consumer;
mod end;
#[cfg(test)]
mod every_message;
#[cfg(test)]
mod every_state;
#[cfg(test)]
pub(in crate::stream) mod fixtures;
pub mod producer;
mod violation;

pub use end::End;
pub use violation::Violation;
