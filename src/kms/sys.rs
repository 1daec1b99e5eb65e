#![allow(unsafe_code, reason = "talks to the display with ioctls")]
//! The ioctls that answer with lists, and one that `drm-ffi` does not have.
//!
//! A list is asked for twice: for the lengths, then for the contents. In between a monitor can be plugged
//! in or another thread can change what this open file is shown, and the second answer is longer than
//! the first. `drm-ffi` takes the second length for that of its memory; here the question is put
//! again.
//!
//! Spec: `include/uapi/drm/drm_mode.h`, `include/uapi/drm/drm.h`.

use std::os::fd::AsFd;

use drm_ffi::drm_mode_card_res;
use drm_ffi::drm_mode_closefb;
use drm_ffi::drm_mode_get_blob;
use drm_ffi::drm_mode_get_connector;
use drm_ffi::drm_mode_get_plane;
use drm_ffi::drm_mode_get_plane_res;
use drm_ffi::drm_mode_get_property;
use drm_ffi::drm_mode_modeinfo;
use drm_ffi::drm_mode_obj_get_properties;
use drm_ffi::drm_mode_property_enum;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::opcode;

use crate::kms::TopologyError;

const GET_RESOURCES: Opcode = opcode::read_write::<drm_mode_card_res>(b'd', 0xa0);
const GET_CONNECTOR: Opcode = opcode::read_write::<drm_mode_get_connector>(b'd', 0xa7);
const GET_PROPERTY: Opcode = opcode::read_write::<drm_mode_get_property>(b'd', 0xaa);
const GET_BLOB: Opcode = opcode::read_write::<drm_mode_get_blob>(b'd', 0xac);
const GET_PLANE_RESOURCES: Opcode = opcode::read_write::<drm_mode_get_plane_res>(b'd', 0xb5);
const GET_PLANE: Opcode = opcode::read_write::<drm_mode_get_plane>(b'd', 0xb6);
const GET_PROPERTIES: Opcode = opcode::read_write::<drm_mode_obj_get_properties>(b'd', 0xb9);
const CLOSE_FB: Opcode = opcode::read_write::<drm_mode_closefb>(b'd', 0xd0);

const _: () = assert!(GET_RESOURCES == 0xc040_64a0);
const _: () = assert!(GET_CONNECTOR == 0xc050_64a7);
const _: () = assert!(GET_PROPERTY == 0xc040_64aa);
const _: () = assert!(GET_BLOB == 0xc010_64ac);
const _: () = assert!(GET_PLANE_RESOURCES == 0xc010_64b5);
const _: () = assert!(GET_PLANE == 0xc020_64b6);
const _: () = assert!(GET_PROPERTIES == 0xc020_64b9);
const _: () = assert!(CLOSE_FB == 0xc008_64d0);

/// How often a list is asked for again before it is given up.
const ATTEMPTS: usize = 16;

/// The ids of what a device has, and the sizes of framebuffers that it takes.
pub(in crate::kms) struct Resources {
    pub(in crate::kms) crtcs: Vec<u32>,
    pub(in crate::kms) connectors: Vec<u32>,
    pub(in crate::kms) encoders: Vec<u32>,
    pub(in crate::kms) numbers: drm_mode_card_res,
}

/// What a connector tells of itself.
pub(in crate::kms) struct ConnectorInfo {
    pub(in crate::kms) modes: Vec<drm_mode_modeinfo>,
    pub(in crate::kms) encoders: Vec<u32>,
    pub(in crate::kms) numbers: drm_mode_get_connector,
}

/// What a property is.
pub(in crate::kms) struct PropertyInfo {
    pub(in crate::kms) values: Vec<u64>,
    pub(in crate::kms) enums: Vec<drm_mode_property_enum>,
    pub(in crate::kms) numbers: drm_mode_get_property,
}

/// `DRM_IOCTL_MODE_GETRESOURCES`.
pub(in crate::kms) fn resources(node: &impl AsFd) -> Result<Resources, TopologyError> {
    ask_until_it_fits("DRM_IOCTL_MODE_GETRESOURCES", || {
        let mut lengths = drm_mode_card_res::default();
        // SAFETY: `update` requires lists as long as stated: all lengths are 0.
        unsafe { update::<GET_RESOURCES, _>(node, &mut lengths) }?;
        let mut crtcs = zeroed(lengths.count_crtcs);
        let mut connectors = zeroed(lengths.count_connectors);
        let mut encoders = zeroed(lengths.count_encoders);
        let mut numbers = drm_mode_card_res {
            crtc_id_ptr: address(&mut crtcs),
            connector_id_ptr: address(&mut connectors),
            encoder_id_ptr: address(&mut encoders),
            // The framebuffers are their owners' business.
            count_fbs: 0,
            ..lengths
        };
        // SAFETY: `update` requires lists as long as stated: each was made of the length beside it.
        unsafe { update::<GET_RESOURCES, _>(node, &mut numbers) }?;
        let fits = shorten(&mut crtcs, numbers.count_crtcs)
            && shorten(&mut connectors, numbers.count_connectors)
            && shorten(&mut encoders, numbers.count_encoders);
        Ok(fits.then_some(Resources { crtcs, connectors, encoders, numbers }))
    })
}

