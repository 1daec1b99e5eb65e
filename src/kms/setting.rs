//! A property with the value to give it.

use drm::control::property;

use crate::kms::PropertyTable;

/// A property with the value to give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// The kernel's id of the property.
    pub property: property::Handle,
    /// The value.
    pub value: u64,
}

impl Setting {
    /// A value by its name; `None` if the object has no such property, or that no such value.
    /// Allocates nothing.
    pub fn named(table: &PropertyTable, property: &str, value: &str) -> Option<Self> {
        let property = table.get(property)?;
        Some(Self { property: property.handle, value: property.value_of(value)? })
    }

    /// A value by its number; `None` if the object has no such property, or that does not take it.
    /// Allocates nothing.
    pub fn number(table: &PropertyTable, property: &str, value: u64) -> Option<Self> {
        let property = table.get(property)?;
        property.allows(value).then_some(Self { property: property.handle, value })
    }
}
