//! What makes a connector's signal.

use std::fmt;

use drm::control::crtc;
use drm::control::encoder;

/// The kind of signal, as the number of the kernel.
///
/// Spec: `DRM_MODE_ENCODER_*`; the names are those of `drm_encoder_enum_list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "DRM_MODE_ENCODER")]
pub struct EncoderKind(pub u32);

impl fmt::Display for EncoderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.0 {
            0 => "None",
            1 => "DAC",
            2 => "TMDS",
            3 => "LVDS",
            4 => "TV",
            5 => "Virtual",
            6 => "DSI",
            7 => "DP MST",
            8 => "DPI",
            _ => "Unknown",
        })
    }
}

/// What makes a connector's signal from a CRTC's pixels. The kernel chooses it; it matters because
/// it says which CRTCs reach which connector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "drmModeGetEncoder")]
pub struct Encoder {
    /// The kernel's id.
    pub handle: encoder::Handle,
    /// The kind of signal.
    pub kind: EncoderKind,
    /// The CRTC that feeds it now.
    pub crtc: Option<crtc::Handle>,
    /// The CRTCs that can feed it.
    pub possible_crtcs: Vec<crtc::Handle>,
    /// The encoders that can be fed by the same CRTC at the same time, itself among them.
    pub possible_clones: Vec<encoder::Handle>,
}
