//! What feeds a framebuffer into a CRTC.

use drm::control::crtc;
use drm::control::framebuffer;
use drm::control::plane;

use crate::format::FormatSet;
use crate::kms::PlaneKind;
use crate::kms::PropertyTable;
use crate::kms::Setting;

/// What feeds a framebuffer into a CRTC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "drmModeGetPlane")]
pub struct Plane {
    /// The kernel's id.
    pub handle: plane::Handle,
    /// Where it lies in the picture.
    pub kind: PlaneKind,
    /// The CRTCs that it can belong to.
    pub possible_crtcs: Vec<crtc::Handle>,
    /// The CRTC that it belongs to now.
    pub crtc: Option<crtc::Handle>,
    /// The framebuffer that it reads now.
    pub framebuffer: Option<framebuffer::Handle>,
    /// What it reads, in the order of the driver: from the property `IN_FORMATS`.
    ///
    /// A driver without that property takes framebuffers without a modifier. Linear buffers are
    /// what all such drivers read, so each of its formats is here with
    /// [`LINEAR`](crate::format::Modifier::LINEAR).
    pub formats: FormatSet,
    /// Whether the driver states modifiers for the plane (it has `IN_FORMATS`).
    pub states_modifiers: bool,
    /// What it reads in commits that skip the vertical blank (`IN_FORMATS_ASYNC`), where the driver
    /// tells.
    pub async_formats: Option<FormatSet>,
    /// Widths and heights in pixels that the hardware likes for a cursor (`SIZE_HINTS`), the best
    /// first; mostly empty.
    pub size_hints: Vec<[u32; 2]>,
    /// What can be set.
    pub properties: PropertyTable,
}

impl Plane {
    /// Whether it can belong to this CRTC.
    pub fn reaches(&self, crtc: crtc::Handle) -> bool {
        self.possible_crtcs.contains(&crtc)
    }

    /// Where it lies among the planes of its CRTC: greater numbers cover lesser ones. `None` where
    /// the driver does not tell; the primary plane is below then, and the cursor above the overlays.
    ///
    /// Where the property is not immutable the order can be set.
    #[doc(alias = "zpos")]
    pub fn place_in_stack(&self) -> Option<u64> {
        self.properties.value("zpos")
    }

    /// What to set so that all of the plane lets through what is below it: 0 is invisible, 0xffff
    /// opaque. `None` if the plane cannot do it. Allocates nothing.
    #[doc(alias = "alpha")]
    pub fn opacity(&self, opacity: u16) -> Option<Setting> {
        Setting::number(&self.properties, "alpha", opacity.into())
    }
}
