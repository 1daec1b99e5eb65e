//! What one party can do with which formats.
//!
//! A [`FormatSet`] is plain data that owns nothing but memory. Whoever asks a driver, a compositor
//! or a peer fills one set for each [`Usage`]: what can be sampled is rarely what can be rendered
//! to.

use std::fmt;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::ordered::OrderedMap;

/// What a party does with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Usage {
    /// Reads it in a shader, as a texture.
    Sample,
    /// Draws into it, as a render target.
    Render,
    /// Shows it on a display, as a framebuffer.
    ScanOut,
    /// Reads or writes its bytes with the CPU.
    Cpu,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sample => "sample",
            Self::Render => "render",
            Self::ScanOut => "scan-out",
            Self::Cpu => "CPU",
        })
    }
}

/// A format with one modifier that a party can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The pixel format.
    pub fourcc: Fourcc,
    /// How its planes are tiled.
    pub modifier: Modifier,
    /// Whether a GL driver takes the pair for `GL_TEXTURE_EXTERNAL_OES` alone: it can be sampled
    /// through `samplerExternalOES`, and neither be bound to `GL_TEXTURE_2D` nor be drawn into.
    /// `false` where there is no such distinction.
    ///
    /// Spec: `EGL_EXT_image_dma_buf_import_modifiers`, `eglQueryDmaBufModifiersEXT`.
    pub external_only: bool,
}

impl Entry {
    /// A pair without restriction.
    pub const fn new(fourcc: Fourcc, modifier: Modifier) -> Self {
        Self { fourcc, modifier, external_only: false }
    }

    /// A pair that can be sampled as an external texture alone.
    pub const fn external_only(fourcc: Fourcc, modifier: Modifier) -> Self {
        Self { fourcc, modifier, external_only: true }
    }
}

impl From<(Fourcc, Modifier)> for Entry {
    fn from((fourcc, modifier): (Fourcc, Modifier)) -> Self {
        Self::new(fourcc, modifier)
    }
}

/// The formats that one party can use in one way, the one it likes best first.
///
/// Formats are ordered by when they were first inserted, and so are the modifiers of each. No pair
/// is there twice. Two sets are equal when they hold the same entries, in whatever order.
///
/// [`Modifier::Implicit`] in a set means that the party takes buffers without a stated modifier.
/// Such a buffer is understood by the driver that made it alone, so leave the implicit entries out
/// for a party on another device.
///
/// ```
/// use dmashare::format::Entry;
/// use dmashare::format::FormatSet;
/// use dmashare::format::Fourcc;
/// use dmashare::format::Modifier;
///
/// let set: FormatSet = [
///     Entry::new(Fourcc::ARGB8888, Modifier::LINEAR),
///     Entry::external_only(Fourcc::NV12, Modifier::LINEAR),
/// ]
/// .into_iter()
/// .collect();
/// assert_eq!(set.to_string(), "AR24 (LINEAR); NV12 (LINEAR external-only)");
/// assert_eq!(set.is_external_only(Fourcc::NV12, Modifier::LINEAR), Some(true));
/// assert_eq!(set.is_external_only(Fourcc::NV12, Modifier::Implicit), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormatSet {
    /// For each format its modifiers, each with whether it is external-only. Never an empty list.
    formats: OrderedMap<Fourcc, Modifiers>,
}

/// The modifiers of one format, each with whether it is external-only.
pub(in crate::format) type Modifiers = OrderedMap<Modifier, bool>;

impl FormatSet {
    /// A set without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry behind all that are there, and returns whether its pair is new.
    ///
    /// A pair that is there keeps its place. It is external-only from then on if either entry says
    /// so, because that is what both allow.
    pub fn insert(&mut self, entry: impl Into<Entry>) -> bool {
        let entry = entry.into();
        let modifiers = self.formats.get_or_insert_with(entry.fourcc, Modifiers::default);
        let known = modifiers.len();
        *modifiers.get_or_insert_with(entry.modifier, || false) |= entry.external_only;
        modifiers.len() > known
    }

    /// Whether the party can use the format with this modifier, be it as external-only.
    pub fn contains(&self, fourcc: Fourcc, modifier: Modifier) -> bool {
        self.is_external_only(fourcc, modifier).is_some()
    }

    /// Whether the party can use the format with any modifier.
    pub fn contains_fourcc(&self, fourcc: Fourcc) -> bool {
        self.formats.get(fourcc).is_some()
    }

    /// Whether the pair can be sampled as an external texture alone; `None` if the party cannot use
    /// it at all.
    pub fn is_external_only(&self, fourcc: Fourcc, modifier: Modifier) -> Option<bool> {
        self.formats.get(fourcc)?.get(modifier).copied()
    }

