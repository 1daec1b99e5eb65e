//! Waiting for a socket, not longer than somebody has patience.

use std::os::fd::BorrowedFd;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;

/// Longer than anybody lives, and countable by every kernel.
const FOREVER: Timespec = Timespec { tv_sec: 1 << 32, tv_nsec: 0 };

/// A moment to give up at. One deadline holds for all the calls of an operation.
#[derive(Clone, Copy, Debug)]
pub(in crate::ipc) struct Deadline {
    moment: Option<Instant>,
}

impl Deadline {
    /// No moment at all.
    pub(in crate::ipc) const NEVER: Self = Self { moment: None };

    /// After `timeout`; never, if the clock cannot count that far.
    pub(in crate::ipc) fn after(timeout: Duration) -> Self {
        Self { moment: Instant::now().checked_add(timeout) }
    }

    /// What is left, for a call that waits by itself and takes 0 for ever; `None` without a moment.
    pub(in crate::ipc) fn left(self) -> Option<Duration> {
        let left = self.moment.map(|end| end.saturating_duration_since(Instant::now()));
        left.map(|left| left.max(Duration::from_micros(1)))
    }

    /// Makes a call that does not block until it has an answer, waiting for `events` in between.
    /// Interrupted calls are made again.
    pub(in crate::ipc) fn retry<T>(
        self,
        socket: BorrowedFd<'_>,
        events: PollFlags,
        mut call: impl FnMut() -> Result<T, Errno>,
    ) -> Result<T, Unanswered> {
        loop {
            match call() {
                Err(Errno::AGAIN) => self.wait(socket, events)?,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Unanswered::Refused(errno)),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    /// Blocks until one of `events` (or the end of the connection) is there.
    fn wait(self, socket: BorrowedFd<'_>, events: PollFlags) -> Result<(), Unanswered> {
        loop {
            let left = self.moment.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.map(|left| Timespec::try_from(left).unwrap_or(FOREVER));
            let mut fds = [PollFd::new(&socket, events)];
            match rustix::event::poll(&mut fds, left.as_ref()) {
                Ok(0) => return Err(Unanswered::TimedOut),
                Ok(_) => return Ok(()),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => return Err(Unanswered::Poll(errno)),
            }
        }
    }
}

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ipc) enum Unanswered {
    /// The deadline has passed.
    TimedOut,
    /// The call itself failed.
    Refused(Errno),
    /// Waiting failed.
    Poll(Errno),
}
