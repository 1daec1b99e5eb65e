#![allow(unsafe_code, reason = "creates window surfaces from native handles")]
//! A window to draw into.

use std::any::Any;
use std::ffi::c_void;

use raw_window_handle::HandleError;
use raw_window_handle::HasDisplayHandle;
use raw_window_handle::HasWindowHandle;
use raw_window_handle::RawWindowHandle;

use crate::egl::CallError;
use crate::egl::Config;
use crate::egl::Context;
use crate::egl::ContextError;
use crate::egl::Display;
use crate::egl::Platform;
use crate::egl::sys::Handle;
use crate::egl::wayland_window::WaylandWindow;

/// The surface of a window on X11 or Wayland. Destroyed on drop; if it is current on the dropping
/// thread, no context is current there afterwards.
///
/// It can be moved to another thread, and be current on one at a time.
///
/// Spec: EGL 1.5, section 3.5.1.
#[derive(Debug)]
#[doc(alias = "EGLSurface")]
pub struct Surface {
    handle: Handle,
    display: Display,
    /// Destroyed after the surface, before the window.
    wayland: Option<WaylandWindow>,
    _window: Option<Box<dyn Any + Send>>,
}

impl Surface {
    /// A surface for a window of winit, SDL or another library; `size` in pixels matters on
    /// Wayland, where a window has no size of its own.
    ///
    /// The surface holds `window`, which is best an `Arc` of it, so that the window lives as long.
    /// Take the configuration from [`Config::for_window`].
    ///
    /// # Errors
    /// - [`SurfaceError::OtherDisplay`]: the window is on another connection than `display`.
    /// - [`SurfaceError::NoHandle`], [`SurfaceError::Unsupported`]: the window is none of X11's or
    ///   Wayland's.
    /// - [`SurfaceError::NoWaylandEgl`], [`SurfaceError::Call`].
    #[doc(alias = "eglCreatePlatformWindowSurface")]
    pub fn new<W>(
        display: &Display,
        config: Config,
        window: W,
        size: [u32; 2],
    ) -> Result<Self, SurfaceError>
    where
        W: HasWindowHandle + HasDisplayHandle + Send + 'static,
    {
        if !display.is_of(&window) {
            return Err(SurfaceError::OtherDisplay);
        }
        let handle = window.window_handle()?.as_raw();
        // SAFETY: `create` requires a window of the display's connection: compared above; and that
        // the window belongs to what is kept: a handle lasts for the lifetime of the object that
        // gave it (raw-window-handle, `HasWindowHandle`).
        unsafe { Self::create(display, config, handle, size, Some(Box::new(window))) }
    }

    /// As [`Surface::new`], for a handle whose owner the surface cannot hold.
    ///
    /// # Safety
    /// The window must belong to the connection of `display`, and outlive the surface.
    ///
    /// # Errors
    /// As [`Surface::new`]; never `OtherDisplay` or `NoHandle`.
    pub unsafe fn from_raw(
        display: &Display,
        config: Config,
        window: RawWindowHandle,
        size: [u32; 2],
    ) -> Result<Self, SurfaceError> {
        // SAFETY: the requirements are the same; the caller answers for them.
        unsafe { Self::create(display, config, window, size, None) }
    }

    /// # Safety
    /// The window must belong to the connection of `display`, and either outlive the surface or
    /// belong to `keep`.
    unsafe fn create(
        display: &Display,
        config: Config,
        window: RawWindowHandle,
        size: [u32; 2],
        keep: Option<Box<dyn Any + Send>>,
    ) -> Result<Self, SurfaceError> {
        let unsupported = SurfaceError::Unsupported { platform: display.platform() };
        let egl = display.connection().library.egl();
        let mut xid;
        let mut wayland = None;
        let native = match window {
            RawWindowHandle::Wayland(window) => {
                // SAFETY: `new` requires a wl_surface that is destroyed after it; the caller answers
                // for the window.
                let window = unsafe { WaylandWindow::new(window.surface.as_ptr(), size) };
                wayland.insert(window.ok_or(SurfaceError::NoWaylandEgl)?).as_ptr()
            }
            // EGL_KHR_platform_x11 takes the address of the window's number.
            RawWindowHandle::Xlib(window) => {
                xid = window.window;
                (&raw mut xid).cast::<c_void>()
            }
            _ => return Err(unsupported),
        };
        let attributes = [khronos_egl::ATTRIB_NONE];
        // SAFETY: the function requires a native window of the display's platform, in the form that
        // the platform's extension gives; the caller answers for the window itself.
        let surface = unsafe {
            egl.create_platform_window_surface(display.raw(), config.raw(), native, &attributes)
        };
        let surface =
            surface.map_err(|error| CallError::new("eglCreatePlatformWindowSurface", error))?;
        let handle = Handle::from_ptr(surface.as_ptr());
        Ok(Self { handle, display: display.clone(), wayland, _window: keep })
    }

