#![allow(unsafe_code, reason = "creates and adopts EGL contexts")]
//! A GLES context.

use std::ffi::CStr;
use std::ffi::c_void;
use std::sync::Arc;

use crate::egl::CallError;
use crate::egl::Config;
use crate::egl::Display;
use crate::egl::sys::Handle;

/// A GLES context of a display: ours, or somebody else's adopted.
///
/// A context is current on at most one thread, and a thread has at most one current context. Nothing
/// here trusts that a context is still current because it once was: what needs it asks EGL, which
/// costs a few nanoseconds. Cloning is cheap; the context is destroyed with its last clone, unless
/// it was adopted.
///
/// Spec: EGL 1.5, section 3.7.
#[derive(Clone, Debug)]
pub struct Context {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    handle: Handle,
    display: Display,
    config: Option<Config>,
    adopted: bool,
}

impl Context {
    /// A context without a window: it draws into images. GLES 3, or 2 where there is no 3.
    ///
    /// # Errors
    /// [`ContextError`]: no surfaceless contexts, or EGL refused.
    ///
    /// Spec: `EGL_KHR_surfaceless_context`, `EGL_KHR_no_config_context`.
    #[doc(alias = "eglCreateContext")]
    pub fn new(display: &Display) -> Result<Self, ContextError> {
        for extension in ["EGL_KHR_surfaceless_context", "EGL_KHR_no_config_context"] {
            if !display.extensions().contains(extension) {
                return Err(ContextError::Unsupported { extension });
            }
        }
        // SAFETY: EGL_NO_CONFIG_KHR is null, and allowed here by EGL_KHR_no_config_context.
        let none = unsafe { khronos_egl::Config::from_ptr(std::ptr::null_mut()) };
        Self::create(display, none, None)
    }

    /// A context for windows of this configuration, and for images.
    ///
    /// # Errors
    /// [`ContextError::Call`].
    pub fn for_windows(display: &Display, config: Config) -> Result<Self, ContextError> {
        Self::create(display, config.raw(), Some(config))
    }

    fn create(
        display: &Display,
        raw_config: khronos_egl::Config,
        config: Option<Config>,
    ) -> Result<Self, ContextError> {
        let egl = display.connection().library.egl();
        egl.bind_api(khronos_egl::OPENGL_ES_API)
            .map_err(|error| CallError::new("eglBindAPI", error))?;
        let of_version = |version| {
            let attributes = [khronos_egl::CONTEXT_CLIENT_VERSION, version, khronos_egl::NONE];
            egl.create_context(display.raw(), raw_config, None, &attributes)
        };
        let context = of_version(3)
            .or_else(|_only_gles_2| of_version(2))
            .map_err(|error| CallError::new("eglCreateContext", error))?;
        let handle = Handle::from_ptr(context.as_ptr());
        let inner = Inner { handle, display: display.clone(), config, adopted: false };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Uses the context that is current on this thread and that somebody else made: winit's,
    /// glutin's, SDL's or wgpu's. It is never destroyed, nor made current, by this crate unless
    /// asked to.
    ///
    /// # Safety
    /// The context must not be destroyed before the last clone of the result, and everything made
    /// with it, is gone.
    ///
    /// # Errors
    /// [`ContextError::NotCurrent`] if no context of the display is current on this thread.
    pub unsafe fn adopt_current(display: &Display) -> Result<Self, ContextError> {
        let egl = display.connection().library.egl();
        let context = egl.get_current_context().ok_or(ContextError::NotCurrent)?;
        let current = egl.get_current_display().ok_or(ContextError::NotCurrent)?;
        if current.as_ptr() != display.as_raw() {
            return Err(ContextError::NotCurrent);
        }
        let handle = Handle::from_ptr(context.as_ptr());
        let inner = Inner { handle, display: display.clone(), config: None, adopted: true };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The display that it belongs to.
    pub fn display(&self) -> &Display {
        &self.inner.display
    }

    /// The configuration of the windows that it can draw into, if it can.
    pub fn config(&self) -> Option<Config> {
        self.inner.config
    }

    /// Makes it current on this thread, without a window. What was current on this thread no longer
    /// is.
    ///
    /// # Errors
    /// [`ContextError::Call`]; `EGL_BAD_ACCESS` if it is current on another thread.
    #[doc(alias = "eglMakeCurrent")]
    pub fn make_current(&self) -> Result<(), ContextError> {
        self.bind(None)
    }

    /// Makes nothing current on this thread, so that another thread can have the context.
    ///
    /// # Errors
    /// [`ContextError::Call`].
    pub fn release_current(&self) -> Result<(), ContextError> {
        let egl = self.display().connection().library.egl();
        egl.make_current(self.display().raw(), None, None, None)
            .map_err(|error| CallError::new("eglMakeCurrent", error).into())
    }

    pub(in crate::egl) fn bind(
        &self,
        surface: Option<khronos_egl::Surface>,
    ) -> Result<(), ContextError> {
        let egl = self.display().connection().library.egl();
        egl.make_current(self.display().raw(), surface, surface, Some(self.raw()))
            .map_err(|error| CallError::new("eglMakeCurrent", error).into())
    }

    /// Whether it is current on this thread.
    #[doc(alias = "eglGetCurrentContext")]
    pub fn is_current(&self) -> bool {
        let current = self.display().connection().library.egl().get_current_context();
        current.is_some_and(|current| current.as_ptr() == self.as_raw())
    }

    /// The address of a GL function for this context's API, as loaders of GL want it. Null if there
    /// is none; an address alone does not mean that the driver has the function.
    #[doc(alias = "eglGetProcAddress")]
    pub fn proc_address(&self, name: &CStr) -> *const c_void {
        let address = self.display().connection().library.address(name);
        address.map_or(std::ptr::null(), |address| address as *const c_void)
    }

    /// The `EGLContext`. It stays this context's.
    pub fn as_raw(&self) -> *mut c_void {
        self.inner.handle.as_ptr()
    }

    fn raw(&self) -> khronos_egl::Context {
        self.inner.raw()
    }
}

impl Inner {
    fn raw(&self) -> khronos_egl::Context {
        // SAFETY: `from_ptr` requires an EGLContext of this library: the handle was made from one.
        unsafe { khronos_egl::Context::from_ptr(self.handle.as_ptr()) }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.adopted {
            return;
        }
        let egl = self.display.connection().library.egl();
        // A context that is current would live on until it no longer is.
        let current = egl.get_current_context().map(|context| context.as_ptr());
        if current == Some(self.handle.as_ptr())
            && let Err(error) = egl.make_current(self.display.raw(), None, None, None)
        {
            tracing::warn!(%error, "a context could not be released");
        }
        if let Err(error) = egl.destroy_context(self.display.raw(), self.raw()) {
            tracing::warn!(%error, "a context could not be destroyed");
        }
    }
}

impl PartialEq for Context {
    /// The same context.
    fn eq(&self, other: &Self) -> bool {
        self.inner.handle == other.inner.handle
    }
}

impl Eq for Context {}

/// Why there is no context, or it cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The driver cannot do without a window.
    #[error("this driver does not have {extension}")]
    Unsupported {
        /// The missing extension.
        extension: &'static str,
    },
    /// No context of this display is current on this thread.
    #[error("no context of this display is current on this thread")]
    NotCurrent,
    /// EGL refused.
    #[error(transparent)]
    Call(#[from] CallError),
}
