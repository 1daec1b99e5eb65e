//! How luma and chroma become colours.

use std::fmt;

use crate::kms::PropertyTable;
use crate::kms::Setting;

/// How luma and chroma become colours: the matrix. A plane has this property if it reads YUV formats.
///
/// Spec: <https://docs.kernel.org/gpu/drm-kms.html#plane-composition-properties>, `drm_plane_create_color_properties()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "drm_color_encoding")]
pub enum ColorEncoding {
    /// ITU-R BT.601: standard definition.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020: ultra-high definition, with constant or without constant luminance alike.
    Bt2020,
}

impl ColorEncoding {
    /// The kernel's name of the property.
    pub const PROPERTY: &'static str = "COLOR_ENCODING";

    const ALL: [Self; 3] = [Self::Bt601, Self::Bt709, Self::Bt2020];

    /// The kernel's name of the value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bt601 => "ITU-R BT.601 YCbCr",
            Self::Bt709 => "ITU-R BT.709 YCbCr",
            Self::Bt2020 => "ITU-R BT.2020 YCbCr",
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

impl fmt::Display for ColorEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
