//! A context with or without a window.

use dmashare::egl::Context;
use dmashare::egl::ContextError;

/// Where a context draws.
pub(crate) trait Place {
    fn context(&self) -> &Context;

    /// Makes the context current on this thread.
    fn make_current(&self) -> Result<(), ContextError>;
}

/// Without a window, a context draws into textures alone.
impl Place for Context {
    fn context(&self) -> &Context {
        self
    }

    fn make_current(&self) -> Result<(), ContextError> {
        Self::make_current(self)
    }
}
