//! The events of one node.

use std::fmt;
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::RawFd;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use drm::Device as _;
use drm::DriverCapability;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;

use crate::device::Node;
use crate::kms::Clock;
use crate::kms::event::Event;
use crate::kms::event::EventParser;
use crate::kms::event::MalformedEvent;

/// What the kernel keeps for one open file at most (`file_priv->event_space`).
const BUFFER_BYTES: usize = 4096;

/// Longer than anybody lives, and countable by every kernel.
const FOREVER: Timespec = Timespec { tv_sec: 1 << 32, tv_nsec: 0 };

/// The nodes whose events have a reader. A reader keeps its node open, so no other node of this
/// process has the same number meanwhile.
static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// Reads the events of one node, for everybody who uses that node in this process.
///
/// There is one for each open file at a time, because each event comes once. It never blocks unless
/// asked to ([`EventReader::wait`]), whether or not the file descriptor is non-blocking, and does
/// not allocate after it was made. Reading the file descriptor elsewhere takes events away from it.
///
/// It holds a clone of the node. The file descriptor ([`AsFd`]) is the node's: wait for it to become
/// readable, then call [`EventReader::read`] until it gives `None`. Events that were taken from the
/// kernel and not yet returned do not make it readable.
///
/// Spec: `drm_read()` in the kernel.
pub struct EventReader {
    node: Node,
    clock: Clock,
    buffer: Box<[u8; BUFFER_BYTES]>,
    unread: Range<usize>,
}

impl EventReader {
    /// The reader of this node.
    ///
    /// # Errors
    /// - [`EventError::Taken`]: the node has one already.
    pub fn new(node: &Node) -> Result<Self, EventError> {
        let number = node.as_fd().as_raw_fd();
        let mut taken = taken();
        if taken.contains(&number) {
            return Err(EventError::Taken);
        }
        taken.push(number);
        drop(taken);
        // A driver without the capability has the other clock.
        let monotonic = node.get_driver_capability(DriverCapability::MonotonicTimestamp);
        let clock =
            if monotonic.is_ok_and(|it| it != 0) { Clock::Monotonic } else { Clock::Realtime };
        Ok(Self { node: node.clone(), clock, buffer: Box::new([0; BUFFER_BYTES]), unread: 0..0 })
    }

    /// The node whose events these are.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The next event, or `None` if none is waiting. Does not block.
    ///
    /// # Errors
    /// - [`EventError::Malformed`]: the kernel's bytes are no event. The event is lost, and after
    ///   a wrong length also the ones that came with it; reading can go on.
    /// - [`EventError::Call`]: the kernel refused.
    pub fn read(&mut self) -> Result<Option<Event>, EventError> {
        if self.unread.is_empty() {
            if !self.poll(Duration::ZERO)? {
                return Ok(None);
            }
            self.fill()?;
        }
        self.parse()
    }

    /// The next one of the events that were taken from the kernel.
    fn parse(&mut self) -> Result<Option<Event>, EventError> {
        let bytes = self.buffer.get(self.unread.clone()).unwrap_or_default();
        let mut parser = EventParser::new(bytes, self.clock);
        let event = parser.next().transpose();
        self.unread.start = self.unread.end.saturating_sub(parser.rest().len());
        Ok(event?)
    }

    /// The next event; blocks until there is one, at most for `timeout`. `None` if none came.
    ///
    /// Two system calls for as many events as the kernel has then: one that waits, and one that reads.
    ///
    /// # Errors
    /// As for [`EventReader::read`].
    pub fn wait(&mut self, timeout: Duration) -> Result<Option<Event>, EventError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            if let Some(event) = self.parse()? {
                return Ok(Some(event));
            }
            let left = deadline.map_or(timeout, |it| it.saturating_duration_since(Instant::now()));
            if !self.poll(left)? {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Whether the file descriptor becomes readable in time.
    fn poll(&self, timeout: Duration) -> Result<bool, EventError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let left = deadline.map_or(timeout, |it| it.saturating_duration_since(Instant::now()));
            let left = Timespec::try_from(left).unwrap_or(FOREVER);
            let mut fds = [PollFd::new(&self.node, PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&left)) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => return Err(EventError::Call { call: "poll", errno }),
            }
        }
    }

    /// Takes what the kernel has. The kernel never splits an event.
    fn fill(&mut self) -> Result<(), EventError> {
        self.unread = 0..0;
        loop {
            match rustix::io::read(&self.node, self.buffer.as_mut_slice()) {
                Ok(length) => {
                    self.unread = 0..length;
                    return Ok(());
                }
                Err(Errno::INTR) => {}
                // Somebody else was faster.
                Err(Errno::AGAIN) => return Ok(()),
                Err(errno) => return Err(EventError::Call { call: "read", errno }),
            }
        }
    }
}

impl AsFd for EventReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.node.as_fd()
    }
}

impl fmt::Debug for EventReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReader")
            .field("node", &self.node)
            .field("clock", &self.clock)
            .field("unread", &self.unread)
            .finish_non_exhaustive()
    }
}

impl Drop for EventReader {
    fn drop(&mut self) {
        let number = self.node.as_fd().as_raw_fd();
        taken().retain(|other| *other != number);
    }
}

fn taken() -> MutexGuard<'static, Vec<RawFd>> {
    // The list is consistent between any two statements that can panic.
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why there is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The node's events are read by somebody else in this process.
    #[error("this node has an event reader already: share it, or open the node once more")]
    Taken,
    /// The bytes that the kernel gave are no event.
    #[error(transparent)]
    Malformed(#[from] MalformedEvent),
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
