//! What holds for whatever parties come together.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::Just;
use proptest::prelude::ProptestConfig;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::proptest;
use proptest::sample::select;

use crate::format::Disagreement;
use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Missing;
use crate::format::Modifier;
use crate::format::Party;
use crate::format::Usage;
use crate::format::negotiate;

const LINEAR: Modifier = Modifier::LINEAR;
const IMPLICIT: Modifier = Modifier::Implicit;
const FOURCCS: [Fourcc; 4] = [Fourcc::ARGB8888, Fourcc::XRGB8888, Fourcc::NV12, Fourcc(7)];
const MODIFIERS: [Modifier; 4] =
    [IMPLICIT, LINEAR, Modifier::from_raw(1 << 56), Modifier::from_raw(2 << 56)];
const USAGES: [Usage; 4] = [Usage::Sample, Usage::Render, Usage::ScanOut, Usage::Cpu];

fn any_set() -> impl Strategy<Value = FormatSet> {
    let entry = (select(&FOURCCS[..]), select(&MODIFIERS[..]), any::<bool>());
    vec(entry, 0..14).prop_map(|entries| {
        let entries = entries.into_iter();
        entries
            .map(|(fourcc, modifier, external_only)| Entry { fourcc, modifier, external_only })
            .collect()
    })
}

fn any_offers() -> impl Strategy<Value = Vec<(Usage, FormatSet)>> {
    vec((select(&USAGES[..]), any_set()), 1..4)
}

/// The offers, and the same in another order.
fn shuffled_offers() -> impl Strategy<Value = [Vec<(Usage, FormatSet)>; 2]> {
    any_offers().prop_flat_map(|offers| {
        let shuffled = Just(offers.clone()).prop_shuffle();
        shuffled.prop_map(move |shuffled| [offers.clone(), shuffled])
    })
}

const NAMES: [&str; 4] = ["first", "second", "third", "fourth"];

fn parties(offers: &[(Usage, FormatSet)]) -> Vec<Party<'_>> {
    let named = NAMES.iter().zip(offers);
    named.map(|(name, (usage, formats))| Party { name, usage: *usage, formats }).collect()
}

/// The rules once more, from the outside: can this party use the pair?
fn usable(party: &Party<'_>, fourcc: Fourcc, modifier: Modifier) -> bool {
    party.formats.entries().any(|entry| {
        let same = entry.fourcc == fourcc && entry.modifier == modifier;
        same && match party.usage {
            Usage::Render => !entry.external_only,
            Usage::ScanOut | Usage::Cpu => modifier != IMPLICIT,
            Usage::Sample => true,
        }
    })
}

/// What was agreed, without any order: each pair with whether it is external-only.
fn agreed(parties: &[Party<'_>]) -> BTreeMap<(Fourcc, Modifier), Option<bool>> {
    let candidates = negotiate(parties).unwrap_or_default();
    let pairs = candidates.iter().flat_map(|candidate| {
        let pair = |m: &Modifier| ((candidate.fourcc(), *m), candidate.is_external_only(*m));
        candidate.modifiers().iter().map(pair)
    });
    pairs.collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 1024 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn agreement_is_exactly_what_every_party_can_use(offers in any_offers()) {
        let parties = parties(&offers);
        let agreed = agreed(&parties);
        for fourcc in FOURCCS {
            for modifier in MODIFIERS {
                let by_all = parties.iter().all(|party| usable(party, fourcc, modifier));
                let external = parties.iter().any(|party| {
                    party.usage == Usage::Sample
                        && party.formats.is_external_only(fourcc, modifier) == Some(true)
                });
                let expected = by_all.then_some(Some(external));
                prop_assert_eq!(agreed.get(&(fourcc, modifier)).copied(), expected);
            }
        }
    }

    #[test]
    fn agreement_does_not_depend_on_the_order_of_parties([offers, shuffled] in shuffled_offers()) {
        prop_assert_eq!(agreed(&parties(&offers)), agreed(&parties(&shuffled)));
    }

    #[test]
    fn candidates_are_unique_and_ranked(offers in any_offers()) {
        let candidates = negotiate(&parties(&offers)).unwrap_or_default();
        let places: Vec<_> = candidates
            .iter()
            .map(|c| offers[0].1.fourccs().position(|fourcc| fourcc == c.fourcc()))
            .collect();
        prop_assert!(places.is_sorted_by(|a, b| a < b), "{:?}", places);
        for candidate in candidates {
            let kinds: Vec<_> = candidate.modifiers().iter().map(|modifier| match *modifier {
                IMPLICIT => 2,
                LINEAR => 1,
                _ => 0,
            }).collect();
            prop_assert!(!kinds.is_empty());
            prop_assert!(kinds.is_sorted(), "{:?}", candidate);
        }
    }

    #[test]
    fn lacks_are_true(offers in any_offers()) {
        let parties = parties(&offers);
        let Err(disagreement) = negotiate(&parties) else { return Ok(()) };
        let Disagreement::NothingInCommon { lacks } = disagreement else {
            panic!("there are parties")
        };
        prop_assert!(!lacks.is_empty());
        for lack in lacks {
            let (index, party) = parties
                .iter()
                .enumerate()
                .find(|(_, party)| party.name == lack.party)
                .expect("a party of the negotiation");
            prop_assert_eq!(lack.usage, party.usage);
            let uses = |fourcc| MODIFIERS.into_iter().filter(move |m| usable(party, fourcc, *m));
            match lack.missing {
                Missing::EveryFormat => prop_assert!(party.formats.is_empty()),
                Missing::Format(fourcc) => prop_assert!(!party.formats.contains_fourcc(fourcc)),
                Missing::UsableModifier(fourcc) => {
                    prop_assert!(party.formats.contains_fourcc(fourcc));
                    prop_assert_eq!(uses(fourcc).count(), 0);
                }
                Missing::CommonModifier { fourcc, has, others_share } => {
                    prop_assert!(uses(fourcc).all(|modifier| has.contains(&modifier)));
                    prop_assert_eq!(uses(fourcc).count(), has.len());
                    for modifier in others_share {
                        prop_assert!(!has.contains(&modifier));
                        for (_, other) in parties.iter().enumerate().filter(|(i, _)| *i != index) {
                            prop_assert!(usable(other, fourcc, modifier));
                        }
                    }
                }
            }
        }
    }
}
