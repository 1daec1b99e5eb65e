//! Drawing with the images of others, on `glow`.
//!
//! - [`Gl`]: the functions of one context, loaded once.
//! - [`Texture`]: a texture, 2D or external; which of the two is in its type.
//! - [`TextureCache`]: textures and targets of the images that come again and again.
//! - [`RgbView`]: an image in any format, RGB or YUV, that samples as colours.
//! - [`RenderTarget`]: a 2D texture to draw into and read back.
//! - [`YuvTarget`]: an image of luma and chroma to draw colours into.
//! - [`Program`]: the shaders of this crate, or yours.
//!
//! Every operation asks whether its context is current on the calling thread, and answers
//! [`NotCurrent`] if it is not. Objects can be dropped anywhere: those whose context is not current
//! are deleted the next time that it is used.
//!
//! Operations put the GL state that they change back, so they can be mixed with the drawing of an
//! engine that owns the context.
//!
//! # In a program that has its own context
//! A game, a player or a compositor has made its display and its context already, with winit,
//! glutin, SDL or Smithay. Both can be adopted, and whoever made them goes on as before:
//!
//! ```
//! # use dmashare::allocator::{Allocator, Memfd};
//! use dmashare::allocator::Request;
//! use dmashare::egl::{Context, Display, Image};
//! use dmashare::format::Fourcc;
//! use dmashare::gl::{Gl, Texture, TwoD};
//!
//! # let their_display = Display::surfaceless()?;
//! # let their_context = Context::new(&their_display)?;
//! # their_context.make_current()?;
//! # let egl_display = their_display.as_raw();
//! # let dmabuf = Memfd::new().allocate(&Request::new(64, 64, Fourcc::ARGB8888))?;
//! // `egl_display` is what `eglGetCurrentDisplay` returns, or the windowing library.
//! // SAFETY: it stays initialised as long as anything that is made from it here.
//! let display = unsafe { Display::adopt(egl_display) }?;
//! // SAFETY: the current context is not destroyed before everything that is made with it here.
//! let context = unsafe { Context::adopt_current(&display) }?;
//! let gl = Gl::new(&context)?;
//!
//! // `dmabuf` came from an allocator, a camera, another process.
//! let texture = Texture::<TwoD>::from_image(&gl, &Image::import(&display, &dmabuf)?)?;
//! let name: u32 = texture.name().0.get(); // for glBindTexture
//! # assert_ne!(name, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! A dma-buf whose file descriptors come from elsewhere is described by a
//! [`Descriptor`](crate::dmabuf::Descriptor) and checked by [`Dmabuf::new`](crate::dmabuf::Dmabuf::new).
//!
//! # Row order
//! Row 0 is the first in memory and the top of the picture. A [`RenderTarget`] has it at clip-space
//! y = -1, as GL has for every texture; [`Orientation::Window`] turns the picture over for windows,
//! whose top is at y = +1.
//!
//! Spec: OpenGL ES 2.0 and later, `GL_OES_EGL_image`, `GL_OES_EGL_image_external`.

mod arrangement;
mod completion;
mod conversion;
mod current;
mod direct_quirk;
mod error;
mod fence;
mod garbage;
mod loaded;
mod pixels;
mod program;
mod quad;
mod rgb_view;
mod rgb_view_error;
mod sampled_memory;
mod sampling;
mod state;
mod target;
mod texture;
mod texture_cache;
mod uniform;
mod view_program;
mod way;
mod yuv_target;

pub use completion::Completion;
pub use error::BindError;
pub use error::GlError;
pub use error::NotCurrent;
pub use error::TargetError;
pub use fence::GpuWaitError;
pub use loaded::Gl;
pub use loaded::GlLoadError;
pub use program::Program;
pub use program::ProgramError;
pub use quad::Orientation;
pub use rgb_view::RgbView;
pub use rgb_view_error::RgbViewError;
pub use target::RenderTarget;
pub use texture::External;
pub use texture::Kind;
pub use texture::PixelType;
pub use texture::Texture;
pub use texture::TwoD;
pub use texture_cache::TargetImportError;
pub use texture_cache::TextureCache;
pub use texture_cache::TextureImportError;
pub use uniform::Uniform;
pub use way::DirectQuirk;
pub use way::Policy;
pub use way::Reason;
pub use way::Way;
pub use yuv_target::YuvTarget;
pub use yuv_target::YuvTargetError;
