#![warn(clippy::arithmetic_side_effects)]
//! The datagrams of a stream, byte by byte. Pure: no socket, no file descriptor.
//!
//! A datagram is one message. All numbers are little-endian, no field is optional, and what is not
//! used is 0. File descriptors travel beside it (`SCM_RIGHTS`), the planes of an image in the order
//! of their slots, a fence alone. Each message has exactly one encoding: whoever decodes one and
//! encodes it again gets the same bytes.
//!
//! Each begins with the header of [`ipc::wire`](crate::ipc::wire):
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 0 | 8 | magic | `dmashare` |
//! | 8 | 2 | version | 1, that of the header. The stream's own is in the hello |
//! | 10 | 2 | kind of message | see below |
//! | 12 | 4 | bytes in the datagram | |
//!
//! | kind | message | from | bytes | file descriptors |
//! |---|---|---|---|---|
//! | 16 | [`ConsumerHello`] | consumer | 48 | 0 |
//! | 17 | [`ProducerHello`] | producer | 32 | 0 |
//! | 18 | [`Offer`] | consumer | 32 + 8 for each set + 16 for each entry | 0 |
//! | 19 | [`Format`] | producer | 48 | 0 |
//! | 20 | [`Announce`] | producer | 96 | 1 to 4, the planes |
//! | 21 | [`Retire`] | producer | 24 | 0 |
//! | 22 | [`Frame`] | producer | 48 + 16 for each rectangle | 1 if it has a fence |
//! | 23 | [`Release`] | consumer | 32 | 1 if it has a fence |
//! | 24 | [`Goodbye`] | either | 24 + the text | 0 |
//!
//! # `ConsumerHello` and `ProducerHello`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 2 | oldest version of the stream that is spoken | 1 or more |
//! | 18 | 2 | newest version | no less than the oldest |
//! | 20 | 4 | capabilities | 1: waits for fences; 2: sends fences; 4: takes images that only the driver checks. Other bits are for later versions and are ignored |
//! | 24 | 4 | device, major number | 0 with minor 0: no device |
//! | 28 | 4 | device, minor number | |
//!
//! A consumer's goes on:
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 32 | 2 | buffers that it is willing to import | 1 to 64 |
//! | 34 | 2 | frames that it is willing to hold | 1 to 64 |
//! | 36 | 2 | file descriptors that it is willing to keep for buffers | 1 to 256 |
//! | 38 | 2 | reserved | 0 |
//! | 40 | 8 | bytes that all buffers together may have | 1 or more |
//!
//! # `Offer`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 4 | number of the offer | 1 or more |
//! | 20 | 4 | wished width in pixels | 0 for no wish, at most 2147483647 |
//! | 24 | 4 | wished height in pixels | 0 if, and only if, the width is |
//! | 28 | 1 | sets | 1 to 4 |
//! | 29 | 3 | reserved | 0 |
//! | 32 | | sets | see below |
//!
//! Each set, directly behind the one before:
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 0 | 1 | usage | 1: sample, 2: render, 3: scan-out, 4: CPU; more than that of the set before |
//! | 1 | 1 | reserved | 0 |
//! | 2 | 2 | entries | 1 or more; at most 2048 in all sets together |
//! | 4 | 4 | reserved | 0 |
//! | 8 | n x 16 | entries | the best first, those of one format next to each other, none twice |
//!
//! Each entry:
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 0 | 4 | fourcc | |
//! | 4 | 1 | external-only | 0 or 1 |
//! | 5 | 3 | reserved | 0 |
//! | 8 | 8 | modifier | `DRM_FORMAT_MOD_INVALID` for implicit |
//!
//! # `Format`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 4 | generation | 1 or more |
//! | 20 | 4 | number of the offer that it answers | 1 or more |
//! | 24 | 4 | width in pixels | 1 to 2147483647 |
//! | 28 | 4 | height in pixels | 1 to 2147483647 |
//! | 32 | 4 | fourcc | |
//! | 36 | 1 | external-only | 0 or 1 |
//! | 37 | 3 | reserved | 0 |
//! | 40 | 8 | modifier | `DRM_FORMAT_MOD_INVALID` for implicit |
//!
//! # `Announce`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 4 | generation | 1 or more |
//! | 20 | 2 | buffer | 0 to 63 |
//! | 22 | 2 | reserved | 0 |
//! | 24 | 72 | image | bytes 16 to 87 of an image's datagram, without a fence |
//!
//! # `Retire`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 2 | buffer | 0 to 63 |
//! | 18 | 6 | reserved | 0 |
//!
//! # `Frame`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 8 | serial of the frame | 1 or more |
//! | 24 | 8 | serial of the user | |
//! | 32 | 8 | when to present it, in ns of `CLOCK_MONOTONIC` | 0: as soon as it is ready |
//! | 40 | 2 | buffer | 0 to 63 |
//! | 42 | 1 | fence | 0: the pixels are finished; 1: a sync file comes with it |
//! | 43 | 1 | damage | 0 to 16: that many rectangles; 255: everything |
//! | 44 | 1 | colour primaries | the code point of H.273; 2: unspecified |
//! | 45 | 1 | transfer characteristics | the code point of H.273; 2: unspecified |
//! | 46 | 1 | matrix coefficients | the code point of H.273; 2: unspecified |
//! | 47 | 1 | range, and 16 times the place of chroma | range: 0: unspecified, 1: limited, 2: full; place: 0: unspecified, 1 to 4: `Chroma420SampleLocType` of H.273 plus 1 |
//! | 48 | n x 16 | rectangles | see below |
//!
//! Each rectangle, in pixels of the image, row 0 first in memory, none twice:
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 0 | 4 | x | |
//! | 4 | 4 | y | |
//! | 8 | 4 | width | 1 or more; x + width at most 2147483647 |
//! | 12 | 4 | height | 1 or more; y + height at most 2147483647 |
//!
//! # `Release`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 8 | serial of the frame | 1 or more |
//! | 24 | 2 | buffer | 0 to 63 |
//! | 26 | 1 | fence | 0: it is not read any more; 1: a sync file comes with it |
//! | 27 | 5 | reserved | 0 |
//!
//! # `Goodbye`
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 16 | 2 | reason | 0 to 7, see below |
//! | 18 | 2 | bytes of the text | at most 400 |
//! | 20 | 4 | reserved | 0 |
//! | 24 | n | text | UTF-8 without control characters, for people |
//!
//! | reason | why the connection ends |
//! |---|---|
//! | 0 | there is nothing more to say |
//! | 1 | the peer broke the protocol |
//! | 2 | there is no version that both speak |
//! | 3 | there is no format that all can use; the text says who lacks what |
//! | 4 | the peer was too slow |
//! | 5 | the peer would have cost more than it may |
//! | 6 | the peer may not connect |
//! | 7 | something failed on the sender's side |
//!
//! The empty cells of the tables can have any value: they are for those to judge who know the
//! format, the image or the connection.

