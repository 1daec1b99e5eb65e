#![allow(unsafe_code, reason = "calls libwayland-egl")]
//! What EGL draws into on Wayland: a surface with a size.
//!
//! Spec: `wayland-egl-core.h`.

use std::ffi::c_void;
use std::ptr::NonNull;

use wayland_sys::client::wl_proxy;
use wayland_sys::egl::wayland_egl_handle;
use wayland_sys::egl::wl_egl_window;
use wayland_sys::ffi_dispatch;

/// A `wl_egl_window`, destroyed on drop. libwayland-egl is loaded at run time.
#[derive(Debug)]
pub(in crate::egl) struct WaylandWindow {
    window: NonNull<wl_egl_window>,
}

// SAFETY: `Send` requires that the window may be used and destroyed on another thread; it is plain
// memory of the process with one owner (wayland-egl.c), and no two threads use it at once.
unsafe impl Send for WaylandWindow {}

impl WaylandWindow {
    /// A window of this size in pixels; `None` without libwayland-egl, or without memory.
    ///
    /// # Safety
    /// `surface` must be a `wl_surface` that is destroyed after the result.
    pub(in crate::egl) unsafe fn new(surface: *mut c_void, size: [u32; 2]) -> Option<Self> {
        if !wayland_sys::egl::is_lib_available() {
            return None;
        }
        let [width, height] = size.map(to_wayland);
        let surface = surface.cast::<wl_proxy>();
        // SAFETY: wl_egl_window_create requires a living wl_surface; the caller answers for it.
        let window = unsafe {
            ffi_dispatch!(wayland_egl_handle(), wl_egl_window_create, surface, width, height)
        };
        NonNull::new(window).map(|window| Self { window })
    }

    pub(in crate::egl) fn as_ptr(&self) -> *mut c_void {
        self.window.as_ptr().cast()
    }

    /// Takes effect with the next frame.
    pub(in crate::egl) fn resize(&self, size: [u32; 2]) {
        let [width, height] = size.map(to_wayland);
        let window = self.window.as_ptr();
        // SAFETY: wl_egl_window_resize requires a window that is not destroyed: this owns it.
        unsafe {
            ffi_dispatch!(wayland_egl_handle(), wl_egl_window_resize, window, width, height, 0, 0);
        }
    }
}

impl Drop for WaylandWindow {
    fn drop(&mut self) {
        // SAFETY: wl_egl_window_destroy requires a window that is destroyed once: this owns it.
        unsafe {
            ffi_dispatch!(wayland_egl_handle(), wl_egl_window_destroy, self.window.as_ptr());
        }
    }
}

/// libwayland-egl makes no window of less than one pixel.
fn to_wayland(pixels: u32) -> i32 {
    i32::try_from(pixels.max(1)).unwrap_or(i32::MAX)
}
