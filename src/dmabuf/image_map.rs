//! What was made of images, found again by their memory.

use std::collections::HashMap;
use std::fmt;

use crate::dmabuf::Dmabuf;
use crate::dmabuf::Identity;
use crate::dmabuf::Plane;

/// What was made of the images that were used last.
///
/// An image is known again by everything that its import depends on: the inodes of its buffers and
/// what their file descriptors allow, offsets and strides, size, format, modifier, and `hints`. All
/// of it is in the [`Dmabuf`], so that looking takes no system call.
///
/// Each entry holds a clone of its image: an inode stays that of this buffer while it is open, so no
/// other buffer is taken for it.
pub(crate) struct ImageMap<H, V> {
    /// By where the first plane begins. Few images begin at the same place: the same image with
    /// other hints, or one of its planes as an image of its own.
    places: HashMap<Option<Place>, Vec<Entry<H, V>>>,
    most: usize,
    used: u64,
    statistics: CacheStatistics,
}

/// Where a plane begins: in which buffer, and at which byte.
type Place = (Identity, u32);

struct Entry<H, V> {
    image: Dmabuf,
    hints: H,
    value: V,
    /// The number of the use that was the last.
    used: u64,
}

/// What a cache of imports was asked for, and what it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Images that were there.
    pub hits: u64,
    /// Images that were imported because they were not.
    pub imports: u64,
    /// Images that had to go so that another could come. A cache that keeps importing and evicting
    /// is smaller than what is used in turns.
    pub evictions: u64,
}

impl<H: Copy + Eq, V> ImageMap<H, V> {
    /// For at most so many images, and at least one.
    pub(crate) fn new(most: usize) -> Self {
        let statistics = CacheStatistics::default();
        Self { places: HashMap::new(), most: most.max(1), used: 0, statistics }
    }

    /// What was made of the image with these hints, or what `make` makes of it now. Then the one
    /// whose last use is longest ago goes, if there are too many; where `make` fails nothing goes.
    pub(crate) fn get_or_make<E>(
        &mut self,
        image: &Dmabuf,
        hints: H,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<&mut V, E> {
        let place = image.planes().first().map(start);
        let known = self.places.get(&place).and_then(|entries| {
            entries.iter().position(|entry| entry.hints == hints && is_same(&entry.image, image))
        });
        self.used += 1;
        let index = match known {
            Some(index) => index,
            None => {
                self.insert(place, Entry { image: image.clone(), hints, value: make()?, used: 0 })
            }
        };
        self.statistics.hits += u64::from(known.is_some());
        let entries = self.places.entry(place).or_default();
        #[allow(clippy::indexing_slicing, reason = "it was found, or put there just now")]
        let entry = &mut entries[index];
        entry.used = self.used;
        Ok(&mut entry.value)
    }

    /// Says where at its place the entry is.
    fn insert(&mut self, place: Option<Place>, entry: Entry<H, V>) -> usize {
        self.make_room();
        self.statistics.imports += 1;
        let entries = self.places.entry(place).or_default();
        entries.push(entry);
        entries.len() - 1
    }

    /// Forgets what was made of the image, or of some of its planes, with any hints; says how many
    /// entries that were.
    pub(crate) fn forget(&mut self, image: &Dmabuf) -> usize {
        let before = self.len();
        let is_there = |plane: &Plane| image.planes().iter().any(|it| start(it) == start(plane));
        self.retain(|entry| !entry.image.planes().iter().all(is_there));
        before - self.len()
    }

    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.places.values().map(Vec::len).sum()
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        self.statistics
    }

    fn make_room(&mut self) {
        while self.len() >= self.most {
            let oldest = self.places.values().flatten().map(|entry| entry.used).min();
            self.retain(|entry| Some(entry.used) != oldest);
            self.statistics.evictions += 1;
        }
    }

    fn retain(&mut self, is_kept: impl Fn(&Entry<H, V>) -> bool) {
        self.places.retain(|_, entries| {
            entries.retain(&is_kept);
            !entries.is_empty()
        });
    }
}

impl<H: Copy + Eq, V> fmt::Debug for ImageMap<H, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageMap")
            .field("len", &self.len())
            .field("most", &self.most)
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

/// Where a plane begins, whatever the number of its file descriptor.
fn start(plane: &Plane) -> Place {
    (plane.identity(), plane.offset_bytes())
}

/// Whether an import of one is as good as an import of the other. How large a buffer is and whether
/// it can be written decides what a renderer may do with the image, so both are compared.
fn is_same(one: &Dmabuf, other: &Dmabuf) -> bool {
    let numbers = |image: &Dmabuf| {
        (image.width(), image.height(), image.fourcc(), image.modifier(), image.bounds())
    };
    let buffers = |plane: &Plane| (plane.offset_bytes(), plane.stride_bytes(), plane.backing());
    numbers(one) == numbers(other)
        && one.planes().iter().map(buffers).eq(other.planes().iter().map(buffers))
}

#[cfg(test)]
mod tests;
