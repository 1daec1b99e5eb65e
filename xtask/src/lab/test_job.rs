//! What a guest does to run tests: each in a process of its own, so that one that crashes or hangs
//! takes no other with it.
//!
//! Lines that begin with the control character RS tell the host which test begins, and how it
//! ended: `begin INDEX` and `end INDEX STATUS`.

use std::time::Duration;

use crate::lab::catalogue::LabTest;
use crate::lab::guest::Job;
use crate::lab::guest::Limits;
use crate::lab::guest::line;
use crate::repository;

/// Begins a line that is about the tests and not of them.
const MARK: char = '\u{1e}';

/// How long a test may take: the longest takes a minute where two processors emulate two guests, and
/// there are slower machines with more to do.
const TEST_LIMIT: Duration = Duration::from_secs(600);

/// What coreutils' timeout(1) exits with when the test has obeyed it. One that had to be killed
/// looks like one that the kernel has killed, for want of memory perhaps.
const TIMED_OUT: i32 = 124;

/// News of the tests.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Event {
    Began { index: usize },
    Ended { index: usize, status: i32 },
}

/// The job that runs `tests`, in their order.
pub(super) fn job(tests: &[LabTest]) -> Job {
    let mut commands = Vec::new();
    let limit = TEST_LIMIT.as_secs().to_string();
    for (index, test) in tests.iter().enumerate() {
        let file = test.file.to_string_lossy();
        let words = ["timeout", "--kill-after=5", &limit, &file, "--ignored", "--exact"];
        let options = ["--test-threads=1", "--show-output", "--color=never", &test.name];
        commands.push(format!("printf '\\036begin {index}\\n'\n"));
        commands.push(line(&[&words[..], &options[..]].concat()));
        // The newline is for output that ends without one.
        commands.push(format!("printf '\\n\\036end {index} %d\\n' $?\n"));
    }
    commands.push("exit 0\n".to_owned());
    Job { folder: repository::root(), commands: commands.concat(), on_terminal: false, keep: None }
}

/// A test that says nothing is ended by the guest; only a guest that hangs is ended by these.
pub(super) fn limits(count: usize) -> Limits {
    let silence = TEST_LIMIT + Duration::from_secs(60);
    let tests = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    Limits { boot: Limits::BOOT, silence, total: TEST_LIMIT.saturating_mul(tests) + silence }
}

/// Why a test failed that ended with `status`, if it did not say so itself.
pub(super) fn explanation(status: i32) -> Option<String> {
    match status {
        TIMED_OUT => Some("stopped: not done".to_owned()),
        128.. => Some(format!("ended by signal {}", status - 128)),
        _ => None,
    }
}

impl Event {
    /// The event that a line tells of, if it does.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix(MARK)?.split_whitespace();
        let (word, index) = (words.next()?, words.next()?.parse().ok()?);
        match word {
            "begin" => Some(Self::Began { index }),
            "end" => Some(Self::Ended { index, status: words.next()?.parse().ok()? }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Event;
    use super::LabTest;
    use super::explanation;
    use super::job;

    #[test]
    fn events_are_parsed_from_what_a_shell_prints() {
        let test = LabTest {
            binary: "x".to_owned(),
            file: PathBuf::from("/bin/echo"),
            name: "m::t".to_owned(),
        };
        let job = job(&[test]);
        let mut shell = std::process::Command::new("sh");
        let output = shell.arg("-c").arg(&job.commands).output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let events: Vec<_> = output.lines().filter_map(Event::parse).collect();
        assert_eq!(events, [Event::Began { index: 0 }, Event::Ended { index: 0, status: 0 }]);
        assert!(output.contains("--ignored --exact --test-threads=1"), "{output}");
    }

    #[test]
    fn output_of_tests_is_no_event() {
        assert_eq!(Event::parse("begin 3"), None);
        assert_eq!(Event::parse("\u{1e}begin x"), None);
        assert_eq!(Event::parse("\u{1e}end 3"), None);
    }

    #[test]
    fn ends_without_words_are_explained() {
        assert_eq!(explanation(101), None);
        assert_eq!(explanation(139).unwrap(), "ended by signal 11");
        assert!(explanation(124).unwrap().contains("not done"));
    }
}