    /// As [`FormatSet::is_external_only`], with the place of the format among all. Looks at the place
    /// `guess` first: who asks again and again asks about the same formats.
    #[cfg(feature = "egl")]
    pub(crate) fn is_external_only_near(
        &self,
        fourcc: Fourcc,
        modifier: Modifier,
        guess: usize,
    ) -> Option<(usize, bool)> {
        let (place, modifiers) = self.formats.get_near(fourcc, guess)?;
        Some((place, *modifiers.get(modifier)?))
    }

    /// All entries: by format, and for each format by modifier, in the order of preference.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.fourccs().flat_map(|fourcc| self.entries_of(fourcc))
    }

    /// The entries of one format, in the order of preference; none for a format that the party
    /// cannot use.
    pub fn entries_of(&self, fourcc: Fourcc) -> impl Iterator<Item = Entry> {
        let modifiers = self.formats.get(fourcc).into_iter().flat_map(Modifiers::iter);
        modifiers.map(move |(modifier, external_only)| Entry {
            fourcc,
            modifier: *modifier,
            external_only: *external_only,
        })
    }

    /// The formats, each once, in the order of preference.
    pub fn fourccs(&self) -> impl Iterator<Item = Fourcc> {
        self.formats.iter().map(|(fourcc, _)| *fourcc)
    }

    /// The modifiers of one format, in the order of preference; none for a format that the party
    /// cannot use.
    pub fn modifiers_of(&self, fourcc: Fourcc) -> impl Iterator<Item = Modifier> {
        self.entries_of(fourcc).map(|entry| entry.modifier)
    }

    /// The modifiers of one format; `None` for a format that the party cannot use.
    pub(in crate::format) fn modifiers(&self, fourcc: Fourcc) -> Option<&Modifiers> {
        self.formats.get(fourcc)
    }

    /// The pairs that both sets have, in the order of this one. A pair is external-only if it is
    /// so in either.
    ///
    /// This compares sets of the same usage. [`negotiate`](crate::format::negotiate) knows about
    /// usages, and explains itself.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.entries()
            .filter_map(|entry| {
                let external_only = other.is_external_only(entry.fourcc, entry.modifier)?;
                Some(Entry { external_only: entry.external_only || external_only, ..entry })
            })
            .collect()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.formats.iter().map(|(_, modifiers)| modifiers.len()).sum()
    }

    /// Whether the party can use nothing.
    pub fn is_empty(&self) -> bool {
        self.formats.len() == 0
    }
}

impl<E: Into<Entry>> Extend<E> for FormatSet {
    fn extend<I: IntoIterator<Item = E>>(&mut self, entries: I) {
        for entry in entries {
            self.insert(entry);
        }
    }
}

impl<E: Into<Entry>> FromIterator<E> for FormatSet {
    fn from_iter<I: IntoIterator<Item = E>>(entries: I) -> Self {
        let mut set = Self::new();
        set.extend(entries);
        set
    }
}

