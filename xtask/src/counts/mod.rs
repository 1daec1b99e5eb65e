//! `cargo xtask counts`: what the hot paths cost, in instructions and allocations, against a
//! committed baseline.
//!
//! Times on shared machines are noise; the instructions of a path are the same in every run. Those
//! of the C library and of the driver differ from machine to machine, with their version and with
//! the processor (`memcpy` alone has a dozen variants), so only those count that are in the program
//! itself: the crate, its dependencies and what the compiler put in of the standard library.
//!
//! Callgrind is called directly. Benchmark frameworks on top of it need a runner of exactly their
//! version to be installed, and sum up what all libraries did.

mod baseline;
mod growth;
mod measured;
mod profile;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::anyhow;
use anyhow::bail;
use tempfile::TempDir;

use crate::cargo;
use crate::cli::CountsArgs;
use crate::counts::baseline::Baseline;
use crate::counts::measured::Measured;
use crate::process::answer;
use crate::process::program_in_path;
use crate::process::watch;
use crate::progress::Task;
use crate::repository;
use crate::requirements::Purpose;
use crate::setup;
use crate::stages::NotRun;
use crate::stages::Stages;
use crate::tally::Tally;

const NAME: &str = "counts";
const PACKAGE: &str = "dmashare-counts";
const BASELINE: &str = "benches/counts/baseline.txt";

/// The function of the program in which callgrind collects, however its name is mangled. The two
/// patterns differ because of two that are equal callgrind forgets one.
const COLLECT_IN: &str = "--toggle-collect=*dmashare_counts*count_this*";
const DUMP_AFTER: &str = "--dump-after=*count_this*";

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Runs `cargo xtask counts`.
pub(crate) fn run(args: &CountsArgs) -> Result<()> {
    if !args.no_setup {
        setup::ensure(Purpose::Test)?;
    }
    if args.bless {
        return bless();
    }
    let mut stages = Stages::new()?;
    add_to(&mut stages)?;
    stages.finish(NotRun::IsFailure)
}

/// Adds the stage that compares what is counted with the baseline.
pub(crate) fn add_to(stages: &mut Stages) -> Result<()> {
    let baseline = match Baseline::read(&baseline_file()) {
        Ok(baseline) if baseline.machine() == std::env::consts::ARCH => baseline,
        Ok(baseline) => {
            let reason = anyhow!("the baseline was counted on {}", baseline.machine());
            stages.not_run(NAME, &reason);
            return Ok(());
        }
        Err(reason) => {
            stages.failed(NAME, &reason);
            return Ok(());
        }
    };
    let mut task = Task::start(NAME);
    let counted = count(&mut task);
    let elapsed = task.finish(if counted.is_ok() { "counted" } else { "FAILED" });
    let counted = match counted {
        Ok(counted) => counted,
        Err(reason) => {
            stages.failed(NAME, &reason);
            return Ok(());
        }
    };
    let mut findings = baseline.compare(&counted, &compiler()?);
    findings.extend(growth::check(&counted));
    let failures = findings.failures();
    let tally = Tally { passed: findings.held, failed: findings.broken.len(), ignored: 0 };
    let listing = counted.iter().map(Measured::to_string).collect::<Vec<_>>().join("\n") + "\n";
    for note in &findings.notes {
        println!("    {note}");
    }
    stages.add(NAME, elapsed, tally, &(listing + &failures), &failures)
}

/// Counts, and makes that the baseline.
fn bless() -> Result<()> {
    let mut task = Task::start(NAME);
    let counted = count(&mut task);
    task.finish(if counted.is_ok() { "counted" } else { "FAILED" });
    let file = baseline_file();
    fs::write(&file, Baseline::new(counted?, compiler()?).to_string())
        .with_context(|| file.display().to_string())?;
    println!("{} is new: commit it with the change that is its reason", file.display());
    Ok(())
}

fn baseline_file() -> PathBuf {
    repository::root().join(BASELINE)
}

/// The compiler that cargo calls: `rustc 1.95.0`, without hash and date.
fn compiler() -> Result<String> {
    let version = answer(Command::new("rustc").arg("--version").current_dir(repository::root()))?;
    Ok(version.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// What every path costs, by a build of the program under callgrind.
fn count(task: &mut Task) -> Result<Vec<Measured>> {
    if program_in_path("valgrind").is_none() {
        bail!("needs valgrind: run `cargo xtask setup`");
    }
    let program = build(task)?;
    let folder = TempDir::new().context("a folder for what callgrind writes")?;
    let dumps = folder.path().join("callgrind");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet", COLLECT_IN, DUMP_AFTER]);
    command.arg(format!("--callgrind-out-file={}", dumps.display())).arg(&program);
    // Threads of the driver's would only wait for their turn.
    command.env("LP_NUM_THREADS", "0");
    let outcome = watch(command, LIMIT, task)?;
    if !outcome.success {
        bail!("the program failed under callgrind:\n{}", outcome.output);
    }
    read(&outcome.output, &dumps, &program)
}

fn build(task: &mut Task) -> Result<PathBuf> {
    let mut command = cargo::cargo();
    command.args(["build", "--profile", "counts", "--package", PACKAGE]);
    let outcome = watch(command, 4 * LIMIT, task)?;
    if !outcome.success {
        bail!("the program does not build:\n{}", outcome.output);
    }
    Ok(cargo::target_directory()?.join("counts").join(PACKAGE))
}

/// Puts the lines of the program and the dumps of callgrind together.
fn read(output: &str, dumps: &Path, program: &Path) -> Result<Vec<Measured>> {
    let counted = output.lines().filter_map(Measured::parse).enumerate().map(|(index, path)| {
        let dump = dumps.with_extension((index + 1).to_string());
        let dump = fs::read_to_string(&dump).with_context(|| dump.display().to_string())?;
        path.with_instructions(profile::own_instructions(&dump, program)?)
    });
    let counted: Vec<_> = counted.collect::<Result<_>>()?;
    if counted.is_empty() {
        bail!("the program has counted nothing:\n{output}");
    }
    Ok(counted)
}
