//! A Debian suite in a folder, made by mmdebstrap and kept for the next time; and programs of this
//! machine that run in it.
//!
//! Spec: mmdebstrap(1).

mod sandbox;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::apt::setting;
use crate::apt::sources;
use crate::apt::sources::APT_FOLDER;
use crate::apt::sources::debian;
use crate::cache;
pub(crate) use crate::debian_root::sandbox::Sandbox;
use crate::machine::Release;
use crate::process::answer;
use crate::process::watch;
use crate::progress::Task;
use crate::setup;

/// Settings of this machine's apt that say how to reach the archive; the new root needs them too.
const APT_SETTINGS: [&str; 4] = [
    "Acquire::Check-Valid-Until",
    "Acquire::Check-Date",
    "Acquire::http::Proxy",
    "Acquire::https::Proxy",
];

/// Installs packages in the root `$1`. What an interrupted run left half done is done first.
const INSTALL: &str = r#"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
dpkg --configure -a
apt-get update -o APT::Update::Error-Mode=any
apt-get install -y --no-install-recommends --no-remove -o Acquire::Retries=3 "$@"
"#;

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// A Debian root.
#[derive(Debug)]
pub(crate) struct DebianRoot {
    suite: String,
    folder: PathBuf,
}

impl DebianRoot {
    /// The root of the last time, or a new one if there is none or it is to be `fresh`; with
    /// `packages` in it, and what these depend on.
    ///
    /// # Errors
    /// When there is no mmdebstrap and it cannot be installed, or it fails.
    pub(crate) fn prepare(suite: &str, packages: &[&str], fresh: bool) -> Result<Self> {
        let root = Self::named(suite)?;
        let roots = root.folder.parent().context("the cache has a parent")?;
        let _only_one = cache::lock(roots)?;
        if fresh && root.folder.exists() {
            cache::remove(&root.folder)?;
        }
        if root.folder.exists() {
            root.add(packages)?;
        } else {
            setup::ensure_program("mmdebstrap", "mmdebstrap")?;
            root.create(packages)?;
        }
        Ok(root)
    }

    /// The root of the last time, if there is one and it has these packages.
    ///
    /// # Errors
    /// When nothing can be said about it.
    pub(crate) fn kept(suite: &str, packages: &[&str]) -> Result<Option<Self>> {
        let root = Self::named(suite)?;
        let is_complete = root.folder.exists() && root.missing(packages)?.is_empty();
        Ok(is_complete.then_some(root))
    }

    fn named(suite: &str) -> Result<Self> {
        if suite.contains(['/', ' ']) || suite.starts_with(['-', '.']) {
            bail!("`{suite}` is no name of a Debian suite");
        }
        let folder = cache::folder()?.join("roots").join(suite);
        Ok(Self { suite: suite.to_owned(), folder })
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version of a package in it.
    ///
    /// # Errors
    /// When the package is not there.
    pub(crate) fn version(&self, package: &str) -> Result<String> {
        answer(self.chroot().args(["dpkg-query", "-W", "-f", "${Version}", package]))
    }

    /// Which of the packages it does not have, or not completely.
    fn missing<'a>(&self, packages: &[&'a str]) -> Result<Vec<&'a str>> {
        let format = "${db:Status-Status} ${Package}\n";
        let listing = answer(self.chroot().args(["dpkg-query", "-W", "-f", format]))?;
        Ok(not_installed(&listing, packages))
    }

    fn chroot(&self) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.folder);
        command
    }

    fn add(&self, packages: &[&str]) -> Result<()> {
        let missing = self.missing(packages)?;
        if missing.is_empty() {
            return Ok(());
        }
        let sandbox = Sandbox::new(self, &[]);
        let shell = ["-euc", INSTALL, "install"].into_iter().chain(missing);
        let install = sandbox.command(Path::new("/bin/sh"), shell);
        self.watch("adding packages to the root of Debian", install)
    }

    /// Made beside its place and moved there when complete, so that half a root is never used.
    fn create(&self, packages: &[&str]) -> Result<()> {
        let unfinished = self.folder.with_extension("unfinished");
        cache::remove(&unfinished)?;
        let make = mmdebstrap(&self.suite, packages, &unfinished)?;
        self.watch("making a root of Debian", make)?;
        fs::rename(&unfinished, &self.folder).with_context(|| self.folder.display().to_string())
    }

    fn watch(&self, name: &str, command: Command) -> Result<()> {
        let mut task = Task::start(&format!("{name} {}", self.suite));
        let outcome = watch(command, LIMIT, &mut task)?;
        task.finish(if outcome.success { "ok" } else { "FAILED" });
        if !outcome.success {
            eprint!("{}", outcome.output);
            let reason = outcome.output.lines().find(|line| line.starts_with("E:"));
            bail!("{name} {} failed: {}", self.suite, reason.unwrap_or("see above"));
        }
        Ok(())
    }
}

fn mmdebstrap(suite: &str, packages: &[&str], folder: &Path) -> Result<Command> {
    let mut command = Command::new("mmdebstrap");
    command.args(["--mode=root", "--variant=apt"]);
    command.arg(format!("--include={}", packages.join(",")));
    for name in APT_SETTINGS {
        if let Some(value) = setting(name) {
            command.arg(format!("--aptopt={name} \"{value}\""));
        }
    }
    command.arg(suite).arg(folder);
    // Without a mirror, mmdebstrap takes Debian's own.
    if let Some(mirror) = mirror()? {
        command.arg(mirror);
    }
    Ok(command)
}

/// The address at which this machine finds Debian, if it is Debian.
fn mirror() -> Result<Option<String>> {
    let sources = sources::read(Path::new(APT_FOLDER))?;
    let archive = debian::archive(&sources, &Release::read().codename);
    Ok(archive.and_then(|source| source.network_uris().next()).cloned())
}

/// The `packages` that do not stand as `installed NAME` in a listing.
fn not_installed<'a>(listing: &str, packages: &[&'a str]) -> Vec<&'a str> {
    let installed: Vec<_> =
        listing.lines().filter_map(|line| line.strip_prefix("installed ")).collect();
    packages.iter().copied().filter(|package| !installed.contains(package)).collect()
}

#[cfg(test)]
mod tests {
    use super::DebianRoot;
    use super::not_installed;

    #[test]
    fn only_packages_that_are_there_completely_count_as_installed() {
        let listing = "installed libegl1\nhalf-configured weston\nconfig-files xvfb\n";
        let asked = ["libegl1", "weston", "xvfb", "valgrind"];
        assert_eq!(not_installed(listing, &asked), ["weston", "xvfb", "valgrind"]);
    }

    #[test]
    fn name_that_leads_out_of_the_cache_is_no_suite() {
        for name in ["../sid", "/", "-sid", ".", "a b"] {
            assert!(DebianRoot::named(name).is_err(), "{name}");
        }
        assert!(DebianRoot::named("sid").is_ok());
    }
}
