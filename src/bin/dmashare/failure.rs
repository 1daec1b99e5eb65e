//! What ended a command, for the person who typed it.

use std::error::Error;
use std::fmt;
use std::io;

use crate::advice;

/// How a command that was carried out ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Good,
    /// Exit code 1, although there is a report: it says that something does not work.
    Bad,
}

/// What was tried, why it failed, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    attempt: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    next_step: Option<String>,
}

impl Failure {
    /// A failure of the tool's own.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { attempt: what.into(), source: None, next_step: None }
    }

    fn of(what: impl Into<String>, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { attempt: what.into(), source: Some(error.into()), next_step: None }
    }

    /// States what to do about it, in place of what is known about the error.
    #[must_use]
    pub(crate) fn advise(mut self, next_step: impl Into<String>) -> Self {
        self.next_step = Some(next_step.into());
        self
    }

    /// What to do about it, where that is known.
    pub(crate) fn next_step(&self) -> Option<String> {
        self.next_step.clone().or_else(|| advice::next_step(self))
    }

    /// The reasons, the outermost first. One that only repeats the one before it is left out.
    pub(crate) fn chain(&self) -> Vec<String> {
        let mut texts = vec![self.attempt.clone()];
        let mut source = self.source();
        while let Some(error) = source {
            let text = advice::cause(error);
            if texts.last().is_none_or(|before| !before.ends_with(&text)) {
                texts.push(text);
            }
            source = error.source();
        }
        texts
    }

    /// Several lines for humans.
    pub(crate) fn report(&self) -> String {
        let mut report = format!("error: {}", self.chain().join("\n  because: "));
        if let Some(next_step) = self.next_step() {
            report.push_str("\n  next: ");
            report.push_str(&next_step);
        }
        report
    }

    /// Whether the reader of the output has gone.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let error = self.source.as_ref().and_then(|source| source.downcast_ref::<io::Error>());
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attempt)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// The output is the only thing that the tool writes to without saying so.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::of("the output cannot be written", error)
    }
}

/// Says what was tried when it failed.
pub(crate) trait Attempt<T> {
    /// `what` is a sentence about the failure: "the display cannot be opened".
    fn attempt(self, what: impl Into<String>) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Attempt<T> for Result<T, E> {
    fn attempt(self, what: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| Failure::of(what, error))
    }
}

#[cfg(test)]
mod tests {
    use dmashare::allocator::OpenError;

    use super::*;

    #[test]
    fn report_has_the_reasons_and_the_next_step() {
        let missing = OpenError::Missing { path: "/dev/udmabuf".into(), hint: "modprobe udmabuf" };
        let failure = Err::<(), _>(missing).attempt("there is no image").unwrap_err();
        let expected = "error: there is no image\n  because: /dev/udmabuf is missing\n  next: \
                        modprobe udmabuf";
        assert_eq!(failure.report(), expected);
        let advised = failure.advise("something else");
        assert!(advised.report().ends_with("\n  next: something else"));
        assert_eq!(Failure::new("nothing to do").report(), "error: nothing to do");
    }

    #[test]
    fn only_a_reader_who_left_is_a_broken_pipe() {
        let of = |kind| Failure::from(io::Error::from(kind)).is_broken_pipe();
        assert!(of(io::ErrorKind::BrokenPipe));
        assert!(!of(io::ErrorKind::StorageFull));
        assert!(!Failure::new("broken pipe").is_broken_pipe());
    }
}
