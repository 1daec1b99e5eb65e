//! Agreeing on a format.

use std::hint::black_box;

use dmashare::format::FormatSet;
use dmashare::format::Party;
use dmashare::format::Usage;
use dmashare::format::negotiate;

use crate::inputs;
use crate::path::Path;

const TIMES: u32 = 2;

pub(crate) fn paths() -> impl Iterator<Item = Path> {
    [[8, 4], [64, 32], [256, 256]].into_iter().map(three_parties)
}

/// Three parties that agree on everything: the longest way, as each pair is asked of each.
fn three_parties([formats, modifiers]: [u32; 2]) -> Path {
    let sets: [FormatSet; 3] =
        std::array::from_fn(|_| inputs::formats(formats, u64::from(modifiers)));
    let name = format!("negotiate pairs/{}", formats * modifiers);
    Path::new(name, TIMES, move || {
        let [producer, consumer, display] = &sets;
        let parties = [
            Party { name: "producer", usage: Usage::Render, formats: producer },
            Party { name: "consumer", usage: Usage::Sample, formats: consumer },
            Party { name: "display", usage: Usage::ScanOut, formats: display },
        ];
        drop(black_box(negotiate(black_box(&parties)).expect("something in common")));
    })
}
