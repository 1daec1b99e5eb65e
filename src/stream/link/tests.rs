use std::num::NonZeroU32;
use std::num::NonZeroU64;
use std::time::Instant;

use super::*;
use crate::allocator::Allocator;
use crate::allocator::Memfd;
use crate::allocator::Request;
use crate::dmabuf::Dmabuf;
use crate::format::Fourcc;
use crate::ipc::Ready;
use crate::ipc::hand_over;
use crate::stream::protocol::fixtures;
use crate::stream::wire::Announce;
use crate::stream::wire::BufferId;
use crate::stream::wire::Kind;
use crate::stream::wire::MAX_MESSAGE_BYTES;
use crate::stream::wire::Malformed;
use crate::stream::wire::Release;

const MOST_QUEUED: usize = 4;

/// One end, with memory of its own.
struct Side {
    link: Link,
    workspace: Workspace,
}

impl Side {
    fn new(channel: Channel) -> Self {
        Self { link: Link::new(channel, MOST_QUEUED), workspace: Workspace::new() }
    }

    fn send(&mut self, message: &Message, enclosed: Enclosed<'_>) -> Result<(), End> {
        self.link.send(message, enclosed, &mut self.workspace)
    }

    fn flush(&mut self) -> Result<(), End> {
        self.link.flush(&mut self.workspace)
    }

    fn receive(&mut self) -> Result<Option<Incoming>, End> {
        self.link.receive(&mut self.workspace)
    }

    fn receive_timeout(&mut self, timeout: Duration) -> Result<Option<Incoming>, End> {
        self.link.receive_timeout(timeout, &mut self.workspace)
    }

    fn wants_write(&self) -> bool {
        self.link.wants_write()
    }
}

fn pair() -> (Side, Side) {
    let (one, other) = Channel::pair().unwrap();
    (Side::new(one), Side::new(other))
}

fn image() -> Dmabuf {
    Memfd::new().allocate(&Request::new(16, 16, Fourcc::NV12).separate_planes()).unwrap()
}

fn announce(image: &Dmabuf) -> Message {
    let buffer = BufferId::new(3).unwrap();
    Message::Announce(Announce::new(NonZeroU32::MIN, buffer, hand_over::describe(image)))
}

fn release(number: u64) -> Message {
    let (serial, buffer) = (NonZeroU64::new(number).unwrap(), BufferId::new(0).unwrap());
    Message::Release(Release { serial, buffer, has_fence: false })
}

fn received(side: &mut Side) -> Message {
    side.receive().unwrap().expect("a message").message
}

fn is_empty(side: &mut Side) -> bool {
    matches!(side.receive(), Ok(None))
}

#[test]
fn every_message_arrives_as_it_was_sent() {
    let (mut here, mut there) = pair();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Announce) {
        let message = fixtures::of_kind(kind);
        here.send(&message, Enclosed::Nothing).unwrap();
        assert_eq!(received(&mut there), message);
    }
    assert!(is_empty(&mut there));
}

#[test]
fn announced_image_arrives_with_its_planes() {
    let (mut here, mut there) = pair();
    let image = image();
    here.send(&announce(&image), Enclosed::Image(&image)).unwrap();
    let incoming = there.receive().unwrap().unwrap();
    assert_eq!(incoming.message, announce(&image));
    assert_eq!(incoming.size_bytes(), image.size_bytes());
    let found = incoming.image.unwrap();
    assert!(found.is_same_memory(&image));
    assert_eq!(found.distinct_fds().count(), 2);
    assert!(incoming.fence.is_none());
}

#[test]
fn what_there_is_no_room_for_waits_and_arrives_in_order() {
    let (mut here, mut there) = pair();
    let mut sent = 0;
    while !here.wants_write() {
        sent += 1;
        here.send(&release(sent), Enclosed::Nothing).unwrap();
    }
    let image = image();
    here.send(&announce(&image), Enclosed::Image(&image)).unwrap();
    drop(image);
    here.flush().unwrap();
    assert!(here.wants_write(), "nobody has read yet");
    for number in 1..=sent {
        assert_eq!(received(&mut there), release(number));
        here.flush().unwrap();
    }
    assert!(!here.wants_write());
    assert!(there.receive().unwrap().unwrap().image.is_some());
    assert!(is_empty(&mut there));
}

#[test]
fn peer_that_does_not_read_is_too_slow() {
    let (mut here, _there) = pair();
    while !here.wants_write() {
        here.send(&release(1), Enclosed::Nothing).unwrap();
    }
    for _ in 1..MOST_QUEUED {
        here.send(&release(1), Enclosed::Nothing).unwrap();
    }
    assert_eq!(here.send(&release(1), Enclosed::Nothing), Err(End::TooSlow));
}

