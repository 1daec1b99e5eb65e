//! `cargo xtask miri`: the tests of the pure modules, interpreted, so that undefined behaviour
//! shows that the processor would let pass.

use std::time::Duration;

use anyhow::Result;

use crate::cargo;
use crate::cli::MiriArgs;
use crate::stages::NotRun;
use crate::stages::Stages;

/// Test paths of the modules that call neither a driver nor the kernel: Miri has neither.
const PURE_MODULES: [&str; 4] =
    ["format::", "dmabuf::layout::", "ipc::wire::", "egl::extensions::"];

const NAME: &str = "miri";
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Runs `cargo xtask miri`.
pub(crate) fn run(args: &MiriArgs) -> Result<()> {
    let mut stages = Stages::new()?;
    add_to(&mut stages, &args.filters)?;
    stages.finish(NotRun::IsFailure)
}

/// Adds a stage for the tests below `filters`, or for those of every pure module.
pub(crate) fn add_to(stages: &mut Stages, filters: &[String]) -> Result<()> {
    let component = "`rustup component add miri rust-src --toolchain nightly`";
    let mut command = match cargo::nightly("miri", component) {
        Ok(command) => command,
        Err(reason) => {
            stages.not_run(NAME, &reason);
            return Ok(());
        }
    };
    command.args(["miri", "test", "--package", "dmashare", "--lib", "--"]);
    if filters.is_empty() {
        command.args(PURE_MODULES);
    } else {
        command.args(filters);
    }
    // Property tests look for a file of earlier failures, and are slow here.
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "8");
    stages.run(NAME, command, LIMIT)
}
