//! How a plane is told which numbers are black and white.

use std::fmt;

use crate::format::Range;
use crate::kms::PropertyTable;
use crate::kms::Setting;

/// The property of a plane for the range of luma and chroma.
///
/// Spec: `drm_plane_create_color_properties()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "drm_color_range")]
pub struct ColorRange(pub Range);

impl ColorRange {
    /// The kernel's name of the property.
    pub const PROPERTY: &'static str = "COLOR_RANGE";

    /// The kernel's name of the value.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Range::Narrow => "YCbCr limited range",
            Range::Full => "YCbCr full range",
        }
    }

    /// What to set for it; `None` if the plane cannot do it. Allocates nothing.
    pub fn setting(self, plane: &PropertyTable) -> Option<Setting> {
        Setting::named(plane, Self::PROPERTY, self.name())
    }

    /// What the plane can do.
    pub fn supported(plane: &PropertyTable) -> impl Iterator<Item = Self> {
        Range::ALL.into_iter().map(Self).filter(|it| it.setting(plane).is_some())
    }
}

impl fmt::Display for ColorRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
