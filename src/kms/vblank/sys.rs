#![allow(unsafe_code, reason = "asks for vertical blanks with ioctls")]
//! The ioctls of vertical blanks, as the kernel declares them.
//!
//! Spec: `include/uapi/drm/drm.h`.

use std::ffi::c_long;
use std::os::fd::AsFd;

use drm_ffi::drm_crtc_get_sequence;
use drm_ffi::drm_crtc_queue_sequence;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::opcode;

use crate::kms::sys::update;

/// `union drm_wait_vblank`: the request, of which the kernel makes the reply.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(in crate::kms::vblank) struct WaitVblank {
    /// `type` of both.
    pub(in crate::kms::vblank) kind: u32,
    /// `sequence` of both.
    pub(in crate::kms::vblank) sequence: u32,
    /// `signal` of the request, which is the user data of an event, and `tval_sec` of the reply.
    pub(in crate::kms::vblank) signal_or_seconds: c_long,
    /// `tval_usec` of the reply.
    pub(in crate::kms::vblank) microseconds: c_long,
}

const WAIT_VBLANK: Opcode = opcode::read_write::<WaitVblank>(b'd', 0x3a);
const GET_SEQUENCE: Opcode = opcode::read_write::<drm_crtc_get_sequence>(b'd', 0x3b);
const QUEUE_SEQUENCE: Opcode = opcode::read_write::<drm_crtc_queue_sequence>(b'd', 0x3c);

const _: () = assert!(size_of::<WaitVblank>() == size_of::<drm_ffi::drm_wait_vblank>());
#[cfg(target_pointer_width = "64")]
const _: () = assert!(WAIT_VBLANK == 0xc018_643a);
const _: () = assert!(GET_SEQUENCE == 0xc018_643b);
const _: () = assert!(QUEUE_SEQUENCE == 0xc018_643c);

/// `DRM_IOCTL_WAIT_VBLANK`. When it is interrupted and made again, the kernel has made an absolute
/// request of a relative one in `data`, which `drm-ffi` would forget.
pub(in crate::kms::vblank) fn wait_vblank(
    node: &impl AsFd,
    data: &mut WaitVblank,
) -> Result<(), Errno> {
    // SAFETY: `update` requires that the opcode takes this type, whose size is asserted above, and
    // right lengths of lists: there are none in it.
    unsafe { update::<WAIT_VBLANK, _>(node, data) }
}

/// `DRM_IOCTL_CRTC_GET_SEQUENCE`.
pub(in crate::kms::vblank) fn get_sequence(
    node: &impl AsFd,
    data: &mut drm_crtc_get_sequence,
) -> Result<(), Errno> {
    // SAFETY: as for `wait_vblank`; the type is the one that the opcode was made of.
    unsafe { update::<GET_SEQUENCE, _>(node, data) }
}

/// `DRM_IOCTL_CRTC_QUEUE_SEQUENCE`.
pub(in crate::kms::vblank) fn queue_sequence(
    node: &impl AsFd,
    data: &mut drm_crtc_queue_sequence,
) -> Result<(), Errno> {
    // SAFETY: as for `wait_vblank`; the type is the one that the opcode was made of.
    unsafe { update::<QUEUE_SEQUENCE, _>(node, data) }
}
