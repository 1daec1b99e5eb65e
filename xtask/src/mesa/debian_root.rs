//! A Debian suite in a folder, made by mmdebstrap.
//!
//! Spec: mmdebstrap(1).

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
use crate::machine::Release;
use crate::process::answer;
use crate::process::watch;
use crate::progress::Task;
use crate::requirements;
use crate::setup;

/// Settings of this machine's apt that say how to reach the archive; the new root needs them too.
const APT_SETTINGS: [&str; 4] = [
    "Acquire::Check-Valid-Until",
    "Acquire::Check-Date",
    "Acquire::http::Proxy",
    "Acquire::https::Proxy",
];

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// A Debian root with all that the tests need at run time.
#[derive(Debug)]
pub(super) struct DebianRoot {
    folder: PathBuf,
}

impl DebianRoot {
    /// The root of the last time, or a new one if there is none or it is to be `fresh`.
    ///
    /// # Errors
    /// When there is no mmdebstrap and it cannot be installed, or it fails.
    pub(super) fn prepare(suite: &str, fresh: bool) -> Result<Self> {
        if suite.contains(['/', ' ']) || suite.starts_with(['-', '.']) {
            bail!("`{suite}` is no name of a Debian suite");
        }
        let folder = cache::folder()?.join("roots").join(suite);
        if fresh && folder.exists() {
            cache::remove(&folder)?;
        }
        if !folder.exists() {
            setup::ensure_program("mmdebstrap", "mmdebstrap")?;
            create(suite, &folder)?;
        }
        Ok(Self { folder })
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version of Mesa in it.
    pub(super) fn mesa_version(&self) -> Result<String> {
        let mut command = Command::new("chroot");
        command.arg(&self.folder);
        answer(command.args(["dpkg-query", "-W", "-f", "${Version}", "libegl-mesa0"]))
    }
}

/// Made beside its place and moved there when complete, so that half a root is never used.
fn create(suite: &str, folder: &Path) -> Result<()> {
    let unfinished = folder.with_extension("unfinished");
    cache::remove(&unfinished)?;
    let parent = folder.parent().context("the cache has a parent")?;
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;

    let mut task = Task::start(&format!("making a root of Debian {suite}"));
    let outcome = watch(mmdebstrap(suite, &unfinished)?, LIMIT, &mut task)?;
    task.finish(if outcome.success { "ok" } else { "FAILED" });
    if !outcome.success {
        eprint!("{}", outcome.output);
        bail!("mmdebstrap failed");
    }
    fs::rename(&unfinished, folder).with_context(|| folder.display().to_string())
}

fn mmdebstrap(suite: &str, folder: &Path) -> Result<Command> {
    let packages: Vec<_> = requirements::without_the_lab().map(|r| r.package).collect();
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
