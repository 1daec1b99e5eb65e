//! Why parties have no format in common: who lacks what.

use std::cmp::Reverse;
use std::fmt;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Party;
use crate::format::Usage;
use crate::format::ordered::OrderedMap;

/// How many formats an explanation goes into.
const NEAR_MISSES: usize = 3;

/// How many lacks one message names.
const LACKS_SHOWN: usize = 6;

/// How many modifiers one message names of a list.
const MODIFIERS_SHOWN: usize = 3;

/// How many characters of a party's name one message shows: a name may come from a peer.
const NAME_SHOWN: usize = 40;

/// Why there is no format that all parties can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// Nobody was there to agree.
    #[error("no party was named that a format could be found for")]
    NoParties,
    /// No pair of format and modifier is usable for all.
    #[error("no common format: {}", Shortened(.lacks))]
    NothingInCommon {
        /// Who lacks what, for the formats that came closest to being common. Never empty.
        ///
        /// If some party offers nothing at all, these are such parties and nothing else.
        lacks: Vec<Lack>,
    },
}

/// One thing that one party would need for an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The name of the party.
    pub party: String,
    /// What the party wants to do with the buffer.
    pub usage: Usage,
    /// What it cannot offer.
    pub missing: Missing,
}

/// What a party cannot offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// The party's set is empty.
    EveryFormat,
    /// The party does not know this format.
    Format(Fourcc),
    /// The party has the format, but with no modifier that its usage allows: external-only where it
    /// renders, implicit where it scans out or uses the CPU.
    UsableModifier(Fourcc),
    /// All parties can use the format, but not with the same modifier. Of two parties the second
    /// is named; of more, those without whom there would be an agreement, or else everybody.
    CommonModifier {
        /// The format that all parties can use.
        fourcc: Fourcc,
        /// With which modifiers this party can use it.
        has: Vec<Modifier>,
        /// The modifiers that all the other parties share, none of which this party can use.
        others_share: Vec<Modifier>,
    },
}

