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

#[cfg(test)]
mod tests {
    use crate::format::Matrix;
    use crate::format::Range;
    use crate::kms::BlendMode;
    use crate::kms::ColorEncoding;
    use crate::kms::ColorRange;
    use crate::kms::NamedValue;
    use crate::kms::PropertyKind;
    use crate::kms::PropertyTable;
    use crate::kms::Rotation;
    use crate::kms::Setting;
    use crate::kms::recorded::id;
    use crate::kms::recorded::property;
    use crate::kms::recorded::vkms;

    #[test]
    fn settings_are_found_by_name() {
        let table = vkms().planes.remove(0).properties;
        let setting = ColorEncoding(Matrix::Bt709).setting(&table);
        assert_eq!(setting, Some(Setting { property: id(38), value: 1 }));
        let setting = ColorRange(Range::Narrow).setting(&table);
        assert_eq!(setting, Some(Setting { property: id(39), value: 0 }));
        assert_eq!(ColorEncoding::supported(&table).count(), 3);
        assert_eq!(BlendMode::Coverage.setting(&table), None);
        assert_eq!(table.get("COLOR_RANGE").unwrap().value_name(), Some("YCbCr full range"));
        assert_eq!(table.handle("FB_ID"), Some(id(18)));
        assert_eq!(table.handle("FB_I"), None);
        assert_eq!(table.value("nothing"), None);
    }

    #[test]
    fn order_of_reading_does_not_matter() {
        let range = || PropertyKind::Range { least: 0, most: 9 };
        let names = ["zpos", "alpha", "CRTC_ID", "alpha"];
        let numbered = (1..).zip(names).map(|(number, name)| property(number, name, range(), 0));
        let table: PropertyTable = numbered.collect();
        let read: Vec<_> = table.iter().map(|property| &*property.name).collect();
        assert_eq!(read, ["CRTC_ID", "alpha", "zpos"]);
        assert_eq!(table.handle("alpha"), Some(id(2)));
    }

    #[test]
    fn rotations_are_bits() {
        let bits = [("rotate-0", 1), ("rotate-180", 4), ("reflect-x", 16)];
        let named = bits.map(|(name, value)| NamedValue { value, name: name.to_owned() });
        let bitmask = PropertyKind::Bitmask(named.to_vec());
        let table: PropertyTable = [property(5, "rotation", bitmask, 1)].into_iter().collect();
        let upside_down = Rotation::ROTATE_180 | Rotation::REFLECT_X;
        assert_eq!(Rotation::supported(&table), Rotation::ROTATE_0 | upside_down);
        let setting = Setting { property: id(5), value: 20 };
        assert_eq!(upside_down.setting(&table), Some(setting));
        assert_eq!(Rotation::ROTATE_90.setting(&table), None);
        assert_eq!(Rotation::supported(&PropertyTable::default()), Rotation::ROTATE_0);
    }

    #[test]
    fn values_outside_are_not_allowed() {
        let signed = PropertyKind::SignedRange { least: -1, most: 5 };
        let table: PropertyTable = [property(5, "x", signed, 0)].into_iter().collect();
        let allowed = |value: i64| Setting::number(&table, "x", value.cast_unsigned()).is_some();
        assert!(allowed(-1) && allowed(0) && allowed(5));
        assert!(!allowed(-2) && !allowed(6) && !allowed(i64::MIN));
    }
}
