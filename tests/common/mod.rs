//! What several test files need: child processes, the count of open things, buffers, images, the
//! software renderer, and an oracle for pixels.

#![allow(dead_code, reason = "every test binary compiles all of this and uses its own part")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

pub(crate) mod allocations;
pub(crate) mod buffer;
pub(crate) mod child;
#[cfg(feature = "window")]
pub(crate) mod compositor;
#[cfg(feature = "drm")]
pub(crate) mod display;
#[cfg(feature = "drm")]
pub(crate) mod drm_node;
pub(crate) mod example;
pub(crate) mod hostile_consumer;
pub(crate) mod lab;
pub(crate) mod leaks;
pub(crate) mod memfd;
#[cfg(feature = "drm")]
pub(crate) mod monitor;
pub(crate) mod patience;
pub(crate) mod picture;
pub(crate) mod program;
pub(crate) mod python;
pub(crate) mod quirks;
#[cfg(feature = "gl")]
pub(crate) mod renderer;
#[cfg(feature = "drm")]
pub(crate) mod screen;
pub(crate) mod scripted_consumer;
pub(crate) mod scripted_producer;
pub(crate) mod scripted_socket;
pub(crate) mod stamp;
pub(crate) mod stream_pair;
pub(crate) mod stream_vectors;
pub(crate) mod sw_sync;
pub(crate) mod system_calls;
#[cfg(feature = "cli")]
pub(crate) mod tool;
pub(crate) mod traced;
#[cfg(feature = "v4l2")]
pub(crate) mod vivid;
#[cfg(feature = "drm")]
pub(crate) mod vkms;
#[cfg(feature = "window")]
pub(crate) mod x_server;

pub(crate) use dmashare_pixels as pixels;
