//! How a plane is told which matrix makes colours of luma and chroma.

use std::fmt;

use crate::format::Matrix;
use crate::kms::PropertyTable;
use crate::kms::Setting;

/// The property of a plane for the matrix of luma and chroma. A plane has it if it reads YUV formats.
///
/// The kernel does not tell BT.2020 with constant luminance from the other. There is no property for
/// the place of chroma: each driver has one of its own.
///
/// Spec: <https://docs.kernel.org/gpu/drm-kms.html#plane-composition-properties>, `drm_plane_create_color_properties()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "drm_color_encoding")]
pub struct ColorEncoding(pub Matrix);

impl ColorEncoding {
    /// The kernel's name of the property.
    pub const PROPERTY: &'static str = "COLOR_ENCODING";

    /// The kernel's name of the value.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Matrix::Bt601 => "ITU-R BT.601 YCbCr",
            Matrix::Bt709 => "ITU-R BT.709 YCbCr",
            Matrix::Bt2020 => "ITU-R BT.2020 YCbCr",
        }
    }

    /// What to set for it; `None` if the plane cannot do it. Allocates nothing.
    pub fn setting(self, plane: &PropertyTable) -> Option<Setting> {
        Setting::named(plane, Self::PROPERTY, self.name())
    }

    /// What the plane can do.
    pub fn supported(plane: &PropertyTable) -> impl Iterator<Item = Self> {
        Matrix::ALL.into_iter().map(Self).filter(|it| it.setting(plane).is_some())
    }
}

impl fmt::Display for ColorEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
