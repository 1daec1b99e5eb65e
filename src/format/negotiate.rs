//! How any number of parties agree on a format and its modifiers.
//!
//! The rules are those of the kernel's buffer exchange: a buffer has one format and one modifier,
//! every party must list that pair, and modifiers are compared as opaque numbers. On top come what
//! this crate promises: an external-only pair is never a render target, and a buffer whose modifier
//! is not stated is neither scanned out nor read by the CPU.
//!
//! Spec: <https://docs.kernel.org/userspace-api/dma-buf-alloc-exchange.html>.

use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::ModifierCode;
use crate::format::Usage;
use crate::format::set::Modifiers;

mod disagreement;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use disagreement::Disagreement;
pub use disagreement::Lack;
pub use disagreement::Missing;

/// Somebody who will use the buffer, what for, and the formats that can be used so.
///
/// A party with two usages is listed twice, each time with the set of that usage.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// How an explanation calls the party: `consumer`, `display HDMI-A-1`.
    pub name: &'a str,
    /// What the party does with the buffer.
    pub usage: Usage,
    /// What it can use in that way, the best first.
    pub formats: &'a FormatSet,
}

impl Party<'_> {
    /// Whether the usage allows an entry of the party's own set.
    fn accepts(&self, entry: Entry) -> bool {
        match self.usage {
            Usage::Sample => true,
            Usage::Render => !entry.external_only,
            Usage::ScanOut | Usage::Cpu => entry.modifier != Modifier::Implicit,
        }
    }

    /// The modifiers of a format that the usage allows, for a start.
    fn shared(&self, fourcc: Fourcc) -> impl Iterator<Item = Shared> {
        let entries = self.formats.entries_of(fourcc).enumerate();
        entries.filter(|(_, entry)| self.accepts(*entry)).map(|(place, entry)| Shared {
            modifier: entry.modifier,
            place,
            places: place,
            external_only: entry.external_only && self.usage == Usage::Sample,
        })
    }

    /// The modifiers of a format that the usage allows, the best first.
    fn usable_modifiers(&self, fourcc: Fourcc) -> impl Iterator<Item = Modifier> {
        let entries = self.formats.entries_of(fourcc);
        entries.filter(|entry| self.accepts(*entry)).map(|entry| entry.modifier)
    }

    /// Whether the party can use the pair in its way.
    fn can_use(&self, fourcc: Fourcc, modifier: Modifier) -> bool {
        let external_only = self.formats.is_external_only(fourcc, modifier);
        external_only
            .is_some_and(|external_only| self.accepts(Entry { fourcc, modifier, external_only }))
    }
}

/// A format that all parties can use, and the modifiers of it that they share: what to ask an
/// allocator for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    fourcc: Fourcc,
    modifiers: Vec<Modifier>,
    /// Of those, the ones that some party can sample as an external texture alone.
    external_only: Vec<Modifier>,
}

impl Candidate {
    /// The format.
    pub fn fourcc(&self) -> Fourcc {
        self.fourcc
    }

    /// The modifiers that all parties share, the best first; at least one.
    pub fn modifiers(&self) -> &[Modifier] {
        &self.modifiers
    }

    /// Those that can be stated, for an interface that takes a list of modifiers
    /// (`gbm_bo_create_with_modifiers`).
    pub fn explicit_modifiers(&self) -> impl Iterator<Item = ModifierCode> {
        self.modifiers.iter().filter_map(|modifier| modifier.explicit())
    }

    /// Whether a buffer without a stated modifier will do.
    pub fn allows_implicit(&self) -> bool {
        self.modifiers.contains(&Modifier::Implicit)
    }

    /// Whether some party that samples the buffer can do so as an external texture alone
    /// (`GL_TEXTURE_EXTERNAL_OES`); `None` if the modifier is not among the candidate's.
    pub fn is_external_only(&self, modifier: Modifier) -> Option<bool> {
        let listed = self.modifiers.contains(&modifier);
        listed.then(|| self.external_only.contains(&modifier))
    }

