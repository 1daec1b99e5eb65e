//! One file descriptor for everything that a consumer waits for.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::event::epoll::CreateFlags;
use rustix::event::epoll::Event;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use crate::stream::alarm::Alarm;
use crate::stream::link::Link;

/// Readable when there is something to dispatch: a message, room for what waits to be sent, or the
/// alarm.
///
/// Spec: `epoll(7)`: it can be put into an event loop like any other file descriptor.
#[derive(Debug)]
pub(in crate::stream::consumer) struct Watch {
    epoll: OwnedFd,
    is_writing: bool,
}

impl Watch {
    pub(in crate::stream::consumer) fn new(link: &Link, alarm: &Alarm) -> Result<Self, Errno> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let data = EventData::new_u64(0);
        epoll::add(&epoll, link, data, EventFlags::IN)?;
        epoll::add(&epoll, alarm, data, EventFlags::IN)?;
        Ok(Self { epoll, is_writing: false })
    }

    /// Also waits for room, as long as something waits for it.
    pub(in crate::stream::consumer) fn update(&mut self, link: &Link) -> Result<(), Errno> {
        let is_writing = link.wants_write();
        if is_writing == self.is_writing {
            return Ok(());
        }
        let events = if is_writing { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
        epoll::modify(&self.epoll, link, EventData::new_u64(0), events)?;
        self.is_writing = is_writing;
        Ok(())
    }

    /// Waits for no message any more. Closing the socket alone would not do that: somebody else may
    /// have it open as well.
    pub(in crate::stream::consumer) fn forget(&self, link: &Link) -> Result<(), Errno> {
        epoll::delete(&self.epoll, link)
    }

    /// Blocks until there is something to dispatch, or a signal, at most for `timeout`.
    pub(in crate::stream::consumer) fn wait(&self, timeout: Duration) -> Result<(), Errno> {
        let timeout = Timespec::try_from(timeout).ok();
        let nothing = Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
        match epoll::wait(&self.epoll, &mut [nothing], timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