impl Disagreement {
    /// Finds out who lacks what. There must be a party, and no common format.
    pub(in crate::format::negotiate) fn explain(
        parties: &[Party<'_>],
        preferred: &[Fourcc],
    ) -> Self {
        let empty: Vec<_> = parties
            .iter()
            .filter(|party| party.formats.is_empty())
            .map(|party| Lack::of(party, Missing::EveryFormat))
            .collect();
        let lacks = if empty.is_empty() {
            let near_misses = near_misses(parties, preferred);
            near_misses.into_iter().flat_map(|fourcc| lacks_for(parties, fourcc)).collect()
        } else {
            empty
        };
        Self::NothingInCommon { lacks }
    }
}

/// The formats that came closest: preferred ones first, then those that most parties can use, then
/// those that stand first in some party's list.
fn near_misses(parties: &[Party<'_>], preferred: &[Fourcc]) -> Vec<Fourcc> {
    let mut merits: OrderedMap<Fourcc, (usize, usize)> = OrderedMap::default();
    for party in parties {
        for (place, fourcc) in party.formats.fourccs().enumerate() {
            let (users, best_place) = merits.get_or_insert_with(fourcc, || (0, place));
            *users = users.saturating_add(party.usable_modifiers(fourcc).take(1).count());
            *best_place = place.min(*best_place);
        }
    }
    let mut merits: Vec<_> = merits.iter().collect();
    merits.sort_by_cached_key(|(fourcc, (users, best_place))| {
        let wish = preferred.iter().position(|wished| wished == fourcc);
        (wish.unwrap_or(preferred.len()), Reverse(*users), *best_place)
    });
    merits.into_iter().map(|(fourcc, _)| *fourcc).take(NEAR_MISSES).collect()
}

/// What the parties lack to agree on this format.
fn lacks_for(parties: &[Party<'_>], fourcc: Fourcc) -> Vec<Lack> {
    let unable: Vec<_> = parties
        .iter()
        .filter(|party| party.usable_modifiers(fourcc).next().is_none())
        .map(|party| {
            let listed = party.formats.contains_fourcc(fourcc);
            let missing =
                if listed { Missing::UsableModifier(fourcc) } else { Missing::Format(fourcc) };
            Lack::of(party, missing)
        })
        .collect();
    if unable.is_empty() { modifier_lacks(parties, fourcc) } else { unable }
}

/// Whose modifiers are in the way, of parties who can all use the format.
fn modifier_lacks(parties: &[Party<'_>], fourcc: Fourcc) -> Vec<Lack> {
    let shares: Vec<_> =
        (0..parties.len()).map(|absent| shared_without(parties, absent, fourcc)).collect();
    let some_spoil_it = shares.iter().any(|share| !share.is_empty());
    let symmetric = usize::from(parties.len() == 2);
    parties
        .iter()
        .zip(shares)
        .skip(symmetric)
        .filter(|(_, share)| !some_spoil_it || !share.is_empty())
        .map(|(party, others_share)| {
            let has = party.usable_modifiers(fourcc).collect();
            Lack::of(party, Missing::CommonModifier { fourcc, has, others_share })
        })
        .collect()
}

/// The modifiers of a format that all parties share, were one of them absent.
fn shared_without(parties: &[Party<'_>], absent: usize, fourcc: Fourcc) -> Vec<Modifier> {
    let present = || {
        let numbered = parties.iter().enumerate().filter(move |(index, _)| *index != absent);
        numbered.map(|(_, party)| party)
    };
    let Some(first) = present().next() else {
        return Vec::new();
    };
    first
        .usable_modifiers(fourcc)
        .filter(|modifier| present().all(|party| party.can_use(fourcc, *modifier)))
        .collect()
}

impl Lack {
    fn of(party: &Party<'_>, missing: Missing) -> Self {
        Self { party: party.name.to_owned(), usage: party.usage, missing }
    }
}

impl fmt::Display for Lack {
    /// `` `display` (scan-out) lacks NV12 ``, in one line of bounded length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}) ", Name(&self.party), self.usage)?;
        match (&self.missing, self.usage) {
            (Missing::EveryFormat, _) => f.write_str("offers no format"),
            (Missing::Format(fourcc), _) => write!(f, "lacks {fourcc}"),
            (Missing::UsableModifier(fourcc), Usage::Render) => {
                write!(f, "has {fourcc} as external-only, which cannot be drawn into")
            }
            (Missing::UsableModifier(fourcc), _) => {
                write!(f, "has {fourcc} with an implicit modifier only, but needs a stated one")
            }
            (Missing::CommonModifier { fourcc, has, others_share }, _) => {
                write!(f, "has {fourcc} only with {}", List(has))?;
                if others_share.is_empty() {
                    return Ok(());
                }
                write!(f, " while everybody else has {}", List(others_share))
            }
        }
    }
}

/// A party's name in one line, cut where it gets long.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for shown in self.0.chars().take(NAME_SHOWN).flat_map(char::escape_debug) {
            write!(f, "{shown}")?;
        }
        f.write_str(if self.0.chars().nth(NAME_SHOWN).is_some() { "..." } else { "" })
    }
}

/// The first modifiers of a list, and how many more there are.
struct List<'a>(&'a [Modifier]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, modifier) in self.0.iter().take(MODIFIERS_SHOWN).enumerate() {
            write!(f, "{}{modifier}", if nth > 0 { ", " } else { "" })?;
        }
        match self.0.len().saturating_sub(MODIFIERS_SHOWN) {
            0 => Ok(()),
            hidden => write!(f, " and {hidden} more"),
        }
    }
}

/// The first lacks, and how many more there are.
struct Shortened<'a>(&'a [Lack]);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, lack) in self.0.iter().take(LACKS_SHOWN).enumerate() {
            write!(f, "{}{lack}", if nth > 0 { "; " } else { "" })?;
        }
        match self.0.len().saturating_sub(LACKS_SHOWN) {
            0 => Ok(()),
            hidden => write!(f, "; and {hidden} more"),
        }
    }
}
