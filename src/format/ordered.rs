//! A map that keeps the order of insertion.

/// Keys with values, in the order in which the keys came, found by binary search.
///
/// No hashing: keys come from peers, who could choose them so that they collide, and a lookup takes
/// the same steps in every process. The sets of formats that drivers and peers list are short.
#[derive(Clone, Debug)]
pub(in crate::format) struct OrderedMap<K, V> {
    entries: Vec<(K, V)>,
    /// The keys in their order, each with its place in `entries`.
    by_key: Vec<(K, usize)>,
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_key: Vec::new() }
    }
}

impl<K: Copy + Ord, V> OrderedMap<K, V> {
    /// The value of a key; of a new one, which goes behind all others, what `value` makes.
    pub(in crate::format) fn get_or_insert_with(
        &mut self,
        key: K,
        value: impl FnOnce() -> V,
    ) -> &mut V {
        let place = match self.search(key) {
            Ok(place) => place,
            Err(rank) => {
                let place = self.entries.len();
                self.entries.push((key, value()));
                self.by_key.insert(rank, (key, place));
                place
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the places in `by_key` are those of entries")]
        &mut self.entries[place].1
    }

    /// The value of a key.
    pub(in crate::format) fn get(&self, key: K) -> Option<&V> {
        self.get_near(key, 0).map(|(_, value)| value)
    }

    /// The place of a key, from 0, and its value. Looks at the place `guess` first: lists of related
    /// parties have the same order.
    pub(in crate::format) fn get_near(&self, key: K, guess: usize) -> Option<(usize, &V)> {
        if let Some((known, value)) = self.entries.get(guess)
            && *known == key
        {
            return Some((guess, value));
        }
        let place = self.search(key).ok()?;
        self.entries.get(place).map(|(_, value)| (place, value))
    }

    /// The keys with their values, in the order of insertion.
    pub(in crate::format) fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.entries.iter()
    }

    /// The keys with their values, in the order of the keys.
    fn by_key(&self) -> impl Iterator<Item = &(K, V)> {
        self.by_key.iter().filter_map(|(_, place)| self.entries.get(*place))
    }

    /// How many keys there are.
    pub(in crate::format) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The place of a key, or where in `by_key` it would have to stand.
    fn search(&self, key: K) -> Result<usize, usize> {
        // In most lists most keys come in their order.
        if self.by_key.last().is_some_and(|(last, _)| *last < key) {
            return Err(self.by_key.len());
        }
        let rank = self.by_key.binary_search_by_key(&key, |(known, _)| *known)?;
        self.by_key.get(rank).map(|(_, place)| *place).ok_or(rank)
    }
}

impl<K: Copy + Ord, V: PartialEq> PartialEq for OrderedMap<K, V> {
    /// The order of insertion is not compared.
    fn eq(&self, other: &Self) -> bool {
        self.by_key().eq(other.by_key())
    }
}

impl<K: Copy + Ord, V: Eq> Eq for OrderedMap<K, V> {}

#[cfg(test)]
mod tests {
    use super::OrderedMap;

    fn map(keys: &[u32]) -> OrderedMap<u32, u32> {
        let mut map = OrderedMap::default();
        for (place, key) in (0..).zip(keys) {
            map.get_or_insert_with(*key, || place);
        }
        map
    }

    #[test]
    fn keys_are_found_in_whatever_order_they_came() {
        for keys in [&[1, 2, 3, 4, 5][..], &[5, 4, 3, 2, 1], &[3, 1, 5, 2, 4], &[7], &[]] {
            let map = map(keys);
            assert!(map.iter().map(|(key, _)| key).eq(keys));
            for (place, key) in keys.iter().enumerate() {
                let value = u32::try_from(place).unwrap();
                for guess in 0..6 {
                    assert_eq!(map.get_near(*key, guess), Some((place, &value)));
                }
                assert_eq!(map.get(*key), Some(&value));
            }
            for stranger in [0, 6, 8] {
                assert_eq!(map.get(stranger), None);
            }
        }
    }

    #[test]
    fn known_key_keeps_its_place_and_its_value_can_be_changed() {
        let mut map = map(&[9, 4]);
        *map.get_or_insert_with(9, || 7) += 10;
        assert!(map.iter().eq(&[(9, 10), (4, 1)]));
        assert_eq!(map.len(), 2);
    }

    #[test]
    fn maps_are_equal_in_whatever_order_they_came() {
        let backwards: OrderedMap<_, u32> = {
            let mut map = OrderedMap::default();
            for key in [3, 2, 1] {
                map.get_or_insert_with(key, || key - 1);
            }
            map
        };
        assert_eq!(map(&[1, 2, 3]), backwards);
        assert_ne!(map(&[1, 2]), backwards);
        assert_ne!(map(&[2, 1, 3]), backwards);
        assert_ne!(map(&[1, 2, 4]), backwards);
    }
}
