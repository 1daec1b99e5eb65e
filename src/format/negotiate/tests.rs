//! Each rule of the negotiation by example, and the words of its explanations.

use crate::format::Candidate;
use crate::format::Disagreement;
use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Party;
use crate::format::Usage;
use crate::format::negotiate;
use crate::format::negotiate_preferring;

const AR24: Fourcc = Fourcc::ARGB8888;
const XR24: Fourcc = Fourcc::XRGB8888;
const NV12: Fourcc = Fourcc::NV12;
const LINEAR: Modifier = Modifier::LINEAR;
const IMPLICIT: Modifier = Modifier::Implicit;
const TILE_1: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);
const TILE_2: Modifier = Modifier::from_raw(0x0100_0000_0000_0002);
const TILE_3: Modifier = Modifier::from_raw(0x0100_0000_0000_0003);

/// Formats with their modifiers, as a test writes them down.
type Formats<'a> = &'a [(Fourcc, &'a [Modifier])];

/// A party as a test writes it down: `("consumer", Sample, &[(AR24, &[LINEAR])])`.
type Offer = (&'static str, Usage, Formats<'static>);

fn set(formats: Formats<'_>) -> FormatSet {
    let pairs = formats.iter();
    pairs.flat_map(|(fourcc, modifiers)| modifiers.iter().map(|m| (*fourcc, *m))).collect()
}

fn external(formats: Formats<'_>) -> FormatSet {
    set(formats).entries().map(|e| Entry::external_only(e.fourcc, e.modifier)).collect()
}

fn outcome(offers: &[Offer], preferred: &[Fourcc]) -> Result<Vec<Candidate>, Disagreement> {
    let sets: Vec<_> = offers.iter().map(|(.., formats)| set(formats)).collect();
    let parties: Vec<_> = offers
        .iter()
        .zip(&sets)
        .map(|((name, usage, _), formats)| Party { name, usage: *usage, formats })
        .collect();
    negotiate_preferring(&parties, preferred)
}

fn pairs(candidates: &[Candidate]) -> Vec<(Fourcc, Vec<Modifier>)> {
    candidates.iter().map(|c| (c.fourcc(), c.modifiers().to_vec())).collect()
}

#[test]
fn negotiate_without_parties_is_an_error() {
    assert_eq!(negotiate(&[]), Err(Disagreement::NoParties));
}

#[test]
fn negotiate_ranks_formats_by_the_first_party_and_modifiers_by_all() {
    let (sample, render) = (Usage::Sample, Usage::Render);
    let cases: &[(&[Offer], Formats<'_>)] = &[
        // One party: its own order, except that linear and implicit go to the end.
        (
            &[("a", sample, &[(XR24, &[IMPLICIT, LINEAR, TILE_2, TILE_1]), (AR24, &[LINEAR])])],
            &[(XR24, &[TILE_2, TILE_1, LINEAR, IMPLICIT]), (AR24, &[LINEAR])],
        ),
        // Formats: the first party's order; what only one has is left out.
        (
            &[
                ("a", render, &[(XR24, &[LINEAR]), (NV12, &[LINEAR]), (AR24, &[LINEAR])]),
                ("b", sample, &[(AR24, &[LINEAR]), (XR24, &[LINEAR])]),
            ],
            &[(XR24, &[LINEAR]), (AR24, &[LINEAR])],
        ),
        // Places 0+2, 1+1, 2+0 are equal: the first party decides.
        (
            &[
                ("a", render, &[(AR24, &[TILE_1, TILE_2, TILE_3])]),
                ("b", sample, &[(AR24, &[TILE_3, TILE_2, TILE_1])]),
            ],
            &[(AR24, &[TILE_1, TILE_2, TILE_3])],
        ),
        // Places 0+2+3, 1+0+0, 2+1+1.
        (
            &[
                ("a", render, &[(AR24, &[TILE_1, TILE_2, TILE_3])]),
                ("b", sample, &[(AR24, &[TILE_2, TILE_3, TILE_1])]),
                ("c", sample, &[(AR24, &[TILE_2, TILE_3, LINEAR, TILE_1])]),
            ],
            &[(AR24, &[TILE_2, TILE_3, TILE_1])],
        ),
    ];
    for (offers, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(f, m)| (*f, m.to_vec())).collect();
        assert_eq!(pairs(&outcome(offers, &[]).unwrap()), expected, "{offers:?}");
    }
}

#[test]
fn preferred_formats_come_first_and_exclude_nothing() {
    let all: Formats<'static> = &[(AR24, &[LINEAR]), (XR24, &[LINEAR]), (NV12, &[LINEAR])];
    let candidates = outcome(
        &[("a", Usage::Sample, all), ("b", Usage::Cpu, all)],
        &[Fourcc::P010, NV12, XR24, NV12],
    );
    let fourccs: Vec<_> = candidates.unwrap().iter().map(Candidate::fourcc).collect();
    assert_eq!(fourccs, [NV12, XR24, AR24]);
}

#[test]
fn implicit_is_common_only_with_implicit() {
    let implicit: Offer = ("a", Usage::Render, &[(AR24, &[IMPLICIT])]);
    let stated: Offer = ("b", Usage::Sample, &[(AR24, &[LINEAR, TILE_1])]);
    let both: Offer = ("c", Usage::Sample, &[(AR24, &[IMPLICIT, LINEAR])]);
    assert!(outcome(&[implicit, stated], &[]).is_err());
    let candidates = outcome(&[implicit, both], &[]).unwrap();
    assert_eq!(pairs(&candidates), [(AR24, vec![IMPLICIT])]);
    assert!(candidates[0].allows_implicit());
    assert_eq!(candidates[0].explicit_modifiers().count(), 0);
}

#[test]
fn implicit_is_no_choice_for_scan_out_and_cpu() {
    for usage in [Usage::ScanOut, Usage::Cpu] {
        let candidates = outcome(
            &[
                ("a", Usage::Render, &[(AR24, &[IMPLICIT, LINEAR]), (XR24, &[IMPLICIT])]),
                ("b", usage, &[(AR24, &[IMPLICIT, LINEAR]), (XR24, &[IMPLICIT])]),
            ],
            &[],
        );
        assert_eq!(pairs(&candidates.unwrap()), [(AR24, vec![LINEAR])], "{usage}");
    }
}

#[test]
fn external_only_pairs_are_for_sampling_alone() {
    let plain = set(&[(NV12, &[TILE_1, LINEAR])]);
    let external = external(&[(NV12, &[TILE_1, LINEAR])]);
    let expected = [
        (Usage::Sample, Some(Some(true))),
        (Usage::Render, None),
        (Usage::ScanOut, Some(Some(false))),
        (Usage::Cpu, Some(Some(false))),
    ];
    for (usage, flag) in expected {
        let decoder = Party { name: "decoder", usage: Usage::Cpu, formats: &plain };
        let other = Party { name: "other", usage, formats: &external };
        let candidates = negotiate(&[decoder, other]).ok();
        let flags = candidates.map(|candidates| candidates[0].is_external_only(LINEAR));
        assert_eq!(flags, flag, "{usage}");
    }
}

#[test]
fn external_only_is_told_apart_by_modifier() {
    let mixed =
        FormatSet::from_iter([Entry::external_only(NV12, TILE_1), Entry::new(NV12, LINEAR)]);
    let sampler = Party { name: "sampler", usage: Usage::Sample, formats: &mixed };
    let [candidate] = &negotiate(&[sampler]).unwrap()[..] else { panic!("one format") };
    assert_eq!(candidate.is_external_only(TILE_1), Some(true));
    assert_eq!(candidate.is_external_only(LINEAR), Some(false));
    assert_eq!(candidate.is_external_only(TILE_2), None);
    let renderer = Party { name: "renderer", usage: Usage::Render, formats: &mixed };
    assert_eq!(pairs(&negotiate(&[sampler, renderer]).unwrap()), [(NV12, vec![LINEAR])]);
}

/// Offers, preferred formats, and why there is nothing in common.
type Explained<'a> = (&'a [Offer], &'a [Fourcc], &'a str);

fn assert_explained(cases: &[Explained<'_>]) {
    for (offers, preferred, expected) in cases {
        let message = outcome(offers, preferred).unwrap_err().to_string();
        assert_eq!(message, format!("no common format: {expected}"));
    }
}

#[test]
fn disagreement_over_formats_says_who_lacks_which() {
    const GPU: Offer = ("gpu", Usage::Render, &[(AR24, &[LINEAR])]);
    const DISPLAY: Offer = ("display", Usage::ScanOut, &[(NV12, &[LINEAR])]);
    assert_explained(&[
        (&[GPU, ("plane", Usage::ScanOut, &[])], &[], "`plane` (scan-out) offers no format"),
        (&[GPU, DISPLAY], &[], "`display` (scan-out) lacks AR24; `gpu` (render) lacks NV12"),
        (&[GPU, DISPLAY], &[NV12], "`gpu` (render) lacks NV12; `display` (scan-out) lacks AR24"),
        (
            &[GPU, ("encoder", Usage::Cpu, &[(NV12, &[LINEAR]), (AR24, &[LINEAR])]), DISPLAY],
            &[],
            "`display` (scan-out) lacks AR24; `gpu` (render) lacks NV12",
        ),
    ]);
}

#[test]
fn disagreement_over_modifiers_says_who_has_which() {
    const PRODUCER: Offer = ("producer", Usage::Render, &[(AR24, &[LINEAR])]);
    const VIEWER: Offer = ("viewer", Usage::Sample, &[(AR24, &[TILE_2])]);
    assert_explained(&[
        (
            &[PRODUCER, VIEWER],
            &[],
            "`viewer` (sample) has AR24 only with 0x0100000000000002 while everybody else has \
             LINEAR",
        ),
        (
            &[
                ("tiler", Usage::Render, &[(AR24, &[TILE_1, LINEAR])]),
                VIEWER,
                ("both", Usage::Sample, &[(AR24, &[LINEAR, TILE_2])]),
            ],
            &[],
            "`tiler` (render) has AR24 only with 0x0100000000000001, LINEAR while everybody else \
             has 0x0100000000000002; `viewer` (sample) has AR24 only with 0x0100000000000002 while \
             everybody else has LINEAR",
        ),
        (
            &[PRODUCER, VIEWER, ("tiler", Usage::Sample, &[(AR24, &[TILE_1])])],
            &[],
            "`producer` (render) has AR24 only with LINEAR; `viewer` (sample) has AR24 only with \
             0x0100000000000002; `tiler` (sample) has AR24 only with 0x0100000000000001",
        ),
    ]);
}

#[test]
fn disagreement_over_usage_says_what_the_usage_needs() {
    assert_explained(&[(
        &[
            ("gpu", Usage::Render, &[(AR24, &[IMPLICIT])]),
            ("display", Usage::ScanOut, &[(AR24, &[IMPLICIT])]),
        ],
        &[],
        "`display` (scan-out) has AR24 with an implicit modifier only, but needs a stated one",
    )]);
}

#[test]
fn disagreement_over_external_only_names_the_renderer() {
    let formats = external(&[(NV12, &[LINEAR])]);
    let party = Party { name: "compositor", usage: Usage::Render, formats: &formats };
    assert_eq!(
        negotiate(&[party]).unwrap_err().to_string(),
        "no common format: `compositor` (render) has NV12 as external-only, which cannot be drawn \
         into"
    );
}

#[test]
fn disagreement_of_many_parties_with_long_lists_stays_short() {
    let crowd = if cfg!(miri) { 4 } else { 100 };
    let name = "a\nb".repeat(1000);
    let sets: Vec<FormatSet> = (0..crowd)
        .map(|party| {
            let modifiers = (1..10).map(|nth| Modifier::from_raw(party << 32 | nth));
            modifiers.flat_map(|m| [AR24, XR24, NV12].map(|fourcc| (fourcc, m))).collect()
        })
        .collect();
    let parties: Vec<_> =
        sets.iter().map(|formats| Party { name: &name, usage: Usage::Cpu, formats }).collect();
    let message = negotiate(&parties).unwrap_err().to_string();
    assert!(message.len() < 1200, "{} bytes: {message}", message.len());
    assert!(message.ends_with(&format!("; and {} more", 3 * crowd - 6)), "{message}");
    assert!(message.contains("and 6 more"), "{message}");
    assert!(!message.contains('\n'), "{message}");
}

#[test]
fn disagreement_is_an_error_that_can_be_sent_and_kept() {
    fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
    is_error::<Disagreement>();
}
