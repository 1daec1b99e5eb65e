//! How long somebody who blocks is willing to wait.

use std::time::Duration;
use std::time::Instant;

/// A timeout for all the waits of one operation. The clock is not read before the first one.
#[derive(Clone, Copy, Debug)]
pub(in crate::stream::consumer) struct Patience {
    timeout: Duration,
    start: Option<Instant>,
}

impl Patience {
    pub(in crate::stream::consumer) fn new(timeout: Duration) -> Self {
        Self { timeout, start: None }
    }

    /// What is left; all of it when it is asked first.
    pub(in crate::stream::consumer) fn left(&mut self) -> Duration {
        if let Some(start) = self.start {
            return self.timeout.saturating_sub(start.elapsed());
        }
        self.start = Some(Instant::now());
        self.timeout
    }
}