impl fmt::Display for FormatSet {
    /// `AR24 (LINEAR, 0x0100000000000001); NV12 (LINEAR external-only)`, all entries in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no format");
        }
        for (nth_format, (fourcc, modifiers)) in self.formats.iter().enumerate() {
            let separator = if nth_format > 0 { "; " } else { "" };
            write!(f, "{separator}{fourcc} (")?;
            for (nth, (modifier, external_only)) in modifiers.iter().enumerate() {
                let separator = if nth > 0 { ", " } else { "" };
                let restriction = if *external_only { " external-only" } else { "" };
                write!(f, "{separator}{modifier}{restriction}")?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Entry;
    use crate::format::FormatSet;
    use crate::format::Fourcc;
    use crate::format::Modifier;

    const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);
    const OTHER: Modifier = Modifier::from_raw(0x0100_0000_0000_0002);

    fn set(entries: &[Entry]) -> FormatSet {
        entries.iter().copied().collect()
    }

    #[test]
    fn order_is_that_of_first_insertion() {
        let set: FormatSet = [
            (Fourcc::XRGB8888, TILED),
            (Fourcc::ARGB8888, Modifier::LINEAR),
            (Fourcc::XRGB8888, Modifier::LINEAR),
            (Fourcc::ARGB8888, TILED),
            (Fourcc::XRGB8888, TILED),
        ]
        .into_iter()
        .collect();
        let entries: Vec<_> = set.entries().map(|e| (e.fourcc, e.modifier)).collect();
        let expected = [
            (Fourcc::XRGB8888, TILED),
            (Fourcc::XRGB8888, Modifier::LINEAR),
            (Fourcc::ARGB8888, Modifier::LINEAR),
            (Fourcc::ARGB8888, TILED),
        ];
        assert_eq!(entries, expected);
        assert_eq!(set.fourccs().collect::<Vec<_>>(), [Fourcc::XRGB8888, Fourcc::ARGB8888]);
        let modifiers: Vec<_> = set.modifiers_of(Fourcc::ARGB8888).collect();
        assert_eq!(modifiers, [Modifier::LINEAR, TILED]);
        assert_eq!(set.len(), 4);
    }

    #[test]
    fn insert_of_a_known_pair_keeps_the_stricter_restriction() {
        let mut set = FormatSet::new();
        assert!(set.insert((Fourcc::NV12, Modifier::LINEAR)));
        assert!(!set.insert(Entry::external_only(Fourcc::NV12, Modifier::LINEAR)));
        assert_eq!(set.is_external_only(Fourcc::NV12, Modifier::LINEAR), Some(true));
        assert!(!set.insert((Fourcc::NV12, Modifier::LINEAR)));
        assert_eq!(set.is_external_only(Fourcc::NV12, Modifier::LINEAR), Some(true));
        assert_eq!(set.len(), 1);
    }

    #[test]
    #[cfg(feature = "egl")]
    fn pair_is_found_wherever_it_is_looked_for_first() {
        let set = set(&[
            Entry::new(Fourcc::XRGB8888, TILED),
            Entry::external_only(Fourcc::NV12, Modifier::LINEAR),
            Entry::new(Fourcc::ARGB8888, OTHER),
        ]);
        for guess in 0..4 {
            for (place, entry) in set.entries().enumerate() {
                let found = set.is_external_only_near(entry.fourcc, entry.modifier, guess);
                assert_eq!(found, Some((place, entry.external_only)));
                assert_eq!(
                    set.is_external_only_near(entry.fourcc, Modifier::Implicit, guess),
                    None
                );
            }
            assert_eq!(set.is_external_only_near(Fourcc::R8, Modifier::LINEAR, guess), None);
        }
    }

    #[test]
    fn restriction_of_one_modifier_does_not_touch_another() {
        let set = set(&[
            Entry::external_only(Fourcc::ARGB8888, TILED),
            Entry::new(Fourcc::ARGB8888, Modifier::LINEAR),
        ]);
        assert_eq!(set.is_external_only(Fourcc::ARGB8888, TILED), Some(true));
        assert_eq!(set.is_external_only(Fourcc::ARGB8888, Modifier::LINEAR), Some(false));
        assert_eq!(set.is_external_only(Fourcc::ARGB8888, OTHER), None);
        assert_eq!(set.is_external_only(Fourcc::NV12, TILED), None);
    }

    #[test]
    fn intersection_keeps_own_order_and_both_restrictions() {
        let ours = set(&[
            Entry::new(Fourcc::ARGB8888, TILED),
            Entry::new(Fourcc::ARGB8888, Modifier::LINEAR),
            Entry::external_only(Fourcc::NV12, Modifier::LINEAR),
            Entry::new(Fourcc::XRGB8888, OTHER),
        ]);
        let theirs = set(&[
            Entry::new(Fourcc::NV12, Modifier::LINEAR),
            Entry::external_only(Fourcc::ARGB8888, Modifier::LINEAR),
            Entry::new(Fourcc::ARGB8888, TILED),
            Entry::new(Fourcc::XRGB8888, Modifier::Implicit),
        ]);
        let common: Vec<_> = ours.intersection(&theirs).entries().collect();
        let expected = [
            Entry::new(Fourcc::ARGB8888, TILED),
            Entry::external_only(Fourcc::ARGB8888, Modifier::LINEAR),
            Entry::external_only(Fourcc::NV12, Modifier::LINEAR),
        ];
        assert_eq!(common, expected);
        assert_eq!(ours.intersection(&theirs), theirs.intersection(&ours));
    }

    #[test]
    fn intersection_of_strangers_is_empty() {
        let ours = set(&[Entry::new(Fourcc::ARGB8888, TILED)]);
        let theirs = set(&[Entry::new(Fourcc::ARGB8888, OTHER)]);
        assert!(ours.intersection(&theirs).is_empty());
        assert!(!ours.intersection(&theirs).contains_fourcc(Fourcc::ARGB8888));
    }

    #[test]
    fn display_lists_every_entry() {
        let set = set(&[
            Entry::new(Fourcc::ARGB8888, TILED),
            Entry::new(Fourcc(7), Modifier::Implicit),
            Entry::external_only(Fourcc::ARGB8888, Modifier::LINEAR),
        ]);
        let expected = "AR24 (0x0100000000000001, LINEAR external-only); 0x00000007 (implicit)";
        assert_eq!(set.to_string(), expected);
        assert_eq!(FormatSet::new().to_string(), "no format");
    }
}