/// The reason is what it said last, not that nothing can be sent to it.
#[test]
fn goodbye_of_a_peer_that_is_gone_is_received() {
    let (mut here, mut there) = pair();
    here.send(&release(1), Enclosed::Nothing).unwrap();
    there.send(&fixtures::goodbye(), Enclosed::Nothing).unwrap();
    drop(there);
    for _ in 0..3 {
        here.send(&release(2), Enclosed::Nothing).unwrap();
    }
    assert_eq!(received(&mut here), fixtures::goodbye());
    assert_eq!(here.receive().unwrap_err(), End::Lost);
}

/// It could speak for ever, and never hear that it should stop.
#[test]
fn peer_that_shuts_its_ears_is_lost() {
    let (here, there) = Channel::pair().unwrap();
    let mut here = Side::new(here);
    rustix::net::shutdown(&there, rustix::net::Shutdown::Read).unwrap();
    assert!(is_empty(&mut here));
    here.send(&release(1), Enclosed::Nothing).unwrap();
    assert_eq!(here.receive().unwrap_err(), End::Lost);
}

#[test]
fn what_is_no_message_is_refused_by_name() {
    let (there, here) = Channel::pair().unwrap();
    let mut here = Side::new(here);
    let send = |bytes: &[u8]| {
        let sent = rustix::net::send(&there, bytes, SendFlags::NOSIGNAL);
        assert_eq!(sent, Ok(bytes.len()));
    };
    let length = |expected, found| End::Malformed(Malformed::Length { expected, found });
    send(&[]);
    assert_eq!(here.receive().unwrap_err(), length(16, 0));
    let mut bytes = Vec::new();
    release(1).encode(&mut bytes);
    bytes.resize(MAX_MESSAGE_BYTES + 1, 0);
    send(&bytes);
    let too_long = length(MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1);
    assert_eq!(here.receive().unwrap_err(), too_long);
    // An image of `ipc`, which has another kind.
    there.send(&image(), Ready::Finished).unwrap();
    assert!(matches!(here.receive(), Err(End::Malformed(Malformed::Header(_)))));
    drop(there);
    assert_eq!(here.receive().unwrap_err(), End::Lost);
}

#[test]
fn file_descriptors_have_to_be_those_of_the_message() {
    let (there, here) = Channel::pair().unwrap();
    let mut here = Side::new(here);
    let image = image();
    let mut send = |message: &Message, count| {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        let fds = std::iter::repeat_n(image.planes()[0].fd(), count);
        socket::send(there.as_fd(), &bytes, fds, SendFlags::DONTWAIT).unwrap();
        match here.receive() {
            Err(End::Unusable(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let surplus = |expected, found| ReceiveError::SurplusFds { expected, found };
    let missing = |expected, found| ReceiveError::MissingFds { expected, found };
    assert_eq!(send(&release(1), 1), surplus(0, 1));
    assert_eq!(send(&fixtures::goodbye(), 5), surplus(0, 5));
    assert_eq!(send(&announce(&image), 0), missing(2, 0));
    assert_eq!(send(&announce(&image), 1), missing(2, 1));
    assert_eq!(send(&announce(&image), 3), surplus(2, 3));
    let Message::Release(with_fence) = release(1) else { panic!() };
    let with_fence = Message::Release(Release { has_fence: true, ..with_fence });
    assert_eq!(send(&with_fence, 0), missing(1, 0));
    assert!(matches!(send(&with_fence, 1), ReceiveError::Fence(_)));
}

#[test]
fn wait_for_a_message_ends_with_it_or_in_time() {
    let (mut here, mut there) = pair();
    let timeout = Duration::from_millis(20);
    let start = Instant::now();
    assert!(matches!(here.receive_timeout(timeout), Ok(None)));
    assert!(start.elapsed() >= timeout / 2);
    there.send(&release(1), Enclosed::Nothing).unwrap();
    let incoming = here.receive_timeout(Duration::MAX).unwrap().unwrap();
    assert_eq!(incoming.message, release(1));
    drop(there);
    assert_eq!(here.receive_timeout(Duration::MAX).unwrap_err(), End::Lost);
    // Nothing is waited for that a peer that takes nothing could still say.
    let (here, there) = Channel::pair().unwrap();
    let mut here = Side::new(here);
    rustix::net::shutdown(&there, rustix::net::Shutdown::Read).unwrap();
    here.send(&release(1), Enclosed::Nothing).unwrap();
    assert_eq!(here.receive_timeout(Duration::from_secs(3600)).unwrap_err(), End::Lost);
}

#[test]
fn timeouts_of_a_socket_are_powers_of_two() {
    for (timeout_us, expected_us) in [(0, 1), (1, 1), (3, 2), (1_000_000, 524_288)] {
        let found = power_of_two(Duration::from_micros(timeout_us));
        assert_eq!(found, Duration::from_micros(expected_us));
    }
}
