#![allow(unsafe_code, reason = "creates and destroys EGLImages")]
//! An image as a driver holds it.

use std::ffi::c_void;

use crate::dmabuf::Dmabuf;
use crate::dmabuf::Refusal;
use crate::egl::CallError;
use crate::egl::Context;
use crate::egl::Display;
use crate::egl::ErrorCode;
use crate::egl::attributes::Attributes;
use crate::egl::sys;
use crate::egl::sys::Handle;
use crate::format::Colorimetry;
use crate::format::Fourcc;
use crate::format::Modifier;

/// An EGLImage: what can become a texture in every context of its display.
///
/// It belongs to a display, not to a context, and may be used and dropped on any thread. Textures
/// that were made from it keep the memory alive after it is gone. An imported image holds a clone
/// of its [`Dmabuf`]; the driver holds file descriptors and mappings of its own, until both the
/// image and its textures are gone. `llvmpipe` also keeps what its last 64 scenes were drawn with,
/// until it draws others or its context goes.
///
/// Spec: `EGL_KHR_image_base`.
#[derive(Debug)]
#[doc(alias = "EGLImage")]
pub struct Image {
    handle: Handle,
    display: Display,
    width: u32,
    height: u32,
    external_only: bool,
    dmabuf: Option<Dmabuf>,
}

impl Image {
    /// Imports a checked image, without a copy. No context has to be current.
    ///
    /// YUV images are read as BT.601 in narrow range; [`Image::import_with`] takes another colorimetry.
    ///
    /// Keep below the limit of open files: with no file descriptor left, `llvmpipe` of Mesa 26.2.6
    /// says success, and shows and draws into memory of nobody's.
    ///
    /// # Errors
    /// - [`ImportError::Unsupported`]: the driver cannot import dma-bufs at all.
    /// - [`ImportError::Format`]: the driver does not list the format with this modifier.
    /// - [`ImportError::Refused`]: the driver would crash on, or misread, this kind of buffer.
    /// - [`ImportError::Driver`]: the driver said no, with its code.
    ///
    /// Spec: [`EGL_EXT_image_dma_buf_import`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import.txt).
    #[doc(alias = "eglCreateImageKHR")]
    #[doc(alias = "EGL_LINUX_DMA_BUF_EXT")]
    pub fn import(display: &Display, dmabuf: &Dmabuf) -> Result<Self, ImportError> {
        Self::import_with(display, dmabuf, Colorimetry::default())
    }

    /// As [`Image::import`], for a YUV image that says what its luma and chroma mean. RGB images
    /// ignore it.
    ///
    /// # Errors
    /// As [`Image::import`].
    pub fn import_with(
        display: &Display,
        dmabuf: &Dmabuf,
        colorimetry: Colorimetry,
    ) -> Result<Self, ImportError> {
        let functions = display.connection().functions.image;
        let functions = functions
            .filter(|_| display.imports_dma_bufs())
            .ok_or(ImportError::Unsupported { extension: "EGL_EXT_image_dma_buf_import" })?;
        let (fourcc, modifier) = (dmabuf.fourcc(), dmabuf.modifier());
        let listed =
            display.listed(fourcc, modifier).ok_or(ImportError::Format { fourcc, modifier })?;
        display.importer().accepts(dmabuf)?;
        let mut attributes = Attributes::new();
        attributes.describe(dmabuf, colorimetry, listed.is_told_modifiers);
        // SAFETY: the function requires an initialised display, no context and no buffer for this
        // target, and a terminated list (EGL_EXT_image_dma_buf_import). The list describes a checked
        // image whose file descriptors are open; the driver duplicates them.
        let image = unsafe {
            (functions.create)(
                display.as_raw(),
                std::ptr::null_mut(),
                sys::LINUX_DMA_BUF,
                std::ptr::null_mut(),
                attributes.as_slice().as_ptr(),
            )
        };
        if image.is_null() {
            let source = CallError::last(display.connection().library, "eglCreateImageKHR");
            return Err(ImportError::Driver { fourcc, modifier, source });
        }
        Ok(Self {
            handle: Handle::from_ptr(image),
            display: display.clone(),
            width: dmabuf.width(),
            height: dmabuf.height(),
            external_only: listed.external_only,
            dmabuf: Some(dmabuf.clone()),
        })
    }

