#![allow(unsafe_code, reason = "calls EGL with native handles")]
//! A connection to a driver.

use std::any::Any;
use std::ffi::CStr;
use std::ffi::c_void;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::dmabuf::Importer;
use crate::dmabuf::ImporterClass;
use crate::egl::CallError;
use crate::egl::Device;
use crate::egl::DisplayError;
use crate::egl::Extensions;
use crate::egl::FormatSupport;
use crate::egl::Platform;
use crate::egl::fence_fds::FenceFds;
use crate::egl::formats::Listed;
use crate::egl::functions::Functions;
use crate::egl::library::Library;
use crate::egl::registry::Registry;
use crate::egl::sys;
use crate::egl::sys::Handle;
use crate::format::Fourcc;
use crate::format::Modifier;

/// A connection to a driver: what can be imported, and what images and contexts belong to.
///
/// Cloning is cheap. Two displays of the same platform and the same native display are the same
/// display. One that this crate initialised is terminated with its last clone, after all images and
/// contexts that hold one; an adopted one is left alone.
///
/// A display may be used from any thread.
///
/// Spec: EGL 1.5, section 3.2.
#[derive(Clone)]
pub struct Display {
    connection: Arc<Connection>,
}

/// What all clones of a display share.
pub(in crate::egl) struct Connection {
    pub(in crate::egl) library: &'static Library,
    pub(in crate::egl) handle: Handle,
    pub(in crate::egl) functions: Functions,
    platform: Platform,
    version: String,
    vendor: String,
    extensions: Extensions,
    driver: Option<String>,
    importer: Importer,
    imports_dma_bufs: bool,
    device: Option<Device>,
    formats: OnceLock<FormatSupport>,
    pub(in crate::egl) fence_fds: FenceFds,
    /// Where the format of the last import stands among `formats`.
    last_format: AtomicUsize,
    /// Dropped after the display is terminated.
    #[cfg_attr(not(feature = "window"), allow(dead_code, reason = "windows alone ask for it"))]
    native: Native,
}

/// What a display was made from.
struct Native {
    /// `None` for an adopted display, which does not say.
    #[cfg_attr(not(feature = "window"), allow(dead_code, reason = "windows alone ask for it"))]
    handle: Option<Handle>,
    kept: Kept,
}

impl Native {
    const NONE: Self = Self { handle: None, kept: Kept::NOTHING };
}

/// What belongs to a display beside its native handle.
pub(in crate::egl) struct Kept {
    node: Option<PathBuf>,
    _owner: Option<Box<dyn Any + Send + Sync>>,
}

impl Kept {
    const NOTHING: Self = Self { node: None, _owner: None };

    /// Whoever keeps the native display alive.
    #[cfg(any(feature = "gbm", feature = "window"))]
    pub(in crate::egl) fn owner(owner: impl Any + Send + Sync) -> Self {
        Self { node: None, _owner: Some(Box::new(owner)) }
    }

    /// The DRM node that the display was asked for on. EGL does not always tell it.
    #[cfg(feature = "gbm")]
    pub(in crate::egl) fn on_node(self, node: &Path) -> Self {
        Self { node: Some(node.to_owned()), ..self }
    }
}

impl Display {
    /// A display without windows on whatever driver there is; a software renderer at the least.
    ///
    /// # Errors
    /// [`DisplayError`]: no libEGL, no such platform, or no driver.
    ///
    /// Spec: [`EGL_MESA_platform_surfaceless`](https://registry.khronos.org/EGL/extensions/MESA/EGL_MESA_platform_surfaceless.txt).
    #[doc(alias = "EGL_PLATFORM_SURFACELESS_MESA")]
    pub fn surfaceless() -> Result<Self, DisplayError> {
        // SAFETY: the native display of this platform is EGL_DEFAULT_DISPLAY, which is null.
        unsafe {
            Self::open(
                Platform::Surfaceless,
                sys::PLATFORM_SURFACELESS,
                std::ptr::null_mut(),
                Kept::NOTHING,
            )
        }
    }

