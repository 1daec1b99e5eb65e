#![allow(unsafe_code, reason = "holds the raw handle of a configuration")]
//! Which pixels a window has.

use std::ffi::c_void;

use crate::egl::CallError;
use crate::egl::Display;
use crate::egl::ErrorCode;
use crate::egl::sys::Handle;

/// A configuration for windows with 8 bits per colour channel that GLES can draw into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    handle: Handle,
}

impl Config {
    /// The configuration for opaque windows; with `visual`, one for X11 windows of that visual and
    /// of no other.
    ///
    /// # Errors
    /// [`CallError`]: EGL refused, or has no such configuration (`EGL_BAD_MATCH`).
    ///
    /// Spec: EGL 1.5, section 3.4.1, "Querying Configurations".
    #[doc(alias = "eglChooseConfig")]
    pub fn for_windows(display: &Display, visual: Option<u32>) -> Result<Self, CallError> {
        let call = "eglChooseConfig";
        let egl = display.connection().library.egl();
        let attributes = [
            khronos_egl::SURFACE_TYPE,
            khronos_egl::WINDOW_BIT,
            khronos_egl::RENDERABLE_TYPE,
            khronos_egl::OPENGL_ES2_BIT,
            khronos_egl::RED_SIZE,
            8,
            khronos_egl::GREEN_SIZE,
            8,
            khronos_egl::BLUE_SIZE,
            8,
            khronos_egl::NONE,
        ];
        let raw = display.raw();
        let count = egl
            .matching_config_count(raw, &attributes)
            .map_err(|error| CallError::new(call, error))?;
        let mut configs = Vec::with_capacity(count);
        egl.choose_config(raw, &attributes, &mut configs)
            .map_err(|error| CallError::new(call, error))?;
        let value = |config, name| egl.get_config_attrib(raw, config, name).unwrap_or(0);
        let suits = |config: &khronos_egl::Config| {
            let shown = value(*config, khronos_egl::NATIVE_VISUAL_ID).cast_unsigned();
            visual.is_none_or(|visual| visual == shown)
        };
        // EGL sorts deeper configurations first: take the one that was asked for.
        let best = configs.into_iter().filter(suits).min_by_key(|config| {
            let bits = value(*config, khronos_egl::BUFFER_SIZE);
            let alpha = value(*config, khronos_egl::ALPHA_SIZE);
            (alpha != 0, (bits - 24).abs())
        });
        let config = best.ok_or(CallError { call, code: ErrorCode::BAD_MATCH })?;
        Ok(Self { handle: Handle::from_ptr(config.as_ptr()) })
    }

    /// The visual (X11) or format of windows with this configuration.
    ///
    /// # Errors
    /// [`CallError`].
    #[doc(alias = "EGL_NATIVE_VISUAL_ID")]
    pub fn native_visual(&self, display: &Display) -> Result<u32, CallError> {
        let egl = display.connection().library.egl();
        egl.get_config_attrib(display.raw(), self.raw(), khronos_egl::NATIVE_VISUAL_ID)
            .map(i32::cast_unsigned)
            .map_err(|error| CallError::new("eglGetConfigAttrib", error))
    }

    pub(in crate::egl) fn raw(self) -> khronos_egl::Config {
        // SAFETY: `from_ptr` requires an EGLConfig: the handle was made from one.
        unsafe { khronos_egl::Config::from_ptr(self.handle.as_ptr()) }
    }

    /// The `EGLConfig`.
    pub fn as_raw(&self) -> *mut c_void {
        self.handle.as_ptr()
    }
}
