//! Another suite of Debian, looked at and downloaded from without a change to this machine.
//!
//! apt gets a state, a cache and a source of its own, in a folder that is removed with the object.
//! Spec: apt.conf(5), apt-get(8).

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use tempfile::TempDir;

use crate::apt::backports;
use crate::apt::install::run_apt;
use crate::apt::sources;
use crate::apt::sources::APT_FOLDER;
use crate::apt::sources::Source;
use crate::apt::sources::debian;
use crate::machine::Release;
use crate::process::answer;

/// A suite of the archive that this machine's own packages come from.
#[derive(Debug)]
pub(crate) struct Archive {
    folder: TempDir,
}

impl Archive {
    /// Fetches the lists of `suite`, which is reached as the machine's own sources reach Debian.
    ///
    /// # Errors
    /// When no source is Debian's, or the lists cannot be fetched.
    pub(crate) fn open(suite: &str) -> Result<Self> {
        let sources = sources::read(Path::new(APT_FOLDER))?;
        let Some(base) = debian::archive(&sources, &Release::read().codename) else {
            bail!("no package source of Debian in {APT_FOLDER}");
        };
        let folder = tempfile::tempdir().context("a folder for apt's lists")?;
        let archive = Self { folder };
        archive.write_source(&backports::beside(base, suite))?;
        let mut command = archive.command("apt-get");
        command.arg("update").args(["-o", "APT::Update::Error-Mode=any"]);
        run(&format!("fetching the lists of {suite}"), &command)?;
        Ok(archive)
    }

    fn write_source(&self, source: &Source) -> Result<()> {
        for folder in ["sources", "state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(self.path(folder)).context("a folder for apt's lists")?;
        }
        // As if nothing were installed: what is here has no say in what is downloaded.
        fs::write(self.path("state/status"), "").context("apt's status")?;
        let text = backports::fields(source).join("\n") + "\n";
        fs::write(self.path("sources/archive.sources"), text).context("apt's source")
    }

    /// Names of the packages that begin with `prefix`.
    ///
    /// # Errors
    /// When apt fails.
    pub(crate) fn packages(&self, prefix: &str) -> Result<Vec<String>> {
        let names = answer(self.command("apt-cache").args(["pkgnames", prefix]))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Downloads the newest version of `package` into `folder`; gives the file.
    ///
    /// # Errors
    /// When apt fails, or has checked the file and found it wrong.
    pub(crate) fn download(&self, package: &str, folder: &Path) -> Result<PathBuf> {
        let mut command = self.command("apt-get");
        command.arg("download").arg(package);
        // apt-get writes to the working folder, so that it gets one where nothing else is.
        let own = self.path("download");
        fs::create_dir_all(&own).with_context(|| own.display().to_string())?;
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"cd "$1"; shift; exec "$@""#, "sh"]).arg(&own);
        shell.arg(command.get_program()).args(command.get_args());
        run(&format!("downloading {package}"), &shell)?;
        let entry = fs::read_dir(&own)?.next().context("apt-get downloaded nothing")??;
        let file = folder.join(entry.file_name());
        // The cache may be on another file system, so that the file cannot be renamed.
        fs::copy(entry.path(), &file).with_context(|| file.display().to_string())?;
        fs::remove_file(entry.path())?;
        Ok(file)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let own = |setting: &str, path: &str| format!("{setting}={}", self.path(path).display());
        for setting in [
            own("Dir::State", "state"),
            own("Dir::State::status", "state/status"),
            own("Dir::Cache", "cache"),
            own("Dir::Etc::SourceParts", "sources"),
            "Dir::Etc::SourceList=/dev/null".to_owned(),
            // The folder belongs to the caller; apt's own user could not write to it.
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(setting);
        }
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn run(name: &str, command: &Command) -> Result<()> {
    if let Some(words) = run_apt(name, command)? {
        eprint!("{words}");
        bail!("{name} failed");
    }
    Ok(())
}
