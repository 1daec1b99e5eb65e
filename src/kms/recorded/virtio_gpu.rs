//! virtio-gpu with one output: no modifiers, one format for each plane.

use crate::format::Fourcc;
use crate::kms::Capabilities;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Topology;
use crate::kms::recorded::LINEAR;
use crate::kms::recorded::atomic;
use crate::kms::recorded::connector;
use crate::kms::recorded::crtc;
use crate::kms::recorded::encoder;
use crate::kms::recorded::formats;
use crate::kms::recorded::mode;
use crate::kms::recorded::plane;
use crate::kms::recorded::preferred;

pub(in crate::kms) fn virtio_gpu() -> Topology {
    let modes = [preferred(mode([640, 480], 74_998)), mode([5120, 2160], 50_000)];
    let implicit = |number, kind, fourcc| Plane {
        states_modifiers: false,
        ..plane(number, kind, &[40], formats(&[fourcc], &[LINEAR]))
    };
    Topology {
        driver: "virtio_gpu".to_owned(),
        capabilities: Capabilities { modifiers: false, cursor_hotspot: true, ..atomic([64, 64]) },
        least_size: [32, 32],
        most_size: [8192, 8192],
        connectors: vec![connector([41, 15, 2], &[42], &modes)],
        encoders: vec![encoder(42, 5, &[40])],
        crtcs: vec![crtc(40, 0)],
        planes: vec![
            implicit(35, PlaneKind::Primary, Fourcc::XRGB8888),
            implicit(36, PlaneKind::Cursor, Fourcc::ARGB8888),
        ],
    }
}
