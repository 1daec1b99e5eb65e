//! Showing what GL draws.
//!
//! [`Scanout`] is a swap chain on a monitor without any window system: a few buffers that are drawn
//! into with GL and scanned out by the display, one after the other, in step with its vertical
//! blanks, without a copy. Its documentation has the whole program, which is some 20 lines long.

mod buffers;
mod error;
mod frame;
mod options;
mod scanout;
mod swap_chain;

pub use error::FrameError;
pub use error::ScanoutError;
pub use frame::Frame;
pub use options::ScanoutOptions;
pub use options::Synchronisation;
pub use scanout::Scanout;
