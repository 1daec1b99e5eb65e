#![allow(unsafe_code, reason = "calls libgbm")]
//! One buffer of GBM.
//!
//! The crate `gbm` names formats with a closed list and panics on a driver's answer that is not in
//! it, so buffers are made and asked with the functions of `gbm-sys`, which take the number. The
//! device is the crate's.
//!
//! Spec: `gbm.h` of Mesa.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use gbm::AsRaw;
use rustix::io::Errno;

use crate::allocator::Request;
use crate::allocator::gbm::ladder::Step;
use crate::allocator::gbm::sys;
use crate::dmabuf::MAX_PLANES;
use crate::format::Modifier;

/// GBM's object on an open DRM node, with the node's file descriptor.
pub(in crate::allocator::gbm) type Device = gbm::Device<OwnedFd>;

/// A buffer of GBM, until dropped. Planes are counted from 0.
pub(in crate::allocator::gbm) struct BufferObject<'a> {
    raw: NonNull<gbm_sys::gbm_bo>,
    device: &'a Device,
}

impl<'a> BufferObject<'a> {
    /// Asks for a buffer in one way. The error is what the driver left in `errno`, if anything; what
    /// it leaves need not have to do with the reason.
    pub(in crate::allocator::gbm) fn new(
        device: &'a Device,
        step: &Step,
        request: &Request,
    ) -> Result<Self, Option<Errno>> {
        let raw_device = device.as_raw().cast_mut();
        let (width, height) = (request.width(), request.height());
        let fourcc = request.fourcc().0;
        let count = |modifiers: &[u64]| u32::try_from(modifiers.len()).unwrap_or(u32::MAX);
        sys::clear_errno();
        let raw = match step {
            Step::ModifiersAndFlags { modifiers, flags } => {
                // SAFETY: the function requires a device, which lives as long as the borrow, and a
                // list of `count` modifiers (gbm.h).
                unsafe {
                    gbm_sys::gbm_bo_create_with_modifiers2(
                        raw_device,
                        width,
                        height,
                        fourcc,
                        modifiers.as_ptr(),
                        count(modifiers),
                        *flags,
                    )
                }
            }
            Step::Modifiers { modifiers } => {
                // SAFETY: as above.
                unsafe {
                    gbm_sys::gbm_bo_create_with_modifiers(
                        raw_device,
                        width,
                        height,
                        fourcc,
                        modifiers.as_ptr(),
                        count(modifiers),
                    )
                }
            }
            Step::Flags { flags } => {
                // SAFETY: the function requires a device, which lives as long as the borrow (gbm.h).
                unsafe { gbm_sys::gbm_bo_create(raw_device, width, height, fourcc, *flags) }
            }
        };
        NonNull::new(raw).map(|raw| Self { raw, device }).ok_or_else(last_errno)
    }

    /// The node's file descriptor, whose handles are those of [`BufferObject::handle`].
    pub(in crate::allocator::gbm) fn device_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }

    /// What the driver says about the tiling.
    pub(in crate::allocator::gbm) fn modifier(&self) -> Modifier {
        // SAFETY: the function requires a buffer; this one lives until `drop` (gbm.h).
        Modifier::from_raw(unsafe { gbm_sys::gbm_bo_get_modifier(self.raw.as_ptr()) })
    }

    /// One to four, whatever the driver says.
    pub(in crate::allocator::gbm) fn plane_count(&self) -> usize {
        // SAFETY: the function requires a buffer; this one lives until `drop` (gbm.h).
        let count = unsafe { gbm_sys::gbm_bo_get_plane_count(self.raw.as_ptr()) };
        usize::try_from(count).unwrap_or(0).clamp(1, MAX_PLANES)
    }

    pub(in crate::allocator::gbm) fn stride_bytes(&self, plane: i32) -> u32 {
        // SAFETY: the function requires a buffer, and bears any number of a plane (gbm.c).
        unsafe { gbm_sys::gbm_bo_get_stride_for_plane(self.raw.as_ptr(), plane) }
    }

    pub(in crate::allocator::gbm) fn offset_bytes(&self, plane: i32) -> u32 {
        // SAFETY: the function requires a buffer, and bears any number of a plane (gbm.c).
        unsafe { gbm_sys::gbm_bo_get_offset(self.raw.as_ptr(), plane) }
    }

    /// The number of the memory on the open node. GBM owns it: it must not be closed.
    pub(in crate::allocator::gbm) fn handle(&self, plane: i32) -> Option<u32> {
        // SAFETY: the function requires a buffer, and bears any number of a plane (gbm.c).
        let handle = unsafe { gbm_sys::gbm_bo_get_handle_for_plane(self.raw.as_ptr(), plane) };
        // SAFETY: reading a field of a union requires a valid value: any bits are a number, and
        // drivers set this field or the overlapping `s32` to -1 (gbm_dri.c).
        let handle = unsafe { handle.u32_ };
        (handle != 0 && handle != u32::MAX).then_some(handle)
    }

    /// A new file descriptor of the memory of a plane; the driver takes note that the memory is
    /// shared. It may be for reading only.
    pub(in crate::allocator::gbm) fn fd(&self, plane: i32) -> Result<OwnedFd, Errno> {
        sys::clear_errno();
        // SAFETY: the function requires a buffer, and bears any number of a plane (gbm.c).
        let fd = unsafe { gbm_sys::gbm_bo_get_fd_for_plane(self.raw.as_ptr(), plane) };
        let fd = match fd {
            // Backends that are older than the function know the first plane alone.
            -1 if plane == 0 => {
                // SAFETY: the function requires a buffer; this one lives until `drop` (gbm.h).
                unsafe { gbm_sys::gbm_bo_get_fd(self.raw.as_ptr()) }
            }
            fd => fd,
        };
        if fd < 0 {
            return Err(last_errno().unwrap_or(Errno::IO));
        }
        // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the caller
        // of both functions is to close what they return (gbm.c).
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

impl Drop for BufferObject<'_> {
    fn drop(&mut self) {
        // SAFETY: the function requires a buffer that is not used any more: this was its owner.
        unsafe { gbm_sys::gbm_bo_destroy(self.raw.as_ptr()) };
    }
}

/// GBM leaves its error in `errno`, or leaves it alone.
fn last_errno() -> Option<Errno> {
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(0) => None,
        error => Errno::from_io_error(&error),
    }
}
