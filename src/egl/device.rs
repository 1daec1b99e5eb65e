#![allow(unsafe_code, reason = "calls the device queries of EGL")]
//! The devices that EGL knows, before any display is opened.
//!
//! Spec: [`EGL_EXT_device_base`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_device_base.txt),
//! `EGL_EXT_device_drm`, `EGL_EXT_device_drm_render_node`, `EGL_MESA_device_software`.

use std::ffi::CStr;
use std::ffi::c_void;
use std::path::Path;
use std::path::PathBuf;

use crate::egl::CallError;
use crate::egl::Extensions;
use crate::egl::LoadError;
use crate::egl::library::Library;
use crate::egl::sys;
use crate::egl::sys::Handle;

/// One device of EGL's list: a GPU, or the software renderer. It exists as long as the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    handle: Handle,
    extensions: Extensions,
    primary_node: Option<PathBuf>,
    render_node: Option<PathBuf>,
}

impl Device {
    /// All devices, in the driver's order.
    ///
    /// # Errors
    /// [`DeviceError`]: no libEGL, no device enumeration, or a refusal.
    #[doc(alias = "eglQueryDevicesEXT")]
    pub fn all() -> Result<Vec<Self>, DeviceError> {
        let library = Library::load()?;
        let query: sys::QueryDevices = ["EGL_EXT_device_enumeration", "EGL_EXT_device_base"]
            .iter()
            .any(|extension| library.extensions().contains(extension))
            .then(|| library.typed(c"eglQueryDevicesEXT"))
            .flatten()
            .ok_or(DeviceError::Unsupported { extension: "EGL_EXT_device_enumeration" })?;
        let failed = || CallError::last(library, "eglQueryDevicesEXT");
        let mut count = 0;
        // SAFETY: with room for none, the function writes the count alone (EGL_EXT_device_base).
        if unsafe { query(0, std::ptr::null_mut(), &raw mut count) } == 0 {
            return Err(failed().into());
        }
        let mut handles = vec![std::ptr::null_mut(); usize::try_from(count).unwrap_or(0)];
        // SAFETY: `handles` has room for `count` pointers.
        if unsafe { query(count, handles.as_mut_ptr(), &raw mut count) } == 0 {
            return Err(failed().into());
        }
        handles.truncate(usize::try_from(count).unwrap_or(0));
        Ok(handles.into_iter().map(|device| Self::of_raw(library, device)).collect())
    }

    /// The device behind a display.
    pub(in crate::egl) fn of_display(
        library: &Library,
        display: khronos_egl::Display,
    ) -> Option<Self> {
        let listed = ["EGL_EXT_device_query", "EGL_EXT_device_base"]
            .iter()
            .any(|extension| library.extensions().contains(extension));
        let query: sys::QueryDisplayAttrib =
            listed.then(|| library.typed(c"eglQueryDisplayAttribEXT")).flatten()?;
        let mut value = 0_isize;
        // SAFETY: the function writes one EGLAttrib for an initialised display
        // (EGL_EXT_device_query).
        if unsafe { query(display.as_ptr(), sys::DEVICE, &raw mut value) } == 0 || value == 0 {
            return None;
        }
        Some(Self::of_raw(library, std::ptr::with_exposed_provenance_mut(value.cast_unsigned())))
    }

    fn of_raw(library: &Library, device: *mut c_void) -> Self {
        let query: Option<sys::QueryDeviceString> = library.typed(c"eglQueryDeviceStringEXT");
        let string = |name: i32| {
            // SAFETY: the function requires a device that EGL listed (EGL_EXT_device_base).
            let text = unsafe { query?(device, name) };
            if text.is_null() {
                return None;
            }
            // SAFETY: `from_ptr` requires a terminated string that stays: the extension returns
            // static ones.
            Some(unsafe { CStr::from_ptr(text) })
        };
        let extensions = string(khronos_egl::EXTENSIONS).map(Extensions::parse).unwrap_or_default();
        let path = |extension, name| {
            let listed = extensions.contains(extension).then(|| string(name)).flatten();
            listed.map(|path| PathBuf::from(path.to_string_lossy().into_owned()))
        };
        Self {
            handle: Handle::from_ptr(device),
            primary_node: path("EGL_EXT_device_drm", sys::DRM_DEVICE_FILE),
            render_node: path("EGL_EXT_device_drm_render_node", sys::DRM_RENDER_NODE_FILE),
            extensions,
        }
    }

    /// Whether it is a software renderer.
    pub fn is_software(&self) -> bool {
        self.extensions.contains("EGL_MESA_device_software")
    }

    /// The primary node (`/dev/dri/card0`), where the device has one.
    pub fn primary_node(&self) -> Option<&Path> {
        self.primary_node.as_deref()
    }

    /// The render node (`/dev/dri/renderD128`), where the device has one.
    pub fn render_node(&self) -> Option<&Path> {
        self.render_node.as_deref()
    }

    /// What the device can do.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The `EGLDeviceEXT`.
    pub fn as_raw(&self) -> *mut c_void {
        self.handle.as_ptr()
    }
}

/// Why the devices cannot be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// libEGL is missing.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// libEGL cannot list devices.
    #[error("this libEGL does not have {extension}")]
    Unsupported {
        /// The missing extension.
        extension: &'static str,
    },
    /// EGL refused.
    #[error(transparent)]
    Call(#[from] CallError),
}
