#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The fuzz targets on the inputs that fuzzing has found worth keeping, and on some thousands that
//! are made of these: the same on every run, and without a nightly compiler.

use std::fmt::Write;
use std::panic::AssertUnwindSafe;
use std::path::Path;

#[cfg(feature = "gl")]
mod common;
#[path = "../fuzz/bodies/descriptor.rs"]
mod descriptor;
#[cfg(feature = "drm")]
#[path = "../fuzz/bodies/events.rs"]
mod events;
#[cfg(feature = "gl")]
#[path = "../fuzz/bodies/import.rs"]
mod import;
#[cfg(feature = "drm")]
#[path = "../fuzz/bodies/in_formats.rs"]
mod in_formats;
#[path = "../fuzz/bodies/stream_protocol.rs"]
mod stream_protocol;
#[path = "../fuzz/bodies/stream_wire.rs"]
mod stream_wire;
#[path = "../fuzz/bodies/wire.rs"]
mod wire;

#[cfg(feature = "gl")]
use common::child;

/// Mutations of each kept input that is only looked at.
const ROUNDS: usize = 200;
/// Mutations of each kept input that is drawn.
#[cfg(feature = "gl")]
const DRAWN_ROUNDS: usize = 20;
/// What is kept covers the code of the crate. The driver's is covered by many images.
#[cfg(feature = "gl")]
const RANDOM_IMAGES: usize = 4000;

#[test]
fn descriptor_corpus_is_judged_as_by_the_second_account() {
    replay("descriptor", ROUNDS, descriptor::run);
}

#[cfg(feature = "drm")]
#[test]
fn in_formats_corpus_is_read_as_by_the_second_account() {
    replay("in_formats", ROUNDS, in_formats::run);
}

#[test]
fn wire_corpus_is_decoded_without_a_panic() {
    replay("wire", ROUNDS, wire::run);
}

#[cfg(feature = "drm")]
#[test]
fn events_corpus_is_read_without_a_panic() {
    replay("events", ROUNDS, events::run);
}

#[test]
fn stream_protocol_corpus_harms_nobody_honest() {
    replay("stream_protocol", ROUNDS, stream_protocol::run);
}

#[test]
fn stream_wire_corpus_is_decoded_without_a_panic() {
    replay("stream_wire", ROUNDS, stream_wire::run);
}

/// In a child process: what is looked for here is a crash.
#[cfg(feature = "gl")]
#[test]
fn import_corpus_is_imported_and_drawn_without_a_crash() {
    let test = "import_corpus_is_imported_and_drawn_without_a_crash";
    if child::case().is_none() {
        return child::Process::start(child::command(test, "corpus")).finish();
    }
    let mut reached = std::collections::BTreeMap::new();
    replay("import", DRAWN_ROUNDS, |input| {
        *reached.entry(import::run(input)).or_insert(0) += 1;
    });
    let mut random = Random(0x00d1_ce00);
    for _ in 0..RANDOM_IMAGES {
        let input: Vec<u8> = (0..128).map(|_| random.byte()).collect();
        run_one(&input, &mut |input: &[u8]| {
            *reached.entry(import::run(input)).or_insert(0) += 1;
        });
    }
    println!("{reached:?}");
    for stage in [import::Reached::Sampled, import::Reached::Drawn] {
        assert!(reached.get(&stage).is_some_and(|count| *count > 100), "{reached:?}");
    }
    child::done();
}

fn replay(target: &str, rounds: usize, mut run: impl FnMut(&[u8])) {
    let corpus = corpus(target);
    assert!(corpus.len() > 10, "the corpus of {target} is gone");
    let mut random = Random(0x5eed);
    for input in &corpus {
        run_one(input, &mut run);
        for _ in 0..rounds {
            run_one(&mutated(input, &corpus, &mut random), &mut run);
        }
    }
}

/// The inputs in an order that does not depend on the file system.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    inputs.sort();
    inputs
}

/// Prints the input of a panic as the bytes of a corpus file.
fn run_one(input: &[u8], run: &mut impl FnMut(&[u8])) {
    if let Err(panic) = std::panic::catch_unwind(AssertUnwindSafe(|| run(input))) {
        let hex = input.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        println!("the input was {hex}");
        std::panic::resume_unwind(panic);
    }
}

/// One to four changes of the kinds that find the most: a byte, a cut, an insertion, and the end of
/// another input.
fn mutated(input: &[u8], corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.byte()),
            2 => {
                let other = &corpus[random.below(corpus.len())];
                bytes.truncate(at);
                bytes.extend(&other[at.min(other.len())..]);
            }
            3 => {
                let interesting = [0, 1, 0x7f, 0x80, 0xff];
                let byte = interesting[random.below(interesting.len())];
                bytes.iter_mut().skip(at).take(1).for_each(|it| *it = byte);
            }
            _ => {
                let bit = 1 << random.below(8);
                bytes.iter_mut().skip(at).take(1).for_each(|it| *it ^= bit);
            }
        }
    }
    bytes
}

/// `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
