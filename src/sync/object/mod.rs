//! Synchronisation objects of a DRM device.
//!
//! A [`SyncFile`](crate::sync::SyncFile) is one fence. A synchronisation object is a place where
//! fences are put one after the other: the waiting side can hold it, and wait, before there is a
//! fence at all. The kernel has one kind of object with two ways of use, which are two types here:
//!
//! - [`SyncObject`] holds one fence at a time, or none.
//! - [`Timeline`] has points with rising numbers, each with a fence.
//!
//! They belong to an open [`Node`](crate::device::Node) of a driver that has them; `virtio_gpu` and
//! the drivers of GPUs do, `vkms` and `vgem` do not.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#drm-sync-objects>,
//! `drivers/gpu/drm/drm_syncobj.c`.

mod binary;
mod error;
mod event;
mod owned;
mod sys;
mod timeline;
mod wait;

pub use binary::SyncObject;
pub use error::SyncObjectError;
pub use error::SyncObjectWaitError;
pub use event::PointEvent;
pub use timeline::Timeline;
pub use wait::MAX_WAIT;
pub use wait::Until;
