//! What the extensions declare and `khronos-egl` does not: constants and function types.
//!
//! Spec: `EGL/eglext.h`, and the extension named at each item.

use std::ffi::c_char;
use std::ffi::c_void;

/// A raw EGL handle that may cross threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Handle(usize);

impl Handle {
    pub(crate) fn from_ptr(pointer: *mut c_void) -> Self {
        Self(pointer.expose_provenance())
    }

    pub(crate) fn as_ptr(self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.0)
    }
}

// Platforms: EGL_MESA_platform_surfaceless, EGL_KHR_platform_{gbm,x11,wayland},
// EGL_EXT_platform_device.
pub(crate) const PLATFORM_SURFACELESS: u32 = 0x31DD;
#[cfg(feature = "gbm")]
pub(crate) const PLATFORM_GBM: u32 = 0x31D7;
pub(crate) const PLATFORM_X11: u32 = 0x31D5;
pub(crate) const PLATFORM_WAYLAND: u32 = 0x31D8;
pub(crate) const PLATFORM_DEVICE: u32 = 0x313F;

// EGL_EXT_device_drm, EGL_EXT_device_drm_render_node, EGL_EXT_device_query.
pub(crate) const DRM_DEVICE_FILE: i32 = 0x3233;
pub(crate) const DRM_RENDER_NODE_FILE: i32 = 0x3377;
pub(crate) const DEVICE: i32 = 0x322C;

// EGL_EXT_image_dma_buf_import and its modifiers.
pub(crate) const LINUX_DMA_BUF: u32 = 0x3270;
pub(crate) const LINUX_DRM_FOURCC: i32 = 0x3271;
pub(crate) const PLANE_FD: [i32; 4] = [0x3272, 0x3275, 0x3278, 0x3440];
pub(crate) const PLANE_OFFSET: [i32; 4] = [0x3273, 0x3276, 0x3279, 0x3441];
pub(crate) const PLANE_PITCH: [i32; 4] = [0x3274, 0x3277, 0x327A, 0x3442];
pub(crate) const PLANE_MODIFIER_LO: [i32; 4] = [0x3443, 0x3445, 0x3447, 0x3449];
pub(crate) const PLANE_MODIFIER_HI: [i32; 4] = [0x3444, 0x3446, 0x3448, 0x344A];
pub(crate) const YUV_COLOR_SPACE_HINT: i32 = 0x327B;
pub(crate) const SAMPLE_RANGE_HINT: i32 = 0x327C;
pub(crate) const YUV_CHROMA_HORIZONTAL_SITING_HINT: i32 = 0x327D;
pub(crate) const YUV_CHROMA_VERTICAL_SITING_HINT: i32 = 0x327E;
pub(crate) const ITU_REC601: i32 = 0x327F;
pub(crate) const ITU_REC709: i32 = 0x3280;
pub(crate) const ITU_REC2020: i32 = 0x3281;
pub(crate) const YUV_FULL_RANGE: i32 = 0x3282;
pub(crate) const YUV_NARROW_RANGE: i32 = 0x3283;
pub(crate) const YUV_CHROMA_SITING_0: i32 = 0x3284;
pub(crate) const YUV_CHROMA_SITING_0_5: i32 = 0x3285;

// EGL_KHR_gl_texture_2D_image, EGL_KHR_image_base.
pub(crate) const GL_TEXTURE_2D: u32 = 0x30B1;
pub(crate) const IMAGE_PRESERVED: i32 = 0x30D2;

// EGL_KHR_fence_sync, EGL_KHR_wait_sync, EGL_ANDROID_native_fence_sync.
pub(crate) const SYNC_FENCE: u32 = 0x30F9;
pub(crate) const SYNC_NATIVE_FENCE: u32 = 0x3144;
pub(crate) const SYNC_NATIVE_FENCE_FD: i32 = 0x3145;
pub(crate) const SYNC_STATUS: i32 = 0x30F1;
pub(crate) const SIGNALED: i32 = 0x30F2;
pub(crate) const UNSIGNALED: i32 = 0x30F3;
pub(crate) const SYNC_FLUSH_COMMANDS_BIT: i32 = 0x0001;
pub(crate) const TIMEOUT_EXPIRED: i32 = 0x30F5;
pub(crate) const CONDITION_SATISFIED: i32 = 0x30F6;

