//! `cargo xtask mesa`: the tests, built here, run against the Mesa of another Debian suite.
//!
//! The suite lies in a folder outside the checkout and is kept for the next time. Each test
//! binary runs in it with the checkout at its own path, in namespaces of its own: when it ends,
//! or is killed, its mounts and its processes are gone, and nothing is left to undo.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::Result;
use anyhow::bail;

use crate::cargo;
use crate::cargo::Executable;
use crate::cli::MesaArgs;
use crate::debian_root::DebianRoot;
use crate::debian_root::Sandbox;
use crate::machine::is_root;
use crate::repository;
use crate::requirements;
use crate::requirements::Purpose;
use crate::setup;
use crate::stages::NotRun;
use crate::stages::Stages;

const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Runs `cargo xtask mesa`.
pub(crate) fn run(args: &MesaArgs) -> Result<()> {
    if !is_root() {
        bail!(
            "only root can change into another root; run: sudo -E env \"PATH=$PATH\" cargo xtask mesa"
        );
    }
    setup::ensure(Purpose::Demo)?;
    let tests = build_tests()?;
    let packages: Vec<_> = requirements::without_the_lab().map(|r| r.package).collect();
    let root = DebianRoot::prepare(&args.suite, &packages, args.fresh)?;
    println!("{}: Mesa {}", args.suite, root.version("libegl-mesa0")?);
    let shared = [repository::root(), cargo::target_directory()?];
    let sandbox = Sandbox::new(&root, &shared);
    // What tests that pass have printed: one that cannot run there says so.
    let arguments: Vec<_> =
        std::iter::once(OsString::from("--show-output")).chain(args.arguments.clone()).collect();
    let mut stages = Stages::new()?;
    for test in &tests {
        let name = format!("{} {}", args.suite, test.name);
        stages.run(&name, sandbox.command(&test.file, &arguments), LIMIT)?;
    }
    stages.finish(NotRun::IsFailure)
}

fn build_tests() -> Result<Vec<Executable>> {
    let mut command = cargo::cargo();
    command.args(["test", "--package", "dmashare", "--all-features", "--no-run"]);
    let mut built = cargo::build(command)?;
    built.retain(|executable| executable.is_test);
    Ok(built)
}
