//! `cargo xtask setup`: finds out what is missing, says what it is going to do, and does it.
//!
//! The other commands call [`ensure`] first. Nothing is changed where nothing is missing.

mod plan;
mod undo;

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::apt;
use crate::apt::Installation;
use crate::apt::backports;
use crate::cli::SetupArgs;
use crate::machine::has_apt;
use crate::machine::is_root;
use crate::requirements;
use crate::requirements::Purpose;
use crate::requirements::Requirement;
use crate::setup::plan::Plan;

const EVERYTHING_IS_THERE: &str = "everything that is needed is installed";

/// Runs `cargo xtask setup`.
pub(crate) fn run(args: &SetupArgs) -> Result<()> {
    if args.undo {
        undo::run(args.dry_run)
    } else if args.dry_run {
        describe(args.purpose)
    } else {
        ensure(args.purpose)?;
        println!("{EVERYTHING_IS_THERE}");
        Ok(())
    }
}

/// Makes sure that everything that `purpose` needs is there, by installing it if need be.
///
/// # Errors
/// With one line that says what to do, when something is missing and cannot be installed: no
/// apt, not root, too old a distribution, or apt's failure.
pub(crate) fn ensure(purpose: Purpose) -> Result<()> {
    let missing = requirements::missing(purpose);
    if !has_apt() {
        return without_apt(purpose, &missing);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let plan = Plan::new(&missing)?;
    if !is_root() {
        bail!("{}", plan.for_the_user()?);
    }
    eprintln!("{}", plan.description());
    carry_out(&plan)?;
    let missing = requirements::missing(purpose);
    if !missing.is_empty() {
        bail!("apt has installed everything, and still not found: {}", names(&missing));
    }
    Ok(())
}

/// Makes sure that the program which the Debian package `package` brings is there.
///
/// # Errors
/// As for [`ensure`].
pub(crate) fn ensure_program(program: &str, package: &'static str) -> Result<()> {
    if crate::process::program_in_path(program).is_some() {
        return Ok(());
    }
    if !has_apt() || !is_root() {
        bail!("needs {program}: sudo apt-get install {package}");
    }
    let installation = Installation { packages: vec![package], release: None };
    if apt::candidate(package, None).is_none() {
        apt::update()?;
    }
    installation.run()
}

fn describe(purpose: Purpose) -> Result<()> {
    let missing = requirements::missing(purpose);
    if !has_apt() {
        return without_apt(purpose, &missing);
    }
    if missing.is_empty() {
        println!("{EVERYTHING_IS_THERE}");
    } else {
        println!("{}", Plan::new(&missing)?.description());
    }
    Ok(())
}

fn without_apt(purpose: Purpose, missing: &[&Requirement]) -> Result<()> {
    let needs = requirements::in_words(purpose);
    if missing.is_empty() {
        eprintln!("no apt on this system; needed, and found: {needs}");
        return Ok(());
    }
    let names = names(missing);
    bail!("no apt on this system; not found: {names}; needed: {needs} (--no-setup goes on anyway)")
}

fn carry_out(plan: &Plan) -> Result<()> {
    if let Some(text) = &plan.source_text {
        fs::write(backports::FILE, text).with_context(|| backports::FILE)?;
    }
    let failure = apt::update()?.unwrap_or_default();
    // It may be about a source that has nothing to do with this; the next steps tell.
    for line in failure.lines().filter(|line| line.starts_with("E:") || line.starts_with("W:")) {
        eprintln!("    {line}");
    }
    if let Some(explanation) = plan.too_old() {
        if plan.source_text.is_some() {
            fs::remove_file(backports::FILE).with_context(|| backports::FILE)?;
        }
        bail!("{explanation}");
    }
    plan.installation.run()
}

fn names(missing: &[&Requirement]) -> String {
    missing.iter().map(|requirement| requirement.name()).collect::<Vec<_>>().join(", ")
}
