//! What a plane's alpha does.

use std::fmt;

use crate::kms::PropertyTable;
use crate::kms::Setting;

/// What a plane's alpha does to what is below it. A plane without this property blends as if premultiplied.
///
/// Spec: <https://docs.kernel.org/gpu/drm-kms.html#plane-composition-properties>, `drm_plane_create_blend_mode_property()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "DRM_MODE_BLEND")]
pub enum BlendMode {
    /// Alpha is passed over: the plane is opaque.
    None,
    /// The colours were multiplied by alpha already, as GL and Wayland have them.
    Premultiplied,
    /// The colours are multiplied by alpha now.
    Coverage,
}

impl BlendMode {
    /// The kernel's name of the property.
    pub const PROPERTY: &'static str = "pixel blend mode";

    const ALL: [Self; 3] = [Self::None, Self::Premultiplied, Self::Coverage];

    /// The kernel's name of the value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Premultiplied => "Pre-multiplied",
            Self::Coverage => "Coverage",
        }
    }

    /// What to set for it; `None` if the plane cannot do it. Allocates nothing.
    pub fn setting(self, plane: &PropertyTable) -> Option<Setting> {
        Setting::named(plane, Self::PROPERTY, self.name())
    }

    /// What the plane can do.
    pub fn supported(plane: &PropertyTable) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|it| it.setting(plane).is_some())
    }
}

impl fmt::Display for BlendMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
