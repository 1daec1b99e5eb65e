//! Frames on a monitor beside kmscube and modetest, in a guest of the lab: this machine may have no
//! monitor, and where it has one, somebody looks at it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use tempfile::TempDir;

use crate::bench::Progress;
use crate::lab;
use crate::process::quoted;
use crate::progress::Task;
use crate::requirements::Purpose;
use crate::setup;

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Longer than a program takes to show its frames, traced and emulated.
const SILENCE: Duration = Duration::from_secs(3 * 60);

/// Runs `program`, the peers', in the guest, and writes what it has found to `file`.
pub(super) fn measure(program: &Path, file: &Path, may_set_up: bool) -> Result<()> {
    if may_set_up {
        setup::ensure(Purpose::Lab)?;
    }
    let folder = TempDir::new().context("a folder for what the guest leaves")?;
    let program = quoted(&program.to_string_lossy());
    let commands = format!("{program} scanout measure \"$DMASHARE_LAB_DIR/keep/found\"\n");
    let mut progress = Progress(Task::start("scanout, in the lab"));
    let outcome = lab::run_script(commands, folder.path(), LIMIT, SILENCE, &mut progress);
    progress.0.finish(if outcome.is_ok() { "ok" } else { "FAILED" });
    outcome?;
    fs::copy(folder.path().join("found"), file)
        .map(drop)
        .with_context(|| file.display().to_string())
}
