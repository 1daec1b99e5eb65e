#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A second client, written in Python from `docs/wire.md` alone, and the crate take each other's
//! messages for the same and serve each other frames.

mod common;

use std::io::Write;
use std::process::Stdio;

use common::program::Program;
use common::python;
use common::stream_vectors;
use common::stream_vectors::meaning_of;
use dmashare::stream::wire::Message;

#[test]
fn client_reads_and_writes_all_vectors() {
    let printed = Program::start(python::stream_client(&["vectors", VECTORS])).finish();
    let (valid, invalid) = counts();
    assert_eq!(printed, format!("{valid} valid, {invalid} invalid\n"));
}

/// The vectors with each byte changed to what could matter: both refuse the same ones, and what
/// they do not refuse means the same to both.
#[test]
fn client_and_crate_agree_on_every_changed_byte() {
    let datagrams = changed_vectors();
    let ours: Vec<_> = datagrams.iter().map(|datagram| described(datagram)).collect();
    let theirs = described_by_client(&datagrams);
    assert_eq!(theirs.len(), ours.len());
    for ((datagram, ours), theirs) in datagrams.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "ours and theirs of {}", hexadecimal(datagram));
    }
    let refused = ours.iter().filter(|meaning| *meaning == "refused").count();
    let valid = ours.len() - refused;
    assert!(refused > 10_000 && valid > 10_000, "{refused} refused, {valid} valid");
}

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stream_vectors.txt");

fn counts() -> (usize, usize) {
    let vectors = stream_vectors::all();
    let is_valid = |vector: &&stream_vectors::Vector<'_>| {
        matches!(vector.expected, stream_vectors::Expected::Means(_))
    };
    let valid = vectors.iter().filter(is_valid).count();
    (valid, vectors.len() - valid)
}

fn changed_vectors() -> Vec<Vec<u8>> {
    let mut changed = Vec::new();
    for stream_vectors::Vector { datagram, .. } in stream_vectors::all() {
        for at in 0..datagram.len() {
            let byte = datagram[at];
            let values = [0, 1, 2, 3, 4, 17, 64, 127, 128, 254, 255];
            let near = [byte.wrapping_add(1), byte.wrapping_sub(1)];
            for value in values.into_iter().chain(near).filter(|value| *value != byte) {
                let mut datagram = datagram.clone();
                datagram[at] = value;
                changed.push(datagram);
            }
        }
    }
    changed
}

fn described(datagram: &[u8]) -> String {
    match Message::decode(datagram) {
        Ok(message) => format!("means {}", meaning_of(&message)),
        Err(_malformed) => "refused".to_owned(),
    }
}

fn described_by_client(datagrams: &[Vec<u8>]) -> Vec<String> {
    let mut input = tempfile::tempfile().unwrap();
    for datagram in datagrams {
        writeln!(input, "{}", hexadecimal(datagram)).unwrap();
    }
    std::io::Seek::rewind(&mut input).unwrap();
    let mut command = python::stream_client(&["describe"]);
    let output = command.stdin(Stdio::from(input)).output().expect(python::NEEDED);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
