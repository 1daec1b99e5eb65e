//! One file descriptor for everything that a producer waits for.

use std::array;
use std::mem::MaybeUninit;
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
use rustix::event::epoll::Event;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use crate::stream::DispatchError;
use crate::stream::alarm::Alarm;

/// How many are told of at once. If more are ready, the next look starts with those.
pub(in crate::stream::producer) const MOST_AT_ONCE: usize = 64;

/// How many sockets are looked at one by one. Who waits for more is woken by each of them, and would
/// look at all of them each time.
const MOST_POLLED: usize = 16;

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

/// A socket to wait for.
#[derive(Clone, Copy, Debug)]
pub(in crate::stream::producer) struct Watched<'a> {
    pub(in crate::stream::producer) fd: BorrowedFd<'a>,
    pub(in crate::stream::producer) source: Source,
    /// Whether room in it is waited for too.
    pub(in crate::stream::producer) is_writing: bool,
}

/// Readable when there is something to dispatch: a connection, a message, room for what waits to be
/// sent, or the alarm.
///
/// The sockets are in the set from when somebody has asked for the file descriptor, or there are
/// more of them than are looked at one by one: each message then costs the kernel a look at the set
/// as well.
///
/// Spec: `epoll(7)`: it can be put into an event loop like any other file descriptor.
#[derive(Debug)]
pub(in crate::stream::producer) struct Watch {
    epoll: OwnedFd,
    /// The sockets have to be in the set.
    is_asked: AtomicBool,
    /// They all are.
    is_complete: AtomicBool,
    /// Those who were ready at the last look.
    ready: Vec<Source>,
}

