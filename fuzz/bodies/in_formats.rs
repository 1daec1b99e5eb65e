//! Any bytes as a plane's list of formats: no panic, and the same answer as a second account that
//! looks at one bit after the other, in wide numbers.

use std::collections::HashSet;

use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::kms::parse_in_formats;
use dmashare::kms::parse_writeback_formats;

/// Treats the input as a blob.
pub(crate) fn run(blob: &[u8]) {
    assert_eq!(parse_writeback_formats(blob).len(), blob.len() / 4);
    let parsed = parse_in_formats(blob).ok();
    let found = parsed.map(|set| {
        let entries: Vec<_> = set.entries().collect();
        assert!(entries.iter().all(|entry| !entry.external_only));
        let pairs: HashSet<_> = entries.iter().map(|it| (it.fourcc, it.modifier)).collect();
        assert_eq!(pairs.len(), entries.len());
        pairs
    });
    assert_eq!(found, second_account(blob));
}

fn second_account(blob: &[u8]) -> Option<HashSet<(Fourcc, Modifier)>> {
    let number = |at: u128, bytes: u128| {
        (0..bytes).try_fold(0_u128, |number, nth| {
            let byte = blob.get(usize::try_from(at + nth).ok()?)?;
            // All machines that are fuzzed on have the lower byte first.
            Some(number | u128::from(*byte) << (8 * nth))
        })
    };
    let (version, formats, formats_at) = (number(0, 4)?, number(8, 4)?, number(12, 4)?);
    let (modifiers, modifiers_at) = (number(16, 4)?, number(20, 4)?);
    let length = u128::try_from(blob.len()).ok()?;
    let fits = formats_at + 4 * formats <= length && modifiers_at + 24 * modifiers <= length;
    if version != 1 || !fits {
        return None;
    }
    let mut pairs = HashSet::new();
    for modifier in (0..modifiers).map(|nth| modifiers_at + 24 * nth) {
        let (mask, first, code) =
            (number(modifier, 8)?, number(modifier + 8, 4)?, number(modifier + 16, 8)?);
        for bit in (0..64).filter(|bit| mask & (1 << bit) != 0 && first + bit < formats) {
            let fourcc = number(formats_at + 4 * (first + bit), 4)?;
            let modifier = Modifier::from_raw(u64::try_from(code).ok()?);
            pairs.insert((Fourcc(u32::try_from(fourcc).ok()?), modifier));
        }
    }
    Some(pairs)
}
