//! `cargo xtask bench`: measures the crate beside what would be used instead of it, and writes
//! `docs/benchmarks.md` with its plots.
//!
//! The measuring is done by `benches/peers`, a package with a lock file of its own: what the crate is
//! compared with is no dependency of anything here. What this machine's own Mesa, GStreamer or weston
//! is too old for is measured in a root of a newer Debian.

mod elsewhere;
mod footprint;
mod scanout;
mod selection;

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::bench::selection::Rows;
use crate::bench::selection::Selection;
use crate::cargo;
use crate::cli::BenchArgs;
use crate::process::Observer;
use crate::process::command_line;
use crate::process::watch;
use crate::progress::Task;
use crate::repository;
use crate::requirements::Purpose;
use crate::runtime_dir::RuntimeDir;
use crate::setup;

const PACKAGE: &str = "dmashare-peers";

/// Building the peers for the first time on two slow cores.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
const MEASURE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Runs `cargo xtask bench`.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    if !args.no_setup {
        setup::ensure(Purpose::Bench)?;
    }
    let root = repository::root();
    let docs = args.output.clone().unwrap_or_else(|| root.join("docs"));
    // Found out before the measuring, which takes long.
    fs::create_dir_all(&docs).with_context(|| docs.display().to_string())?;
    let target = cargo::target_directory()?;
    let [results, sizes, scanouts] =
        ["benchmarks.json", "footprint.json", "scanout.json"].map(|name| target.join(name));
    let program = build(&root)?;
    let Selection { peers, footprint, scanout } = Selection::of(args);
    if let Some(rows) = peers {
        measure(&program, args.quick, &rows, &results)?;
        elsewhere::complete(&program, args, &results)?;
    }
    if footprint {
        footprint::measure(&root, &sizes)?;
    }
    if scanout {
        scanout::measure(&program, &scanouts, !args.no_setup)?;
    }
    let mut report = Command::new(&program);
    report.arg("report").arg(&results).arg(root.join("benches/counts/baseline.txt"));
    report.args([&sizes, &scanouts, &docs]);
    succeed("report", report, MEASURE_LIMIT)?;
    println!("{}", docs.join("benchmarks.md").display());
    Ok(())
}

fn build(root: &Path) -> Result<PathBuf> {
    let folder = root.join("benches/peers");
    let mut command = cargo::cargo();
    command.args(["build", "--release"]).current_dir(&folder);
    command.env("CARGO_TARGET_DIR", folder.join("target"));
    succeed("build the peers", command, BUILD_LIMIT)?;
    Ok(folder.join("target/release").join(PACKAGE))
}

fn measure(program: &Path, is_quick: bool, rows: &Rows, results: &Path) -> Result<()> {
    let runtime_dir = RuntimeDir::new()?;
    let mut command = Command::new(program);
    let only = match rows {
        Rows::All => None,
        Rows::Only(names) => Some(names.as_str()),
    };
    command.args(measurement(is_quick, only, results));
    runtime_dir.apply(&mut command);
    succeed("measure", command, MEASURE_LIMIT)
}

/// The arguments with which the peers measure all rows, or `only` some.
fn measurement(is_quick: bool, only: Option<&str>, results: &Path) -> Vec<OsString> {
    let quick = is_quick.then_some("--quick");
    let only = only.map(|rows| ["--only", rows]);
    let options = std::iter::once("measure").chain(quick).chain(only.into_iter().flatten());
    options.map(OsString::from).chain([results.into()]).collect()
}

/// Runs `command` with a progress display; what it said is shown when it fails.
fn succeed(name: &str, command: Command, limit: Duration) -> Result<()> {
    let line = command_line(&command);
    let mut progress = Progress(Task::start(name));
    let outcome = watch(command, limit, &mut progress)?;
    progress.0.finish(if outcome.success { "ok" } else { "FAILED" });
    if !outcome.success {
        bail!("`{line}`:\n{}", outcome.output);
    }
    Ok(())
}

/// Understands the lines `percent 40 import` of a program that tells how far it is.
struct Progress(Task);

impl Observer for Progress {
    fn line(&mut self, line: &str) {
        match percent(line) {
            Some((percent, what)) => self.0.percent(percent, what),
            None => self.0.line(line),
        }
    }

    fn tick(&mut self) {
        self.0.tick();
    }
}

fn percent(line: &str) -> Option<(u64, &str)> {
    let (number, what) = line.strip_prefix("percent ")?.split_once(' ')?;
    Some((number.parse().ok()?, what))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn only_lines_about_the_progress_are_taken_for_such() {
        assert_eq!(percent("percent 40 import"), Some((40, "import")));
        assert_eq!(percent("percent of what"), None);
        assert_eq!(percent("40 import"), None);
    }
}
