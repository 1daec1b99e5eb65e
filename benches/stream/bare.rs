//! Two sockets that send each other datagrams as long as a frame and a release, and do nothing else.

use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;

const FRAME: [u8; 48] = [1; 48];
const RELEASE: [u8; 32] = [2; 32];

fn sockets() -> (OwnedFd, OwnedFd) {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None).expect("two sockets")
}

fn send(socket: &OwnedFd, datagram: &[u8]) {
    rustix::net::send(socket, datagram, SendFlags::NOSIGNAL).expect("somebody who receives");
}

/// Blocks until there is a datagram, and returns its length in bytes, 0 for the end.
fn receive(socket: &OwnedFd) -> usize {
    let mut buffer = [0; 512];
    let (length_bytes, _) =
        rustix::net::recv(socket, &mut buffer, RecvFlags::empty()).expect("a datagram");
    length_bytes
}

/// Both ends in one thread.
pub(crate) struct BarePair {
    producer: OwnedFd,
    consumer: OwnedFd,
}

impl BarePair {
    pub(crate) fn new() -> Self {
        let (producer, consumer) = sockets();
        Self { producer, consumer }
    }

    pub(crate) fn round_trip(&mut self) {
        send(&self.producer, &FRAME);
        assert_eq!(receive(&self.consumer), FRAME.len());
        send(&self.consumer, &RELEASE);
        assert_eq!(receive(&self.producer), RELEASE.len());
    }
}

/// The other end in a thread of its own, which answers until this one is closed.
pub(crate) struct BareThreads {
    producer: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl BareThreads {
    pub(crate) fn new() -> Self {
        let (producer, consumer) = sockets();
        let answer = move || {
            while receive(&consumer) > 0 {
                send(&consumer, &RELEASE);
            }
        };
        Self { producer: Some(producer), thread: Some(std::thread::spawn(answer)) }
    }

    pub(crate) fn round_trip(&mut self) {
        let producer = self.producer.as_ref().expect("an open socket");
        send(producer, &FRAME);
        assert_eq!(receive(producer), RELEASE.len());
    }
}

impl Drop for BareThreads {
    fn drop(&mut self) {
        self.producer = None;
        self.thread.take().map(JoinHandle::join);
    }
}
