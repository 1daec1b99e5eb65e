//! Displays, contexts and images of EGL.
//!
//! - [`Display`]: a connection to a driver, on any platform, or somebody else's adopted.
//! - [`Context`]: a GLES context of a display, ours or adopted.
//! - [`Fence`]: when the commands of a context are done, also as a
//!   [`SyncFile`](crate::sync::SyncFile).
//! - [`Image`]: an EGLImage, from a [`Dmabuf`](crate::dmabuf::Dmabuf) or of a texture.
//! - [`ImageCache`]: the images that were imported last, for those that come again.
//!
//! A program that has its own display and context adopts them ([`Display::adopt`],
//! [`Context::adopt_current`]); the module `gl` has an example.
//!
//! libEGL is loaded at run time, so a program that uses this module starts on a machine without it
//! and is told so by [`Display`]'s constructors. A function of an extension is called only if the
//! extension is listed: `eglGetProcAddress` hands out pointers for functions that no driver has.
//!
//! Spec: EGL 1.5, <https://registry.khronos.org/EGL/specs/eglspec.1.5.pdf>.

mod attributes;
mod claim;
mod config;
mod context;
mod device;
mod display;
mod error;
mod export;
mod extensions;
mod fence;
mod fence_error;
mod fence_fds;
mod formats;
mod functions;
#[cfg(feature = "gbm")]
mod gbm;
mod image;
mod image_cache;
mod library;
mod platform;
mod registry;
#[cfg(feature = "window")]
mod surface;
pub(crate) mod sys;
#[cfg(feature = "window")]
mod wayland_window;
#[cfg(feature = "window")]
mod window_system;
mod yuv;

pub use crate::dmabuf::image_map::CacheStatistics;
pub use claim::AttributeError;
pub use claim::ImportClaim;
pub use config::Config;
pub use context::Context;
pub use context::ContextError;
pub use device::Device;
pub use device::DeviceError;
pub use display::Display;
pub use error::CallError;
pub use error::ErrorCode;
pub use export::ExportError;
pub use extensions::Extensions;
pub use fence::Fence;
pub use fence_error::FenceError;
pub use fence_error::FenceWaitError;
pub use formats::FormatSupport;
pub use image::Image;
pub use image::ImportError;
pub use image::TextureImageError;
pub use image_cache::ImageCache;
pub use library::LoadError;
pub use platform::DisplayError;
pub use platform::Platform;
#[cfg(feature = "window")]
pub use surface::Surface;
#[cfg(feature = "window")]
pub use surface::SurfaceError;
