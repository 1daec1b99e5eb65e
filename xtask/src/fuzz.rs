//! `cargo xtask fuzz`: every fuzz target for a while, from the kept corpus.

use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use tempfile::TempDir;

use crate::cargo;
use crate::cli::FuzzArgs;
use crate::process::answer;
use crate::process::program_in_path;
use crate::repository;
use crate::stages::NotRun;
use crate::stages::Stages;

const NAME: &str = "fuzz";

/// Targets that run in llvmpipe, which keeps some of its memory to the end of the process: the leak
/// detector finds it, after some ten thousand runs. What this crate leaks, `tests/leaks_gl.rs` finds.
const DRIVES_MESA: [&str; 1] = ["import"];

/// For building with the sanitizer, which comes before the time that was asked for.
const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

/// Runs `cargo xtask fuzz`.
pub(crate) fn run(args: &FuzzArgs) -> Result<()> {
    let mut stages = Stages::new()?;
    add_to(&mut stages, args.seconds, args.target.as_deref())?;
    stages.finish(NotRun::IsFailure)
}

/// Adds a stage of `seconds` for each target, or for `only` one.
pub(crate) fn add_to(stages: &mut Stages, seconds: u32, only: Option<&str>) -> Result<()> {
    if let Err(reason) = cargo_fuzz() {
        stages.not_run(NAME, &reason);
        return Ok(());
    }
    let targets = match targets() {
        Ok(targets) => targets,
        Err(reason) => {
            stages.failed(NAME, &reason);
            return Ok(());
        }
    };
    if let Some(only) = only
        && !targets.iter().any(|target| target == only)
    {
        bail!("no fuzz target `{only}`; there are: {}", targets.join(", "));
    }
    for target in targets.iter().filter(|target| only.is_none_or(|only| only == *target)) {
        let found = TempDir::new().context("a folder for new inputs")?;
        let limit = BUILD_LIMIT + Duration::from_secs(seconds.into());
        stages.run(&format!("{NAME} {target}"), command(target, seconds, &found)?, limit)?;
    }
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let listing = answer(cargo_fuzz()?.arg("list"))?;
    Ok(listing.lines().map(str::to_owned).collect())
}

/// # Errors
/// Says what is missing.
fn cargo_fuzz() -> Result<Command> {
    let mut command = cargo::nightly("fuzz", "`cargo install cargo-fuzz`")?;
    if program_in_path("c++").is_none() {
        bail!("needs a C++ compiler, which builds libFuzzer: apt-get install g++");
    }
    command.arg("fuzz");
    Ok(command)
}

/// New inputs go to the first folder, `found`; the kept ones are read and stay as they are.
fn command(target: &str, seconds: u32, found: &TempDir) -> Result<Command> {
    let mut command = cargo_fuzz()?;
    command.arg("run").arg(target).arg(found.path());
    let kept = repository::root().join("fuzz/corpus").join(target);
    if kept.is_dir() {
        command.arg(kept);
    }
    command.arg("--").arg(format!("-max_total_time={seconds}"));
    if DRIVES_MESA.contains(&target) {
        command.args(["-detect_leaks=0", "-rss_limit_mb=6000"]);
    }
    Ok(command)
}
