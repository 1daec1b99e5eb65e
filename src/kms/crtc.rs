//! What reads pixels out at the pace of a mode.

use drm::control::crtc;
use drm::control::framebuffer;

use crate::kms::Mode;
use crate::kms::PropertyTable;

/// What reads pixels out, line by line, at the pace of a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "drmModeGetCrtc")]
pub struct Crtc {
    /// The kernel's id.
    pub handle: crtc::Handle,
    /// Its place in the device's list, from 0. Masks of CRTCs and `DRM_IOCTL_WAIT_VBLANK` count
    /// like this, everything else takes the id.
    #[doc(alias = "pipe")]
    pub index: u32,
    /// The mode that it runs at now; `None` if it is off.
    pub mode: Option<Mode>,
    /// The framebuffer of its primary plane now.
    pub framebuffer: Option<framebuffer::Handle>,
    /// Where the picture begins in that framebuffer, in pixels.
    pub position: [u32; 2],
    /// Entries of its legacy gamma ramp; 0 without one.
    pub gamma_entries: u32,
    /// What can be set.
    pub properties: PropertyTable,
}
