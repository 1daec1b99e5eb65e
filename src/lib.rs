//! Images that anybody can hold: another GL context, another process, the compositor, the display.
//!
//! On Linux an image that is to be shared without a copy lives in a **dma-buf**: one or more file
//! descriptors with a pixel format, a tiling (the *modifier*) and up to four planes. This crate
//! makes such images, checks them, sends them to other processes and imports them into GL, and says
//! exactly why when it cannot. Without a GPU it does the same with plain memory and a software
//! renderer.
//!
//! Two types go through everything: [`dmabuf::Dmabuf`] is an image, [`sync::SyncFile`] is a fence
//! that says when its pixels are ready. The modules make them, take them, and know nothing of each
//! other:
//!
//! | module | what it does |
//! |---|---|
//! | [`format`](mod@format) | formats, modifiers, layouts, and what several parties have in common |
//! | [`dmabuf`] | the checked image, its identity, the CPU's view of it |
//! | [`sync`] | fences |
//! | [`allocator`] | memory: memfd, udmabuf, dma-heap, GBM, and which one is best |
//! | [`ipc`] | from process to process |
//! | [`egl`] | displays, contexts, images (feature `egl`) |
//! | [`gl`] | textures, render targets, programs on `glow` (feature `gl`, on by default) |
//!
//! One image, drawn by one GL context and read by another:
//!
//! ```
#![doc = include_str!("../examples/common/readme_example.rs")]
//! ```
//!
//! # Features
//! - `gl` (default) and `egl`: libEGL is loaded at run time.
//! - `gbm`: the GBM allocator and GBM displays. Links libgbm (Debian: `libgbm-dev`).
//! - `window`: EGL surfaces for the windows of winit, SDL and others.
//! - `cli`: the command line tool `dmashare`.

pub mod allocator;
pub mod dmabuf;
#[cfg(feature = "egl")]
pub mod egl;
pub mod format;
#[cfg(feature = "gl")]
pub mod gl;
pub mod ipc;
pub mod sync;
