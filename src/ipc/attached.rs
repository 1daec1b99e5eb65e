//! The file descriptors that came with a datagram.

use std::os::fd::OwnedFd;

use crate::ipc::ReceiveError;
use crate::ipc::wire::MAX_SLOTS;

/// The file descriptors that came with a datagram, in the order of their slots. What is not taken
/// out is closed on drop.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    fds: [Option<OwnedFd>; MAX_SLOTS],
    count: usize,
    /// Whether some were sent that could not be installed in this process.
    pub(in crate::ipc) is_cut: bool,
}

impl Attached {
    /// Takes one more. Those that no message has a slot for are counted, and closed at once.
    pub(in crate::ipc) fn push(&mut self, fd: OwnedFd) {
        if let Some(slot) = self.fds.get_mut(self.count) {
            *slot = Some(fd);
        }
        self.count = self.count.saturating_add(1);
    }

    /// How many arrived.
    pub(in crate::ipc) fn count(&self) -> usize {
        self.count
    }

    /// Whether nothing came, and nothing was to come.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0 && !self.is_cut
    }

    /// The file descriptors, if they are as many as their message refers to. Nothing is known of
    /// them yet.
    pub(crate) fn expect(
        self,
        expected: usize,
    ) -> Result<impl Iterator<Item = OwnedFd>, ReceiveError> {
        let found = self.count;
        if found > expected {
            Err(ReceiveError::SurplusFds { expected, found })
        } else if self.is_cut {
            Err(ReceiveError::Truncated)
        } else if found < expected {
            Err(ReceiveError::MissingFds { expected, found })
        } else {
            Ok(self.fds.into_iter().flatten())
        }
    }
}
