//! After a card of AMD's: overlays that reach every CRTC, primary planes that are bound to one, an
//! old connector beside a new one on the same encoder, and a writeback connector.

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Connector;
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

const CRTCS: [u32; 3] = [70, 73, 76];
/// A tiling with compression.
const TILED: Modifier = Modifier::from_raw(0x0200_0000_0181_4b04);

pub(in crate::kms) fn amd() -> Topology {
    let modes = [
        mode([1920, 1080], 60_000),
        preferred(mode([2560, 1440], 59_951)),
        mode([1920, 1080], 143_981),
        mode([2560, 1440], 143_912),
    ];
    let rgb = [Fourcc::XRGB8888, Fourcc::ARGB8888];
    let overlay = [Fourcc::ARGB8888, Fourcc::NV12, Fourcc::P010];
    let writeback = Connector {
        writeback_formats: Some(formats(&[Fourcc::XRGB2101010], &[LINEAR])),
        ..connector([101, 18, 1], &[100], &[])
    };
    let mut planes: Vec<_> = CRTCS
        .iter()
        .map(|crtc| plane(crtc - 30, PlaneKind::Primary, &[*crtc], formats(&rgb, &[TILED, LINEAR])))
        .collect();
    planes.push(plane(60, PlaneKind::Overlay, &CRTCS, formats(&overlay, &[LINEAR])));
    planes.push(plane(61, PlaneKind::Overlay, &CRTCS[..1], formats(&overlay, &[LINEAR])));
    let cursors = CRTCS
        .iter()
        .map(|crtc| plane(crtc - 20, PlaneKind::Cursor, &[*crtc], formats(&[rgb[1]], &[LINEAR])));
    planes.extend(cursors);
    Topology {
        driver: "amdgpu".to_owned(),
        capabilities: atomic([256, 256]),
        least_size: [0, 0],
        most_size: [16384, 16384],
        connectors: vec![
            connector([90, 10, 1], &[91], &modes),
            connector([92, 2, 1], &[93], &modes),
            connector([94, 1, 1], &[93], &modes),
            writeback,
        ],
        encoders: vec![
            encoder(91, 2, &CRTCS),
            encoder(93, 2, &CRTCS),
            encoder(100, 5, &CRTCS[..1]),
        ],
        crtcs: (0..).zip(CRTCS).map(|(index, number)| crtc(number, index)).collect(),
        planes,
    }
}
