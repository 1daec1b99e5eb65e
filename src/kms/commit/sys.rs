#![allow(unsafe_code, reason = "changes the display with ioctls")]
//! The ioctls that `drm-ffi` has no user data for.
//!
//! Spec: `include/uapi/drm/drm_mode.h`.

use std::os::fd::AsFd;

use drm_ffi::drm_mode_atomic;
use drm_ffi::drm_mode_crtc_page_flip;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::opcode;

use crate::kms::sys::update;

const PAGE_FLIP: Opcode = opcode::read_write::<drm_mode_crtc_page_flip>(b'd', 0xb0);
const ATOMIC: Opcode = opcode::read_write::<drm_mode_atomic>(b'd', 0xbc);

const _: () = assert!(PAGE_FLIP == 0xc018_64b0);
const _: () = assert!(ATOMIC == 0xc038_64bc);

/// The objects, how many properties of each, those one after the other, and their values.
pub(in crate::kms::commit) struct AtomicLists<'lists> {
    pub(in crate::kms::commit) objects: &'lists [u32],
    pub(in crate::kms::commit) counts: &'lists [u32],
    pub(in crate::kms::commit) properties: &'lists [u32],
    pub(in crate::kms::commit) values: &'lists [u64],
}

/// `DRM_IOCTL_MODE_ATOMIC`.
pub(in crate::kms::commit) fn atomic(
    node: &impl AsFd,
    flags: u32,
    lists: &AtomicLists<'_>,
    user_data: u64,
) -> Result<(), Errno> {
    // The kernel reads one count for each object and one property and value for each count.
    let total: u64 = lists.counts.iter().map(|count| u64::from(*count)).sum();
    let length = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    let agree = lists.objects.len() == lists.counts.len()
        && length(lists.properties.len()) == total
        && length(lists.values.len()) == total;
    let count_objs = u32::try_from(lists.objects.len()).ok().filter(|_count| agree);
    let mut data = drm_mode_atomic {
        flags,
        count_objs: count_objs.ok_or(Errno::INVAL)?,
        objs_ptr: address(lists.objects),
        count_props_ptr: address(lists.counts),
        props_ptr: address(lists.properties),
        prop_values_ptr: address(lists.values),
        reserved: 0,
        user_data,
    };
    // SAFETY: `update` requires that the opcode takes this type, which it was made of, and lists as
    // long as stated, which was checked above.
    unsafe { update::<ATOMIC, _>(node, &mut data) }
}

/// `DRM_IOCTL_MODE_PAGE_FLIP`.
pub(in crate::kms) fn page_flip(
    node: &impl AsFd,
    crtc_id: u32,
    fb_id: u32,
    flags: u32,
    user_data: u64,
) -> Result<(), Errno> {
    let mut data = drm_mode_crtc_page_flip { crtc_id, fb_id, flags, reserved: 0, user_data };
    // SAFETY: `update` requires that the opcode takes this type, which it was made of, and right
    // lengths of lists: there are none in it.
    unsafe { update::<PAGE_FLIP, _>(node, &mut data) }
}

fn address<T>(list: &[T]) -> u64 {
    // Addresses have 64 bits at most.
    list.as_ptr().expose_provenance() as u64
}
