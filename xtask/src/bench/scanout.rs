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
use crate::lab::Script;
use crate::process::quoted;
use crate::progress::Task;
use crate::requirements::Purpose;
use crate::setup;

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Longer than a program takes to show its frames, traced and emulated.
const SILENCE: Duration = Duration::from_secs(3 * 60);

/// Runs `program`, the peers', in two guests, and writes what it has found to `file`: frames and their
/// system calls in a common one, and in one whose clock goes by instructions what a frame takes of the
/// processor. In the first the time that a program spends on the processor is also that in which the
/// processor waits for this machine to draw.
pub(super) fn measure(program: &Path, file: &Path, may_set_up: bool) -> Result<()> {
    if may_set_up {
        setup::ensure(Purpose::Lab)?;
    }
    in_a_guest(program, "measure", file, false)?;
    let count = format!("count {}", quoted(&file.to_string_lossy()));
    if let Err(error) = in_a_guest(program, &count, file, true) {
        // What the first guest has found is worth having; the report says what is missing.
        eprintln!("warning: the instructions of a frame are not counted: {error:#}");
    }
    Ok(())
}

/// Runs a command of the program's, which writes to its last argument.
fn in_a_guest(program: &Path, command: &str, file: &Path, counts: bool) -> Result<()> {
    let folder = TempDir::new().context("a folder for what the guest leaves")?;
    let program = quoted(&program.to_string_lossy());
    let commands = format!("{program} scanout {command} \"$DMASHARE_LAB_DIR/keep/found\"\n");
    let script = Script { commands, keep: folder.path(), limit: LIMIT, silence: SILENCE, counts };
    let mut progress = Progress(Task::start("scanout, in the lab"));
    let outcome = lab::run_script(script, &mut progress);
    progress.0.finish(if outcome.is_ok() { "ok" } else { "FAILED" });
    outcome?;
    fs::copy(folder.path().join("found"), file)
        .map(drop)
        .with_context(|| file.display().to_string())
}
