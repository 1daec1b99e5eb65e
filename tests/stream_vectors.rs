#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The conformance vectors of a stream's datagrams: what is valid means what the file says and is
//! encoded to the same bytes, what is invalid is refused for the reason that the file gives.

mod common;

use std::collections::BTreeSet;

use common::stream_vectors;
use common::stream_vectors::Expected;
use common::stream_vectors::Vector;
use common::stream_vectors::meaning_of;
use dmashare::stream::wire::Kind;
use dmashare::stream::wire::Message;

const STREAM_WIRE: &str = include_str!("../src/stream/wire.rs");
const IMAGE_WIRE: &str = include_str!("../src/ipc/wire.rs");

#[test]
fn valid_vectors_mean_what_is_written_and_are_encoded_so() {
    let mut kinds = BTreeSet::new();
    for Vector { name, datagram, expected } in stream_vectors::all() {
        let Expected::Means(meaning) = expected else { continue };
        let message = Message::decode(&datagram).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(meaning_of(&message), meaning, "{name}");
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, datagram, "{name}");
        kinds.insert(message.kind().code());
    }
    assert_eq!(kinds, Kind::ALL.iter().map(|kind| kind.code()).collect(), "a kind has no vector");
}

#[test]
fn invalid_vectors_are_refused_for_the_written_reason() {
    for Vector { name, datagram, expected } in stream_vectors::all() {
        let Expected::Refused(reason) = expected else { continue };
        let refused = Message::decode(&datagram).expect_err(name);
        assert_eq!(refused.to_string(), reason, "{name}");
    }
}

#[test]
fn vectors_are_all_there_and_have_names_of_their_own() {
    let vectors = stream_vectors::all();
    let names: BTreeSet<_> = vectors.iter().map(|vector| vector.name).collect();
    assert_eq!(names.len(), vectors.len());
    let valid =
        vectors.iter().filter(|vector| matches!(vector.expected, Expected::Means(_))).count();
    assert!(valid >= 20 && vectors.len() - valid >= 80, "{valid} of {}", vectors.len());
}

/// Whoever writes a client from the document gets the tables that the code is written from.
#[test]
fn document_has_the_tables_of_the_code() {
    let document = include_str!("../docs/wire.md");
    let rows = |source: &'static str| source.lines().filter_map(|it| it.strip_prefix("//! | "));
    let mut count = 0;
    for row in rows(STREAM_WIRE).chain(rows(IMAGE_WIRE)) {
        let row = row.replace("[`", "`").replace("`]", "`");
        assert!(document.contains(&format!("\n| {row}\n")), "docs/wire.md lacks | {row}");
        count += 1;
    }
    assert!(count > 90, "{count} rows");
}
