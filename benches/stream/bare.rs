//! Two sockets that send each other datagrams as long as a frame and a release, and do nothing else.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

use rustix::event::epoll;
use rustix::event::epoll::CreateFlags;
use rustix::event::epoll::Event;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::net::AddressFamily;
use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;

const FRAME: [u8; 48] = [1; 48];
const RELEASE: [u8; 32] = [2; 32];

/// How a side waits for the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    /// In `recv` itself: the least that there is, for two who know nobody else and send no file
    /// descriptors.
    Blocking,
    /// In `epoll_wait`, then `recvmsg` with room for file descriptors: the least for whoever serves
    /// several, or does anything else beside.
    EventLoop,
}

/// One of two connected sockets.
struct Socket {
    fd: OwnedFd,
    epoll: Option<OwnedFd>,
}

impl Socket {
    fn pair(wait: Wait) -> (Self, Self) {
        let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        let pair = rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None);
        let (one, other) = pair.expect("two sockets");
        (Self::new(one, wait), Self::new(other, wait))
    }

    fn new(fd: OwnedFd, wait: Wait) -> Self {
        let epoll = matches!(wait, Wait::EventLoop).then(|| {
            let epoll = epoll::create(CreateFlags::CLOEXEC).expect("a file descriptor");
            epoll::add(&epoll, &fd, EventData::new_u64(0), EventFlags::IN).expect("a socket");
            epoll
        });
        Self { fd, epoll }
    }

    fn send(&self, datagram: &[u8]) {
        rustix::net::send(&self.fd, datagram, SendFlags::NOSIGNAL).expect("somebody who receives");
    }

    /// Blocks until there is a datagram, and returns its length in bytes, 0 for the end.
    fn receive(&self) -> usize {
        let mut buffer = [0; 512];
        let Some(epoll) = &self.epoll else {
            let (length_bytes, _) =
                rustix::net::recv(&self.fd, &mut buffer, RecvFlags::empty()).expect("a datagram");
            return length_bytes;
        };
        let nothing = Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
        epoll::wait(epoll, &mut [nothing], None).expect("a datagram");
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(6))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let received = rustix::net::recvmsg(&self.fd, &mut parts, &mut control, flags);
        received.expect("a datagram").bytes
    }
}

/// Both ends in one thread.
pub(crate) struct BarePair {
    producer: Socket,
    consumer: Socket,
}

impl BarePair {
    pub(crate) fn new(wait: Wait) -> Self {
        let (producer, consumer) = Socket::pair(wait);
        Self { producer, consumer }
    }

    pub(crate) fn round_trip(&mut self) {
        self.producer.send(&FRAME);
        assert_eq!(self.consumer.receive(), FRAME.len());
        self.consumer.send(&RELEASE);
        assert_eq!(self.producer.receive(), RELEASE.len());
    }
}

/// The other end in a thread of its own, which answers until this one is closed.
pub(crate) struct BareThreads {
    producer: Option<Socket>,
    thread: Option<JoinHandle<()>>,
}

impl BareThreads {
    pub(crate) fn new(wait: Wait) -> Self {
        let (producer, consumer) = Socket::pair(wait);
        let answer = move || {
            while consumer.receive() > 0 {
                consumer.send(&RELEASE);
            }
        };
        Self { producer: Some(producer), thread: Some(std::thread::spawn(answer)) }
    }

    pub(crate) fn round_trip(&mut self) {
        let producer = self.producer.as_ref().expect("an open socket");
        producer.send(&FRAME);
        assert_eq!(producer.receive(), RELEASE.len());
    }
}

impl Drop for BareThreads {
    fn drop(&mut self) {
        self.producer = None;
        self.thread.take().map(JoinHandle::join);
    }
}
