//! `XDG_RUNTIME_DIR` for programs that need one, where the machine has none.
//!
//! Clean roots and containers have no login session, and with it no such folder.
//! Spec: <https://specifications.freedesktop.org/basedir/latest/>

use std::env;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use tempfile::TempDir;

const VARIABLE: &str = "XDG_RUNTIME_DIR";

/// The runtime folder of the programs that this process starts; a private one is removed on drop.
#[derive(Debug)]
pub(crate) struct RuntimeDir {
    private: Option<TempDir>,
}

impl RuntimeDir {
    /// The machine's own folder if there is one, else a new one with the mode 0700.
    pub(crate) fn new() -> Result<Self> {
        let inherited = env::var_os(VARIABLE).is_some_and(|dir| Path::new(&dir).is_dir());
        if inherited { Ok(Self { private: None }) } else { Self::private() }
    }

    fn private() -> Result<Self> {
        // The name is short because the path of a socket inside ends after 107 bytes.
        let private = tempfile::Builder::new()
            .prefix("xdg-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .context("cannot make a private XDG_RUNTIME_DIR")?;
        Ok(Self { private: Some(private) })
    }

    /// Hands the folder to `command`.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Some(private) = &self.private {
            command.env(VARIABLE, private.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::RuntimeDir;

    #[test]
    fn private_folder_is_for_the_owner_alone() {
        let dir = RuntimeDir::private().unwrap().private.unwrap();
        let mode = dir.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
