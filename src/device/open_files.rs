//! Which processes have a file open, as `/proc` tells.

use std::path::Path;

use crate::device::Client;

/// The one process that has a node open beside the caller's own open file, if `/proc` tells of all
/// processes and there is exactly one: where the node has a master, that is it.
///
/// Spec: `proc_pid_fd(5)`.
pub(in crate::device) fn only_other(node: &Path) -> Option<Client> {
    let own = std::process::id();
    let mut found = None;
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A directory that may not be read may hide the master; one that is gone does not.
        let count = match count(&entry.path().join("fd"), node) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(_hidden) => return None,
        };
        let callers = usize::from(process == own);
        if count > callers && found.replace((process, entry.path())).is_some() {
            return None;
        }
    }
    let (process, path) = found?;
    let command = std::fs::read_to_string(path.join("comm")).ok()?.trim_end().to_owned();
    Some(Client { command, process, is_master: true })
}

/// How many file descriptors of a process are the node's.
fn count(fds: &Path, node: &Path) -> std::io::Result<usize> {
    let is_node = |fd: &std::fs::DirEntry| std::fs::read_link(fd.path()).is_ok_and(|to| to == node);
    Ok(std::fs::read_dir(fds)?.flatten().filter(is_node).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "reads /proc")]
    fn only_other_is_nobody_for_a_file_that_nobody_has() {
        assert_eq!(only_other(Path::new("/dev/dri/no-such-node")), None);
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads /proc")]
    fn count_of_an_open_file_is_at_least_one() {
        let path = std::env::current_exe().unwrap();
        let _open = std::fs::File::open(&path).unwrap();
        assert!(count(Path::new("/proc/self/fd"), &path).unwrap() >= 1);
    }
}
