//! Where a program is.

use std::env;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Access;
use rustix::fs::access;

/// Folders of system programs, which Debian leaves out of the `PATH` of ordinary users.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// The file that `PATH` (and after it the folders of system programs) gives for `program`.
pub(crate) fn program_in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::program_in_path;

    #[test]
    fn shell_is_found_and_nonsense_is_not() {
        assert!(program_in_path("sh").is_some());
        assert!(program_in_path("no-such-program-anywhere").is_none());
    }
}