    /// Makes a context current on this thread, drawing into the window.
    ///
    /// # Errors
    /// [`ContextError::Call`].
    #[doc(alias = "eglMakeCurrent")]
    pub fn make_current(&self, context: &Context) -> Result<(), ContextError> {
        context.bind(Some(self.raw()))
    }

    /// Shows what was drawn. The surface's context must be current.
    ///
    /// May block until the window system wants the next frame. On Wayland that is for ever if
    /// nobody can see the window: draw when the window library asks for it, or set an interval of 0
    /// ([`Surface::set_swap_interval`]).
    ///
    /// # Errors
    /// [`CallError`].
    #[doc(alias = "eglSwapBuffers")]
    pub fn swap(&self) -> Result<(), CallError> {
        let egl = self.display.connection().library.egl();
        egl.swap_buffers(self.display.raw(), self.raw())
            .map_err(|error| CallError::new("eglSwapBuffers", error))
    }

    /// How many frames of the window system a [`Surface::swap`] waits for at least: 1 unless set,
    /// and with 0 it does not wait. The surface's context must be current.
    ///
    /// # Errors
    /// [`CallError`].
    #[doc(alias = "eglSwapInterval")]
    pub fn set_swap_interval(&self, frames: u32) -> Result<(), CallError> {
        let egl = self.display.connection().library.egl();
        let frames = i32::try_from(frames).unwrap_or(i32::MAX);
        egl.swap_interval(self.display.raw(), frames)
            .map_err(|error| CallError::new("eglSwapInterval", error))
    }

    /// Follows the window's new size in pixels, from the next frame on. X11 does so by itself.
    #[doc(alias = "wl_egl_window_resize")]
    pub fn resize(&self, size: [u32; 2]) {
        if let Some(window) = &self.wayland {
            window.resize(size);
        }
    }

    fn raw(&self) -> khronos_egl::Surface {
        // SAFETY: `from_ptr` requires an EGLSurface: the handle was made from one.
        unsafe { khronos_egl::Surface::from_ptr(self.handle.as_ptr()) }
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        let egl = self.display.connection().library.egl();
        // A surface that is current would live on, without its window.
        let current = egl.get_current_surface(khronos_egl::DRAW);
        if current.is_some_and(|current| current.as_ptr() == self.handle.as_ptr())
            && let Err(error) = egl.make_current(self.display.raw(), None, None, None)
        {
            tracing::warn!(%error, "a window surface could not be released");
        }
        if let Err(error) = egl.destroy_surface(self.display.raw(), self.raw()) {
            tracing::warn!(%error, "a window surface could not be destroyed");
        }
    }
}

impl Config {
    /// The configuration for a window that is there already: on X11, one with its visual.
    ///
    /// # Errors
    /// [`SurfaceError::NoHandle`]; [`SurfaceError::Call`] as [`Config::for_windows`].
    #[doc(alias = "EGL_NATIVE_VISUAL_ID")]
    pub fn for_window<W>(display: &Display, window: &W) -> Result<Self, SurfaceError>
    where
        W: HasWindowHandle,
    {
        let visual = match window.window_handle()?.as_raw() {
            // 0 is no visual: the library does not tell.
            RawWindowHandle::Xlib(window) => {
                u32::try_from(window.visual_id).ok().filter(|id| *id != 0)
            }
            _ => None,
        };
        Ok(Self::for_windows(display, visual)?)
    }
}

/// Why there is no surface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SurfaceError {
    /// The window is of a kind that the display cannot use.
    #[error("a window of this kind does not go with the {platform} platform")]
    Unsupported {
        /// The display's platform.
        platform: Platform,
    },
    /// The window is on another connection to the window system than the display.
    #[error(
        "the window is on another connection than the display: open it with \
         `Display::from_window_system`"
    )]
    OtherDisplay,
    /// The window has no handle to give.
    #[error("the window gives no handle: {cause}")]
    NoHandle {
        /// What it said.
        cause: String,
    },
    /// libwayland-egl is missing, or refused.
    #[error("libwayland-egl.so.1 is missing (Debian: apt install libwayland-egl1)")]
    NoWaylandEgl,
    /// EGL refused.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<HandleError> for SurfaceError {
    fn from(error: HandleError) -> Self {
        Self::NoHandle { cause: error.to_string() }
    }
}
