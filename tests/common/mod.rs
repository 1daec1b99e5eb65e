//! What the integration tests share.

#![allow(dead_code, reason = "every test binary compiles all of this and uses its own part")]

pub(crate) mod buffer;
pub(crate) mod child;
#[cfg(feature = "window")]
pub(crate) mod compositor;
pub(crate) mod example;
pub(crate) mod leaks;
pub(crate) mod patience;
pub(crate) mod picture;
pub(crate) mod pixels;
pub(crate) mod program;
#[cfg(feature = "window")]
pub(crate) mod x_server;
