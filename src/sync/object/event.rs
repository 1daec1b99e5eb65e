//! A file descriptor that becomes readable when a point is reached.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use rustix::event::EventfdFlags;
use rustix::io::Errno;

/// Becomes readable when the points that it was registered for are reached, for event loops. It can
/// be registered again and again, with several timelines.
///
/// It owns its file descriptor, which is closed on drop and on exec. A registration does not end
/// before its point is reached or its timeline is gone; what comes after the event was dropped is
/// lost.
///
/// Spec: `eventfd(2)`, `DRM_IOCTL_SYNCOBJ_EVENTFD`.
#[derive(Debug)]
#[doc(alias = "eventfd")]
pub struct PointEvent {
    fd: OwnedFd,
}

impl PointEvent {
    /// An event without registrations.
    ///
    /// # Errors
    /// The kernel's error, of which `EMFILE` is the likely one.
    pub fn new() -> Result<Self, Errno> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        rustix::event::eventfd(0, flags).map(|fd| Self { fd })
    }

    /// How many registrations came since the last call, after which it is not readable any more.
    /// Does not block.
    ///
    /// # Errors
    /// The kernel's error.
    pub fn take(&self) -> Result<u64, Errno> {
        let mut count = [0; 8];
        loop {
            match rustix::io::read(&self.fd, &mut count) {
                Ok(_eight) => return Ok(u64::from_ne_bytes(count)),
                Err(Errno::AGAIN) => return Ok(0),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

impl AsFd for PointEvent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "asks the kernel")]
    fn take_counts_and_empties() {
        let event = PointEvent::new().unwrap();
        assert_eq!(event.take(), Ok(0));
        rustix::io::write(&event, &3_u64.to_ne_bytes()).unwrap();
        assert_eq!(event.take(), Ok(3));
        assert_eq!(event.take(), Ok(0));
    }
}
