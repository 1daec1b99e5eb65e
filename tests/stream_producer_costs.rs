#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What a frame costs its producer: one `send` for each consumer, one `recvmsg` for each release,
//! a look at who is ready, and nothing else.

mod common;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::os::fd::AsFd;

use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::stream::Acquired;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::stream::wire::Capabilities;
use dmashare::stream::wire::ConsumerHello;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::Limits;
use dmashare::stream::wire::MAX_MESSAGE_BYTES;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::SpareFrames;
use dmashare::stream::wire::Versions;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;

use common::allocations;
use common::allocations::Counting;
use common::child;
use common::child::Case;
use common::leaks::Open;
use common::stream_pair::SOON;
use common::stream_pair::producer_settings;
use common::stream_pair::producer_with;
use common::system_calls;

#[global_allocator]
static COUNTING: Counting = Counting;

const FRAMES: usize = 2_000;

/// A producer, and consumers that use other system calls than it does, and no memory of their own.
struct Scene {
    producer: Producer,
    channels: Vec<Channel>,
    bytes: Vec<u8>,
    datagram: Vec<u8>,
    spares: SpareFrames,
}

impl Scene {
    fn new(consumers: usize) -> Self {
        Self::with_buffers(consumers, 3)
    }

    fn with_buffers(consumers: usize, buffers: usize) -> Self {
        let capabilities = Capabilities::WAITS_FOR_FENCES | Capabilities::SENDS_FENCES;
        Self::with_capabilities(consumers, buffers, capabilities)
    }

    fn with_capabilities(consumers: usize, buffers: usize, capabilities: Capabilities) -> Self {
        let mut producer = producer_with(producer_settings().buffers(buffers));
        let mut channels = Vec::new();
        for _ in 0..consumers {
            let (here, there) = Channel::pair().unwrap();
            producer.add_peer(here).unwrap();
            channels.push(there);
        }
        let (bytes, datagram) = (vec![0; MAX_MESSAGE_BYTES], Vec::with_capacity(1024));
        let spares = SpareFrames::new();
        let mut scene = Self { producer, channels, bytes, datagram, spares };
        let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
        let offer = Offer::new(NonZeroU32::MIN, None, &[(Usage::Cpu, formats)]).unwrap();
        let hello = ConsumerHello {
            versions: Versions::SPOKEN,
            capabilities,
            device: None,
            limits: Limits::default(),
        };
        for message in [Message::ConsumerHello(hello), Message::Offer(offer)] {
            (0..consumers).for_each(|consumer| scene.send(consumer, &message));
            scene.producer.dispatch().unwrap();
        }
        for consumer in 0..consumers {
            while scene.receive(consumer).is_some() {}
        }
        while scene.producer.next_event().is_some() {}
        scene
    }

    fn send(&mut self, consumer: usize, message: &Message) {
        message.encode(&mut self.datagram);
        let sent = rustix::net::send(&self.channels[consumer], &self.datagram, SendFlags::DONTWAIT);
        assert_eq!(sent, Ok(self.datagram.len()));
    }

    /// The file descriptors of buffers are closed by the kernel: there is no room for them.
    fn receive(&mut self, consumer: usize) -> Option<Message> {
        let channel = &self.channels[consumer];
        match rustix::net::recv(channel, &mut self.bytes, RecvFlags::DONTWAIT) {
            Ok((length, _)) => {
                Some(Message::decode_with(&self.bytes[..length], &mut self.spares).unwrap())
            }
            Err(errno) => {
                assert_eq!(errno, Errno::AGAIN);
                None
            }
        }
    }

    /// One frame as an event loop makes it, with all the damage that a message has room for.
    fn turn(&mut self) {
        self.producer.dispatch().unwrap();
        let acquired = self.producer.acquire().unwrap();
        self.hand_over(acquired);
    }

    /// The same as somebody makes it who waits for a buffer.
    fn blocking_turn(&mut self) {
        let acquired = self.producer.acquire_timeout(SOON).unwrap();
        self.hand_over(acquired);
    }

    fn hand_over(&mut self, acquired: Acquired) {
        let mut damage = Damage::NOTHING;
        for x in 0..8 {
            for y in 0..2 {
                damage.merge(&Damage::new(&[Rectangle::new(x, y, 1, 1).unwrap()]));
            }
        }
        let picture = Picture { damage, ..Picture::default() };
        let serial = self.producer.submit(acquired, Ready::Finished, picture).unwrap();
        for consumer in 0..self.channels.len() {
            let Some(Message::Frame(frame)) = self.receive(consumer) else { panic!() };
            assert_eq!(frame.serial, serial);
            let (serial, buffer) = (frame.serial, frame.buffer);
            self.spares.put(frame);
            self.send(consumer, &Message::Release(Release { serial, buffer, has_fence: false }));
        }
        assert!(self.producer.next_event().is_none());
    }
}

