//! vkms with its default device: one CRTC, a primary and a cursor plane, a writeback connector that
//! says it is connected, and comes first.

use crate::format::Fourcc;
use crate::kms::Connector;
use crate::kms::PlaneKind;
use crate::kms::PropertyKind;
use crate::kms::Topology;
use crate::kms::recorded::LINEAR;
use crate::kms::recorded::atomic;
use crate::kms::recorded::connector;
use crate::kms::recorded::crtc;
use crate::kms::recorded::encoder;
use crate::kms::recorded::formats;
use crate::kms::recorded::mode;
use crate::kms::recorded::named;
use crate::kms::recorded::plane;
use crate::kms::recorded::preferred;
use crate::kms::recorded::property;

const READ: [Fourcc; 10] = [
    Fourcc::ARGB8888,
    Fourcc::ABGR8888,
    Fourcc::XRGB8888,
    Fourcc::XBGR8888,
    Fourcc::RGB565,
    Fourcc::BGR565,
    Fourcc::NV12,
    Fourcc::YUV420,
    Fourcc::P010,
    Fourcc::R8,
];
const WRITTEN: [Fourcc; 4] = [Fourcc::ARGB8888, Fourcc::XRGB8888, Fourcc::ABGR8888, Fourcc::RGB565];

pub(in crate::kms) fn vkms() -> Topology {
    let modes = [preferred(mode([1024, 768], 60_004)), mode([1920, 1080], 60_000)];
    let other_modes = [mode([1920, 1080], 60_000), mode([1024, 768], 60_004)];
    let writeback = Connector {
        size_mm: None,
        writeback_formats: Some(formats(&WRITTEN, &[LINEAR])),
        ..connector([47, 18, 1], &[46], &other_modes)
    };
    let mut primary = plane(35, PlaneKind::Primary, &[45], formats(&READ, &[LINEAR]));
    let encodings = ["ITU-R BT.601 YCbCr", "ITU-R BT.709 YCbCr", "ITU-R BT.2020 YCbCr"];
    primary.properties = [
        named(38, "COLOR_ENCODING", &encodings, 0),
        named(39, "COLOR_RANGE", &["YCbCr limited range", "YCbCr full range"], 1),
        property(18, "FB_ID", PropertyKind::Object { kind: drm_ffi::DRM_MODE_OBJECT_FB }, 0),
    ]
    .into_iter()
    .collect();
    Topology {
        driver: "vkms".to_owned(),
        capabilities: atomic([512, 512]),
        least_size: [10, 10],
        most_size: [8192, 8192],
        connectors: vec![writeback, connector([53, 15, 1], &[52], &modes)],
        encoders: vec![encoder(46, 5, &[45]), encoder(52, 5, &[45])],
        crtcs: vec![crtc(45, 0)],
        planes: vec![primary, plane(40, PlaneKind::Cursor, &[45], formats(&READ, &[LINEAR]))],
    }
}