    /// The image of level 0 of a 2D texture: what [`Image::export`](crate::egl::Image::export) and
    /// other contexts of the display can use. The texture's context must be current.
    ///
    /// # Safety
    /// `texture` must be a complete 2D texture of `context` with this size in pixels.
    ///
    /// # Errors
    /// [`TextureImageError`]: no such extension, `context` is not current, or the driver's code.
    ///
    /// Spec: `EGL_KHR_gl_texture_2D_image`.
    #[doc(alias = "EGL_GL_TEXTURE_2D_KHR")]
    pub unsafe fn from_texture(
        context: &Context,
        texture: u32,
        size: [u32; 2],
    ) -> Result<Self, TextureImageError> {
        let display = context.display();
        let extension = "EGL_KHR_gl_texture_2D_image";
        let functions = display.connection().functions.image;
        let functions = functions
            .filter(|_| display.extensions().contains(extension))
            .ok_or(TextureImageError::Unsupported { extension })?;
        if !context.is_current() {
            return Err(TextureImageError::NotCurrent);
        }
        let name = std::ptr::without_provenance_mut::<c_void>(texture as usize);
        let attributes = [sys::IMAGE_PRESERVED, sys::TRUE, sys::NONE];
        // SAFETY: the function requires a context of the display and a texture of it that is
        // complete (EGL_KHR_gl_texture_2D_image); the caller answers for the texture.
        let image = unsafe {
            (functions.create)(
                display.as_raw(),
                context.as_raw(),
                sys::GL_TEXTURE_2D,
                name,
                attributes.as_ptr(),
            )
        };
        if image.is_null() {
            let source = CallError::last(display.connection().library, "eglCreateImageKHR");
            return Err(TextureImageError::Call(source));
        }
        let [width, height] = size;
        Ok(Self {
            handle: Handle::from_ptr(image),
            display: display.clone(),
            width,
            height,
            external_only: false,
            dmabuf: None,
        })
    }

    /// The display that it belongs to, and to no other.
    pub fn display(&self) -> &Display {
        &self.display
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Whether it can become an external texture only: never a 2D texture, never a render target.
    pub fn is_external_only(&self) -> bool {
        self.external_only
    }

    /// Whether the driver can draw into the image without harm; sampling is safe in any case.
    ///
    /// # Errors
    /// [`Refusal`]: a software renderer would write beyond the buffer, or to an address that faults.
    pub fn accepts_drawing(&self) -> Result<(), Refusal> {
        match &self.dmabuf {
            Some(dmabuf) => self.display.importer().accepts_as_target(dmabuf),
            None => Ok(()),
        }
    }

    /// The image that it was imported from, if it was.
    pub fn dmabuf(&self) -> Option<&Dmabuf> {
        self.dmabuf.as_ref()
    }

    /// The `EGLImage`, for calls that this crate does not make. It stays this image's.
    pub fn as_raw(&self) -> *mut c_void {
        self.handle.as_ptr()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let Some(functions) = self.display.connection().functions.image else { return };
        // SAFETY: the function requires an image of the display that is destroyed once: the handle
        // has no other owner, and the display is initialised as long as this clone exists.
        if unsafe { (functions.destroy)(self.display.as_raw(), self.handle.as_ptr()) } == 0 {
            let error = CallError::last(self.display.connection().library, "eglDestroyImageKHR");
            tracing::warn!(%error, "an image could not be destroyed");
        }
    }
}

/// Why an image cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The driver cannot import dma-bufs.
    #[error("this driver does not have {extension}")]
    Unsupported {
        /// The missing extension.
        extension: &'static str,
    },
    /// The driver does not list the pair.
    #[error("this driver does not list {fourcc} with modifier {modifier} for import")]
    Format {
        /// The pixel format.
        fourcc: Fourcc,
        /// The tiling.
        modifier: Modifier,
    },
    /// The driver must not see this buffer.
    #[error("this driver must not see the buffer")]
    Refused(#[from] Refusal),
    /// The driver said no to a pair that it lists.
    #[error("the driver lists {fourcc} with modifier {modifier} and refuses it{}", hint(source.code))]
    Driver {
        /// The pixel format.
        fourcc: Fourcc,
        /// The tiling.
        modifier: Modifier,
        /// The call and its code.
        #[source]
        source: CallError,
    },
}

/// What a user can do about a code; drivers use few codes for many things.
fn hint(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BAD_ALLOC => {
            ": it cannot use a buffer of this kind, place or stride, or is out of memory; \
             a planar image may work plane by plane"
        }
        ErrorCode::BAD_MATCH => ": it cannot use this format or modifier after all",
        _ => "",
    }
}

/// Why a texture has no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextureImageError {
    /// The driver cannot do it.
    #[error("this driver does not have {extension}")]
    Unsupported {
        /// The missing extension.
        extension: &'static str,
    },
    /// The context of the texture is not current on this thread.
    #[error("the context of the texture is not current on this thread")]
    NotCurrent,
    /// EGL refused.
    #[error(transparent)]
    Call(#[from] CallError),
}
