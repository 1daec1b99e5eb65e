//! The cases of piglit's `ext_image_dma_buf_import` that need no device, as tests of this crate.
//!
//! Each test opens with the rule that it checks. What is wrong with a list of attributes is asked of
//! the driver too, so that the crate's table of codes is proved against it.
//!
//! Spec: `EGL_EXT_image_dma_buf_import`, `EGL_EXT_image_dma_buf_import_modifiers`.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod attributes;
mod lifetime;
mod modifiers;
mod raw;
mod sampling;
