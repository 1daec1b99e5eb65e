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
//! **Row order.** Row 0 is the first in memory and the top of the picture. A [`RenderTarget`] has it
//! at clip-space y = -1, as GL has for every texture; [`Orientation::Window`] turns the picture over
//! for windows, whose top is at y = +1.
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
