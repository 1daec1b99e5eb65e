#![allow(unsafe_code, reason = "gives the functions of extensions their types")]
//! The functions of the extensions that a display lists.

use std::ffi::CStr;

use crate::egl::Extensions;
use crate::egl::library::Library;
use crate::egl::sys;

/// Function pointers; `None` where the extension is not listed.
#[derive(Clone, Copy, Debug)]
pub(in crate::egl) struct Functions {
    /// `EGL_KHR_image_base`.
    pub(in crate::egl) image: Option<ImageFunctions>,
    /// `EGL_EXT_image_dma_buf_import_modifiers`.
    pub(in crate::egl) query: Option<QueryFunctions>,
    /// `EGL_MESA_image_dma_buf_export`.
    pub(in crate::egl) export: Option<ExportFunctions>,
    /// `EGL_KHR_fence_sync`.
    pub(in crate::egl) fence: Option<FenceFunctions>,
    /// `EGL_KHR_wait_sync`.
    pub(in crate::egl) wait_fence: Option<sys::WaitSync>,
    /// `EGL_ANDROID_native_fence_sync`.
    pub(in crate::egl) dup_fence: Option<sys::DupNativeFenceFd>,
    /// `EGL_MESA_query_driver`.
    pub(in crate::egl) driver_name: Option<sys::GetDisplayDriverName>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::egl) struct ImageFunctions {
    pub(in crate::egl) create: sys::CreateImage,
    pub(in crate::egl) destroy: sys::DestroyImage,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::egl) struct QueryFunctions {
    pub(in crate::egl) formats: sys::QueryDmaBufFormats,
    pub(in crate::egl) modifiers: sys::QueryDmaBufModifiers,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::egl) struct ExportFunctions {
    pub(in crate::egl) query: sys::ExportDmaBufImageQuery,
    pub(in crate::egl) export: sys::ExportDmaBufImage,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::egl) struct FenceFunctions {
    pub(in crate::egl) create: sys::CreateSync,
    pub(in crate::egl) destroy: sys::DestroySync,
    pub(in crate::egl) client_wait: sys::ClientWaitSync,
    pub(in crate::egl) attribute: sys::GetSyncAttrib,
}

impl Functions {
    pub(in crate::egl) fn load(library: &Library, extensions: &Extensions) -> Self {
        Self {
            image: extensions
                .contains("EGL_KHR_image_base")
                .then(|| Self::load_image(library))
                .flatten(),
            query: extensions
                .contains("EGL_EXT_image_dma_buf_import_modifiers")
                .then(|| Self::load_query(library))
                .flatten(),
            export: extensions
                .contains("EGL_MESA_image_dma_buf_export")
                .then(|| Self::load_export(library))
                .flatten(),
            fence: extensions
                .contains("EGL_KHR_fence_sync")
                .then(|| Self::load_fence(library))
                .flatten(),
            wait_fence: extensions
                .contains("EGL_KHR_wait_sync")
                .then(|| library.typed(c"eglWaitSyncKHR"))
                .flatten(),
            dup_fence: extensions
                .contains("EGL_ANDROID_native_fence_sync")
                .then(|| library.typed(c"eglDupNativeFenceFDANDROID"))
                .flatten(),
            driver_name: extensions
                .contains("EGL_MESA_query_driver")
                .then(|| library.typed(c"eglGetDisplayDriverName"))
                .flatten(),
        }
    }

    fn load_image(library: &Library) -> Option<ImageFunctions> {
        Some(ImageFunctions {
            create: library.typed(c"eglCreateImageKHR")?,
            destroy: library.typed(c"eglDestroyImageKHR")?,
        })
    }

    fn load_query(library: &Library) -> Option<QueryFunctions> {
        Some(QueryFunctions {
            formats: library.typed(c"eglQueryDmaBufFormatsEXT")?,
            modifiers: library.typed(c"eglQueryDmaBufModifiersEXT")?,
        })
    }

    fn load_export(library: &Library) -> Option<ExportFunctions> {
        Some(ExportFunctions {
            query: library.typed(c"eglExportDMABUFImageQueryMESA")?,
            export: library.typed(c"eglExportDMABUFImageMESA")?,
        })
    }

    fn load_fence(library: &Library) -> Option<FenceFunctions> {
        Some(FenceFunctions {
            create: library.typed(c"eglCreateSyncKHR")?,
            destroy: library.typed(c"eglDestroySyncKHR")?,
            client_wait: library.typed(c"eglClientWaitSyncKHR")?,
            attribute: library.typed(c"eglGetSyncAttribKHR")?,
        })
    }
}

/// The function types that an address may be given.
pub(in crate::egl) trait ExtensionFunction: Copy {
    /// # Safety
    /// `address` must be that of the function which the type was declared for.
    unsafe fn from_address(address: extern "system" fn()) -> Self;
}

macro_rules! extension_functions {
    ($($function:ty),* $(,)?) => {
        $(impl ExtensionFunction for $function {
            unsafe fn from_address(address: extern "system" fn()) -> Self {
                // SAFETY: `transmute` between function pointers requires that the target type is
                // the function's own; the caller answers for that.
                unsafe { std::mem::transmute::<extern "system" fn(), $function>(address) }
            }
        })*
    };
}

extension_functions!(
    sys::CreateImage,
    // `sys::DestroySync` is the same type.
    sys::DestroyImage,
    sys::QueryDmaBufFormats,
    sys::QueryDmaBufModifiers,
    sys::ExportDmaBufImageQuery,
    sys::ExportDmaBufImage,
    sys::CreateSync,
    sys::ClientWaitSync,
    sys::GetSyncAttrib,
    sys::WaitSync,
    sys::DupNativeFenceFd,
    sys::GetDisplayDriverName,
    sys::QueryDevices,
    sys::QueryDeviceString,
    sys::QueryDisplayAttrib,
);

impl Library {
    /// A function whose type follows from where the result is put. The callers pair each name with
    /// the type that `eglext.h` declares for it.
    pub(in crate::egl) fn typed<F: ExtensionFunction>(&self, name: &CStr) -> Option<F> {
        let address = self.address(name)?;
        // SAFETY: `from_address` requires the function's own type: see the pairs in this file and in
        // `device.rs`, each as in eglext.h.
        Some(unsafe { F::from_address(address) })
    }
}