    /// A display on one of the devices of [`Device::all`].
    ///
    /// # Errors
    /// [`DisplayError`]: no such platform, or no driver for the device.
    ///
    /// Spec: [`EGL_EXT_platform_device`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_platform_device.txt).
    #[doc(alias = "EGL_PLATFORM_DEVICE_EXT")]
    pub fn on_device(device: &Device) -> Result<Self, DisplayError> {
        // SAFETY: the native display of this platform is an EGLDeviceEXT, which `Device` holds.
        unsafe {
            Self::open(Platform::Device, sys::PLATFORM_DEVICE, device.as_raw(), Kept::NOTHING)
        }
    }

    /// A display on the X server that `DISPLAY` names, over a connection of EGL's own.
    ///
    /// # Errors
    /// [`DisplayError`]; [`DisplayError::NoDriver`] if no X server answers.
    ///
    /// Spec: [`EGL_KHR_platform_x11`](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_platform_x11.txt).
    pub fn x11() -> Result<Self, DisplayError> {
        // SAFETY: null stands for EGL_DEFAULT_DISPLAY: EGL opens and closes the connection itself.
        unsafe { Self::from_x11(std::ptr::null_mut()) }
    }

    /// A display on an open connection to an X server.
    ///
    /// # Safety
    /// `display` must be null or an Xlib `Display*` that stays open until the last clone of the
    /// result, and everything made from it, is gone.
    ///
    /// # Errors
    /// [`DisplayError`].
    pub unsafe fn from_x11(display: *mut c_void) -> Result<Self, DisplayError> {
        // SAFETY: the native display of this platform is an Xlib Display or null; the caller
        // answers for it.
        unsafe { Self::open(Platform::X11, sys::PLATFORM_X11, display, Kept::NOTHING) }
    }

    /// A display on the compositor that `WAYLAND_DISPLAY` names, over a connection of EGL's own.
    ///
    /// # Errors
    /// [`DisplayError`]; [`DisplayError::NoDriver`] if no compositor answers.
    ///
    /// Spec: [`EGL_KHR_platform_wayland`](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_platform_wayland.txt).
    pub fn wayland() -> Result<Self, DisplayError> {
        // SAFETY: null stands for EGL_DEFAULT_DISPLAY: EGL opens and closes the connection itself.
        unsafe { Self::from_wayland(std::ptr::null_mut()) }
    }

    /// A display on an open connection to a compositor.
    ///
    /// # Safety
    /// `display` must be null or a `wl_display*` of libwayland-client that stays open until the last
    /// clone of the result, and everything made from it, is gone.
    ///
    /// # Errors
    /// [`DisplayError`].
    pub unsafe fn from_wayland(display: *mut c_void) -> Result<Self, DisplayError> {
        // SAFETY: the native display of this platform is a wl_display or null; the caller answers
        // for it.
        unsafe { Self::open(Platform::Wayland, sys::PLATFORM_WAYLAND, display, Kept::NOTHING) }
    }

    /// Uses a display that somebody else made and initialised: winit's, glutin's, SDL's or wgpu's.
    /// It is never terminated by this crate.
    ///
    /// # Safety
    /// `display` must be an `EGLDisplay` of the process's libEGL, and stay initialised until the
    /// last clone of the result, and everything made from it, is gone.
    ///
    /// # Errors
    /// [`DisplayError::NotInitialized`] for null or a display that is not initialised;
    /// [`DisplayError::Load`].
    pub unsafe fn adopt(display: *mut c_void) -> Result<Self, DisplayError> {
        let library = Library::load()?;
        let handle = Handle::from_ptr(display);
        let mut registry = Registry::lock();
        if let Some(connection) = registry.find(handle) {
            return Ok(Self { connection });
        }
        // SAFETY: `from_ptr` requires an EGLDisplay of this library; the caller answers for it.
        let raw = unsafe { khronos_egl::Display::from_ptr(display) };
        let known = !display.is_null()
            && library.egl().query_string(Some(raw), khronos_egl::VERSION).is_ok();
        if !known {
            return Err(DisplayError::NotInitialized);
        }
        let connection = Arc::new(Connection::new(library, Platform::Adopted, raw, Native::NONE));
        registry.insert(handle, &connection);
        Ok(Self { connection })
    }

