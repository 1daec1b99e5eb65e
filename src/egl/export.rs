#![allow(unsafe_code, reason = "calls the export functions of EGL")]
//! The memory of a texture as a dma-buf.
//!
//! Spec: [`EGL_MESA_image_dma_buf_export`](https://registry.khronos.org/EGL/extensions/MESA/EGL_MESA_image_dma_buf_export.txt).

use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::InvalidDescriptor;
use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::PlaneDescriptor;
use crate::egl::CallError;
use crate::egl::Display;
use crate::egl::Image;
use crate::egl::functions::ExportFunctions;
use crate::format::Fourcc;
use crate::format::Modifier;

impl Image {
    /// The memory of the image as a [`Dmabuf`], which outlives the image and its texture.
    ///
    /// What GL draws arrives there when the drawing is finished: `glFlush` and a fence, or
    /// `glFinish`, before somebody else reads it.
    ///
    /// # Errors
    /// - [`ExportError::Unsupported`]: the driver cannot export; allocate the image with an
    ///   [`Allocator`](crate::allocator::Allocator) and import it instead.
    /// - [`ExportError::Planes`]: more than one plane. Mesa (seen in 25.0.7) fills in plane 0 alone,
    ///   so the others would point anywhere.
    /// - [`ExportError::NoFd`]: success without a file descriptor, as drivers without the extension
    ///   answer.
    /// - [`ExportError::Invalid`]: what the driver described is no image.
    /// - [`ExportError::Call`]: the driver refused.
    #[doc(alias = "eglExportDMABUFImageMESA")]
    pub fn export(&self) -> Result<Dmabuf, ExportError> {
        let extension = "EGL_MESA_image_dma_buf_export";
        let display = self.display();
        let functions = display.connection().functions.export;
        let functions = functions.ok_or(ExportError::Unsupported { extension })?;
        let (fourcc, modifier) = self.query_export(display, functions)?;
        let plane = self.export_plane(display, functions)?;
        let descriptor = Descriptor {
            width: self.width(),
            height: self.height(),
            fourcc,
            modifier,
            planes: vec![plane],
        };
        Dmabuf::from_driver(descriptor).map_err(|rejected| ExportError::Invalid(rejected.into()))
    }

    fn query_export(
        &self,
        display: &Display,
        functions: ExportFunctions,
    ) -> Result<(Fourcc, Modifier), ExportError> {
        let (mut fourcc, mut planes) = (0, 0);
        // One for each plane, although the image has one: the function writes as many.
        let mut modifiers = [Modifier::Implicit.to_raw(); MAX_PLANES];
        // SAFETY: the function requires an image of the display and room for a number, a number and
        // a modifier for each plane, of which no format has more than four.
        let done = unsafe {
            (functions.query)(
                display.as_raw(),
                self.as_raw(),
                &raw mut fourcc,
                &raw mut planes,
                modifiers.as_mut_ptr(),
            )
        };
        if done == 0 {
            return Err(last(display, "eglExportDMABUFImageQueryMESA"));
        }
        if planes != 1 {
            return Err(ExportError::Planes { planes });
        }
        let [modifier, ..] = modifiers;
        Ok((Fourcc(fourcc.cast_unsigned()), Modifier::from_raw(modifier)))
    }

    fn export_plane(
        &self,
        display: &Display,
        functions: ExportFunctions,
    ) -> Result<PlaneDescriptor, ExportError> {
        let mut fds = [-1; MAX_PLANES];
        let (mut strides, mut offsets) = ([0; MAX_PLANES], [0; MAX_PLANES]);
        // SAFETY: the function requires an image of the display and room for one number of each kind
        // for each plane.
        let done = unsafe {
            (functions.export)(
                display.as_raw(),
                self.as_raw(),
                fds.as_mut_ptr(),
                strides.as_mut_ptr(),
                offsets.as_mut_ptr(),
            )
        };
        if done == 0 {
            return Err(last(display, "eglExportDMABUFImageMESA"));
        }
        let [fd, ..] = fds;
        if fd < 0 {
            return Err(ExportError::NoFd);
        }
        // SAFETY: `from_raw_fd` requires an open file descriptor without another owner: the function
        // gives a new one to the caller.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        if let Err(errno) = rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC) {
            tracing::warn!(%errno, "an exported file descriptor stays open across exec");
        }
        let ([stride, ..], [offset, ..]) = (strides, offsets);
        let unsigned = |what, value: i32| {
            u32::try_from(value).map_err(|_negative| ExportError::Negative { what, value })
        };
        Ok(PlaneDescriptor {
            fd: Arc::new(fd),
            offset_bytes: unsigned("offset", offset)?,
            stride_bytes: unsigned("stride", stride)?,
        })
    }
}

fn last(display: &Display, call: &'static str) -> ExportError {
    CallError::last(display.connection().library, call).into()
}

/// Why an image cannot be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum ExportError {
    /// The driver cannot export.
    #[error("this driver does not have {extension}: allocate the image and import it instead")]
    Unsupported { extension: &'static str },
    /// The driver reports correct numbers for plane 0 alone.
    #[error("the image has {planes} planes, and drivers export one correctly")]
    Planes { planes: i32 },
    /// The driver said success and gave nothing.
    #[error("the driver said success but gave no file descriptor")]
    NoFd,
    /// The driver gave a negative number.
    #[error("the driver gave a negative {what}: {value}")]
    Negative { what: &'static str, value: i32 },
    /// What the driver described is no image.
    #[error("the driver described no valid image")]
    Invalid(#[source] InvalidDescriptor),
    /// EGL refused.
    #[error(transparent)]
    Call(#[from] CallError),
}
