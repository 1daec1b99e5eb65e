//! `cargo xtask lint`: formatting, clippy and documentation, with no warning left.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::cargo;
use crate::stages::NotRun;
use crate::stages::Stages;

const LIMIT: Duration = Duration::from_secs(60 * 60);

/// The feature sets that users build: the least, the usual, everything.
const CLIPPY: [(&str, &[&str]); 3] = [
    ("clippy, no features", &["--no-default-features"]),
    ("clippy, default features", &[]),
    ("clippy, all features", &["--all-features"]),
];

/// Runs `cargo xtask lint`.
pub(crate) fn run() -> Result<()> {
    let mut stages = Stages::new()?;
    add_to(&mut stages)?;
    stages.finish(NotRun::IsFailure)
}

/// Adds one stage for each lint.
pub(crate) fn add_to(stages: &mut Stages) -> Result<()> {
    match cargo::require("fmt", "rustfmt") {
        Ok(()) => stages.run("fmt", cargo_with(&["fmt", "--all", "--", "--check"]), LIMIT)?,
        Err(reason) => stages.not_run("fmt", &reason),
    }
    for (name, features) in CLIPPY {
        match cargo::require("clippy", "clippy") {
            Ok(()) => stages.run(name, clippy(features), LIMIT)?,
            Err(reason) => stages.not_run(name, &reason),
        }
    }
    stages.run("doc", doc(), LIMIT)
}

fn clippy(features: &[&str]) -> Command {
    let mut command = cargo_with(&["clippy", "--workspace", "--all-targets"]);
    command.args(features).args(["--", "-D", "warnings"]);
    command
}

fn doc() -> Command {
    let mut command = cargo_with(&["doc", "--workspace", "--no-deps", "--all-features"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

fn cargo_with(arguments: &[&str]) -> Command {
    let mut command = cargo::cargo();
    command.args(arguments);
    command
}