/// `DRM_IOCTL_MODE_GETCONNECTOR`. To probe is to ask the monitor, which takes its time, and which
/// the kernel does for the master alone.
pub(in crate::kms) fn connector(
    node: &impl AsFd,
    connector_id: u32,
    probe: bool,
) -> Result<ConnectorInfo, TopologyError> {
    let mut probe = probe;
    ask_until_it_fits("DRM_IOCTL_MODE_GETCONNECTOR", || {
        // No room for a mode means "probe", so that there is always room for one if not.
        let mut only_mode = [drm_mode_modeinfo::default()];
        let mut lengths = drm_mode_get_connector {
            connector_id,
            count_modes: u32::from(!probe),
            modes_ptr: address(&mut only_mode),
            ..Default::default()
        };
        // SAFETY: `update` requires lists as long as stated: one mode at most, nothing else.
        unsafe { update::<GET_CONNECTOR, _>(node, &mut lengths) }?;
        probe = false;
        let mut modes = zeroed::<drm_mode_modeinfo>(lengths.count_modes.max(1));
        let mut encoders = zeroed(lengths.count_encoders);
        let mut numbers = drm_mode_get_connector {
            connector_id,
            modes_ptr: address(&mut modes),
            count_modes: lengths.count_modes.max(1),
            encoders_ptr: address(&mut encoders),
            count_encoders: lengths.count_encoders,
            ..Default::default()
        };
        // SAFETY: `update` requires lists as long as stated: each was made of the length beside it.
        unsafe { update::<GET_CONNECTOR, _>(node, &mut numbers) }?;
        let fits = shorten(&mut modes, numbers.count_modes)
            && shorten(&mut encoders, numbers.count_encoders);
        Ok(fits.then_some(ConnectorInfo { modes, encoders, numbers }))
    })
}

/// `DRM_IOCTL_MODE_GETPLANERESOURCES`.
pub(in crate::kms) fn plane_ids(node: &impl AsFd) -> Result<Vec<u32>, TopologyError> {
    ask_until_it_fits("DRM_IOCTL_MODE_GETPLANERESOURCES", || {
        let mut lengths = drm_mode_get_plane_res::default();
        // SAFETY: `update` requires lists as long as stated: the length is 0.
        unsafe { update::<GET_PLANE_RESOURCES, _>(node, &mut lengths) }?;
        let mut planes = zeroed(lengths.count_planes);
        let mut numbers = drm_mode_get_plane_res { plane_id_ptr: address(&mut planes), ..lengths };
        // SAFETY: `update` requires lists as long as stated: it was made of the length beside it.
        unsafe { update::<GET_PLANE_RESOURCES, _>(node, &mut numbers) }?;
        Ok(shorten(&mut planes, numbers.count_planes).then_some(planes))
    })
}

/// `DRM_IOCTL_MODE_GETPLANE`: the plane and its formats without modifiers.
pub(in crate::kms) fn plane(
    node: &impl AsFd,
    plane_id: u32,
) -> Result<(drm_mode_get_plane, Vec<u32>), TopologyError> {
    ask_until_it_fits("DRM_IOCTL_MODE_GETPLANE", || {
        let mut lengths = drm_mode_get_plane { plane_id, ..Default::default() };
        // SAFETY: `update` requires lists as long as stated: the length is 0.
        unsafe { update::<GET_PLANE, _>(node, &mut lengths) }?;
        let mut formats = zeroed(lengths.count_format_types);
        let mut numbers = drm_mode_get_plane {
            plane_id,
            count_format_types: lengths.count_format_types,
            format_type_ptr: address(&mut formats),
            ..Default::default()
        };
        // SAFETY: `update` requires lists as long as stated: it was made of the length beside it.
        unsafe { update::<GET_PLANE, _>(node, &mut numbers) }?;
        Ok(shorten(&mut formats, numbers.count_format_types).then_some((numbers, formats)))
    })
}

/// `DRM_IOCTL_MODE_OBJ_GETPROPERTIES`: the ids of an object's properties, each with its value.
pub(in crate::kms) fn properties(
    node: &impl AsFd,
    obj_id: u32,
    obj_type: u32,
) -> Result<Vec<(u32, u64)>, TopologyError> {
    ask_until_it_fits("DRM_IOCTL_MODE_OBJ_GETPROPERTIES", || {
        let mut lengths = drm_mode_obj_get_properties { obj_id, obj_type, ..Default::default() };
        // SAFETY: `update` requires lists as long as stated: the length is 0.
        unsafe { update::<GET_PROPERTIES, _>(node, &mut lengths) }?;
        let mut ids = zeroed::<u32>(lengths.count_props);
        let mut values = zeroed::<u64>(lengths.count_props);
        let mut numbers = drm_mode_obj_get_properties {
            props_ptr: address(&mut ids),
            prop_values_ptr: address(&mut values),
            ..lengths
        };
        // SAFETY: `update` requires lists as long as stated: both were made of the one length.
        unsafe { update::<GET_PROPERTIES, _>(node, &mut numbers) }?;
        let fits =
            shorten(&mut ids, numbers.count_props) && shorten(&mut values, numbers.count_props);
        Ok(fits.then(|| ids.into_iter().zip(values).collect()))
    })
}

