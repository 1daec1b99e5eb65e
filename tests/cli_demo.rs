#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! `dmashare demo`: two processes, one image, and a picture of what the second one saw.

mod common;

use std::path::Path;

use png::BitDepth;
use png::ColorType;
use serde_json::Value;

use common::tool;
use common::tool::Png;

fn demo(output: &Path, more: &[&str]) -> Value {
    let display = tool::software_display();
    let mut arguments = vec!["demo", "--json", "--display", &display];
    arguments.extend(["--output", output.to_str().unwrap()]);
    arguments.extend(more);
    tool::json(&arguments)
}

/// A size that is a multiple of nothing, and one that is a single pixel.
#[test]
fn picture_is_the_xor_pattern_in_any_size() {
    for (argument, size) in
        [("512x512", [512, 512]), ("333x77", [333, 77]), ("1x1", [1, 1]), ("3x300", [3, 300])]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("xor.png");
        let report = demo(&file, &["--size", argument]);
        let picture = Png::read(&file);
        let expected = tool::xor_pattern(size);
        assert_eq!((picture.size, picture.colours), (size, ColorType::Rgba), "{argument}");
        assert_eq!(picture.depth, BitDepth::Eight);
        assert!(picture.bytes == expected, "{argument}: the picture is another one");
        let pixels = u64::from(size[0]) * u64::from(size[1]);
        for look in ["first", "later"] {
            assert_eq!(report[look]["pixels"], pixels, "{report}");
            assert_eq!(report[look]["differing"], 0, "{report}");
        }
    }
}

#[test]
fn both_processes_hold_the_same_memory_and_it_was_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("xor.png");
    let report = demo(&file, &["--allocator", "memfd"]);
    assert_eq!((&report["schema"], &report["works"]), (&Value::from(1), &Value::from(true)));
    assert_eq!(report["allocator"], "memfd");
    assert_eq!((&report["fourcc"], &report["modifier"]), (&"AR24".into(), &"LINEAR".into()));
    assert_eq!(report["picture"], file.to_str().unwrap());
    assert_eq!(
        (&report["readiness"], &report["change"]),
        (&"finished".into(), &"rectangle".into())
    );
    let plane = &report["planes"][0];
    assert_eq!((&plane["offset_bytes"], &plane["stride_bytes"]), (&0.into(), &2048.into()));
    let (producer, consumer) = (&report["producer"], &report["consumer"]);
    assert_eq!(consumer["inodes"], Value::from(vec![plane["inode"].clone()]));
    assert_eq!(consumer["is_same_memory"], true);
    assert_eq!(consumer["imports"], 1);
    assert!(consumer["import_us"].as_u64().is_some());
    assert_ne!(producer["pid"], consumer["pid"]);
    assert!(consumer["gl_renderer"].as_str().unwrap().contains("llvmpipe"));
}

#[test]
fn best_allocator_is_picked_and_each_other_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let report = demo(&folder.path().join("xor.png"), &[]);
    let expected = if Path::new("/dev/udmabuf").exists() { "udmabuf" } else { "memfd" };
    assert_eq!(report["allocator"], expected);
    let reasons: Vec<_> =
        report["reasons"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    for kind in ["memfd", "udmabuf", "dma-heap", "gbm"] {
        let prefix = format!("{kind}: ");
        assert!(reasons.iter().any(|reason| reason.starts_with(&prefix)), "{reasons:?}");
    }
}

#[test]
fn steps_are_told_on_stderr_and_the_table_ends_with_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("xor.png");
    let display = tool::software_display();
    let output = tool::run(&["demo", "--display", &display, "--output", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let text = tool::stdout(&output);
    assert_eq!(text.lines().last(), file.to_str(), "{text}");
    for row in ["allocator", "modifier", "producer", "consumer", "import", "same memory"] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(row)), "{text}");
    }
    assert_eq!(text.matches("all 262144 pixels are as expected").count(), 2, "{text}");
    let steps = tool::stderr(&output);
    assert!(steps.starts_with("producer: opening the display"), "{steps}");
    assert!(steps.contains("\nconsumer: importing"), "{steps}");
}

#[test]
fn picture_that_cannot_be_written_is_a_failure_of_the_consumer_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing/xor.png");
    let display = tool::software_display();
    let output = tool::run(&["demo", "--display", &display, "--output", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = tool::stderr(&output);
    assert!(text.contains("the consumer failed: "), "{text}");
    assert!(text.contains("xor.png cannot be written: No such file"), "{text}");
}

#[test]
fn allocator_that_is_missing_is_a_failure_with_the_next_step() {
    if Path::new("/dev/udmabuf").exists() {
        let folder = tempfile::tempdir().unwrap();
        let report = demo(&folder.path().join("xor.png"), &["--allocator", "udmabuf"]);
        assert_eq!(report["allocator"], "udmabuf");
        return;
    }
    let output = tool::run(&["demo", "--allocator", "udmabuf"]);
    assert_eq!(output.status.code(), Some(1));
    let text = tool::stderr(&output);
    assert!(text.contains("because: /dev/udmabuf is missing"), "{text}");
    assert!(text.contains("next: modprobe udmabuf"), "{text}");
}
