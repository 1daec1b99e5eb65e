#![allow(clippy::arithmetic_side_effects, reason = "the lists of a test are short")]

use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::FormatBlobError;
use crate::kms::format_blob::parse_size_hints;
use crate::kms::parse_in_formats;
use crate::kms::parse_writeback_formats;

const TILED: u64 = 0x0100_0000_0000_0001;

/// A blob as the kernel lays it out, of formats, and modifiers that each speak of some.
fn blob(fourccs: &[Fourcc], modifiers: &[(u64, u32, u64)]) -> Vec<u8> {
    let count = |length: usize| u32::try_from(length).unwrap();
    let modifiers_at = (24 + 4 * count(fourccs.len())).next_multiple_of(8);
    let header = [1, 0, count(fourccs.len()), 24, count(modifiers.len()), modifiers_at];
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend(fourccs.iter().flat_map(|fourcc| fourcc.0.to_ne_bytes()));
    bytes.resize(usize::try_from(modifiers_at).unwrap(), 0);
    for (mask, offset, modifier) in modifiers {
        bytes.extend(mask.to_ne_bytes());
        bytes.extend(offset.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(modifier.to_ne_bytes());
    }
    bytes
}

fn with_word(mut blob: Vec<u8>, index: usize, word: u32) -> Vec<u8> {
    blob[4 * index..4 * index + 4].copy_from_slice(&word.to_ne_bytes());
    blob
}

#[test]
fn formats_and_modifiers_keep_their_order() {
    let bytes = blob(&[Fourcc::NV12, Fourcc::XRGB8888], &[(0b10, 0, TILED), (0b11, 0, 0)]);
    let set = parse_in_formats(&bytes).unwrap();
    let expected = [
        Entry::new(Fourcc::NV12, Modifier::LINEAR),
        Entry::new(Fourcc::XRGB8888, Modifier::from_raw(TILED)),
        Entry::new(Fourcc::XRGB8888, Modifier::LINEAR),
    ];
    assert_eq!(set.entries().collect::<Vec<_>>(), expected);
}

#[test]
fn modifier_speaks_of_formats_beyond_the_first_64() {
    let fourccs: Vec<_> = (1..=130).map(Fourcc).collect();
    let bytes = blob(&fourccs, &[(1, 0, 0), (1 << 63, 64, 0), (0b11, 128, TILED)]);
    let set = parse_in_formats(&bytes).unwrap();
    assert_eq!(set.fourccs().collect::<Vec<_>>(), [1, 128, 129, 130].map(Fourcc));
    assert!(set.contains(Fourcc(130), Modifier::from_raw(TILED)));
}

#[test]
fn bits_of_formats_that_are_not_there_say_nothing() {
    let set = parse_in_formats(&blob(&[Fourcc::NV12], &[(u64::MAX, 0, 0), (u64::MAX, 1, TILED)]));
    assert_eq!(set.unwrap().len(), 1);
    let set = parse_in_formats(&blob(&[Fourcc::NV12], &[(u64::MAX, u32::MAX, 0)]));
    assert!(set.unwrap().is_empty());
}

#[test]
fn modifier_of_the_number_for_none_is_implicit() {
    let set = parse_in_formats(&blob(&[Fourcc::NV12], &[(1, 0, 0x00ff_ffff_ffff_ffff)])).unwrap();
    assert!(set.contains(Fourcc::NV12, Modifier::Implicit));
}

#[test]
fn blob_of_nothing_is_an_empty_set() {
    assert_eq!(parse_in_formats(&blob(&[], &[])), Ok(FormatSet::new()));
    // Lists without elements may begin at the end.
    let end = with_word(blob(&[], &[]), 3, 24);
    assert_eq!(parse_in_formats(&end), Ok(FormatSet::new()));
}

#[test]
fn every_cut_is_an_error_or_a_blob() {
    let whole = blob(&[Fourcc::NV12, Fourcc::XRGB8888], &[(0b11, 0, 0), (0b10, 0, TILED)]);
    for length in 0..whole.len() {
        let cut = parse_in_formats(&whole[..length]);
        assert!(cut.is_err(), "{length} bytes");
        let short = length < 24;
        assert_eq!(matches!(cut, Err(FormatBlobError::NoHeader { .. })), short, "{length} bytes");
    }
    assert!(parse_in_formats(&whole).is_ok());
}

#[test]
fn numbers_that_point_outside_are_errors() {
    let good = || blob(&[Fourcc::NV12], &[(1, 0, 0)]);
    for (index, what) in [(2, "formats"), (3, "formats"), (4, "modifiers"), (5, "modifiers")] {
        for word in [1000, 0x4000_0000, 0x8000_0000, u32::MAX - 3, u32::MAX] {
            let refused = parse_in_formats(&with_word(good(), index, word));
            let is_expected = matches!(refused,
                Err(FormatBlobError::OutOfBounds { what: found, .. }) if found == what);
            assert!(is_expected, "word {index} = {word}: {refused:?}");
        }
    }
}

#[test]
fn other_versions_are_not_read() {
    for version in [0, 2, u32::MAX] {
        let refused = parse_in_formats(&with_word(blob(&[Fourcc::NV12], &[(1, 0, 0)]), 0, version));
        assert_eq!(refused, Err(FormatBlobError::Version { version }));
    }
}

#[test]
fn lists_may_overlap_the_header_and_each_other() {
    // Nothing forbids it, and nothing breaks.
    let odd = with_word(with_word(blob(&[Fourcc::NV12], &[(1, 0, 0)]), 3, 0), 5, 1);
    assert!(parse_in_formats(&odd).is_ok());
}

#[test]
fn writeback_formats_and_size_hints_drop_what_is_not_whole() {
    let mut bytes = Fourcc::XRGB8888.0.to_ne_bytes().to_vec();
    bytes.push(7);
    assert_eq!(parse_writeback_formats(&bytes), [Fourcc::XRGB8888]);
    assert_eq!(parse_writeback_formats(&[]), []);
    let hints: Vec<u8> =
        [64_u16, 64, 256, 128, 1].iter().flat_map(|side| side.to_ne_bytes()).collect();
    assert_eq!(parse_size_hints(&hints), [[64, 64], [256, 128]]);
}
