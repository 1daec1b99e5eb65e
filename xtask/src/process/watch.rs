//! Running a program for minutes: every line seen as it comes, all of them kept, a time limit.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::PipeReader;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;

use crate::process::command_line;
use crate::process::descendants::kill_with_descendants;

const PAUSE: Duration = Duration::from_millis(100);

/// How long a program that ended is waited for by those that still hold its output: a display
/// server that a test left behind must not hold up the run.
const GRACE: Duration = Duration::from_secs(1);

/// Somebody who is told what a running program does.
pub(crate) trait Observer {
    /// One line of the program's output, without its end.
    fn line(&mut self, line: &str);
    /// Some time has passed, with or without output.
    fn tick(&mut self);
    /// Why the program has to be killed now, if it has.
    fn stop(&self) -> Option<String> {
        None
    }
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether it ended by itself with the status 0.
    pub(crate) success: bool,
    /// Both output streams, in the order of writing.
    pub(crate) output: String,
}

/// Runs `command` with no input, for at most `limit`, and tells `observer` about it.
///
/// Blocks until the program ends. At the limit, or when the observer says so, it is killed with all
/// that it started; the last line of the output then says why.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn watch(
    mut command: Command,
    limit: Duration,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let name = command_line(&command);
    let (reader, writer) = io::pipe().context("pipe")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
    // The command owns the writing end; while it lives, the reader sees no end of the file.
    drop(command);
    let lines = lines_of(reader);
    let watch = Watch { child, lines, output: String::new(), started: Instant::now() };
    watch.until_the_end(limit, observer)
}

struct Watch {
    child: Child,
    lines: Receiver<String>,
    output: String,
    started: Instant,
}

impl Watch {
    fn until_the_end(mut self, limit: Duration, observer: &mut dyn Observer) -> Result<Outcome> {
        let mut stopped = None;
        let status = loop {
            self.pass_on_lines(PAUSE, observer);
            if let Some(status) = self.child.try_wait().context("wait")? {
                break status;
            }
            if stopped.is_none() {
                stopped = observer.stop().or_else(|| self.is_late(limit));
                if stopped.is_some() {
                    kill_with_descendants(self.child.id());
                }
            }
        };
        self.pass_on_lines(GRACE, observer);
        if let Some(reason) = &stopped {
            let line = format!("stopped: {reason}");
            observer.line(&line);
            self.keep(&line);
        }
        Ok(Outcome { success: status.success() && stopped.is_none(), output: self.output })
    }

    fn is_late(&self, limit: Duration) -> Option<String> {
        let is_late = self.started.elapsed() > limit;
        is_late.then(|| format!("not done after {} s", limit.as_secs()))
    }

    /// Takes lines for `time`, or until nobody can write any more.
    fn pass_on_lines(&mut self, time: Duration, observer: &mut dyn Observer) {
        let end = Instant::now() + time;
        loop {
            observer.tick();
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    observer.line(&line);
                    self.keep(&line);
                }
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => {
                    // Closing the output comes a moment before the end, or long before it.
                    thread::sleep(left.min(PAUSE));
                    return;
                }
            }
        }
    }

    fn keep(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
    }
}

/// Reads on a thread of its own, so that waiting for a line can end without one.
fn lines_of(reader: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;
    use std::time::Instant;

    use super::Observer;
    use super::Outcome;
    use super::watch;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Observer for Seen {
        fn line(&mut self, line: &str) {
            self.0.push(line.to_owned());
        }

        fn tick(&mut self) {}
    }

    fn watch_shell(script: &str, limit: Duration) -> (Outcome, Vec<String>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut seen = Seen::default();
        let outcome = watch(command, limit, &mut seen).unwrap();
        (outcome, seen.0)
    }

    #[test]
    fn both_streams_arrive_in_the_order_of_writing() {
        let script = "echo one; echo two >&2; printf 'no end'";
        let (outcome, seen) = watch_shell(script, Duration::from_secs(60));
        assert!(outcome.success);
        assert_eq!(seen, ["one", "two", "no end"]);
        assert_eq!(outcome.output, "one\ntwo\nno end\n");
    }

    #[test]
    fn failing_program_is_no_success() {
        assert!(!watch_shell("exit 3", Duration::from_secs(60)).0.success);
    }

    #[test]
    fn program_past_its_limit_is_stopped_with_its_children() {
        let started = Instant::now();
        let (outcome, seen) = watch_shell("sleep 600 & echo waits; wait", Duration::from_secs(5));
        assert!(!outcome.success);
        assert_eq!(seen, ["waits", "stopped: not done after 5 s"]);
        assert!(started.elapsed() < Duration::from_secs(300));
    }

    #[test]
    fn end_is_not_held_up_by_a_process_left_behind() {
        let started = Instant::now();
        let (outcome, _) = watch_shell("sleep 60 & echo done", Duration::from_secs(60));
        assert!(outcome.success);
        assert!(started.elapsed() < Duration::from_secs(50));
    }
}