    /// # Safety
    /// `native` must be a native display of the platform that stays valid as long as the display,
    /// or belong to `kept`.
    pub(in crate::egl) unsafe fn open(
        platform: Platform,
        code: u32,
        native: *mut c_void,
        kept: Kept,
    ) -> Result<Self, DisplayError> {
        let library = Library::load()?;
        let needed = platform.extensions();
        if !needed.iter().any(|extension| library.extensions().contains(extension)) {
            let extension = needed.first().copied().unwrap_or_default();
            return Err(DisplayError::Unsupported { extension });
        }
        let no_driver =
            |call, error| DisplayError::NoDriver { platform, source: CallError::new(call, error) };
        let attributes = [khronos_egl::ATTRIB_NONE];
        let mut registry = Registry::lock();
        // SAFETY: `get_platform_display` requires a native display of the platform; the caller
        // answers for it.
        let raw = unsafe { library.egl().get_platform_display(code, native, &attributes) }
            .map_err(|error| no_driver("eglGetPlatformDisplay", error))?;
        let handle = Handle::from_ptr(raw.as_ptr());
        if let Some(connection) = registry.find(handle) {
            return Ok(Self { connection });
        }
        library.egl().initialize(raw).map_err(|error| no_driver("eglInitialize", error))?;
        let native = Native { handle: Some(Handle::from_ptr(native)), kept };
        let connection = Arc::new(Connection::new(library, platform, raw, native));
        registry.insert(handle, &connection);
        Ok(Self { connection })
    }

    pub(in crate::egl) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(in crate::egl) fn raw(&self) -> khronos_egl::Display {
        self.connection.raw()
    }

    /// The `EGLDisplay`, for calls that this crate does not make. It stays this display's.
    pub fn as_raw(&self) -> *mut c_void {
        self.connection.handle.as_ptr()
    }

    /// Where the display comes from.
    pub fn platform(&self) -> Platform {
        self.connection.platform
    }

    /// The version of EGL, as the driver states it (`1.5`).
    pub fn version(&self) -> &str {
        &self.connection.version
    }

    /// The vendor of the EGL implementation (`Mesa Project`).
    pub fn vendor(&self) -> &str {
        &self.connection.vendor
    }

    /// The name of the driver (`swrast`, `kms_swrast`, `virtio_gpu`, `iris`), where
    /// `EGL_MESA_query_driver` tells it.
    pub fn driver_name(&self) -> Option<&str> {
        self.connection.driver.as_deref()
    }

    /// What kind of buffers the driver can take.
    pub fn importer(&self) -> &Importer {
        &self.connection.importer
    }

    /// The device behind the display, where `EGL_EXT_device_query` tells it.
    pub fn device(&self) -> Option<&Device> {
        self.connection.device.as_ref()
    }

    /// The extensions of the display.
    pub fn extensions(&self) -> &Extensions {
        &self.connection.extensions
    }

    /// Whether dma-bufs can be imported at all.
    ///
    /// Mesa (seen in 25.0.7) does so on the X11 platform only if the server has DRI3, which servers
    /// without a graphics device, such as Xvfb, have not.
    pub fn imports_dma_bufs(&self) -> bool {
        self.connection.imports_dma_bufs
    }

    /// Whether textures can be exported as dma-bufs.
    pub fn exports_dma_bufs(&self) -> bool {
        self.connection.functions.export.is_some()
    }

    /// Whether fences of its contexts can be handed over as a [`SyncFile`](crate::sync::SyncFile)
    /// ([`Fence::native`](crate::egl::Fence::native)). Where they cannot, as on `llvmpipe` without
    /// `/dev/udmabuf`, the drawing is finished before a hand-over.
    #[doc(alias = "EGL_ANDROID_native_fence_sync")]
    pub fn has_native_fences(&self) -> bool {
        let functions = &self.connection.functions;
        functions.fence.is_some() && functions.dup_fence.is_some()
    }

    /// The formats and modifiers that the driver lists for import; asked for once.
    ///
    /// A list is a claim: some drivers list formats that they then refuse.
    ///
    /// Spec: [`EGL_EXT_image_dma_buf_import_modifiers`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import_modifiers.txt).
    #[doc(alias = "eglQueryDmaBufFormatsEXT")]
    #[doc(alias = "eglQueryDmaBufModifiersEXT")]
    pub fn formats(&self) -> &FormatSupport {
        self.connection.formats.get_or_init(|| FormatSupport::query(&self.connection))
    }

