#![allow(unsafe_code, reason = "calls the driver past the crate, to compare the two")]
//! EGL itself: what a C program would call, and what the driver answers it.

use std::ffi::c_void;
use std::mem::transmute;

use dmashare::egl::Display;
use dmashare::egl::ErrorCode;
use khronos_egl::DynamicInstance;
use khronos_egl::EGL1_5;

/// `PFNEGLCREATEIMAGEKHRPROC`.
type CreateImage = unsafe extern "system" fn(
    display: *mut c_void,
    context: *mut c_void,
    target: u32,
    buffer: *mut c_void,
    attributes: *const i32,
) -> *mut c_void;

/// `PFNEGLDESTROYIMAGEKHRPROC`.
type DestroyImage = unsafe extern "system" fn(display: *mut c_void, image: *mut c_void) -> u32;

/// `PFNEGLQUERYDMABUFFORMATSEXTPROC`.
type QueryFormats = unsafe extern "system" fn(
    display: *mut c_void,
    most: i32,
    formats: *mut i32,
    count: *mut i32,
) -> u32;

/// `PFNEGLQUERYDMABUFMODIFIERSEXTPROC`.
type QueryModifiers = unsafe extern "system" fn(
    display: *mut c_void,
    format: i32,
    most: i32,
    modifiers: *mut u64,
    external_only: *mut u32,
    count: *mut i32,
) -> u32;

/// `EGL_LINUX_DMA_BUF_EXT`.
const LINUX_DMA_BUF: u32 = 0x3270;

/// The functions of the libEGL that the crate has loaded too.
pub(crate) struct Egl {
    instance: DynamicInstance<EGL1_5>,
    create: CreateImage,
    destroy: DestroyImage,
    formats: QueryFormats,
    modifiers: QueryModifiers,
}

/// What the two arguments of `eglCreateImageKHR` are that must be null for a dma-buf.
#[derive(Clone, Copy)]
pub(crate) struct Surplus {
    pub(crate) context: *mut c_void,
    pub(crate) buffer: *mut c_void,
}

/// As it must be.
pub(crate) const NO_SURPLUS: Surplus =
    Surplus { context: std::ptr::null_mut(), buffer: std::ptr::null_mut() };

impl Egl {
    pub(crate) fn load() -> Self {
        // SAFETY: `load_required` requires that the library is a libEGL: its name says so.
        let instance = unsafe { DynamicInstance::<EGL1_5>::load_required() }
            .expect("libEGL is missing: run `cargo xtask setup`");
        let address = |name| instance.get_proc_address(name).unwrap();
        // SAFETY: `transmute` requires the function's own type: see EGL_KHR_image_base.
        let create =
            unsafe { transmute::<extern "system" fn(), CreateImage>(address("eglCreateImageKHR")) };
        // SAFETY: as above.
        let destroy = unsafe {
            transmute::<extern "system" fn(), DestroyImage>(address("eglDestroyImageKHR"))
        };
        // SAFETY: see EGL_EXT_image_dma_buf_import_modifiers.
        let formats = unsafe {
            transmute::<extern "system" fn(), QueryFormats>(address("eglQueryDmaBufFormatsEXT"))
        };
        // SAFETY: as above.
        let modifiers = unsafe {
            transmute::<extern "system" fn(), QueryModifiers>(address("eglQueryDmaBufModifiersEXT"))
        };
        Self { instance, create, destroy, formats, modifiers }
    }

    /// Imports by a list of names and values that ends with `EGL_NONE`, and destroys what came of it.
    pub(crate) fn import(
        &self,
        display: &Display,
        surplus: Surplus,
        attributes: &[i32],
    ) -> Result<(), ErrorCode> {
        assert_eq!(attributes.last(), Some(&0x3038), "EGL_NONE");
        let Surplus { context, buffer } = surplus;
        let list = attributes.as_ptr();
        // SAFETY: the function requires an initialised display and a terminated list; what else may
        // be wrong with its arguments is for it to say.
        let image =
            unsafe { (self.create)(display.as_raw(), context, LINUX_DMA_BUF, buffer, list) };
        if image.is_null() {
            return Err(self.error());
        }
        // SAFETY: the image is of this display, and is destroyed once.
        let destroyed = unsafe { (self.destroy)(display.as_raw(), image) };
        assert_eq!(destroyed, 1);
        Ok(())
    }

    /// How many formats there are, with room for `room` of them; `room` may be a lie.
    pub(crate) fn formats(
        &self,
        display: &Display,
        most: i32,
        room: &mut [i32],
    ) -> Result<i32, ErrorCode> {
        assert!(room.is_empty() || usize::try_from(most).is_ok_and(|most| most <= room.len()));
        let to = if room.is_empty() { std::ptr::null_mut() } else { room.as_mut_ptr() };
        let mut count = -1;
        // SAFETY: `to` is null or has room for `most` numbers.
        let done = unsafe { (self.formats)(display.as_raw(), most, to, &raw mut count) };
        if done == 1 { Ok(count) } else { Err(self.error()) }
    }

    /// How many modifiers a format has, with room for `room` of them.
    pub(crate) fn modifiers(
        &self,
        display: &Display,
        format: u32,
        most: i32,
        room: &mut [u64],
    ) -> Result<i32, ErrorCode> {
        assert!(room.is_empty() || usize::try_from(most).is_ok_and(|most| most <= room.len()));
        let to = if room.is_empty() { std::ptr::null_mut() } else { room.as_mut_ptr() };
        let (format, mut count) = (format.cast_signed(), -1);
        let flags = std::ptr::null_mut();
        // SAFETY: `to` is null or has room for `most` numbers; the flags may be null.
        let done =
            unsafe { (self.modifiers)(display.as_raw(), format, most, to, flags, &raw mut count) };
        if done == 1 { Ok(count) } else { Err(self.error()) }
    }

    fn error(&self) -> ErrorCode {
        let code = self.instance.get_error().expect("a failure leaves a code");
        ErrorCode(code.native())
    }
}
