//! The folder that a guest and its host share.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use tempfile::TempDir;

use crate::lab::guest::Photograph;

const INIT: &str = include_str!("init.sh");

/// What the job leaves here is kept, if anybody wants it.
const KEPT: &str = "keep";

/// A folder for one run of a guest, removed with this object.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
}

impl Folder {
    /// Writes what the guest is to run.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn new(job: &str, photograph: Option<&Photograph>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("dmashare-lab-").tempdir();
        let folder = Self { folder: folder.context("a folder to share with the guest")? };
        let write = |name: &str, text: &str| {
            fs::write(folder.path(name), text).context("the guest's files")
        };
        fs::create_dir(folder.path(KEPT)).context("a folder for what is kept")?;
        write("init", INIT)?;
        fs::set_permissions(folder.path("init"), fs::Permissions::from_mode(0o755))?;
        write("job", job)?;
        if photograph.is_some_and(|photograph| photograph.after.is_none()) {
            write("screenshot.last", "")?;
        }
        Ok(folder)
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether the job has begun.
    pub(super) fn has_started(&self) -> bool {
        self.path("started").exists()
    }

    /// Exit status of the job, if it has ended.
    pub(super) fn status(&self) -> Option<i32> {
        fs::read_to_string(self.path("status")).ok()?.trim().parse().ok()
    }

    /// Copies the files that the job has left to be kept.
    ///
    /// # Errors
    /// When one cannot be copied.
    pub(super) fn keep(&self, to: &Path) -> Result<()> {
        fs::create_dir_all(to).with_context(|| to.display().to_string())?;
        for entry in fs::read_dir(self.path(KEPT)).context("what the guest left")? {
            let entry = entry.context("what the guest left")?;
            let file = to.join(entry.file_name());
            fs::copy(entry.path(), &file).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// What QEMU and the guest's kernel said.
    pub(super) fn console(&self) -> String {
        let read = |name: &str| fs::read(self.path(name)).unwrap_or_default();
        let text = [read("qemu.log"), read("console.log")].concat();
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn what_the_guest_leaves_is_kept() {
        let folder = Folder::new("true\n", None).unwrap();
        std::fs::write(folder.path("keep").join("seen.png"), "a picture").unwrap();
        let here = tempfile::tempdir().unwrap();
        let new = here.path().join("new");
        folder.keep(&new).unwrap();
        assert_eq!(std::fs::read_to_string(new.join("seen.png")).unwrap(), "a picture");
    }

    #[test]
    fn status_is_there_only_when_the_guest_has_written_it() {
        let folder = Folder::new("true\n", None).unwrap();
        assert_eq!(folder.status(), None);
        std::fs::write(folder.path("status"), "42\n").unwrap();
        assert_eq!(folder.status(), Some(42));
    }
}
