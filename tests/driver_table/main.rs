#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The promise: whoever made a buffer and whoever imports it, the pixels are right or there is a typed
//! error. No combination crashes.
//!
//! Every source of buffers with every display of the machine, each display in a process of its own.

#[path = "../common/mod.rs"]
mod common;

mod displays;
mod sources;
mod uses;

use std::collections::BTreeMap;
use std::time::Instant;

use common::child;
use common::child::Process;

use displays::DisplayName;
use sources::Source;
use uses::Outcome;
use uses::Painter;

const TEST: &str = "no_combination_crashes";

/// Where a child begins in the list of sources.
const FROM: &str = "DMASHARE_TEST_FROM";

type Table = BTreeMap<(String, String), Outcome>;

/// What each source's buffer is good for on each display.
fn table() -> Table {
    let sources = Source::all();
    let mut table = Table::new();
    for display in DisplayName::all() {
        let mut from = 0;
        while from < sources.len() {
            let begin = Instant::now();
            let mut command = child::command(TEST, &display.to_string());
            command.env(FROM, from.to_string());
            let (status, printed) = Process::start(command).ending();
            let mut answers = printed.lines().filter_map(|line| line.strip_prefix("cell "));
            for source in &sources[from..] {
                let Some(answer) = answers.next() else {
                    let how = status.map_or(String::from("hung"), |status| status.to_string());
                    let what = Outcome::Lost(format!("{how}: {}", last_line(&printed)));
                    table.insert((source.to_string(), display.to_string()), what);
                    from += 1;
                    break;
                };
                let outcome = Outcome::parse(answer);
                table.insert((source.to_string(), display.to_string()), outcome);
                from += 1;
            }
            eprintln!("{display}: {} ms", begin.elapsed().as_millis());
        }
    }
    table
}

fn last_line(text: &str) -> &str {
    text.lines().rfind(|line| !line.is_empty()).unwrap_or_default()
}

/// The child: one line for each source that is left.
fn answer(display: &str) {
    let display = DisplayName::all().into_iter().find(|one| one.to_string() == display).unwrap();
    let from = std::env::var(FROM).unwrap().parse().unwrap();
    let painter = display.open().map(|display| Painter::new(&display));
    for source in Source::all().iter().skip(from) {
        eprintln!("{source} on {display}");
        let outcome = match &painter {
            Ok(painter) => uses::try_out(source, painter),
            Err(error) => Outcome::Refused(error.clone()),
        };
        println!("cell {outcome}");
    }
}

#[test]
#[ignore = "lab: needs vkms, vgem, /dev/udmabuf and /dev/dma_heap/system"]
fn no_combination_crashes() {
    if let Some(display) = child::case() {
        return answer(&display);
    }
    let table = table();
    for ((source, display), outcome) in &table {
        eprintln!("{source:28} {display:28} {outcome}");
    }
    let broken: Vec<_> = table.iter().filter(|(_, outcome)| outcome.is_broken()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert_software_takes_pages(&table);
    assert_own_buffers_work(&table);
}

/// What every renderer that maps memory takes.
fn assert_software_takes_pages(table: &Table) {
    let software = DisplayName::software().to_string();
    for source in ["memfd", "udmabuf", "dma-heap"] {
        let outcome = &table[&(source.to_owned(), software.clone())];
        assert_eq!(*outcome, Outcome::Works(String::from("sample render cpu")), "{source}");
    }
}

/// A device takes what was allocated on it, through whichever of its nodes.
fn assert_own_buffers_work(table: &Table) {
    let mut works = 0;
    for ((source, display), outcome) in table {
        let (Some(made), Some(shown)) = (source.strip_prefix("gbm:"), display.strip_prefix("gbm:"))
        else {
            continue;
        };
        let is_same_device = sources::driver(made) == sources::driver(shown);
        let is_refused_by_kernel =
            |node: &str| node.contains("render") && sources::driver(node) != "virtio_gpu";
        if is_same_device && !is_refused_by_kernel(made) && !is_refused_by_kernel(shown) {
            assert!(matches!(outcome, Outcome::Works(_)), "{source} on {display}: {outcome}");
            works += 1;
        }
    }
    assert!(works >= 2, "vkms and vgem at the least");
}
