#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What is common to all commands: help with examples, exit codes, errors with a next step.

mod common;

use common::tool;

const COMMANDS: [&str; 4] = ["doctor", "formats", "demo", "dump"];

#[test]
fn help_of_each_command_shows_examples_and_succeeds() {
    for command in COMMANDS {
        let output = tool::run(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        let help = tool::stdout(&output);
        let example = format!("Examples:\n  dmashare {command}");
        assert!(help.contains(&example), "{help}");
        assert!(help.contains("JSON: schema"), "{help}");
    }
    let help = tool::stdout(&tool::run(&["--help"]));
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        assert!(help.contains(&format!("\n  dmashare {command} ")), "{help}");
    }
    for hidden in ["probe", "consume"] {
        assert!(!help.contains(&format!("\n  {hidden} ")), "{help}");
    }
}

#[test]
fn arguments_that_make_no_sense_exit_with_2() {
    let cases: [&[&str]; 15] = [
        &[],
        &["undress"],
        &["doctor", "--verbose"],
        &["formats", "--fourcc", "ARGB88"],
        &["formats", "--display", "device:first"],
        &["formats", "--prove", "--advertised"],
        &["demo", "--size", "0x512"],
        &["demo", "--size", "512"],
        &["demo", "--allocator", "shm"],
        &["demo", "--display", "gbm:"],
        &["dump", "--output", "a.png"],
        &["dump", "--socket", "a"],
        &["dump", "--socket", "a", "--fd", "3", "--output", "a.png"],
        &["dump", "--fd", "-1", "--output", "a.png"],
        &["dump", "--socket", "a", "--timeout", "soon", "--output", "a.png"],
    ];
    for arguments in cases {
        let output = tool::run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(tool::stderr(&output).contains("--help"), "{arguments:?}");
    }
}

#[test]
fn failures_exit_with_1_and_say_why_and_what_next() {
    let cases: [(&[&str], [&str; 2]); 4] = [
        (
            &["formats", "--display", "device:99"],
            ["there is no device 99", "next: dmashare doctor"],
        ),
        (
            &["formats", "--fourcc", "ZZZZ"],
            ["does not list ZZZZ", "next: dmashare formats --advertised"],
        ),
        (
            &["demo", "--display", "gbm:/dev/null"],
            ["error: the display `gbm:/dev/null` cannot be opened", "because: "],
        ),
        (
            &["dump", "--fd", "99", "--output", "a.png"],
            ["error: file descriptor 99 was not left open", "because: Bad file descriptor"],
        ),
    ];
    for (arguments, texts) in cases {
        let output = tool::run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        for text in texts {
            assert!(tool::stderr(&output).contains(text), "{arguments:?}: {output:?}");
        }
    }
}

#[test]
fn output_to_nobody_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let display = tool::software_display();
    let mut command = tool::command();
    command.args(["formats", "--advertised", "--display", &display]).stdout(writer);
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), tool::stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn output_that_is_no_terminal_has_no_escapes() {
    let display = tool::software_display();
    let output = tool::run(&["formats", "--advertised", "--display", &display]);
    assert!(!output.stdout.is_empty());
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
}
