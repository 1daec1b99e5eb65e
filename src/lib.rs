//! Images that anybody can hold.

pub mod dmabuf;
#[cfg(feature = "egl")]
pub mod egl;
pub mod format;
#[cfg(feature = "gl")]
pub mod gl;
pub mod ipc;
pub mod sync;
