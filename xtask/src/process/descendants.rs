//! Ending a program together with everything that it started.
//!
//! `cargo test` dies of a signal and leaves its test binaries running, and a process group of
//! their own would cut them off from the terminal's Ctrl-C; so the tree is walked instead.
//! Spec: proc(5), `/proc/[pid]/task/[tid]/children`.

use std::fs;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

/// Sends SIGKILL to the process `root` and to all that descend from it.
///
/// Processes that were left to init by a parent that ended are out of reach.
pub(crate) fn kill_with_descendants(root: u32) {
    for id in with_descendants(root) {
        if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            // It may be gone already, which is what was wanted.
            let _gone = kill_process(pid, Signal::KILL);
        }
    }
}

fn with_descendants(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(children(parent));
        next += 1;
    }
    found
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|ids| ids.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;
    use std::io::BufReader;
    use std::process::Command;
    use std::process::Stdio;

    use super::kill_with_descendants;
    use super::with_descendants;

    #[test]
    fn grandchild_ends_with_its_grandparent() {
        let script = "sh -c 'sleep 600 & echo started; wait' & wait";
        let mut shell =
            Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(with_descendants(shell.id()).len(), 3);

        kill_with_descendants(shell.id());
        shell.wait().unwrap();
        // The end of the file is reached when the last process that can write is gone.
        line.clear();
        assert_eq!(output.read_line(&mut line).unwrap(), 0);
    }
}
