//! One file descriptor for everything that a consumer waits for.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::event::epoll::CreateFlags;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use crate::stream::alarm::Alarm;
use crate::stream::link::Link;

/// Readable when there is something to dispatch: a message, room for what waits to be sent, or the
/// alarm.
///
/// The socket is watched from when somebody has asked for the file descriptor: each message then
/// costs the kernel a look at this set as well, which nobody needs who waits for frames and does
/// nothing else.
///
/// Spec: `epoll(7)`: it can be put into an event loop like any other file descriptor.
#[derive(Debug)]
pub(in crate::stream::consumer) struct Watch {
    epoll: OwnedFd,
    /// Somebody has the file descriptor, so that the socket has to be in the set.
    is_asked: AtomicBool,
    /// It is.
    is_added: AtomicBool,
    is_writing: bool,
}

impl Watch {
    pub(in crate::stream::consumer) fn new(alarm: &Alarm) -> Result<Self, Errno> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, alarm, EventData::new_u64(0), EventFlags::IN)?;
        let (is_asked, is_added) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { epoll, is_asked, is_added, is_writing: false })
    }

    /// Somebody asks for the file descriptor. Several threads may at once.
    pub(in crate::stream::consumer) fn ask(&self, link: Option<&Link>) -> Result<(), Errno> {
        self.is_asked.store(true, Ordering::Release);
        match link {
            Some(link) if !self.is_added.load(Ordering::Acquire) => self.add(link),
            _ => Ok(()),
        }
    }

    fn add(&self, link: &Link) -> Result<(), Errno> {
        match epoll::add(&self.epoll, link, EventData::new_u64(0), events(self.is_writing)) {
            // EXIST: another thread has just asked as well.
            Ok(()) | Err(Errno::EXIST) => {
                self.is_added.store(true, Ordering::Release);
                Ok(())
            }
            Err(errno) => Err(errno),
        }
    }

    /// Also waits for room, as long as something waits for it. A socket that could not be added
    /// when it was asked for is added now.
    pub(in crate::stream::consumer) fn update(&mut self, link: &Link) -> Result<(), Errno> {
        let is_writing = link.wants_write();
        if !*self.is_added.get_mut() {
            self.is_writing = is_writing;
            return if *self.is_asked.get_mut() { self.add(link) } else { Ok(()) };
        }
        if is_writing != self.is_writing {
            epoll::modify(&self.epoll, link, EventData::new_u64(0), events(is_writing))?;
            self.is_writing = is_writing;
        }
        Ok(())
    }

    /// Waits for no message any more. Closing the socket alone would not do that: somebody else may
    /// have it open as well.
    pub(in crate::stream::consumer) fn forget(&mut self, link: &Link) -> Result<(), Errno> {
        if *self.is_added.get_mut() { epoll::delete(&self.epoll, link) } else { Ok(()) }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

fn events(is_writing: bool) -> EventFlags {
    if is_writing { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN }
}

/// Blocks until there is something to dispatch, or a signal, at most for `timeout`.
pub(in crate::stream::consumer) fn wait(
    link: Option<&Link>,
    alarm: &Alarm,
    timeout: Duration,
) -> Result<(), Errno> {
    // A timeout that the kernel cannot count is longer than anybody lives.
    let timeout = Timespec::try_from(timeout).ok();
    let alarm = PollFd::new(alarm, PollFlags::IN);
    let polled = match link {
        None => rustix::event::poll(&mut [alarm], timeout.as_ref()),
        Some(link) => {
            let events = if link.wants_write() { PollFlags::OUT } else { PollFlags::empty() };
            let link = PollFd::new(link, PollFlags::IN | events);
            rustix::event::poll(&mut [alarm, link], timeout.as_ref())
        }
    };
    match polled {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno),
    }
}
