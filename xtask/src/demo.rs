//! `cargo xtask demo`: two processes and one buffer, from nothing installed to a picture.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::cargo;
use crate::cargo::Executable;
use crate::cli::DemoArgs;
use crate::process::pass_through;
use crate::requirements::Purpose;
use crate::runtime_dir::RuntimeDir;
use crate::setup;

const PROGRAM: &str = "dmashare";

/// Runs `cargo xtask demo`.
pub(crate) fn run(args: &DemoArgs) -> Result<()> {
    if !args.no_setup {
        setup::ensure(Purpose::Demo)?;
    }
    let program = build()?;
    let output = output(args)?;
    let runtime_dir = RuntimeDir::new()?;
    let mut command = Command::new(&program);
    command.arg("demo").arg("--output").arg(&output);
    runtime_dir.apply(&mut command);
    pass_through(&mut command)?;
    check_written(&output)
}

/// Builds the tool in the dev profile: building with all optimisations takes longer than it saves.
fn build() -> Result<PathBuf> {
    let mut command = cargo::cargo();
    command.args(["build", "--package", PROGRAM, "--features", "cli", "--bin", PROGRAM]);
    let built = cargo::build(command)?;
    let program = |executable: &Executable| executable.kind == "bin" && executable.name == PROGRAM;
    let program = built.into_iter().find(program).context("cargo built no program")?;
    Ok(program.file)
}

/// The absolute path of the picture; a relative one starts where the user is.
fn output(args: &DemoArgs) -> Result<PathBuf> {
    match &args.output {
        Some(file) => Ok(env::current_dir()?.join(file)),
        None => Ok(cargo::target_directory()?.join("demo.png")),
    }
}

/// The tool has said where the picture is; here it is made sure of.
fn check_written(output: &Path) -> Result<()> {
    let size_bytes = fs::metadata(output).with_context(|| output.display().to_string())?.len();
    if size_bytes == 0 {
        bail!("{} is empty", output.display());
    }
    Ok(())
}
