//! Agreeing on formats, beside the intersection of Smithay's sets.

use anyhow::Result;
use dmashare::format::FormatSet;
use dmashare::format::Layout;
use dmashare::format::Modifier;
use dmashare::format::Party;
use dmashare::format::Usage;
use dmashare::format::negotiate;
use smithay::backend::allocator::Format;
use smithay::backend::allocator::Fourcc as SmithayFourcc;
use smithay::backend::allocator::Modifier as SmithayModifier;
use smithay::backend::allocator::format::FormatSet as SmithaySet;

use crate::inputs;
use crate::race::Contender;
use crate::race::Pace;
use crate::race::race;
use crate::results::Case;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;

const SMITHAY: &str = "Smithay 0.7";

/// Smithay knows no more formats than these, and no made-up ones.
const FORMATS: usize = 64;

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    let mut cases: Vec<_> = [4, 32, 256, 1024].map(|modifiers| of(pace, modifiers)).into();
    let sets = [(); 3].map(|()| inputs::formats(256, 256));
    let many = Contender::new(OURS, || agree(&sets));
    let ratios: Vec<_> = cases.iter().map(|case: &Case| case.of(OURS).ratio.median).collect();
    // As many pairs as in the case before it: no point of the curve.
    cases.push(race(pace, "256 x 256", None, vec![many]));
    let [_, typical, .., last] = &cases[..] else { anyhow::bail!("no curve") };
    let time_of = |case: &Case| case.of(OURS).time_ns.median;
    let microseconds = time_of(typical) / 1000.0;
    let growth = time_of(last) / time_of(typical) / 32.0;
    let goals = vec![
        Goal::at_most("faster than Smithay's intersection", 1.0, ratios.into_iter()),
        Goal {
            promise: "64 x 32: below 50 us".to_owned(),
            found: format!("{microseconds:.1} us"),
            is_met: microseconds < 50.0,
        },
        Goal::at_most(
            "one of 256 x 256 pairs costs at most 1.5 times one of 64 x 32",
            1.5,
            std::iter::once(growth),
        ),
    ];
    Ok(Table {
        id: "negotiation".to_owned(),
        title: "Agreeing on a format".to_owned(),
        what: "`negotiate` for three parties who can all use the same formats with the same \
               modifiers, the longest way; it ranks what it finds, and knows usages. Smithay's \
               `FormatSet::intersection` twice, collected."
            .to_owned(),
        x: Some("pairs of format and modifier".to_owned()),
        cases,
        goals,
        notes: vec!["Smithay's formats are a closed list of fewer than 256.".to_owned()],
    })
}

fn of(pace: Pace, modifiers: u64) -> Case {
    let codes = codes();
    let numbers = || (1..modifiers).map(|number| 0x0100_0000_0000_0000 | number).chain([0]);
    let ours = || -> FormatSet {
        let fourccs = codes.iter().map(|code| dmashare::format::Fourcc(*code as u32));
        fourccs
            .flat_map(|fourcc| numbers().map(move |raw| (fourcc, Modifier::from_raw(raw))))
            .collect()
    };
    let theirs = || -> SmithaySet {
        let pair = |code: &SmithayFourcc, raw| Format {
            code: *code,
            modifier: SmithayModifier::from(raw),
        };
        codes.iter().flat_map(|code| numbers().map(move |raw| pair(code, raw))).collect()
    };
    let (ours, theirs) = ([(); 3].map(|()| ours()), [(); 3].map(|()| theirs()));
    let contenders = vec![
        Contender::new(SMITHAY, || {
            let [producer, consumer, display] = &theirs;
            let two: SmithaySet = producer.intersection(consumer).copied().collect();
            two.intersection(display).copied().collect::<SmithaySet>()
        }),
        Contender::new(OURS, || agree(&ours)),
    ];
    let pairs = f64::from(u32::try_from(ours[0].len()).expect("a number of pairs"));
    race(pace, format!("{FORMATS} x {modifiers}"), Some(pairs), contenders)
}

fn agree([producer, consumer, display]: &[FormatSet; 3]) -> usize {
    let parties = [
        Party { name: "producer", usage: Usage::Render, formats: producer },
        Party { name: "consumer", usage: Usage::Sample, formats: consumer },
        Party { name: "display", usage: Usage::ScanOut, formats: display },
    ];
    negotiate(&parties).expect("something in common").len()
}

/// Formats that both know.
fn codes() -> Vec<SmithayFourcc> {
    let known = Layout::all().iter().filter_map(|layout| layout.fourcc().0.try_into().ok());
    let codes: Vec<SmithayFourcc> = known.take(FORMATS).collect();
    assert_eq!(codes.len(), FORMATS, "too few formats are known to both");
    codes
}
