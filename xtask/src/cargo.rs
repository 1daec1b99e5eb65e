//! Calling cargo, and reading what it says to programs.

use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::Value;

use crate::process::answer;
use crate::process::command_line;
use crate::process::succeeds;
use crate::repository;

/// A file that cargo built and that can be run.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Executable {
    /// Name of the target: of the test, example or program.
    pub(crate) name: String,
    /// Kind of the target, in cargo's words: `lib`, `test`, `example`, `bin`.
    pub(crate) kind: String,
    /// Whether it is a test harness.
    pub(crate) is_test: bool,
    /// Where it is.
    pub(crate) file: PathBuf,
}

/// `cargo` of the toolchain in use, called in the root of the checkout.
pub(crate) fn cargo() -> Command {
    // Not the variable CARGO: that is one toolchain's own program, which knows no `+nightly`.
    let mut command = Command::new("cargo");
    command.current_dir(repository::root());
    command
}

/// `cargo` of the nightly toolchain.
///
/// # Errors
/// Says what to install, in a few words, when `tool` (a cargo command) is not there.
pub(crate) fn nightly(tool: &str, how_to_install: &str) -> Result<Command> {
    let nightly = || {
        let mut command = cargo();
        // Only looks: installing a toolchain is the user's decision.
        command.arg("+nightly").env("RUSTUP_AUTO_INSTALL", "0");
        command
    };
    if !succeeds(nightly().arg("--version")) {
        bail!("needs `rustup toolchain install nightly` and {how_to_install}");
    }
    if !succeeds(nightly().args([tool, "--version"])) {
        bail!("needs {how_to_install}");
    }
    Ok(nightly())
}

/// The folder that cargo builds in.
///
/// # Errors
/// When cargo cannot read the manifest.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let metadata = answer(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let directory = metadata.get("target_directory").and_then(Value::as_str);
    directory.map(PathBuf::from).context("cargo metadata names no target directory")
}

/// Builds as `command` (a `cargo build` or `cargo test --no-run`) says, with cargo's own progress
/// display, and lists what can be run.
///
/// # Errors
/// When the build fails; cargo has printed why.
pub(crate) fn build(mut command: Command) -> Result<Vec<Executable>> {
    let name = command_line(&command);
    command.arg("--message-format=json-render-diagnostics");
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("`{name}`"))?;
    if !output.status.success() {
        bail!("`{name}`: {}", output.status);
    }
    Ok(executables(&String::from_utf8_lossy(&output.stdout)))
}

/// Makes sure that the toolchain has the command `tool`.
///
/// # Errors
/// Says what to install when it has not.
pub(crate) fn require(tool: &str, component: &str) -> Result<()> {
    if !succeeds(cargo().args([tool, "--version"])) {
        bail!("needs `rustup component add {component}`");
    }
    Ok(())
}

fn executables(messages: &str) -> Vec<Executable> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| executable(&message)).collect()
}

/// Spec: <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
fn executable(message: &Value) -> Option<Executable> {
    let target = message.get("target")?;
    Some(Executable {
        name: target.get("name")?.as_str()?.to_owned(),
        kind: target.get("kind")?.get(0)?.as_str()?.to_owned(),
        is_test: message.get("profile")?.get("test")?.as_bool()?,
        file: PathBuf::from(message.get("executable")?.as_str()?),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Executable;
    use super::executables;

    #[test]
    fn only_artifacts_that_can_be_run_are_listed() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"kind":["lib"],"name":"clap"},"profile":{"test":false},"executable":null}
            {"reason":"build-script-executed","package_id":"x"}
            not json
            {"reason":"compiler-artifact","target":{"kind":["test"],"name":"egl_import"},"profile":{"test":true},"executable":"/t/egl_import-0123"}
            {"reason":"build-finished","success":true}
        "#;
        let expected = Executable {
            name: "egl_import".to_owned(),
            kind: "test".to_owned(),
            is_test: true,
            file: PathBuf::from("/t/egl_import-0123"),
        };
        assert_eq!(executables(messages), [expected]);
    }
}
