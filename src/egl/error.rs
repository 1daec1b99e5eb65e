//! The error codes of EGL.

use std::fmt;

use crate::egl::library::Library;

/// What `eglGetError` said, as a number and by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// A display that was never initialised.
    pub const NOT_INITIALIZED: Self = Self(0x3001);
    /// Refused: in use by another thread, or not permitted.
    pub const BAD_ACCESS: Self = Self(0x3002);
    /// Out of resources. Drivers also say so when they cannot place or stride a buffer.
    pub const BAD_ALLOC: Self = Self(0x3003);
    /// An unknown attribute or value.
    pub const BAD_ATTRIBUTE: Self = Self(0x3004);
    /// Not a context.
    pub const BAD_CONTEXT: Self = Self(0x3006);
    /// Not a display.
    pub const BAD_DISPLAY: Self = Self(0x3008);
    /// Arguments that do not go together; an unsupported format or modifier.
    pub const BAD_MATCH: Self = Self(0x3009);
    /// An argument out of range.
    pub const BAD_PARAMETER: Self = Self(0x300C);

    /// The name in `egl.h`, for the codes that EGL 1.5 defines.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x3000 => "EGL_SUCCESS",
            0x3001 => "EGL_NOT_INITIALIZED",
            0x3002 => "EGL_BAD_ACCESS",
            0x3003 => "EGL_BAD_ALLOC",
            0x3004 => "EGL_BAD_ATTRIBUTE",
            0x3005 => "EGL_BAD_CONFIG",
            0x3006 => "EGL_BAD_CONTEXT",
            0x3007 => "EGL_BAD_CURRENT_SURFACE",
            0x3008 => "EGL_BAD_DISPLAY",
            0x3009 => "EGL_BAD_MATCH",
            0x300A => "EGL_BAD_NATIVE_PIXMAP",
            0x300B => "EGL_BAD_NATIVE_WINDOW",
            0x300C => "EGL_BAD_PARAMETER",
            0x300D => "EGL_BAD_SURFACE",
            0x300E => "EGL_CONTEXT_LOST",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "EGL error {:#06x}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorCode({self})")
    }
}

impl From<khronos_egl::Error> for ErrorCode {
    fn from(error: khronos_egl::Error) -> Self {
        Self(error.native())
    }
}

/// A call that EGL refused, with its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed with {code}")]
pub struct CallError {
    /// The function.
    pub call: &'static str,
    /// What `eglGetError` said after it.
    pub code: ErrorCode,
}

impl CallError {
    pub(in crate::egl) fn new(call: &'static str, error: khronos_egl::Error) -> Self {
        Self { call, code: error.into() }
    }

    /// The code that the last call on this thread left. Success is kept as such: a driver that
    /// fails without a code is a fact to be seen.
    pub(in crate::egl) fn last(library: &Library, call: &'static str) -> Self {
        let code = library.egl().get_error().map_or(ErrorCode(0x3000), ErrorCode::from);
        Self { call, code }
    }
}
