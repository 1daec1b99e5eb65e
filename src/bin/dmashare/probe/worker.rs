//! A child process that answers questions, seen from its parent.

use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::probe::Reply;
use crate::probe::Task;

/// Longer than anything takes on a machine that is emulated.
const PATIENCE: Duration = Duration::from_secs(60);

/// A child process with pipes to its standard input and output. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    questions: Option<ChildStdin>,
    answers: ChildStdout,
    unread: Vec<u8>,
    /// What the child and its drivers complain about; a file, so that it is never full.
    complaints: File,
    patience: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    /// The answer.
    Yes(T),
    /// A typed error.
    No(Finding),
    /// No answer: the child is gone.
    Lost(Loss),
}

/// How a child ended without an answer, with the last line that it or its driver complained with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Killed by a signal.
    Crash { signal: i32, complaint: Option<String> },
    /// Killed by its parent, after so long.
    Hang { after: Duration, complaint: Option<String> },
    /// Ended by itself, or said something that is no answer.
    Quit { complaint: Option<String> },
}

impl Worker {
    /// This program once more, to answer [`Task`]s.
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut command = Command::new(this_program()?);
        command.arg("probe").stdin(Stdio::piped());
        Self::spawn(command, PATIENCE)
    }

    /// Any program whose standard output has one answer in each line. Its standard input is the
    /// caller's to set up.
    pub(crate) fn spawn(mut command: Command, patience: Duration) -> Result<Self, Failure> {
        let attempt = "a child process cannot be started";
        let complaints = rustix::fs::memfd_create("complaints", MemfdFlags::CLOEXEC)
            .map(File::from)
            .attempt(attempt)?;
        let stderr = complaints.try_clone().attempt(attempt)?;
        command.stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().attempt(attempt)?;
        let answers = child.stdout.take().ok_or_else(|| Failure::new(attempt))?;
        let questions = child.stdin.take();
        Ok(Self { child, questions, answers, unread: Vec::new(), complaints, patience })
    }

    /// Asks and waits for the answer. After [`Answer::Lost`] the child is gone.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, task: &Task) -> Result<Answer<T>, Failure> {
        let mut line = serde_json::to_string(task).attempt("the question cannot be written")?;
        line.push('\n');
        if let Some(questions) = &mut self.questions
            && let Err(error) = questions.write_all(line.as_bytes())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(error).attempt("a child process cannot be asked");
        }
        self.answer()
    }

    /// Waits for the next answer.
    pub(crate) fn answer<T: DeserializeOwned>(&mut self) -> Result<Answer<T>, Failure> {
        let attempt = "a child process cannot be listened to";
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(line) = self.next_line() {
                return Ok(self.understood(&line));
            }
            if !self.wait_for_bytes(deadline).attempt(attempt)? {
                return Ok(Answer::Lost(Loss::Hang {
                    after: self.patience,
                    complaint: self.killed(),
                }));
            }
            let mut bytes = [0; 4096];
            let count = self.answers.read(&mut bytes).attempt(attempt)?;
            if count == 0 {
                return Ok(Answer::Lost(self.ended().attempt(attempt)?));
            }
            self.unread.extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
    }

    fn understood<T: DeserializeOwned>(&mut self, line: &[u8]) -> Answer<T> {
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        match Reply::deserialize(&mut deserializer) {
            Ok(Reply::Yes(value)) => Answer::Yes(value),
            Ok(Reply::No(finding)) => Answer::No(finding),
            Err(error) => {
                self.killed();
                Answer::Lost(Loss::Quit { complaint: Some(error.to_string()) })
            }
        }
    }

    fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = self.unread.iter().position(|byte| *byte == b'\n')?;
        Some(self.unread.drain(..=end).collect())
    }

    /// Whether there is something to read before the deadline.
    fn wait_for_bytes(&self, deadline: Instant) -> Result<bool, Errno> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).unwrap_or_default();
            let mut fds = [PollFd::new(&self.answers, PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&left)) {
                Err(Errno::INTR) => {}
                ready => return ready.map(|count| count > 0),
            }
        }
    }

    /// The child has closed its end, which it does by ending.
    fn ended(&mut self) -> io::Result<Loss> {
        let status = self.child.wait()?;
        let complaint = self.last_complaint();
        Ok(match status.signal() {
            Some(signal) => Loss::Crash { signal, complaint },
            None => Loss::Quit { complaint },
        })
    }

    fn killed(&mut self) -> Option<String> {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
        self.last_complaint()
    }

    fn last_complaint(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        self.complaints.rewind().ok()?;
        self.complaints.read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        Some(last.to_owned())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.killed();
    }
}

/// The program that is running, for a child of the same kind.
pub(crate) fn this_program() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe()
        .attempt("this program cannot be found for a child process")
        .map_err(|failure| failure.advise("mount /proc"))
}

impl Loss {
    fn complaint(&self) -> Option<&str> {
        match self {
            Self::Crash { complaint, .. }
            | Self::Hang { complaint, .. }
            | Self::Quit { complaint } => complaint.as_deref(),
        }
    }
}

impl fmt::Display for Loss {
    /// Short enough for a cell of a table: `crash (signal 11)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash { signal, .. } => write!(f, "crash (signal {signal})"),
            Self::Hang { after, .. } => write!(f, "hang ({} s)", after.as_secs()),
            Self::Quit { .. } => f.write_str("no answer"),
        }
    }
}

impl From<&Loss> for Finding {
    fn from(loss: &Loss) -> Self {
        match loss.complaint() {
            Some(complaint) => Self::cause(format!("{loss}: {complaint}")),
            None => Self::cause(loss.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Worker {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        Worker::spawn(command, Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn answers_come_one_line_each() {
        let mut worker = shell(r#"echo '{"yes":1}'; echo '{"no":{"cause":"a","next_step":"b"}}'"#);
        assert_eq!(worker.answer::<u8>().unwrap(), Answer::Yes(1));
        assert_eq!(worker.answer::<u8>().unwrap(), Answer::No(Finding::new("a", "b")));
    }

    #[test]
    fn crash_is_reported_with_its_signal_and_the_last_complaint() {
        let mut worker = shell("echo first >&2; echo last >&2; kill -SEGV $$");
        let complaint = Some(String::from("last"));
        let crash = Loss::Crash { signal: 11, complaint };
        assert_eq!(crash.to_string(), "crash (signal 11)");
        assert_eq!(worker.answer::<u8>().unwrap(), Answer::Lost(crash));
    }

    #[test]
    fn hang_ends_at_the_deadline() {
        let mut command = Command::new("sleep");
        command.arg("1000").stdin(Stdio::null());
        let after = Duration::from_millis(50);
        let mut worker = Worker::spawn(command, after).unwrap();
        let hang = Loss::Hang { after, complaint: None };
        assert_eq!(worker.answer::<u8>().unwrap(), Answer::Lost(hang));
    }

    #[test]
    fn end_without_an_answer_and_nonsense_are_no_answers() {
        for script in ["exit 0", "exit 1", "echo nonsense", r#"echo '{"yes":"text"}'"#] {
            let answer = shell(script).answer::<u8>().unwrap();
            assert!(matches!(answer, Answer::Lost(Loss::Quit { .. })), "{script}: {answer:?}");
        }
    }
}
