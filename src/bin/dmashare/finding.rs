//! A "no" with its cause.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::failure::Failure;

/// Why something does not work, and what to do about it. Part of what `--json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// Why, in one line.
    pub(crate) cause: String,
    /// What to do about it, in one line; `null` where nothing is known to help.
    pub(crate) next_step: Option<String>,
}

impl Finding {
    pub(crate) fn new(cause: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { cause: cause.into(), next_step: Some(next_step.into()) }
    }

    /// Without a next step.
    pub(crate) fn cause(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), next_step: None }
    }
}

impl Finding {
    /// With what was tried, for a reader who does not know.
    pub(crate) fn with_attempt(failure: &Failure) -> Self {
        Self { cause: failure.chain().join(": "), next_step: failure.next_step() }
    }
}

impl From<&Failure> for Finding {
    /// Without what was tried: whoever asked for it knows.
    fn from(failure: &Failure) -> Self {
        let chain = failure.chain();
        let causes = chain.get(1..).filter(|causes| !causes.is_empty()).unwrap_or(&chain);
        Self { cause: causes.join(": "), next_step: failure.next_step() }
    }
}

impl fmt::Display for Finding {
    /// `cause -> next step`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)?;
        match &self.next_step {
            Some(next_step) => write!(f, " -> {next_step}"),
            None => Ok(()),
        }
    }
}
