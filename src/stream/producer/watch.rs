//! One file descriptor for everything that a producer waits for.

use std::mem::MaybeUninit;
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

/// How many are told of at once. If more are ready, the next look starts with those.
pub(in crate::stream::producer) const MOST_AT_ONCE: usize = 64;

const ALARM: u64 = 0;
const LISTENERS: u64 = 1 << 62;
const PEERS: u64 = 1 << 63;

/// Who has something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stream::producer) enum Source {
    Alarm,
    /// By its place among the listeners.
    Listener(usize),
    /// By its place among the connections.
    Peer(usize),
}

impl Source {
    fn tag(self) -> EventData {
        EventData::new_u64(match self {
            Self::Alarm => ALARM,
            Self::Listener(place) => LISTENERS | place as u64,
            Self::Peer(place) => PEERS | place as u64,
        })
    }

    fn of(tag: EventData) -> Self {
        let tag = tag.u64();
        let place = |kind: u64| usize::try_from(tag & !kind).unwrap_or(usize::MAX);
        match tag {
            tag if tag & PEERS != 0 => Self::Peer(place(PEERS)),
            tag if tag & LISTENERS != 0 => Self::Listener(place(LISTENERS)),
            _ => Self::Alarm,
        }
    }
}

/// Readable when there is something to dispatch: a connection, a message, room for what waits to be
/// sent, or the alarm.
///
/// Spec: `epoll(7)`: it can be put into an event loop like any other file descriptor.
#[derive(Debug)]
pub(in crate::stream::producer) struct Watch {
    epoll: OwnedFd,
    /// Those who were ready at the last look.
    ready: Vec<Source>,
}

impl Watch {
    pub(in crate::stream::producer) fn new(alarm: &Alarm) -> Result<Self, Errno> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, alarm, Source::Alarm.tag(), EventFlags::IN)?;
        Ok(Self { epoll, ready: Vec::with_capacity(MOST_AT_ONCE) })
    }

    pub(in crate::stream::producer) fn add(
        &self,
        fd: impl AsFd,
        source: Source,
    ) -> Result<(), Errno> {
        epoll::add(&self.epoll, fd, source.tag(), EventFlags::IN)
    }

    /// Also waits for room, or does not any more.
    pub(in crate::stream::producer) fn set_writing(
        &self,
        fd: impl AsFd,
        source: Source,
        is_writing: bool,
    ) -> Result<(), Errno> {
        let events = if is_writing { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
        epoll::modify(&self.epoll, fd, source.tag(), events)
    }

    /// Waits for it no more. Closing alone would not do that: somebody else may have it open too.
    pub(in crate::stream::producer) fn remove(&self, fd: impl AsFd) -> Result<(), Errno> {
        epoll::delete(&self.epoll, fd)
    }

    /// How many are ready now, or within `timeout`. A signal ends it early.
    pub(in crate::stream::producer) fn wait(&mut self, timeout: Duration) -> Result<usize, Errno> {
        // A timeout that the kernel cannot count is longer than anybody lives.
        let timeout = Timespec::try_from(timeout).ok();
        self.ready.clear();
        let mut events = [MaybeUninit::uninit(); MOST_AT_ONCE];
        match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((events, _)) => {
                self.ready.extend(events.iter().map(|event: &Event| Source::of(event.data)));
                Ok(self.ready.len())
            }
            Err(Errno::INTR) => Ok(0),
            Err(errno) => Err(errno),
        }
    }

    /// One of those who were ready at the last look.
    pub(in crate::stream::producer) fn source(&self, index: usize) -> Option<Source> {
        self.ready.get(index).copied()
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