impl Watch {
    pub(in crate::stream::producer) fn new(alarm: &Alarm) -> Result<Self, Errno> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, alarm, Source::Alarm.tag(), EventFlags::IN)?;
        let (is_asked, is_complete) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { epoll, is_asked, is_complete, ready: Vec::with_capacity(MOST_AT_ONCE) })
    }

    /// Somebody asks for the file descriptor, or there are too many: all sockets are put into the
    /// set. Several threads may at once. What has failed is tried again by the next wait.
    pub(in crate::stream::producer) fn ask<'a>(
        &self,
        mut all: impl Iterator<Item = Watched<'a>>,
    ) -> Result<(), Errno> {
        self.is_asked.store(true, Ordering::Release);
        if self.is_complete.load(Ordering::Acquire) {
            return Ok(());
        }
        all.try_for_each(|Watched { fd, source, is_writing }| {
            match epoll::add(&self.epoll, fd, source.tag(), events(is_writing)) {
                // It was put there by another thread, or before something failed.
                Err(Errno::EXIST) => Ok(()),
                added => added,
            }
        })?;
        self.is_complete.store(true, Ordering::Release);
        Ok(())
    }

    /// One more to wait for.
    pub(in crate::stream::producer) fn add(
        &self,
        fd: impl AsFd,
        source: Source,
    ) -> Result<(), Errno> {
        if !self.is_asked.load(Ordering::Acquire) {
            return Ok(());
        }
        epoll::add(&self.epoll, fd, source.tag(), events(false))
    }

    /// Also waits for room, or does not any more.
    pub(in crate::stream::producer) fn set_writing(
        &self,
        fd: impl AsFd,
        source: Source,
        is_writing: bool,
    ) -> Result<(), Errno> {
        self.change(|epoll| epoll::modify(epoll, fd, source.tag(), events(is_writing)))
    }

    /// Waits for it no more. Closing alone would not do that: somebody else may have it open too.
    pub(in crate::stream::producer) fn remove(&self, fd: impl AsFd) -> Result<(), Errno> {
        self.change(|epoll| epoll::delete(epoll, fd))
    }

    /// Changes what is in the set, if it is there.
    fn change(&self, call: impl FnOnce(&OwnedFd) -> Result<(), Errno>) -> Result<(), Errno> {
        if !self.is_asked.load(Ordering::Acquire) {
            return Ok(());
        }
        match call(&self.epoll) {
            Err(Errno::NOENT) if !self.is_complete.load(Ordering::Acquire) => Ok(()),
            changed => changed,
        }
    }

    /// How many of `all` and the alarm are ready now, or within `timeout`. A signal ends it early.
    pub(in crate::stream::producer) fn wait<'a>(
        &mut self,
        alarm: &Alarm,
        all: impl Iterator<Item = Watched<'a>> + Clone,
        timeout: Duration,
    ) -> Result<usize, DispatchError> {
        // A timeout that the kernel cannot count is longer than anybody lives.
        let timeout = Timespec::try_from(timeout).ok();
        self.ready.clear();
        let is_few = all.clone().nth(MOST_POLLED).is_none();
        if is_few && !*self.is_asked.get_mut() {
            return self.poll(alarm, all, timeout.as_ref());
        }
        self.ask(all).map_err(|errno| DispatchError::Call { call: "epoll_ctl", errno })?;
        let mut events = [MaybeUninit::uninit(); MOST_AT_ONCE];
        match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((events, _)) => {
                self.ready.extend(events.iter().map(|event: &Event| Source::of(event.data)));
                Ok(self.ready.len())
            }
            Err(Errno::INTR) => Ok(0),
            Err(errno) => Err(DispatchError::Call { call: "epoll_wait", errno }),
        }
    }

    /// Looks at few, one by one.
    fn poll<'a>(
        &mut self,
        alarm: &Alarm,
        few: impl Iterator<Item = Watched<'a>>,
        timeout: Option<&Timespec>,
    ) -> Result<usize, DispatchError> {
        let alarm = PollFd::new(alarm, PollFlags::IN);
        let mut fds: [PollFd<'_>; MOST_POLLED + 1] = array::from_fn(|_| alarm.clone());
        let mut sources = [Source::Alarm; MOST_POLLED + 1];
        let places = fds.iter_mut().zip(&mut sources).skip(1);
        let taken = places.zip(few).map(|((fd, source), watched)| {
            let room = if watched.is_writing { PollFlags::OUT } else { PollFlags::empty() };
            *fd = PollFd::from_borrowed_fd(watched.fd, PollFlags::IN | room);
            *source = watched.source;
        });
        let count = taken.count().saturating_add(1);
        let fds = fds.get_mut(..count).unwrap_or_default();
        match rustix::event::poll(fds, timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(DispatchError::Call { call: "poll", errno }),
        }
        let polled = fds.iter().zip(sources);
        let ready = polled.filter(|(fd, _)| !fd.revents().is_empty()).map(|(_, source)| source);
        self.ready.extend(ready);
        Ok(self.ready.len())
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

fn events(is_writing: bool) -> EventFlags {
    if is_writing { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN }
}

#[cfg(test)]
#[cfg(not(miri))]
mod tests {
    use rustix::fs::MemfdFlags;
    use rustix::pipe::PipeFlags;

    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn peers(fds: &[OwnedFd]) -> impl Iterator<Item = Watched<'_>> + Clone {
        fds.iter().enumerate().map(|(place, fd)| Watched {
            fd: fd.as_fd(),
            source: Source::Peer(place),
            is_writing: false,
        })
    }

    fn is_readable(watch: &Watch) -> bool {
        let mut fds = [PollFd::new(watch, PollFlags::IN)];
        rustix::event::poll(&mut fds, Some(&Timespec::default())).unwrap() == 1
    }

    /// So many pipes, all with something to read.
    fn full_pipes(count: usize) -> (Vec<OwnedFd>, Vec<OwnedFd>) {
        let pipe = |_| {
            let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).unwrap();
            rustix::io::write(&writer, b"a").unwrap();
            (reader, writer)
        };
        (0..count).map(pipe).unzip()
    }

    #[test]
    fn set_is_filled_when_somebody_asks_and_not_before() {
        let alarm = Alarm::new().unwrap();
        let mut watch = Watch::new(&alarm).unwrap();
        let (readers, _writers) = full_pipes(2);
        assert_eq!(watch.wait(&alarm, peers(&readers), NOW).unwrap(), 2);
        assert_eq!(watch.source(1), Some(Source::Peer(1)));
        watch.remove(&readers[0]).unwrap();
        assert!(!is_readable(&watch));
        watch.ask(peers(&readers)).unwrap();
        watch.ask(peers(&readers)).unwrap();
        assert!(is_readable(&watch));
        assert_eq!(watch.wait(&alarm, peers(&readers), NOW).unwrap(), 2);
        for reader in &readers {
            watch.remove(reader).unwrap();
        }
        assert!(!is_readable(&watch));
    }

    #[test]
    fn more_than_few_are_put_into_the_set() {
        let alarm = Alarm::new().unwrap();
        let mut watch = Watch::new(&alarm).unwrap();
        let (readers, _writers) = full_pipes(MOST_POLLED + 1);
        let few = peers(&readers).take(MOST_POLLED);
        assert_eq!(watch.wait(&alarm, few, NOW).unwrap(), MOST_POLLED);
        assert!(!is_readable(&watch));
        assert_eq!(watch.wait(&alarm, peers(&readers), NOW).unwrap(), MOST_POLLED + 1);
        assert!(is_readable(&watch));
    }

    #[test]
    fn what_cannot_be_watched_is_said_and_tried_again() {
        let alarm = Alarm::new().unwrap();
        let mut watch = Watch::new(&alarm).unwrap();
        let (mut fds, _writers) = full_pipes(2);
        // A file is always ready, which epoll does not take for an answer.
        fds.insert(1, rustix::fs::memfd_create("file", MemfdFlags::CLOEXEC).unwrap());
        assert_eq!(watch.ask(peers(&fds)), Err(Errno::PERM));
        let refused = DispatchError::Call { call: "epoll_ctl", errno: Errno::PERM };
        assert_eq!(watch.wait(&alarm, peers(&fds), NOW), Err(refused));
        watch.remove(&fds[2]).unwrap();
        fds.remove(1);
        assert_eq!(watch.wait(&alarm, peers(&fds), NOW).unwrap(), 2);
        assert_eq!(watch.remove(&alarm), Ok(()));
        assert_eq!(watch.remove(&alarm), Err(Errno::NOENT), "everything is known to be there");
    }
}
