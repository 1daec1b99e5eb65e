//! Running other programs: quietly for their answer, or watched for minutes.

mod command_line;
mod descendants;
mod lookup;
mod watch;

use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

pub(crate) use crate::process::command_line::command_line;
pub(crate) use crate::process::command_line::quoted;
pub(crate) use crate::process::lookup::program_in_path;
pub(crate) use crate::process::watch::Observer;
pub(crate) use crate::process::watch::watch;

/// What a successful `command` wrote to its standard output.
///
/// # Errors
/// When it cannot be started, or fails: then with what it wrote to its standard error.
pub(crate) fn answer(command: &mut Command) -> Result<String> {
    let name = command_line(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("`{name}`"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}`: {}: {}", output.status, reason.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether `command` starts and succeeds; what it writes is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command` with this process's own terminal, for programs with a progress display.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn pass_through(command: &mut Command) -> Result<()> {
    let name = command_line(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("`{name}`"))?;
    if !status.success() {
        bail!("`{name}`: {status}");
    }
    Ok(())
}
