//! How an example ends when something went wrong.

use std::error::Error;
use std::fmt;

/// Any error. Returned from `main`, it is printed with everything that led to it.
pub(crate) struct Report(Box<dyn Error>);

impl Report {
    /// An error that is nobody else's.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }
}

impl From<Report> for Box<dyn Error> {
    fn from(report: Report) -> Self {
        report.0
    }
}

impl<E: Error + 'static> From<E> for Report {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

/// What `main` prints of an error is its `Debug`.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, "\n  because {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