// EGL 1.5 core.
pub(crate) const NONE: i32 = 0x3038;
pub(crate) const TRUE: i32 = 1;
pub(crate) const WIDTH: i32 = 0x3057;
pub(crate) const HEIGHT: i32 = 0x3056;

/// `PFNEGLCREATEIMAGEKHRPROC`.
pub(crate) type CreateImage = unsafe extern "system" fn(
    display: *mut c_void,
    context: *mut c_void,
    target: u32,
    buffer: *mut c_void,
    attributes: *const i32,
) -> *mut c_void;
/// `PFNEGLDESTROYIMAGEKHRPROC`.
pub(crate) type DestroyImage =
    unsafe extern "system" fn(display: *mut c_void, image: *mut c_void) -> u32;
/// `PFNEGLQUERYDMABUFFORMATSEXTPROC`.
pub(crate) type QueryDmaBufFormats = unsafe extern "system" fn(
    display: *mut c_void,
    most: i32,
    formats: *mut i32,
    count: *mut i32,
) -> u32;
/// `PFNEGLQUERYDMABUFMODIFIERSEXTPROC`.
pub(crate) type QueryDmaBufModifiers = unsafe extern "system" fn(
    display: *mut c_void,
    format: i32,
    most: i32,
    modifiers: *mut u64,
    external_only: *mut u32,
    count: *mut i32,
) -> u32;
/// `PFNEGLEXPORTDMABUFIMAGEQUERYMESAPROC`.
pub(crate) type ExportDmaBufImageQuery = unsafe extern "system" fn(
    display: *mut c_void,
    image: *mut c_void,
    fourcc: *mut i32,
    planes: *mut i32,
    modifiers: *mut u64,
) -> u32;
/// `PFNEGLEXPORTDMABUFIMAGEMESAPROC`.
pub(crate) type ExportDmaBufImage = unsafe extern "system" fn(
    display: *mut c_void,
    image: *mut c_void,
    fds: *mut i32,
    strides: *mut i32,
    offsets: *mut i32,
) -> u32;
/// `PFNEGLGETDISPLAYDRIVERNAMEPROC`.
pub(crate) type GetDisplayDriverName =
    unsafe extern "system" fn(display: *mut c_void) -> *const c_char;
/// `PFNEGLQUERYDEVICESEXTPROC`.
pub(crate) type QueryDevices =
    unsafe extern "system" fn(most: i32, devices: *mut *mut c_void, count: *mut i32) -> u32;
/// `PFNEGLQUERYDEVICESTRINGEXTPROC`.
pub(crate) type QueryDeviceString =
    unsafe extern "system" fn(device: *mut c_void, name: i32) -> *const c_char;
/// `PFNEGLQUERYDISPLAYATTRIBEXTPROC`.
pub(crate) type QueryDisplayAttrib =
    unsafe extern "system" fn(display: *mut c_void, name: i32, value: *mut isize) -> u32;
/// `PFNEGLCREATESYNCKHRPROC`.
pub(crate) type CreateSync = unsafe extern "system" fn(
    display: *mut c_void,
    kind: u32,
    attributes: *const i32,
) -> *mut c_void;
/// `PFNEGLDESTROYSYNCKHRPROC`.
pub(crate) type DestroySync =
    unsafe extern "system" fn(display: *mut c_void, sync: *mut c_void) -> u32;
/// `PFNEGLCLIENTWAITSYNCKHRPROC`.
pub(crate) type ClientWaitSync = unsafe extern "system" fn(
    display: *mut c_void,
    sync: *mut c_void,
    flags: i32,
    timeout_ns: u64,
) -> i32;
/// `PFNEGLGETSYNCATTRIBKHRPROC`.
pub(crate) type GetSyncAttrib = unsafe extern "system" fn(
    display: *mut c_void,
    sync: *mut c_void,
    name: i32,
    value: *mut i32,
) -> u32;
/// `PFNEGLWAITSYNCKHRPROC`.
pub(crate) type WaitSync =
    unsafe extern "system" fn(display: *mut c_void, sync: *mut c_void, flags: i32) -> i32;
/// `PFNEGLDUPNATIVEFENCEFDANDROIDPROC`.
pub(crate) type DupNativeFenceFd =
    unsafe extern "system" fn(display: *mut c_void, sync: *mut c_void) -> i32;
