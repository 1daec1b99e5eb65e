#![allow(unsafe_code, reason = "opens displays on native handles")]
//! Displays of the window systems that others opened, and which windows belong to them.
//!
//! Spec: `EGL_KHR_platform_x11`, `EGL_KHR_platform_wayland`, and the crate `raw-window-handle`, in
//! whose types window libraries hand their handles out.

use std::ffi::c_void;
use std::ptr::NonNull;

use raw_window_handle::HandleError;
use raw_window_handle::HasDisplayHandle;
use raw_window_handle::RawDisplayHandle;

use crate::egl::Display;
use crate::egl::DisplayError;
use crate::egl::Platform;
use crate::egl::display::Kept;
use crate::egl::sys;

impl Display {
    /// A display of the X server or Wayland compositor that winit, SDL or another library is
    /// connected to.
    ///
    /// `connection` is whatever that library offers to keep the connection open, such as winit's
    /// `OwnedDisplayHandle`. It belongs to the display, and is dropped after the display is
    /// terminated. If the same connection is in use as a display already, the result is a clone of
    /// that one.
    ///
    /// # Errors
    /// - [`DisplayError::NoHandle`]: no handle, or one of another kind than Xlib's and Wayland's.
    /// - else as the other constructors.
    ///
    /// Spec: `EGL_KHR_platform_x11`, `EGL_KHR_platform_wayland`.
    #[doc(alias = "eglGetPlatformDisplay")]
    pub fn from_window_system<C>(connection: C) -> Result<Self, DisplayError>
    where
        C: HasDisplayHandle + Send + Sync + 'static,
    {
        let (platform, native) = native_of(&connection)
            .map_err(|error| DisplayError::NoHandle { cause: error.to_string() })?;
        let code = match platform {
            Platform::Wayland => sys::PLATFORM_WAYLAND,
            _ => sys::PLATFORM_X11,
        };
        // SAFETY: `open` requires a native display that stays valid or belongs to what is kept: a
        // `DisplayHandle` is valid, and lasts for the lifetime of the object that gave it
        // (raw-window-handle, `HasDisplayHandle`), which is kept.
        unsafe { Self::open(platform, code, native, Kept::owner(connection)) }
    }

    /// Whether windows of this connection can be drawn into with the display.
    pub(in crate::egl) fn is_of(&self, connection: &impl HasDisplayHandle) -> bool {
        native_of(connection).is_ok_and(|(_, native)| self.connection().is_made_from(native))
    }
}

/// The platform of a connection, and what EGL calls the native display.
fn native_of(connection: &impl HasDisplayHandle) -> Result<(Platform, *mut c_void), HandleError> {
    match connection.display_handle()?.as_raw() {
        RawDisplayHandle::Xlib(xlib) => {
            // Without a pointer, EGL would open a connection of its own.
            let display = xlib.display.ok_or(HandleError::Unavailable)?;
            Ok((Platform::X11, NonNull::as_ptr(display)))
        }
        RawDisplayHandle::Wayland(wayland) => Ok((Platform::Wayland, wayland.display.as_ptr())),
        _ => Err(HandleError::NotSupported),
    }
}
