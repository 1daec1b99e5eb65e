//! How a plane turns its picture.

use crate::kms::PropertyTable;
use crate::kms::Setting;

bitflags::bitflags! {
    /// How a plane turns its picture: one rotation, counter-clockwise, and then any reflections. As
    /// a set of capabilities, all that it can do.
    ///
    /// Spec: <https://docs.kernel.org/gpu/drm-kms.html#plane-composition-properties>,
    /// `DRM_MODE_ROTATE_*`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[doc(alias = "DRM_MODE_ROTATE")]
    pub struct Rotation: u64 {
        /// Upright.
        const ROTATE_0 = 1 << 0;
        /// A quarter turn.
        const ROTATE_90 = 1 << 1;
        /// Upside down.
        const ROTATE_180 = 1 << 2;
        /// Three quarter turns.
        const ROTATE_270 = 1 << 3;
        /// Left and right are exchanged.
        const REFLECT_X = 1 << 4;
        /// Up and down are exchanged.
        const REFLECT_Y = 1 << 5;
    }
}

impl Rotation {
    /// The kernel's name of the property.
    pub const PROPERTY: &'static str = "rotation";

    /// All that the plane can do; a plane without the property shows its picture upright.
    pub fn supported(plane: &PropertyTable) -> Self {
        plane.get(Self::PROPERTY).map_or(Self::ROTATE_0, |property| {
            let values = property.named_values().iter();
            values.fold(Self::empty(), |all, named| all | Self::from_bits_truncate(named.value))
        })
    }

    /// What to set for it; `None` if the plane cannot do all of it. Allocates nothing.
    pub fn setting(self, plane: &PropertyTable) -> Option<Setting> {
        Setting::number(plane, Self::PROPERTY, self.bits())
    }
}
