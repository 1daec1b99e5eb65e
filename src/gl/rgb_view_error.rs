//! Why an image cannot be sampled as colours.

use crate::dmabuf::PlaneAsImageError;
use crate::egl::ImportError;
use crate::format::Fourcc;
use crate::gl::BindError;
use crate::gl::GlError;
use crate::gl::NotCurrent;
use crate::gl::ProgramError;
use crate::gl::Way;

/// Why an image cannot be sampled as colours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RgbViewError {
    /// The format cannot become colours this way: it is not known, or its bytes are a vendor's secret.
    #[error("{fourcc} has no linear arrangement that a shader could read {way}")]
    Unsupported {
        /// The pixel format.
        fourcc: Fourcc,
        /// The way that was asked for.
        way: Way,
    },
    /// A plane is no image of its own.
    #[error("plane {plane} cannot be a texture")]
    Plane {
        /// The plane, counted from 0.
        plane: usize,
        /// Why.
        source: PlaneAsImageError,
    },
    /// The driver does not import the image, or one of its planes.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The context is not current, or the image or one of its planes cannot be a texture.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The driver's compiler rejected the shader.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

impl From<NotCurrent> for RgbViewError {
    fn from(error: NotCurrent) -> Self {
        Self::Bind(error.into())
    }
}

impl From<GlError> for RgbViewError {
    fn from(error: GlError) -> Self {
        Self::Bind(error.into())
    }
}
