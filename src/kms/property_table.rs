//! The properties of one object.

use drm::control::property;

use crate::kms::Property;

/// The properties of one connector, CRTC or plane, to be found by name.
///
/// Built once, when the topology is read; looking up allocates nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PropertyTable {
    /// In the order of their names.
    properties: Vec<Property>,
}

impl PropertyTable {
    /// The property with this name.
    pub fn get(&self, name: &str) -> Option<&Property> {
        let place = self.properties.binary_search_by(|property| (*property.name).cmp(name)).ok()?;
        self.properties.get(place)
    }

    /// The id of the property with this name.
    pub fn handle(&self, name: &str) -> Option<property::Handle> {
        self.get(name).map(|property| property.handle)
    }

    /// The value that the property with this name had.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.get(name).map(|property| property.value)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.properties.iter()
    }
}

impl FromIterator<Property> for PropertyTable {
    /// Of two properties with one name the first is kept.
    fn from_iter<I: IntoIterator<Item = Property>>(properties: I) -> Self {
        let mut properties: Vec<_> = properties.into_iter().collect();
        properties.sort_by(|a, b| a.name.cmp(&b.name));
        properties.dedup_by(|later, first| later.name == first.name);
        Self { properties }
    }
}

impl<'a> IntoIterator for &'a PropertyTable {
    type Item = &'a Property;
    type IntoIter = std::slice::Iter<'a, Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
