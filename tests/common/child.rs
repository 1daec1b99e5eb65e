//! Each case in a process of its own, so that a crash is a failure and not the end of the run.
//!
//! Test binaries have several threads, where a bare `fork` can leave locks held for ever. So the
//! binary is started again, with a filter for the test and an environment variable for the case.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed expectation is how a test fails, and words are how a child reports"
)]

use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::common::leaks;

const VARIABLE: &str = "DMASHARE_TEST_CASE";
/// Longer than the longest case takes on a slow machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(480);

/// A row of a table of cases that have nothing in common: its name, and what to do, which panics
/// if it fails.
pub(crate) type Case = (&'static str, fn());

/// Runs each row of a table in a child of its own, twice, and fails with the list of those that
/// failed, crashed, or left something open. `test` is the name of the calling test with its
/// modules, as `cargo test` prints it.
pub(crate) fn run_each<T>(test: &str, table: &[(&'static str, T)], run: impl Fn(&T)) {
    in_children(test, table, |row| leaks::assert_none(|| run(row)));
}

/// As [`run_each`], for rows that are [`Case`]s.
pub(crate) fn run_cases(test: &str, cases: &[Case]) {
    run_each(test, cases, |run| run());
}

/// As [`run_cases`], for cases that draw: of what they leave behind, file descriptors alone are
/// counted, because drivers and their compilers keep memory.
pub(crate) fn run_drawing(test: &str, cases: &[Case]) {
    in_children(test, cases, |run| leaks::assert_no_fds(run));
}

/// As [`run_cases`], for cases with threads: of what they leave behind, file descriptors alone are
/// counted, because the C library keeps stacks.
pub(crate) fn run_threads(test: &str, cases: &[Case]) {
    in_children(test, cases, |run| leaks::assert_no_fds(run));
}

/// As [`run_cases`], for cases that count by themselves: each runs once.
pub(crate) fn run_once(test: &str, cases: &[Case]) {
    in_children(test, cases, |run| run());
}

fn in_children<T>(test: &str, table: &[(&'static str, T)], run: impl Fn(&T)) {
    if let Some(name) = case() {
        let (_, row) = table.iter().find(|(known, _)| *known == name).expect("a row of this test");
        run(row);
        return done();
    }
    let names = table.iter().map(|(name, _)| *name);
    let failures: Vec<String> =
        names.filter_map(|name| Process::start(command(test, name)).failure()).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), table.len(), failures.join("\n"));
}

/// The name of the case that this process is the child of.
pub(crate) fn case() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

/// Says that the case came to its end. Without these words the parent takes it for failed: a
/// filter that fits no test is a success for the test harness.
pub(crate) fn done() {
    println!("{}", words_of(&case().expect("a child")));
}

fn words_of(case: &str) -> String {
    format!("the end of case {case}")
}

/// This binary again, for one case of one test.
pub(crate) fn command(test: &str, case: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    // The parent may be a test that runs only when asked for.
    command.args([test, "--exact", "--include-ignored", "--nocapture", "--test-threads=1"]);
    // How many arenas there are depends on which threads happen to allocate at the same time.
    command.env(VARIABLE, case).env("MALLOC_ARENA_MAX", "1");
    command.stdin(Stdio::null());
    command
}

/// A child process and what it prints.
pub(crate) struct Process {
    child: Child,
    case: String,
    printed: File,
}

impl Process {
    /// Starts a command of [`command`]. What it prints goes to a file, which is never full.
    pub(crate) fn start(mut command: Command) -> Self {
        let printed = tempfile::tempfile().unwrap();
        let variable = |(name, value): (_, Option<&std::ffi::OsStr>)| {
            (name == VARIABLE).then(|| value.unwrap().to_string_lossy().into_owned())
        };
        let case = command.get_envs().find_map(variable).expect("a command of `child::command`");
        command.stdout(printed.try_clone().unwrap()).stderr(printed.try_clone().unwrap());
        Self { child: command.spawn().unwrap(), case, printed }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as the kernel does when memory is short.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; fails if it failed, crashed, hung or never came to the end of its case.
    pub(crate) fn finish(self) {
        if let Some(failure) = self.failure() {
            panic!("{failure}");
        }
    }

    /// Waits for its end, and says how it ended, `None` if it hung, and what it printed.
    pub(crate) fn ending(mut self) -> (Option<ExitStatus>, String) {
        let status = self.wait();
        let mut printed = String::new();
        self.printed.rewind().unwrap();
        self.printed.read_to_string(&mut printed).unwrap();
        (status, printed)
    }

    /// Waits for its end, and says what is wrong with it.
    pub(crate) fn failure(self) -> Option<String> {
        let case = self.case.clone();
        let (status, printed) = self.ending();
        let is_done = printed.contains(&words_of(&case));
        match status {
            Some(status) if status.success() && is_done => None,
            Some(status) => Some(format!("{case}: {status}\n{printed}")),
            None => Some(format!("{case}: hung\n{printed}")),
        }
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.kill();
        None
    }
}

impl Drop for Process {
    /// A test that fails in between does not leave a child behind.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
