//! Topologies to choose from: those of the virtual devices as their drivers tell them (Linux 7.3),
//! and two after machines that people have, with what makes the choice hard there.

mod amd;
mod intel;
mod virtio_gpu;
mod vkms;

use std::sync::Arc;

use drm::control::from_u32;
use drm_ffi::drm_mode_modeinfo;

use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Capabilities;
use crate::kms::Connector;
use crate::kms::ConnectorKind;
use crate::kms::ConnectorState;
use crate::kms::Crtc;
use crate::kms::Encoder;
use crate::kms::EncoderKind;
use crate::kms::Mode;
use crate::kms::NamedValue;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Property;
use crate::kms::PropertyKind;
use crate::kms::PropertyTable;

pub(in crate::kms) use amd::amd;
pub(in crate::kms) use intel::X_TILED;
pub(in crate::kms) use intel::intel;
pub(in crate::kms) use virtio_gpu::virtio_gpu;
pub(in crate::kms) use vkms::vkms;

const LINEAR: Modifier = Modifier::LINEAR;

/// An id of any kind.
pub(in crate::kms) fn id<H: From<drm::control::RawResourceHandle>>(id: u32) -> H {
    from_u32(id).unwrap()
}

fn ids<H: From<drm::control::RawResourceHandle>>(numbers: &[u32]) -> Vec<H> {
    numbers.iter().map(|number| id(*number)).collect()
}

/// Width, height and pictures per 1000 seconds.
pub(in crate::kms) fn mode([width, height]: [u16; 2], refresh_millihertz: u32) -> Mode {
    let (htotal, vtotal) = (width + 160, height + 40);
    let pixels = u64::from(htotal) * u64::from(vtotal);
    let clock =
        u32::try_from((pixels * u64::from(refresh_millihertz)).div_ceil(1_000_000)).unwrap();
    Mode::from_raw(drm_mode_modeinfo {
        clock,
        hdisplay: width,
        htotal,
        vdisplay: height,
        vtotal,
        ..drm_mode_modeinfo::default()
    })
}

pub(in crate::kms) fn preferred(mode: Mode) -> Mode {
    let type_ = drm_ffi::DRM_MODE_TYPE_PREFERRED;
    Mode::from_raw(drm_mode_modeinfo { type_, ..*mode.raw() })
}

fn formats(fourccs: &[Fourcc], modifiers: &[Modifier]) -> FormatSet {
    let pairs = fourccs.iter().flat_map(|f| modifiers.iter().map(move |m| (*f, *m)));
    pairs.collect()
}

fn plane(number: u32, kind: PlaneKind, crtcs: &[u32], formats: FormatSet) -> Plane {
    Plane {
        handle: id(number),
        kind,
        possible_crtcs: ids(crtcs),
        crtc: None,
        framebuffer: None,
        formats,
        states_modifiers: true,
        async_formats: None,
        size_hints: Vec::new(),
        properties: PropertyTable::default(),
    }
}

fn crtc(number: u32, index: u32) -> Crtc {
    Crtc {
        handle: id(number),
        index,
        mode: None,
        framebuffer: None,
        position: [0, 0],
        gamma_entries: 256,
        properties: PropertyTable::default(),
    }
}

fn encoder(number: u32, kind: u32, crtcs: &[u32]) -> Encoder {
    Encoder {
        handle: id(number),
        kind: EncoderKind(kind),
        crtc: None,
        possible_crtcs: ids(crtcs),
        possible_clones: ids(&[number]),
    }
}

/// A connector with a monitor if there are modes.
fn connector(numbers: [u32; 3], encoders: &[u32], modes: &[Mode]) -> Connector {
    let [handle, kind, number] = numbers;
    let is_connected = !modes.is_empty();
    Connector {
        handle: id(handle),
        kind: ConnectorKind(kind),
        number,
        state: if is_connected { ConnectorState::Connected } else { ConnectorState::Disconnected },
        size_mm: is_connected.then_some([600, 340]),
        modes: modes.to_vec(),
        encoders: ids(encoders),
        encoder: None,
        writeback_formats: None,
        properties: PropertyTable::default(),
    }
}

/// What atomic drivers with modifiers have.
fn atomic(cursor_size: [u32; 2]) -> Capabilities {
    Capabilities {
        modifiers: true,
        atomic: true,
        universal_planes: true,
        writeback: true,
        monotonic_timestamps: true,
        crtc_in_events: true,
        vblank_high_crtc: true,
        cursor_size,
        ..Capabilities::default()
    }
}

/// A property that takes one of these names.
pub(in crate::kms) fn named(number: u32, name: &str, names: &[&str], value: u64) -> Property {
    let values = (0..).zip(names).map(|(value, name)| NamedValue { value, name: (*name).into() });
    property(number, name, PropertyKind::Enum(values.collect()), value)
}

pub(in crate::kms) fn property(
    number: u32,
    name: &str,
    kind: PropertyKind,
    value: u64,
) -> Property {
    Property {
        handle: id(number),
        name: name.into(),
        kind: Arc::new(kind),
        immutable: false,
        atomic: false,
        value,
    }
}
