//! Which numbers are black and white.

use std::fmt;

use crate::kms::PropertyTable;
use crate::kms::Setting;

/// Which numbers of luma are black and white.
///
/// Spec: `drm_plane_create_color_properties()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "drm_color_range")]
pub enum ColorRange {
    /// 16 is black and 235 is white, of 8 bits: video.
    Limited,
    /// 0 is black and 255 is white, of 8 bits.
    Full,
}

impl ColorRange {
    /// The kernel's name of the property.
    pub const PROPERTY: &'static str = "COLOR_RANGE";

    const ALL: [Self; 2] = [Self::Limited, Self::Full];

    /// The kernel's name of the value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limited => "YCbCr limited range",
            Self::Full => "YCbCr full range",
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

impl fmt::Display for ColorRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
