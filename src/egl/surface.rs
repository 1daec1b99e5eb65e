#![allow(unsafe_code, reason = "creates window surfaces from native handles")]
//! A window to draw into.

use std::ffi::c_void;
use std::ptr::NonNull;

use raw_window_handle::RawDisplayHandle;
use raw_window_handle::RawWindowHandle;
use wayland_sys::client::wl_proxy;
use wayland_sys::egl::wayland_egl_handle;
use wayland_sys::egl::wl_egl_window;
use wayland_sys::ffi_dispatch;

use crate::egl::CallError;
use crate::egl::Config;
use crate::egl::Context;
use crate::egl::ContextError;
use crate::egl::Display;
use crate::egl::DisplayError;
use crate::egl::Platform;
use crate::egl::sys::Handle;

impl Display {
    /// The display of a window system that winit, SDL or another library opened.
    ///
    /// # Safety
    /// The handle must stay valid until the last clone of the result, and everything made from it,
    /// is gone.
    ///
    /// # Errors
    /// [`DisplayError`]; `Unsupported` for anything but Xlib and Wayland.
    pub unsafe fn from_window_system(handle: RawDisplayHandle) -> Result<Self, DisplayError> {
        match handle {
            RawDisplayHandle::Xlib(xlib) => {
                let display = xlib.display.map_or(std::ptr::null_mut(), NonNull::as_ptr);
                // SAFETY: `from_x11` requires an open Xlib display; the caller answers for it.
                unsafe { Self::from_x11(display) }
            }
            RawDisplayHandle::Wayland(wayland) => {
                // SAFETY: `from_wayland` requires an open connection; the caller answers for it.
                unsafe { Self::from_wayland(wayland.display.as_ptr()) }
            }
            _ => Err(DisplayError::Unsupported { extension: "a platform for this window system" }),
        }
    }
}

/// The surface of a window on X11 or Wayland. Destroyed on drop; the window stays its owner's.
///
/// Spec: EGL 1.5, section 3.5.1.
#[derive(Debug)]
pub struct Surface {
    handle: Handle,
    display: Display,
    /// Destroyed after the surface.
    wayland: Option<WaylandWindow>,
}

impl Surface {
    /// A surface for a window of a window system; `size` in pixels matters on Wayland, where a
    /// window has no size of its own.
    ///
    /// # Safety
    /// The window must belong to the window system of `display` and outlive the surface.
    ///
    /// # Errors
    /// [`SurfaceError`].
    #[doc(alias = "eglCreatePlatformWindowSurface")]
    pub unsafe fn new(
        display: &Display,
        config: Config,
        window: RawWindowHandle,
        size: [u32; 2],
    ) -> Result<Self, SurfaceError> {
        let call = "eglCreatePlatformWindowSurface";
        let egl = display.connection().library.egl();
        let attributes = [khronos_egl::ATTRIB_NONE];
        let wayland = match window {
            RawWindowHandle::Wayland(window) => {
                // SAFETY: `new` requires a living wl_surface; the caller answers for the window.
                Some(unsafe { WaylandWindow::new(window.surface.as_ptr(), size) }?)
            }
            _ => None,
        };
        // EGL_KHR_platform_x11 takes the address of the window's number.
        let mut xid;
        let native = match (window, &wayland) {
            (_, Some(window)) => window.as_ptr(),
            (RawWindowHandle::Xlib(window), None) => {
                xid = window.window;
                (&raw mut xid).cast::<c_void>()
            }
            _ => return Err(SurfaceError::Unsupported { platform: display.platform() }),
        };
        // SAFETY: the function requires a native window of the display's platform, in the form that
        // the platform's extension gives; the caller answers for the window itself.
        let surface = unsafe {
            egl.create_platform_window_surface(display.raw(), config.raw(), native, &attributes)
        }
        .map_err(|error| CallError::new(call, error))?;
        let handle = Handle::from_ptr(surface.as_ptr());
        Ok(Self { handle, display: display.clone(), wayland })
    }

    /// Makes a context current on this thread, drawing into the window.
    ///
    /// # Errors
    /// [`ContextError::Call`].
    pub fn make_current(&self, context: &Context) -> Result<(), ContextError> {
        context.bind(Some(self.raw()))
    }

    /// Shows what was drawn. May block until the window system is ready for the next frame. The
    /// surface's context must be current.
    ///
    /// # Errors
    /// [`CallError`].
    #[doc(alias = "eglSwapBuffers")]
    pub fn swap(&self) -> Result<(), CallError> {
        let egl = self.display.connection().library.egl();
        egl.swap_buffers(self.display.raw(), self.raw())
            .map_err(|error| CallError::new("eglSwapBuffers", error))
    }

    /// Follows the window's new size in pixels. X11 does so by itself.
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
        if let Err(error) = egl.destroy_surface(self.display.raw(), self.raw()) {
            tracing::warn!(%error, "a window surface could not be destroyed");
        }
    }
}

/// What EGL draws into on Wayland: a surface with a size.
#[derive(Debug)]
struct WaylandWindow {
    window: NonNull<wl_egl_window>,
}

impl WaylandWindow {
    /// # Safety
    /// `surface` must be a living `wl_surface`.
    unsafe fn new(surface: *mut c_void, size: [u32; 2]) -> Result<Self, SurfaceError> {
        if !wayland_sys::egl::is_lib_available() {
            return Err(SurfaceError::NoWaylandEgl);
        }
        let [width, height] = size.map(clamp);
        let surface = surface.cast::<wl_proxy>();
        // SAFETY: wl_egl_window_create requires a living wl_surface; the caller answers for it.
        let window = unsafe {
            ffi_dispatch!(wayland_egl_handle(), wl_egl_window_create, surface, width, height)
        };
        NonNull::new(window).map(|window| Self { window }).ok_or(SurfaceError::NoWaylandEgl)
    }

    fn as_ptr(&self) -> *mut c_void {
        self.window.as_ptr().cast()
    }

    fn resize(&self, size: [u32; 2]) {
        let [width, height] = size.map(clamp);
        let window = self.window.as_ptr();
        // SAFETY: wl_egl_window_resize requires a window that is not destroyed: this owns it.
        unsafe {
            ffi_dispatch!(wayland_egl_handle(), wl_egl_window_resize, window, width, height, 0, 0);
        }
    }
}

impl Drop for WaylandWindow {
    fn drop(&mut self) {
        // SAFETY: wl_egl_window_destroy requires a window that is destroyed once, after its
        // surface: this owns it, and `Surface` drops its fields after its own destruction.
        unsafe {
            ffi_dispatch!(wayland_egl_handle(), wl_egl_window_destroy, self.window.as_ptr());
        }
    }
}

fn clamp(pixels: u32) -> i32 {
    i32::try_from(pixels.max(1)).unwrap_or(i32::MAX)
}

/// Why there is no surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SurfaceError {
    /// The window is of a kind that the display cannot use.
    #[error("a window of this kind does not go with the {platform} platform")]
    Unsupported {
        /// The display's platform.
        platform: Platform,
    },
    /// libwayland-egl is missing, or refused.
    #[error("libwayland-egl.so.1 is missing (Debian: apt install libwayland-egl1)")]
    NoWaylandEgl,
    /// EGL refused.
    #[error(transparent)]
    Call(#[from] CallError),
}
