//! When the pixels of an image are ready, or free.
//!
//! A [`SyncFile`] is a fence that can cross every boundary that an image crosses: processes,
//! drivers, the display. It signals once and stays signalled.
//!
//! With the feature `drm`, `SyncObject` and `Timeline` are places where fences are put one after the
//! other, so that a waiter can wait before there is a fence.

#[cfg(feature = "drm")]
mod object;
mod ready;
mod sync_file;
mod sync_file_info;
mod sys;

#[cfg(feature = "drm")]
pub use object::MAX_WAIT;
#[cfg(feature = "drm")]
pub use object::PointEvent;
#[cfg(feature = "drm")]
pub use object::SyncObject;
#[cfg(feature = "drm")]
pub use object::SyncObjectError;
#[cfg(feature = "drm")]
pub use object::SyncObjectWaitError;
#[cfg(feature = "drm")]
pub use object::Timeline;
#[cfg(feature = "drm")]
pub use object::Until;
pub use ready::Ready;
pub use sync_file::Direction;
pub use sync_file::SyncFile;
pub use sync_file::SyncFileError;
pub use sync_file::WaitError;
pub use sync_file_info::FenceInfo;
pub use sync_file_info::FenceStatus;
pub use sync_file_info::SyncFileInfo;
