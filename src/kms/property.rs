//! What can be set on a connector, a CRTC or a plane.

use std::sync::Arc;

use drm::control::property;

use crate::kms::NamedValue;
use crate::kms::PropertyKind;

/// What can be set on a connector, a CRTC or a plane, and its value when the topology was read.
///
/// The same property of two planes has the same id and two values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "drmModeGetProperty")]
pub struct Property {
    /// The kernel's id.
    pub handle: property::Handle,
    /// The kernel's name: `CRTC_ID`, `rotation`.
    pub name: Arc<str>,
    /// The values that it takes.
    pub kind: Arc<PropertyKind>,
    /// It tells something and cannot be set (`DRM_MODE_PROP_IMMUTABLE`).
    pub immutable: bool,
    /// It exists in atomic commits alone (`DRM_MODE_PROP_ATOMIC`).
    pub atomic: bool,
    /// Its value when the topology was read.
    pub value: u64,
}

impl Property {
    /// The values with names, of an enumeration or a bit mask; none of the others.
    pub fn named_values(&self) -> &[NamedValue] {
        match &*self.kind {
            PropertyKind::Enum(values) | PropertyKind::Bitmask(values) => values,
            _ => &[],
        }
    }

    /// The value with this name: what to set, or the bits to combine. Allocates nothing.
    pub fn value_of(&self, name: &str) -> Option<u64> {
        self.named_values().iter().find(|named| named.name == name).map(|named| named.value)
    }

    /// The name of the value that it had.
    pub fn value_name(&self) -> Option<&str> {
        let named = self.named_values().iter().find(|named| named.value == self.value);
        named.map(|named| named.name.as_str())
    }

    /// Whether it takes this value: inside the range, one of the enumeration, no bit beyond the
    /// mask's. What a blob or an object must be the kernel alone knows.
    pub fn allows(&self, value: u64) -> bool {
        match &*self.kind {
            PropertyKind::Range { least, most } => (*least..=*most).contains(&value),
            PropertyKind::SignedRange { least, most } => {
                (*least..=*most).contains(&value.cast_signed())
            }
            PropertyKind::Enum(values) => values.iter().any(|named| named.value == value),
            PropertyKind::Bitmask(values) => {
                value & !values.iter().fold(0, |mask, named| mask | named.value) == 0
            }
            PropertyKind::Blob | PropertyKind::Object { .. } | PropertyKind::Unknown { .. } => true,
        }
    }
}