    /// What the driver lists of this pair; `None` if it does not list it. Most images that follow each
    /// other have the same format, so its place is looked at first.
    pub(in crate::egl) fn listed(&self, fourcc: Fourcc, modifier: Modifier) -> Option<Listed> {
        let last_format = &self.connection.last_format;
        let guess = last_format.load(Ordering::Relaxed);
        let (place, listed) = self.formats().listed(fourcc, modifier, guess)?;
        if place != guess {
            last_format.store(place, Ordering::Relaxed);
        }
        Some(listed)
    }
}

impl Connection {
    fn new(
        library: &'static Library,
        platform: Platform,
        raw: khronos_egl::Display,
        native: Native,
    ) -> Self {
        let text = |name| {
            let text = library.egl().query_string(Some(raw), name);
            text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let extensions = library
            .egl()
            .query_string(Some(raw), khronos_egl::EXTENSIONS)
            .map(Extensions::parse)
            .unwrap_or_default();
        let functions = Functions::load(library, &extensions);
        let driver = functions.driver_name.and_then(|driver_name| {
            // SAFETY: the function requires an initialised display (EGL_MESA_query_driver).
            let name = unsafe { driver_name(raw.as_ptr()) };
            if name.is_null() {
                return None;
            }
            // SAFETY: `from_ptr` requires a terminated string that stays as long as it is used: the
            // extension returns a static one.
            Some(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
        });
        let device = Device::of_display(library, raw);
        Self {
            library,
            handle: Handle::from_ptr(raw.as_ptr()),
            functions,
            platform,
            version: text(khronos_egl::VERSION),
            vendor: text(khronos_egl::VENDOR),
            imports_dma_bufs: functions.image.is_some()
                && extensions.contains("EGL_EXT_image_dma_buf_import"),
            importer: importer(driver.as_deref(), device.as_ref(), native.kept.node.as_deref()),
            driver,
            device,
            extensions,
            formats: OnceLock::new(),
            fence_fds: FenceFds::default(),
            last_format: AtomicUsize::new(0),
            native,
        }
    }

    /// Whether the display was made from this native display.
    #[cfg(feature = "window")]
    pub(in crate::egl) fn is_made_from(&self, native: *mut c_void) -> bool {
        self.native.handle == Some(Handle::from_ptr(native))
    }

    pub(in crate::egl) fn raw(&self) -> khronos_egl::Display {
        // SAFETY: `from_ptr` requires an EGLDisplay of this library: the handle was made from one.
        unsafe { khronos_egl::Display::from_ptr(self.handle.as_ptr()) }
    }
}

/// What the buffers for a driver must be like. A software renderer knows the buffers of its own
/// primary node; a GPU is better named by its render node. What EGL does not tell about its device,
/// whoever asked for a display on `asked_for` knows (`kms_swrast` on GBM, Mesa 25.0.7).
fn importer(driver: Option<&str>, device: Option<&Device>, asked_for: Option<&Path>) -> Importer {
    let importer = Importer::from_driver_name(driver);
    let (primary, render) = device.map_or((None, None), |d| (d.primary_node(), d.render_node()));
    let node = match importer.class() {
        ImporterClass::KmsSoftware => primary.or(render),
        _ => render.or(primary),
    };
    match node.or(asked_for) {
        Some(node) => importer.on_node(node),
        None => importer,
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut registry = Registry::lock();
        let ours = registry.remove(self.handle, std::ptr::from_ref(self));
        if !ours || self.platform == Platform::Adopted {
            return;
        }
        if let Err(error) = self.library.egl().terminate(self.raw()) {
            tracing::warn!(%error, "a display could not be terminated");
        }
    }
}

impl PartialEq for Display {
    /// The same display: what an image must share with the context that uses it.
    fn eq(&self, other: &Self) -> bool {
        self.connection.handle == other.connection.handle
    }
}

impl Eq for Display {}

impl fmt::Debug for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Display")
            .field("platform", &self.platform())
            .field("driver", &self.driver_name())
            .field("version", &self.version())
            .field("handle", &self.connection.handle)
            .field("native", &self.connection.native.handle)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn importer_of_a_device_that_egl_does_not_tell_is_on_the_node_that_was_asked_for() {
        let card = Path::new("/dev/dri/card1");
        let of_driver = |driver| importer(Some(driver), None, Some(card));
        assert_eq!(of_driver("kms_swrast").node(), Some(card));
        assert_eq!(of_driver("virtio_gpu").node(), Some(card));
        assert_eq!(importer(Some("swrast"), None, None).node(), None);
    }
}