mod buffer;
mod bytes;
mod colour;
mod damage;
mod format;
mod frame;
mod goodbye;
mod hello;
mod malformed;
mod message;
mod offer;
#[cfg(test)]
mod properties;
mod spare_frames;
#[cfg(test)]
mod strategies;

pub use buffer::Announce;
pub use buffer::BufferId;
pub use buffer::Retire;
pub use colour::Colour;
pub use damage::Damage;
pub use damage::Rectangle;
pub use format::Format;
pub use format::Size;
pub use frame::Frame;
pub use frame::Release;
pub use goodbye::Goodbye;
pub use goodbye::Reason;
pub use goodbye::Text;
pub use hello::Capabilities;
pub use hello::ConsumerHello;
pub use hello::DeviceId;
pub use hello::Limits;
pub use hello::ProducerHello;
pub use hello::Versions;
pub use malformed::Field;
pub use malformed::Malformed;
pub use message::Kind;
pub use message::Message;
pub use offer::Offer;
pub use spare_frames::SpareFrames;

/// The version of the stream that this crate speaks. There is no other yet.
pub const STREAM_VERSION: u16 = 1;
/// The most buffers of a pool.
pub const MAX_BUFFERS: usize = 64;
/// The most frames that a consumer can be willing to hold.
pub const MAX_FRAMES: usize = 64;
/// The most rectangles of a frame's damage.
pub const MAX_RECTANGLES: usize = 16;
/// The most entries of all sets of an offer together.
pub const MAX_ENTRIES: usize = 2048;
/// The most bytes of the text of a goodbye.
pub const MAX_TEXT_BYTES: usize = 400;
/// Bytes in the longest message, which is an offer.
pub const MAX_MESSAGE_BYTES: usize = 32 + 4 * 8 + MAX_ENTRIES * 16;
