//! The kernel's source code: Debian's package of it, or an archive from kernel.org.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::apt::Archive;

/// Backports of the current Debian have the newest kernels that Debian has built for a release.
/// The package is one of source code, so that the version of this machine does not matter.
const SUITE: &str = "trixie-backports";

/// Followed by the version, `7.3`. The oldest that will do is 7.2: from there on, vkms has planes
/// of more than one buffer.
const PREFIX: &str = "linux-source-";

/// Where a kernel can be built from.
#[derive(Debug)]
pub(super) struct Source {
    file: PathBuf,
    version: String,
}

impl Source {
    /// An archive as kernel.org has them, `linux-7.3.tar.xz`.
    ///
    /// # Errors
    /// When the file is not named like that.
    pub(super) fn given(file: &Path) -> Result<Self> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let version = name.strip_prefix("linux-").and_then(|name| name.strip_suffix(".tar.xz"));
        let Some(version) = version else {
            bail!("{} is not named like linux-7.3.tar.xz", file.display());
        };
        let file = file.canonicalize().with_context(|| file.display().to_string())?;
        Ok(Self { file, version: version.to_owned() })
    }

    /// Debian's newest source package; the one that is in `cache` unless a `fresh` one is asked
    /// for, so that a change of the options costs no download.
    ///
    /// # Errors
    /// When the archive cannot be reached, or has no such package.
    pub(super) fn of_debian(cache: &Path, fresh: bool) -> Result<Self> {
        let kept = packages_in(cache)?;
        if !fresh && let Some(file) = kept.last() {
            return Self::package(file);
        }
        let archive = Archive::open(SUITE).context(
            "the kernel's source; where there is no Debian, give one: --kernel-source linux-7.3.tar.xz",
        )?;
        let Some(name) = newest(&archive.packages(PREFIX)?) else {
            bail!("{SUITE} has no package {PREFIX}*");
        };
        let file = archive.download(&name, cache)?;
        for old in kept.iter().filter(|old| **old != file) {
            fs::remove_file(old).with_context(|| old.display().to_string())?;
        }
        Self::package(&file)
    }

    /// A package file has its version between underscores: `linux-source-7.3_7.3.4-1_all.deb`.
    fn package(file: &Path) -> Result<Self> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let version = name.split('_').nth(1).with_context(|| format!("{name} has no version"))?;
        Ok(Self { file: file.to_path_buf(), version: version.replace('%', "") })
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The command that unpacks it into `folder`, which is there.
    pub(super) fn unpack(&self, folder: &Path) -> Command {
        let unpack = r#"tar --extract --xz --strip-components=1 --directory "$2""#;
        let script = if self.file.extension().is_some_and(|extension| extension == "deb") {
            let archive = "tar --extract --to-stdout --wildcards './usr/src/linux-source-*.tar.xz'";
            format!(r#"dpkg-deb --fsys-tarfile "$1" | {archive} | {unpack}"#)
        } else {
            format!(r#"{unpack} < "$1""#)
        };
        let mut command = Command::new("sh");
        command.args(["-euc", &script, "sh"]).arg(&self.file).arg(folder);
        command
    }
}

/// The source packages in a folder, the newest last.
fn packages_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(".deb") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The name with the highest version; `linux-source-6.12-rt` and the like have none.
fn newest(names: &[String]) -> Option<String> {
    let version = |name: &String| -> Option<(u32, u32)> {
        let (major, minor) = name.strip_prefix(PREFIX)?.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let versions = names.iter().filter_map(|name| Some((version(name)?, name)));
    versions.max().map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Source;
    use super::newest;

    #[test]
    fn versions_are_compared_as_numbers() {
        let names =
            ["linux-source-7.9", "linux-source-7.10", "linux-source-7.11-rt", "linux-source"];
        let names = names.map(str::to_owned);
        assert_eq!(newest(&names).as_deref(), Some("linux-source-7.10"));
        assert_eq!(newest(&[]), None);
    }

    #[test]
    fn version_is_read_from_the_file_name() {
        let source = Source::package(Path::new("/c/linux-source-7.3_7.3.4-1~bpo13+1_all.deb"));
        assert_eq!(source.unwrap().version(), "7.3.4-1~bpo13+1");
        assert!(Source::given(Path::new("/c/kernel.zip")).is_err());
    }
}
