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
//! | [`sync`] | fences; with the feature `drm`, timelines |
//! | [`device`] | DRM devices: nodes, GEM handles, PRIME, dumb buffers (feature `drm`) |
//! | [`allocator`] | memory: memfd, udmabuf, dma-heap, dumb buffers, GBM, and which one is best |
//! | [`ipc`] | from process to process |
//! | [`kms`] | displays: what they can show where, framebuffers, modes, flips, vertical blanks, pictures of them (feature `drm`) |
//! | [`v4l2`] | cameras, which write into dma-bufs (feature `v4l2`) |
//! | [`stream`] | frames from process to process, in buffers that are announced once |
//! | [`egl`] | displays, contexts, images (feature `egl`) |
//! | [`gl`] | textures, render targets, programs on `glow` (feature `gl`, on by default) |
//! | [`present`] | what GL draws on a monitor without a window system (features `gl` and `drm`) |
//!
//! One image, drawn by one GL context and seen by another:
//!
#![cfg_attr(feature = "gl", doc = "```")]
#![cfg_attr(not(feature = "gl"), doc = "```ignore")]
//! use dmashare::allocator::{Request, choose};
//! use dmashare::egl::{Context, Display, Image};
//! use dmashare::format::{Fourcc, Usage};
//! use dmashare::gl::{Gl, PixelType, Program, RenderTarget, Texture, TwoD};
//!
//! // One image in the best memory there is for this display.
//! let display = Display::surfaceless()?;
//! let request = Request::new(256, 256, Fourcc::ARGB8888).usage(Usage::Render);
//! let choice = choose(display.importer(), display.formats().render(), &request)?;
//! let image = choice.allocator.allocate(&choice.request)?;
//!
//! // Context B draws into it.
//! let b = Context::new(&display)?;
//! b.make_current()?;
//! let gl_b = Gl::new(&b)?;
//! let texture_b = Texture::<TwoD>::from_image(&gl_b, &Image::import(&display, &image)?)?;
//! RenderTarget::new(&texture_b)?.fill(&Program::xor_pattern(&gl_b)?)?;
//! gl_b.finish()?;
//!
//! // Context A, which shares nothing with B, sees it.
//! let a = Context::new(&display)?;
//! a.make_current()?;
//! let gl_a = Gl::new(&a)?;
//! let texture_a = Texture::<TwoD>::from_image(&gl_a, &Image::import(&display, &image)?)?;
//! let seen = RenderTarget::new(&Texture::<TwoD>::new(&gl_a, [256, 256], PixelType::Rgba8)?)?;
//! seen.draw(&Program::blit(&gl_a)?, &texture_a)?;
//! let [x, y] = [200, 100];
//! assert_eq!(seen.read_rgba8()?[4 * (256 * y + x)], (x ^ y) as u8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to begin
//!
//! | to | begin with | and run |
//! |---|---|---|
//! | share an image between two GL contexts | the example above | `share_contexts`, in a window |
//! | use images in a program that has its own EGL context | [`gl`] | `show_window` |
//! | hand an image to another process | [`ipc`] | `share_producer`, `share_consumer` |
//! | send it frame after frame | [`stream`] | `stream_producer`, `stream_consumer` |
//! | make GEM buffers, and share them as dma-bufs | [`device`] | `prime_share` |
//! | learn which way a picture takes to a monitor, and choose one | [`kms`] | `list_pipelines` |
//! | count vertical blanks | [`kms::vblank`] | `wait_vblank` |
//! | show what GL draws, without a window system | [`present`] | `scanout` |
//! | read a camera | [`v4l2`] | `camera` |
//!
//! The programs are in `examples/`, and each begins with the command that runs it.
//!
//! # Features
//! - `gl` (default) and `egl`: libEGL is loaded at run time.
//! - `drm`: DRM devices, timelines and the display. System calls alone, no library.
//! - `gbm`: the GBM allocator and GBM displays. Links libgbm (Debian: `libgbm-dev`).
//! - `v4l2`: cameras. System calls alone, no library.
//! - `window`: EGL surfaces for the windows of winit, SDL and others.
//! - `cli`: the command line tool `dmashare`.
//!
// A module that is left out is linked to where it is documented.
#![cfg_attr(
    not(feature = "drm"),
    doc = "[`device`]: https://docs.rs/dmashare/latest/dmashare/device/"
)]
#![cfg_attr(not(feature = "egl"), doc = "[`egl`]: https://docs.rs/dmashare/latest/dmashare/egl/")]
#![cfg_attr(not(feature = "gl"), doc = "[`gl`]: https://docs.rs/dmashare/latest/dmashare/gl/")]
#![cfg_attr(not(feature = "drm"), doc = "[`kms`]: https://docs.rs/dmashare/latest/dmashare/kms/")]
#![cfg_attr(
    not(feature = "drm"),
    doc = "[`kms::vblank`]: https://docs.rs/dmashare/latest/dmashare/kms/vblank/"
)]
#![cfg_attr(
    not(all(feature = "gl", feature = "drm")),
    doc = "[`present`]: https://docs.rs/dmashare/latest/dmashare/present/"
)]
#![cfg_attr(
    not(feature = "v4l2"),
    doc = "[`v4l2`]: https://docs.rs/dmashare/latest/dmashare/v4l2/"
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod allocator;
#[cfg(feature = "drm")]
pub mod device;
pub mod dmabuf;
#[cfg(feature = "egl")]
pub mod egl;
pub mod format;
#[cfg(feature = "gl")]
pub mod gl;
pub mod ipc;
#[cfg(feature = "drm")]
pub mod kms;
#[cfg(all(feature = "gl", feature = "drm"))]
pub mod present;
pub mod stream;
pub mod sync;
#[cfg(feature = "v4l2")]
pub mod v4l2;

/// The example of the README, compiled and run.
#[cfg(all(doctest, feature = "gl", feature = "drm"))]
#[doc = include_str!("../README.md")]
struct Readme;
