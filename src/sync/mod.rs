//! When the pixels of an image are ready, or free.
//!
//! A [`SyncFile`] is a fence that can cross every boundary that an image crosses: processes,
//! drivers, the display. It signals once and stays signalled.

mod sync_file;
mod sys;

pub use sync_file::Direction;
pub use sync_file::SyncFile;
pub use sync_file::SyncFileError;
pub use sync_file::WaitError;
