//! Images that anybody can hold.

pub mod dmabuf;
pub mod format;
pub mod sync;
