//! `cargo xtask valgrind`: examples under valgrind's memcheck.
//!
//! What Mesa and LLVM keep until the process ends is left out by `xtask/valgrind.supp`; wrong
//! reads and writes are not, whoever makes them: the memory may be ours.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::anyhow;

use crate::cargo;
use crate::cli::ValgrindArgs;
use crate::process::program_in_path;
use crate::repository;
use crate::requirements::Purpose;
use crate::runtime_dir::RuntimeDir;
use crate::setup;
use crate::stages::NotRun;
use crate::stages::Stages;

/// An example and its arguments: between them they allocate, export, import, draw and read back.
const PROGRAMS: [(&str, &[&str]); 2] =
    [("share_contexts", &["--headless", "seen.png"]), ("import_texture", &["sampled.png"])];

/// Memory that is lost for good is an error like a wrong access; what is still reachable at the
/// end is not. Stacks are long enough to reach from the JIT-compiled code to the caller.
const MEMCHECK: [&str; 7] = [
    "valgrind",
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--num-callers=40",
];

const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Runs `cargo xtask valgrind`.
pub(crate) fn run(args: &ValgrindArgs) -> Result<()> {
    setup::ensure(Purpose::Test)?;
    let runtime_dir = RuntimeDir::new()?;
    let mut stages = Stages::new()?;
    match &args.example {
        Some(example) => add_example(&mut stages, &runtime_dir, example, &args.arguments)?,
        None => add_to(&mut stages, &runtime_dir)?,
    }
    stages.finish(NotRun::IsFailure)
}

/// Adds a stage for each of the chosen examples.
pub(crate) fn add_to(stages: &mut Stages, runtime_dir: &RuntimeDir) -> Result<()> {
    for (example, arguments) in PROGRAMS {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        add_example(stages, runtime_dir, example, &arguments)?;
    }
    Ok(())
}

fn add_example(
    stages: &mut Stages,
    runtime_dir: &RuntimeDir,
    example: &str,
    arguments: &[OsString],
) -> Result<()> {
    let name = format!("valgrind {example}");
    if program_in_path("valgrind").is_none() {
        stages.not_run(&name, &anyhow!("needs valgrind"));
        return Ok(());
    }
    let scratch = tempfile::tempdir().context("a folder for what the example writes")?;
    let mut command = under_memcheck(example, &repository::root());
    command.args(arguments).current_dir(scratch.path());
    runtime_dir.apply(&mut command);
    stages.run(&name, command, LIMIT)
}

/// `cargo run`, which hands the example to valgrind instead of starting it.
fn under_memcheck(example: &str, root: &Path) -> Command {
    let suppressions = root.join("xtask/valgrind.supp");
    let suppressions = format!("--suppressions={}", suppressions.display());
    let runner: Vec<_> = MEMCHECK.iter().copied().chain([&*suppressions]).collect();
    let mut command = cargo::cargo();
    command.arg("--config").arg(format!("target.'cfg(all())'.runner = {runner:?}"));
    command.args(["run", "--package", "dmashare", "--all-features", "--example", example]);
    command.arg("--manifest-path").arg(root.join("Cargo.toml")).arg("--");
    command
}
