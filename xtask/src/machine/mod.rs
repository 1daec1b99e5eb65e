//! What this machine is and what is on it: found by looking for the things themselves, because
//! package names differ from system to system.

mod libraries;
mod release;

use std::process::Command;

use crate::process::answer;
use crate::process::program_in_path;

pub(crate) use crate::machine::libraries::Libraries;
pub(crate) use crate::machine::release::Release;

/// Whether this process may change the system.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether packages come from apt and dpkg here.
pub(crate) fn has_apt() -> bool {
    ["apt-get", "apt-cache", "dpkg", "dpkg-query"].iter().all(|p| program_in_path(p).is_some())
}

/// Whether the C compiler, which Rust links with, finds `file` (such as `libgbm.so`).
pub(crate) fn linker_finds(file: &str) -> bool {
    // gcc and clang give back the bare name when none of their folders has the file.
    let answer = answer(Command::new("cc").arg(format!("-print-file-name={file}")));
    answer.is_ok_and(|path| path.trim() != file)
}

/// Whether the variable `CI` says that nobody is watching.
pub(crate) fn is_continuous_integration() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}
