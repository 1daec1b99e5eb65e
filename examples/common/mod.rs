//! What the examples have in common, which is not what they show: arguments, windows, pictures and
//! the printing of errors.

#![allow(dead_code, reason = "every example compiles all of this and uses its own part")]

#[cfg(feature = "v4l2")]
pub(crate) mod broadcast;
pub(crate) mod description;
#[cfg(feature = "window")]
pub(crate) mod event_loop;
pub(crate) mod hand_over;
#[cfg(feature = "window")]
pub(crate) mod live_window;
#[cfg(feature = "drm")]
pub(crate) mod monitor;
pub(crate) mod pattern;
#[cfg(feature = "drm")]
pub(crate) mod photograph;
pub(crate) mod picture;
#[cfg(feature = "egl")]
pub(crate) mod place;
#[cfg(feature = "drm")]
pub(crate) mod rate;
pub(crate) mod report;
pub(crate) mod size;
#[cfg(all(feature = "gl", feature = "v4l2"))]
pub(crate) mod viewer;
#[cfg(feature = "window")]
pub(crate) mod window;
#[cfg(feature = "window")]
pub(crate) mod x11_memory;
