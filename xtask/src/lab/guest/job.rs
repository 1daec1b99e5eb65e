//! What a guest is booted for.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::lab::guest::configuration::Configuration;
use crate::process::quoted;

/// Where the shared folder is in the guest.
const FOLDER: &str = "/run/lab";

/// A script for the guest's shell, and where it runs.
#[derive(Debug)]
pub(crate) struct Job {
    /// The folder that it starts in.
    pub(crate) folder: PathBuf,
    /// The commands.
    pub(crate) commands: String,
    /// Whether it talks to the terminal that this program was started on.
    pub(crate) on_terminal: bool,
    /// Where the files go that it leaves to be kept.
    pub(crate) keep: Option<PathBuf>,
}

impl Job {
    /// The file that the guest's first process hands to the shell.
    pub(super) fn script(&self, configuration: Configuration) -> String {
        let variable = |name: &str, value: &str| format!("export {name}={}\n", quoted(value));
        let inherited = |name: &str| {
            std::env::var(name).map(|value| variable(name, &value)).unwrap_or_default()
        };
        let mut script = String::new();
        // Programs are found where the host finds them.
        for name in ["PATH", "HOME", "TERM", "CARGO_HOME", "RUSTUP_HOME"] {
            script += &inherited(name);
        }
        for (name, value) in [
            ("LANG", "C.UTF-8"),
            ("RUST_BACKTRACE", "1"),
            ("XDG_RUNTIME_DIR", "/run/user"),
            ("DMASHARE_LAB", configuration.name()),
            ("DMASHARE_LAB_DIR", FOLDER),
        ] {
            script += &variable(name, value);
        }
        if self.on_terminal {
            script += &terminal_size();
        }
        let folder = quoted(&self.folder.to_string_lossy());
        script + "cd " + &folder + " || exit\n" + &self.commands
    }
}

/// The guest's terminal is a console, which does not learn the size of the host's.
fn terminal_size() -> String {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    size.map(|size| format!("stty rows {} cols {}\n", size.ws_row, size.ws_col)).unwrap_or_default()
}

/// A command as one line of a script.
pub(crate) fn line(words: &[impl AsRef<OsStr>]) -> String {
    let words = words.iter().map(|word| quoted(&word.as_ref().to_string_lossy()));
    words.collect::<Vec<_>>().join(" ") + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Job;
    use super::line;
    use crate::lab::guest::configuration::Configuration;

    #[test]
    fn script_is_understood_by_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("it's here");
        std::fs::create_dir(&place).unwrap();
        let commands = line(&["printf", "%s,", "a b", "$HOME"]) + "echo $DMASHARE_LAB; exit 7\n";
        let job = Job { folder: place, commands, on_terminal: false, keep: None };
        let mut shell = std::process::Command::new("sh");
        let output = shell.arg("-c").arg(job.script(Configuration::Gpu)).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "a b,$HOME,gpu\n");
        assert_eq!(output.status.code(), Some(7));
    }

    #[test]
    fn folder_that_is_missing_fails_the_job() {
        let folder = PathBuf::from("/nonexistent");
        let job = Job { folder, commands: "exit 0\n".to_owned(), on_terminal: false, keep: None };
        let mut shell = std::process::Command::new("sh");
        let output = shell.arg("-c").arg(job.script(Configuration::Base)).output().unwrap();
        assert_ne!(output.status.code(), Some(0));
    }
}