/// `DRM_IOCTL_MODE_GETPROPERTY`.
pub(in crate::kms) fn property(
    node: &impl AsFd,
    prop_id: u32,
) -> Result<PropertyInfo, TopologyError> {
    ask_until_it_fits("DRM_IOCTL_MODE_GETPROPERTY", || {
        let mut lengths = drm_mode_get_property { prop_id, ..Default::default() };
        // SAFETY: `update` requires lists as long as stated: all lengths are 0.
        unsafe { update::<GET_PROPERTY, _>(node, &mut lengths) }?;
        let mut values = zeroed::<u64>(lengths.count_values);
        let mut enums = zeroed::<drm_mode_property_enum>(lengths.count_enum_blobs);
        let mut numbers = drm_mode_get_property {
            values_ptr: address(&mut values),
            enum_blob_ptr: address(&mut enums),
            ..lengths
        };
        // SAFETY: `update` requires lists as long as stated: each was made of the length beside it.
        unsafe { update::<GET_PROPERTY, _>(node, &mut numbers) }?;
        let fits = shorten(&mut values, numbers.count_values)
            && shorten(&mut enums, numbers.count_enum_blobs);
        Ok(fits.then_some(PropertyInfo { values, enums, numbers }))
    })
}

/// `DRM_IOCTL_MODE_GETPROPBLOB`.
pub(in crate::kms) fn blob(node: &impl AsFd, blob_id: u32) -> Result<Vec<u8>, TopologyError> {
    ask_until_it_fits("DRM_IOCTL_MODE_GETPROPBLOB", || {
        let mut lengths = drm_mode_get_blob { blob_id, ..Default::default() };
        // SAFETY: `update` requires lists as long as stated: the length is 0.
        unsafe { update::<GET_BLOB, _>(node, &mut lengths) }?;
        let mut bytes = zeroed::<u8>(lengths.length);
        let mut numbers = drm_mode_get_blob { data: address(&mut bytes), ..lengths };
        // SAFETY: `update` requires lists as long as stated: it was made of the length beside it.
        unsafe { update::<GET_BLOB, _>(node, &mut numbers) }?;
        // The kernel copies a blob of exactly this length or nothing.
        Ok((numbers.length == lengths.length).then_some(bytes))
    })
}

/// `DRM_IOCTL_MODE_CLOSEFB`: gives a framebuffer up without turning off who shows it.
pub(in crate::kms) fn close_framebuffer(node: &impl AsFd, fb_id: u32) -> Result<(), Errno> {
    let mut close = drm_mode_closefb { fb_id, pad: 0 };
    // SAFETY: `update` requires lists as long as stated: there are none.
    unsafe { update::<CLOSE_FB, _>(node, &mut close) }
}

fn ask_until_it_fits<T>(
    call: &'static str,
    mut ask: impl FnMut() -> Result<Option<T>, Errno>,
) -> Result<T, TopologyError> {
    for _ in 0..ATTEMPTS {
        if let Some(answer) = ask().map_err(|errno| TopologyError::of(call, errno))? {
            return Ok(answer);
        }
    }
    Err(TopologyError::Restless { call })
}

fn zeroed<T: Clone + Default>(length: u32) -> Vec<T> {
    vec![T::default(); usize::try_from(length).unwrap_or(usize::MAX)]
}

fn address<T>(list: &mut [T]) -> u64 {
    // Addresses have 64 bits at most.
    list.as_mut_ptr().expose_provenance() as u64
}

/// Cuts a list to what the kernel filled in; `false` if it had more.
fn shorten<T>(list: &mut Vec<T>, length: u32) -> bool {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let fits = length <= list.len();
    list.truncate(length);
    fits
}

/// An ioctl that reads and writes `data`; interrupted calls are made again.
///
/// # Safety
/// `OPCODE` takes a `T`, and each list that `data` refers to is at least as long as `data` states.
pub(in crate::kms) unsafe fn update<const OPCODE: Opcode, T>(
    node: &impl AsFd,
    data: &mut T,
) -> Result<(), Errno> {
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `T`: the caller's promise.
        let request = unsafe { Updater::<OPCODE, T>::new(data) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor, which is a DRM
        // node; the kernel writes no more into a list than its stated length (drm_mode.h).
        match unsafe { rustix::ioctl::ioctl(node.as_fd(), request) } {
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
}
