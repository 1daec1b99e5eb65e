#![allow(unsafe_code, reason = "opens displays on native handles")]
//! Displays on a DRM device, without a window system.
//!
//! Spec: [`EGL_KHR_platform_gbm`](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_platform_gbm.txt).

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::path::Path;

use gbm::AsRaw;

use crate::egl::Display;
use crate::egl::DisplayError;
use crate::egl::Platform;
use crate::egl::display::Kept;
use crate::egl::sys;

/// The major number of all DRM nodes.
///
/// Spec: `DRM_MAJOR` in `include/drm/drm_file.h`, `Documentation/admin-guide/devices.txt`.
const DRM_MAJOR: u32 = 226;

impl Display {
    /// A display on a DRM device through GBM, by one of its nodes. The device stays open as long as
    /// the display.
    ///
    /// # Errors
    /// - [`DisplayError::Node`]: the file cannot be opened, or is no DRM node. GBM itself takes any
    ///   file for a device.
    /// - else as the other constructors.
    #[doc(alias = "EGL_PLATFORM_GBM_KHR")]
    pub fn gbm(node: impl AsRef<Path>) -> Result<Self, DisplayError> {
        let node = node.as_ref();
        let device = open(node).and_then(gbm::Device::new).map_err(|error| DisplayError::Node {
            path: node.display().to_string(),
            cause: error.to_string(),
        })?;
        let native = device.as_raw().cast_mut().cast::<c_void>();
        let kept = Kept::owner(device).on_node(node);
        // SAFETY: the native display of this platform is a gbm_device; the connection keeps it until
        // after the display is terminated.
        unsafe { Self::open(Platform::Gbm, sys::PLATFORM_GBM, native, kept) }
    }
}

/// For reading and writing: GBM crashes on a file that is read-only.
fn open(node: &Path) -> io::Result<File> {
    let file = File::options().read(true).write(true).open(node)?;
    let stat = rustix::fs::fstat(&file)?;
    let is_device = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_char_device();
    if !is_device || rustix::fs::major(stat.st_rdev) != DRM_MAJOR {
        return Err(io::Error::other("not a DRM device"));
    }
    Ok(file)
}