fn assert_calls(consumers: usize) {
    let mut scene = Scene::new(consumers);
    // As for an event loop, which waits for this file descriptor.
    let _ = scene.producer.as_fd();
    scene.turn();
    let calls = system_calls::during(|| (0..FRAMES).for_each(|_| scene.turn()));
    let expected = [
        // Once to see the releases, and once to see that there is no more.
        (epoll_wait(&calls), 2 * FRAMES),
        (libc::SYS_recvmsg, consumers * FRAMES),
        (libc::SYS_recvfrom, consumers * FRAMES),
        // Half of them are the consumers' releases.
        (libc::SYS_sendto, 2 * consumers * FRAMES),
    ];
    assert_eq!(calls, expected.into_iter().collect());
}

/// With one buffer, which is waited for until all have released it.
fn assert_calls_of_who_waits(consumers: usize, wait: Option<Wait>) {
    let mut scene = Scene::with_buffers(consumers, 1);
    (0..2).for_each(|_| scene.blocking_turn());
    let calls = system_calls::during(|| (0..FRAMES).for_each(|_| scene.blocking_turn()));
    let mut expected = BTreeMap::from([
        (libc::SYS_recvmsg, consumers * FRAMES),
        (libc::SYS_recvfrom, consumers * FRAMES),
        (libc::SYS_sendto, 2 * consumers * FRAMES),
    ]);
    if let Some(wait) = wait {
        expected.insert(wait(&calls), FRAMES);
    }
    assert_eq!(calls, expected);
}

/// From a consumer without fences no file descriptor is let in, and so no room is made for one.
fn assert_calls_without_fences() {
    let mut scene = Scene::with_capabilities(1, 1, Capabilities::WAITS_FOR_FENCES);
    (0..2).for_each(|_| scene.blocking_turn());
    let calls = system_calls::during(|| (0..FRAMES).for_each(|_| scene.blocking_turn()));
    let mut expected = BTreeMap::from([(libc::SYS_sendto, 2 * FRAMES)]);
    if can_refuse_fds() {
        expected.insert(libc::SYS_recvfrom, 2 * FRAMES);
    } else {
        expected.extend([(libc::SYS_recvfrom, FRAMES), (libc::SYS_recvmsg, FRAMES)]);
    }
    assert_eq!(calls, expected);
}

/// `SO_PASSRIGHTS` came with Linux 6.16.
fn can_refuse_fds() -> bool {
    let uname = rustix::system::uname();
    let release = uname.release().to_str().unwrap();
    let mut numbers = release.split(|it: char| !it.is_ascii_digit()).map(|it| it.parse().unwrap());
    (numbers.next(), numbers.next()) >= (Some(6_u32), Some(16))
}

/// The number of a call by which somebody waits: the C library has several of each.
type Wait = fn(&BTreeMap<i64, usize>) -> i64;

fn epoll_wait(calls: &BTreeMap<i64, usize>) -> i64 {
    let known = [libc::SYS_epoll_wait, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2];
    known.into_iter().find(|number| calls.contains_key(number)).expect("a wait")
}

fn poll(calls: &BTreeMap<i64, usize>) -> i64 {
    let known = [libc::SYS_poll, libc::SYS_ppoll];
    known.into_iter().find(|number| calls.contains_key(number)).expect("a wait")
}

fn assert_no_memory(consumers: usize) {
    let mut scene = Scene::new(consumers);
    (0..100).for_each(|_| scene.turn());
    let before = Open::now();
    let allocations = allocations::during(|| (0..FRAMES).for_each(|_| scene.turn()));
    before.assert_unchanged();
    assert_eq!(allocations, 0);
}

const CASES: &[Case] = &[
    ("system calls with one consumer", || assert_calls(1)),
    ("system calls with eight", || assert_calls(8)),
    ("system calls of who waits for one consumer", || assert_calls_of_who_waits(1, None)),
    ("system calls of who waits for eight", || assert_calls_of_who_waits(8, Some(poll))),
    ("system calls of who waits for many", || assert_calls_of_who_waits(40, Some(epoll_wait))),
    ("system calls of who waits for one without fences", assert_calls_without_fences),
    ("memory with one consumer", || assert_no_memory(1)),
    ("memory with eight", || assert_no_memory(8)),
    ("memory of what is submitted to nobody", || {
        let mut scene = Scene::new(0);
        scene.producer.negotiate().unwrap();
        while scene.producer.next_event().is_some() {}
        (0..100).for_each(|_| scene.turn());
        assert_eq!(allocations::during(|| (0..FRAMES).for_each(|_| scene.turn())), 0);
    }),
];

#[test]
fn frame_costs_one_call_for_each_consumer_and_way_and_no_memory() {
    child::run_once("frame_costs_one_call_for_each_consumer_and_way_and_no_memory", CASES);
}
