#![allow(unsafe_code, reason = "loads libEGL")]
//! libEGL, loaded once for the life of the process.

use std::ffi::CStr;
use std::sync::OnceLock;

use khronos_egl::DynamicInstance;
use khronos_egl::EGL1_5;

use crate::egl::Extensions;

/// The loaded library, with the extensions that belong to no display.
pub(crate) struct Library {
    egl: DynamicInstance<EGL1_5>,
    extensions: Extensions,
}

impl Library {
    /// Loads libEGL at the first call. It is never unloaded: drivers do not survive that.
    pub(crate) fn load() -> Result<&'static Self, LoadError> {
        static LIBRARY: OnceLock<Result<Library, LoadError>> = OnceLock::new();
        LIBRARY.get_or_init(Self::open).as_ref().map_err(Clone::clone)
    }

    fn open() -> Result<Self, LoadError> {
        // SAFETY: `load_required` requires that the library is a libEGL whose initialisers may run;
        // it is found by its name in the system's own path, as the linker would find it.
        let egl = unsafe { DynamicInstance::<EGL1_5>::load_required() }
            .map_err(|error| LoadError { cause: error.to_string() })?;
        // Fails on a libEGL without EGL_EXT_client_extensions: there are none to list then.
        let extensions = egl
            .query_string(None, khronos_egl::EXTENSIONS)
            .map(Extensions::parse)
            .unwrap_or_default();
        Ok(Self { egl, extensions })
    }

    pub(crate) fn egl(&self) -> &DynamicInstance<EGL1_5> {
        &self.egl
    }

    /// The client extensions: platforms and device queries.
    pub(crate) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The address of a function, whether or not a driver has it.
    pub(crate) fn address(&self, name: &CStr) -> Option<extern "system" fn()> {
        self.egl.get_proc_address(name.to_str().ok()?)
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("extensions", &self.extensions).finish_non_exhaustive()
    }
}

/// libEGL cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("libEGL.so.1 with EGL 1.5 cannot be loaded (Debian: apt install libegl1): {cause}")]
pub struct LoadError {
    cause: String,
}
