//! What the integration tests share.

#![allow(dead_code, reason = "every test binary compiles all of this and uses its own part")]

pub(crate) mod buffer;
pub(crate) mod child;
pub(crate) mod leaks;
pub(crate) mod pixels;
