//! After a laptop of Intel's: four CRTCs with planes of their own, a panel, and a dock whose two
//! connectors share an encoder. HDMI is wired to the first two CRTCs alone.

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Topology;
use crate::kms::recorded::LINEAR;
use crate::kms::recorded::atomic;
use crate::kms::recorded::connector;
use crate::kms::recorded::crtc;
use crate::kms::recorded::encoder;
use crate::kms::recorded::formats;
use crate::kms::recorded::id;
use crate::kms::recorded::mode;
use crate::kms::recorded::plane;
use crate::kms::recorded::preferred;

/// `I915_FORMAT_MOD_X_TILED`.
pub(in crate::kms) const X_TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);

const CRTCS: [u32; 4] = [80, 131, 182, 233];

pub(in crate::kms) fn intel() -> Topology {
    let (hd, full_hd) = (mode([1280, 720], 60_000), preferred(mode([1920, 1080], 59_950)));
    let mut panel = connector([236, 14, 1], &[235], &[full_hd]);
    panel.encoder = Some(id(235));
    let mut panel_encoder = encoder(235, 2, &CRTCS);
    panel_encoder.crtc = Some(id(131));
    let mut crtcs: Vec<_> = (0..).zip(CRTCS).map(|(index, number)| crtc(number, index)).collect();
    crtcs[1].mode = Some(full_hd);
    Topology {
        driver: "i915".to_owned(),
        capabilities: atomic([256, 256]),
        least_size: [0, 0],
        most_size: [16384, 16384],
        connectors: vec![
            panel,
            connector([244, 11, 1], &[243], &[full_hd, hd]),
            connector([250, 10, 1], &[249], &[full_hd, hd]),
            connector([256, 10, 2], &[249], &[preferred(mode([3840, 2160], 60_000)), hd]),
            connector([262, 10, 3], &[261], &[]),
        ],
        encoders: vec![
            panel_encoder,
            encoder(243, 2, &CRTCS[..2]),
            encoder(249, 7, &CRTCS),
            encoder(261, 2, &CRTCS),
        ],
        crtcs,
        planes: CRTCS.iter().flat_map(|crtc| planes_of(*crtc)).collect(),
    }
}

/// A primary plane, an overlay that reads YUV as well, and a cursor with sizes of its own.
fn planes_of(crtc: u32) -> [Plane; 3] {
    let rgb = [Fourcc::XRGB8888, Fourcc::ARGB8888, Fourcc::RGB565, Fourcc::XRGB2101010];
    let mut overlay = formats(&rgb, &[X_TILED, LINEAR]);
    overlay.extend([(Fourcc::NV12, X_TILED), (Fourcc::NV12, LINEAR)]);
    let mut cursor = plane(crtc - 1, PlaneKind::Cursor, &[crtc], formats(&[rgb[1]], &[LINEAR]));
    cursor.size_hints = vec![[64, 64], [128, 128], [256, 256]];
    let primary = formats(&[rgb[0], rgb[2], rgb[3]], &[X_TILED, LINEAR]);
    [
        plane(crtc - 3, PlaneKind::Primary, &[crtc], primary),
        plane(crtc - 2, PlaneKind::Overlay, &[crtc], overlay),
        cursor,
    ]
}
