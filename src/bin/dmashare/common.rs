//! Windows. They are the examples' own: a window is not what either of them is about.

#![allow(clippy::print_stdout, dead_code, reason = "examples talk to their users")]

#[path = "../../../examples/common/event_loop.rs"]
pub(crate) mod event_loop;
#[path = "../../../examples/common/live_window.rs"]
pub(crate) mod live_window;
#[path = "../../../examples/common/place.rs"]
pub(crate) mod place;
#[path = "../../../examples/common/report.rs"]
pub(crate) mod report;
#[path = "../../../examples/common/window.rs"]
pub(crate) mod window;
#[path = "../../../examples/common/x11_memory.rs"]
pub(crate) mod x11_memory;
