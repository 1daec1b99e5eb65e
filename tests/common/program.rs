//! Programs that run beside a test, and end with it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

use crate::common::patience;

/// A running program and what it prints. Killed and reaped on drop, so on a failing test as well.
pub(crate) struct Program {
    name: String,
    child: Child,
    printed: File,
}

impl Program {
    /// Starts a command without input. What it prints goes to a file, which is never full.
    pub(crate) fn start(mut command: Command) -> Self {
        let name = Path::new(command.get_program()).file_name().unwrap().display().to_string();
        let printed = tempfile::tempfile().unwrap();
        command.stdin(Stdio::null());
        command.stdout(printed.try_clone().unwrap()).stderr(printed.try_clone().unwrap());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("{name}: {error} (`cargo xtask setup` installs what the tests need)")
        });
        Self { name, child, printed }
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        // Not `read`: the program writes where the offset is.
        let mut bytes = vec![0; self.printed.metadata().unwrap().len().try_into().unwrap()];
        self.printed.read_exact_at(&mut bytes, 0).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until it prints a line in which `find` finds something.
    pub(crate) fn line<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        patience::until(&format!("{what} of {}", self.name), || {
            let status = self.status();
            let printed = self.printed();
            let found = printed.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let found = found.map(str::trim_end).find_map(&find);
            let is_over = status.is_some() && found.is_none();
            assert!(!is_over, "{} ended ({status:?}) without {what}:\n{printed}", self.name);
            found
        })
    }

    /// Waits for its end, and returns what it has printed; fails unless it succeeded.
    pub(crate) fn finish(mut self) -> String {
        let status = patience::until(&format!("the end of {}", self.name), || self.status());
        let printed = self.printed();
        assert!(status.success(), "{}: {status}\n{printed}", self.name);
        printed
    }

    /// Waits for its end, and returns what it has printed; fails unless it failed.
    pub(crate) fn fail(mut self) -> String {
        let status = patience::until(&format!("the end of {}", self.name), || self.status());
        let printed = self.printed();
        assert!(status.code().is_some_and(|code| code > 0), "{}: {status}\n{printed}", self.name);
        printed
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
