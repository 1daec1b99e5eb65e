//! The list of things that crash a driver, or that only a driver would notice: each of them is
//! refused by name, or goes well.
//!
//! Each case runs in a child process of its own (see `child`), so that a crash is the failure of that
//! case, and leaves no file descriptor behind.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod adopted;
mod bound;
mod dropped;
mod not_current;
mod refused;
mod state;
mod threads;