    /// What the parties have in common of a format, if anything. `shared` is room to work in.
    fn common(parties: &[Party<'_>], fourcc: Fourcc, shared: &mut Vec<Shared>) -> Option<Self> {
        let (first, others) = parties.split_first()?;
        shared.clear();
        shared.extend(first.shared(fourcc));
        for party in others {
            let modifiers = party.formats.modifiers(fourcc)?;
            shared.retain_mut(|pair| pair.is_shared_by(party, fourcc, modifiers));
        }
        if shared.is_empty() {
            return None;
        }
        shared.sort_unstable_by_key(Shared::merit);
        let modifiers = shared.iter().map(|pair| pair.modifier).collect();
        let external_only = shared.iter().filter(|pair| pair.external_only);
        let external_only = external_only.map(|pair| pair.modifier).collect();
        Some(Self { fourcc, modifiers, external_only })
    }
}

/// A modifier of some format that all parties share who were asked so far.
#[derive(Debug)]
struct Shared {
    modifier: Modifier,
    /// Its place in the list of the first party.
    place: usize,
    /// The sum of its places in all lists.
    places: usize,
    /// Whether some party can sample it as an external texture alone.
    external_only: bool,
}

impl Shared {
    /// Asks one party more: whether it can use the pair in its way.
    fn is_shared_by(&mut self, party: &Party<'_>, fourcc: Fourcc, modifiers: &Modifiers) -> bool {
        let Some((place, external_only)) = modifiers.get_near(self.modifier, self.place) else {
            return false;
        };
        let external_only = *external_only;
        self.places = self.places.saturating_add(place);
        self.external_only |= external_only && party.usage == Usage::Sample;
        party.accepts(Entry { fourcc, modifier: self.modifier, external_only })
    }

    /// What modifiers are ordered by, the best first: tiled ones before linear before implicit, then
    /// by the sum of their places in the lists of the parties, then by that of the first.
    fn merit(&self) -> (u8, usize, usize) {
        let kind = match self.modifier {
            Modifier::Explicit(code) if code != ModifierCode::LINEAR => 0,
            Modifier::Explicit(_) => 1,
            Modifier::Implicit => 2,
        };
        (kind, self.places, self.place)
    }
}

/// Finds every format that all parties can use, the best first.
///
/// - A modifier is common when every party lists it for the format. [`Modifier::Implicit`] is
///   common only with itself.
/// - An external-only pair is no choice for a party that renders. It stays one for a party that
///   samples, and the [`Candidate`] says so. Scan-out and the CPU do not care.
/// - An implicit modifier is no choice for scan-out and for the CPU, who cannot know the tiling.
///
/// Formats are in the order of the first party. Within a format, vendors' tilings come before
/// `LINEAR`, and implicit comes last; tilings are ordered by the sum of their places in the lists
/// of all parties, and equal sums by the first party. Which candidates there are does not depend on
/// the order of the parties.
///
/// Pure: asks no driver, so a candidate is what the parties claim. Whether the import succeeds only
/// a trial shows.
///
/// ```
/// use dmashare::format::FormatSet;
/// use dmashare::format::Fourcc;
/// use dmashare::format::Modifier;
/// use dmashare::format::Party;
/// use dmashare::format::Usage;
/// use dmashare::format::negotiate;
///
/// let gpu = FormatSet::from_iter([
///     (Fourcc::ARGB8888, Modifier::LINEAR),
///     (Fourcc::XRGB8888, Modifier::LINEAR),
/// ]);
/// let plane = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
/// let producer = Party { name: "producer", usage: Usage::Render, formats: &gpu };
/// let display = Party { name: "display", usage: Usage::ScanOut, formats: &plane };
///
/// let candidates = negotiate(&[producer, display])?;
/// assert_eq!(candidates[0].fourcc(), Fourcc::XRGB8888);
/// assert_eq!(candidates[0].modifiers(), [Modifier::LINEAR]);
/// # Ok::<(), dmashare::format::Disagreement>(())
/// ```
///
/// # Errors
/// - [`Disagreement::NoParties`]: the list is empty.
/// - [`Disagreement::NothingInCommon`]: there is no candidate; says which party lacks what.
pub fn negotiate(parties: &[Party<'_>]) -> Result<Vec<Candidate>, Disagreement> {
    negotiate_preferring(parties, &[])
}

/// Like [`negotiate`], but with the formats of a list first, in its order. The other formats follow
/// in the order of the first party: the list is a wish and no restriction.
///
/// # Errors
/// As for [`negotiate`]; an explanation begins with the preferred formats.
pub fn negotiate_preferring(
    parties: &[Party<'_>],
    preferred: &[Fourcc],
) -> Result<Vec<Candidate>, Disagreement> {
    let first = parties.first().ok_or(Disagreement::NoParties)?;
    let wished = preferred.iter().enumerate();
    // Each once, wherever it stands.
    let wished =
        wished.filter(|(place, fourcc)| !preferred.iter().take(*place).any(|p| p == *fourcc));
    let others = first.formats.fourccs().filter(|fourcc| !preferred.contains(fourcc));
    let mut shared = Vec::new();
    let candidates: Vec<_> = wished
        .map(|(_, fourcc)| *fourcc)
        .chain(others)
        .filter_map(|fourcc| Candidate::common(parties, fourcc, &mut shared))
        .collect();
    if candidates.is_empty() {
        return Err(Disagreement::explain(parties, preferred));
    }
    Ok(candidates)
}
