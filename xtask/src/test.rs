//! `cargo xtask test`: installs what is missing and runs every test there is.

use std::time::Duration;

use anyhow::Result;

use crate::cargo::cargo;
use crate::cli::TestArgs;
use crate::counts;
use crate::fuzz;
use crate::lab;
use crate::lint;
use crate::machine::is_continuous_integration;
use crate::miri;
use crate::requirements::Purpose;
use crate::runtime_dir::RuntimeDir;
use crate::setup;
use crate::stages::NotRun;
use crate::stages::Stages;
use crate::valgrind;

/// Building everything for the first time on two slow cores, and running it.
const LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// Enough for the kept corpus and a little more; longer runs are `cargo xtask fuzz`.
const FUZZ_SECONDS: u32 = 15;

/// Runs `cargo xtask test`.
pub(crate) fn run(args: &TestArgs) -> Result<()> {
    if !args.no_setup {
        setup::ensure(Purpose::Test)?;
    }
    let runtime_dir = RuntimeDir::new()?;
    let mut stages = Stages::new()?;
    if args.lint || is_continuous_integration() {
        lint::add_to(&mut stages)?;
    }
    add_tests(&mut stages, &runtime_dir)?;
    counts::add_to(&mut stages)?;
    lab::add_to(&mut stages);
    valgrind::add_to(&mut stages, &runtime_dir)?;
    miri::add_to(&mut stages, &[])?;
    fuzz::add_to(&mut stages, FUZZ_SECONDS, None)?;
    stages.finish(NotRun::IsShown)
}

/// Unit, integration, window and documentation tests; the examples are built.
fn add_tests(stages: &mut Stages, runtime_dir: &RuntimeDir) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    // What tests that pass have printed: a test that cannot run here says so there.
    command.args(["--", "--show-output"]);
    runtime_dir.apply(&mut command);
    stages.run("tests", command, LIMIT)
}
