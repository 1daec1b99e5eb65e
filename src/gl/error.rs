//! What can go wrong with GL objects.

use crate::dmabuf::Refusal;
use crate::egl::CallError;
use crate::format::Fourcc;
use crate::format::Modifier;

/// The context that an operation needs is not current on this thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the context is not current on this thread: call `Context::make_current` first")]
pub struct NotCurrent;

/// What `glGetError` said after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlError {
    /// The context is not current.
    #[error(transparent)]
    NotCurrent(#[from] NotCurrent),
    /// GL refused.
    #[error("{call} failed with GL error {code:#06x}")]
    Call {
        /// The function.
        call: &'static str,
        /// `GL_INVALID_ENUM` (0x0500) and its kin.
        code: u32,
    },
    /// The texture cannot be rendered into.
    #[error("the texture cannot be rendered into: framebuffer status {status:#06x}")]
    Incomplete {
        /// What `glCheckFramebufferStatus` said.
        status: u32,
    },
    /// There is no memory for the object.
    #[error("{call} gave no object")]
    NoObject {
        /// The function.
        call: &'static str,
    },
}

/// Why an image cannot become a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum BindError {
    /// The driver cannot do it.
    #[error("this driver does not have {extension}")]
    Unsupported { extension: &'static str },
    /// The image belongs to another display than the context.
    #[error("the image belongs to another display than the context: import it there")]
    OtherDisplay,
    /// The image can become an external texture only. Mesa would let it pass, and sample raw luma.
    #[error("{fourcc} with modifier {modifier} is for external textures only")]
    ExternalOnly { fourcc: Fourcc, modifier: Modifier },
    /// The context cannot have textures of this size.
    #[error("an image of {width}x{height} pixels, where textures have at most {limit}")]
    TooLarge { width: u32, height: u32, limit: u32 },
    /// The context is not current, or GL refused.
    #[error(transparent)]
    Gl(#[from] GlError),
    /// EGL refused.
    #[error(transparent)]
    Egl(#[from] CallError),
}

/// Why a texture cannot be drawn into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The driver would write beyond the image, or to an address that faults.
    #[error("this driver must not draw into the image")]
    Refused(#[from] Refusal),
    /// The context is not current, or GL refused.
    #[error(transparent)]
    Gl(#[from] GlError),
}

impl From<NotCurrent> for BindError {
    fn from(error: NotCurrent) -> Self {
        Self::Gl(error.into())
    }
}
