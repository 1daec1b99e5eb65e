#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Whatever a consumer sends, or does not, its producer ends that one connection with the reason
//! that names it, gets every buffer back, leaves neither a file descriptor nor a mapping open, and
//! serves the others as if nothing had happened.
//!
//! Spec: `docs/wire.md`; `unix(7)`: at most 253 file descriptors go with one message.

mod common;

use std::num::NonZeroU16;
use std::num::NonZeroU64;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::stream::AcquireError;
use dmashare::stream::Acquired;
use dmashare::stream::Consumer;
use dmashare::stream::End;
use dmashare::stream::NextError;
use dmashare::stream::PeerId;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ReadersError;
use dmashare::stream::protocol::Violation;
use dmashare::stream::wire::BufferId;
use dmashare::stream::wire::Capabilities;
use dmashare::stream::wire::ConsumerHello;
use dmashare::stream::wire::Goodbye;
use dmashare::stream::wire::Kind;
use dmashare::stream::wire::MAX_MESSAGE_BYTES;
use dmashare::stream::wire::Malformed;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::Size;
use dmashare::stream::wire::Text;
use dmashare::stream::wire::Versions;
use dmashare::sync::SyncFileError;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::Signal;

use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;
use common::scripted_consumer::ScriptedConsumer;
use common::scripted_consumer::hello;
use common::scripted_consumer::hello_with;
use common::scripted_consumer::offer;
use common::scripted_consumer::offer_of;
use common::scripted_consumer::release;
use common::scripted_producer;
use common::scripted_socket::encoded;
use common::stream_pair::*;
use common::sw_sync::Timeline;

const MOMENT: Duration = Duration::from_millis(50);
/// Enough for an honest consumer under emulation.
const HANDSHAKE: Duration = Duration::from_secs(2);

/// A producer with one honest consumer, and one that is not.
struct Scene {
    producer: Producer,
    honest: Consumer,
    hostile: ScriptedConsumer,
    peer: PeerId,
}

impl Scene {
    fn new() -> Self {
        Self::with(ScriptedConsumer::joined)
    }

    /// The hostile one is served, and holds frame 1.
    fn served() -> (Self, Release) {
        let mut scene = Self::with(ScriptedConsumer::served);
        produce(&mut scene.producer);
        let held = scene.hostile.frame();
        assert_eq!(held.serial.get(), 1);
        scene.honest_takes(1);
        (scene, release(&held))
    }

    fn with(join: impl FnOnce(&mut Producer) -> (PeerId, ScriptedConsumer)) -> Self {
        let limit_ns = u64::try_from(MOMENT.as_nanos()).unwrap();
        let settings = producer_settings()
            .buffers(4)
            .most_queued(8)
            .handshake_timeout(HANDSHAKE)
            .policy(Policy::mailbox().with_hold_limit_ns(limit_ns));
        let mut producer = producer_with(settings);
        let (_, honest) = join_served(&mut producer, &consumer_settings());
        let (peer, hostile) = join(&mut producer);
        producer_events(&mut producer);
        Self { producer, honest, hostile, peer }
    }

    fn honest_takes(&mut self, number: u64) {
        let frame = self.honest.next_frame(SOON).unwrap();
        assert_eq!((frame.serial().get(), stamp_of(frame.image())), (number, number));
        self.honest.release(frame, Ready::Finished).unwrap();
        self.producer.dispatch().unwrap();
    }

    /// Serves the honest one ten more frames.
    fn assert_serves(&mut self) {
        for _ in 0..10 {
            self.producer.dispatch().unwrap();
            let number = produce(&mut self.producer).get();
            self.honest_takes(number);
        }
        assert!(self.honest.end().is_none());
    }

    /// How the connection of the hostile one ended, which must be the only thing that has happened.
    fn end(mut self) -> End {
        self.producer.dispatch().unwrap();
        let events = producer_events(&mut self.producer);
        let ends = events.iter().filter_map(|event| match event {
            ProducerEvent::Left { peer, end } => Some((*peer, end.clone())),
            ProducerEvent::Missed { .. } | ProducerEvent::Wished { .. } => None,
            other => panic!("{other:?}"),
        });
        let ends: Vec<_> = ends.collect();
        let [(peer, end)] = &ends[..] else { panic!("{ends:?}") };
        assert_eq!(*peer, self.peer);
        self.assert_serves();
        // All four are back.
        let all: Vec<_> = (0..4).map(|_| self.producer.acquire().unwrap()).collect();
        drop(all);
        // It was closed at once, not when the producer is dropped.
        assert_eq!(self.hostile.send_bytes(&[1], &[]), Err(Errno::PIPE));
        end.clone()
    }

    /// Its process is gone.
    fn without_hostile(self) -> Self {
        let (nobody, _) = Channel::pair().unwrap();
        Self { hostile: ScriptedConsumer::new(nobody), ..self }
    }

    /// The same for an end that the hostile one is told of.
    fn told_end(mut self) -> End {
        self.producer.dispatch().unwrap();
        let (reason, text) = self.hostile.goodbye();
        let end = self.end();
        let expected = match &end {
            End::Violation(violation) => violation.reason(),
            End::Unusable(ReceiveError::Truncated) => Reason::Failed,
            End::Silent | End::TooSlow => Reason::TooSlow,
            _ => Reason::Protocol,
        };
        assert_eq!(reason, expected, "{text}");
        assert!(!text.is_empty());
        end
    }
}

/// What becomes of one who is served and holds frame 1 when it sends this.
fn served_sends(message: &Message) -> End {
    let (scene, _) = Scene::served();
    scene.hostile.send(message);
    scene.told_end()
}

fn malformed(bytes: &[u8]) -> Malformed {
    let (scene, _) = Scene::served();
    scene.hostile.send_bytes(bytes, &[]).unwrap();
    match scene.told_end() {
        End::Malformed(malformed) => malformed,
        other => panic!("{other:?}"),
    }
}

fn unusable(message: &Message, fds: &[&OwnedFd]) -> ReceiveError {
    let (scene, _) = Scene::served();
    scene.hostile.send_with(message, fds);
    match scene.told_end() {
        End::Unusable(error) => error,
        other => panic!("{other:?}"),
    }
}

fn goodbye() -> Message {
    Message::Goodbye(Goodbye { reason: Reason::Finished, text: Text::new("enough") })
}

const BYTES: &[Case] = &[
    ("an empty datagram", || {
        assert_eq!(malformed(&[]), Malformed::Length { expected: 16, found: 0 });
    }),
    ("half a message", || {
        for message in [offer(2), hello(), goodbye()] {
            let bytes = encoded(&message);
            for length in [1, 15, 16, bytes.len() / 2, bytes.len() - 1] {
                malformed(&bytes[..length]);
            }
        }
    }),
    ("a message that is longer than any", || {
        malformed(&vec![0; MAX_MESSAGE_BYTES + 1]);
        let mut bytes = encoded(&offer(2));
        bytes.resize(60_000, 0);
        malformed(&bytes);
    }),
    ("noise", || {
        let mut state = 1_u64;
        for length in 1..60 {
            let mut bytes = encoded(&goodbye());
            bytes.resize(length, 0);
            for byte in &mut bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte ^= state.to_le_bytes()[7] | 1;
            }
            malformed(&bytes);
        }
    }),
];

const FDS: &[Case] = &[
    ("file descriptors with messages that have none", || {
        let memfd = sealed_memfd(64);
        for message in [offer(2), hello(), goodbye()] {
            let error = unusable(&message, &[&memfd]);
            assert_eq!(error, ReceiveError::SurplusFds { expected: 0, found: 1 });
        }
    }),
    ("253 file descriptors", || {
        let memfd = sealed_memfd(64);
        let error = unusable(&offer(2), &vec![&memfd; 253]);
        assert!(matches!(error, ReceiveError::SurplusFds { expected: 0, .. }), "{error:?}");
    }),
    ("a release that promises a fence and brings none", || {
        let (scene, held) = Scene::served();
        scene.hostile.send(&Message::Release(Release { has_fence: true, ..held }));
        let end = scene.told_end();
        assert_eq!(end, End::Unusable(ReceiveError::MissingFds { expected: 1, found: 0 }));
    }),
    ("a fence that is none", || {
        let (scene, held) = Scene::served();
        let release = Message::Release(Release { has_fence: true, ..held });
        scene.hostile.send_with(&release, &[&sealed_memfd(64)]);
        let end = scene.told_end();
        assert_eq!(end, End::Unusable(ReceiveError::Fence(SyncFileError::NotASyncFile)));
    }),
    ("an image of its own", || {
        let message = scripted_producer::announce(1, 0);
        let (scene, _) = Scene::served();
        scene.hostile.send_with(&message, &[&sealed_memfd(scripted_producer::IMAGE_BYTES)]);
        let state = "frames are sent";
        let violation = Violation::Unexpected { kind: Kind::Announce, state };
        assert_eq!(scene.told_end(), End::Violation(violation));
    }),
];

const MESSAGES: &[Case] = &[
    ("a release of a buffer that is not held", || {
        let (scene, held) = Scene::served();
        let buffer = BufferId::new(u16::from(held.buffer.get()) + 1).unwrap();
        scene.hostile.send(&Message::Release(Release { buffer, ..held }));
        assert_eq!(scene.told_end(), End::Violation(Violation::NotHeld { buffer }));
    }),
    ("a release of a buffer that there is not", || {
        let (scene, held) = Scene::served();
        let buffer = BufferId::new(63).unwrap();
        scene.hostile.send(&Message::Release(Release { buffer, ..held }));
        assert_eq!(scene.told_end(), End::Violation(Violation::NotHeld { buffer }));
    }),
    ("a release by one who never had any", || {
        let scene = Scene::with(ScriptedConsumer::served);
        let (serial, buffer) = (NonZeroU64::MIN, BufferId::new(0).unwrap());
        scene.hostile.send(&Message::Release(Release { serial, buffer, has_fence: false }));
        assert_eq!(scene.told_end(), End::Violation(Violation::NotHeld { buffer }));
    }),
    ("a release twice", || {
        let (scene, held) = Scene::served();
        scene.hostile.send(&Message::Release(held));
        scene.hostile.send(&Message::Release(held));
        let buffer = held.buffer;
        assert_eq!(scene.told_end(), End::Violation(Violation::NotHeld { buffer }));
    }),
    ("a release of another frame", || {
        let (scene, held) = Scene::served();
        let found = NonZeroU64::new(2).unwrap();
        scene.hostile.send(&Message::Release(Release { serial: found, ..held }));
        let (buffer, held) = (held.buffer, held.serial);
        let violation = Violation::WrongSerial { buffer, found, held };
        assert_eq!(scene.told_end(), End::Violation(violation));
    }),
    ("a second hello", || {
        let violation =
            Violation::Unexpected { kind: Kind::ConsumerHello, state: "frames are sent" };
        assert_eq!(served_sends(&hello()), End::Violation(violation));
    }),
    ("what only producers say", || {
        for message in [scripted_producer::hello(), Message::Frame(scripted_producer::frame(7, 0))]
        {
            let end = served_sends(&message);
            assert!(matches!(end, End::Violation(Violation::Unexpected { .. })), "{end:?}");
        }
    }),
    ("an offer before the hello", || {
        let scene = Scene::new();
        scene.hostile.send(&offer(1));
        let violation = Violation::Unexpected { kind: Kind::Offer, state: "a hello is due" };
        assert_eq!(scene.told_end(), End::Violation(violation));
    }),
    ("a version that nobody speaks", || {
        let scene = Scene::new();
        let version = NonZeroU16::new(700).unwrap();
        let Message::ConsumerHello(known) = hello() else { panic!() };
        let versions = Versions::new(version, version).unwrap();
        scene.hostile.send(&Message::ConsumerHello(ConsumerHello { versions, ..known }));
        let end = scene.told_end();
        assert!(matches!(end, End::Violation(Violation::Version { .. })), "{end:?}");
    }),
    ("offers without end", || {
        let (scene, _) = Scene::served();
        for number in 2..60 {
            if scene.hostile.send_bytes(&encoded(&offer(number)), &[]).is_err() {
                break;
            }
        }
        assert_eq!(scene.told_end(), End::Violation(Violation::OfferFlood));
    }),
    ("offers of another format each time have buffers made only so often", || {
        let limit = Duration::from_secs(5);
        let (mut scene, _) = Scene::served();
        let start = Instant::now();
        let mut generations = 0;
        for number in 2..60 {
            let fourcc = [Fourcc::XRGB8888, Fourcc::NV12][number as usize % 2];
            if scene.hostile.send_bytes(&encoded(&offer_of(number, fourcc)), &[]).is_err() {
                break;
            }
            scene.producer.dispatch().unwrap();
            generations = scene.producer.format().unwrap().generation.get();
        }
        assert!(generations <= 12 && start.elapsed() < limit);
        scene.producer.dispatch().unwrap();
        assert!(scene.producer.credentials(scene.peer).is_none());
        assert_eq!(scene.producer.format().unwrap().modifier, Modifier::LINEAR);
        scene.assert_serves();
    }),
    ("a goodbye", || {
        let (scene, _) = Scene::served();
        scene.hostile.send(&goodbye());
        let Message::Goodbye(said) = goodbye() else { panic!() };
        assert_eq!(scene.end(), End::Peer(said));
    }),
];

const SILENCE: &[Case] = &[
    ("silence before the hello", || {
        let mut scene = Scene::new();
        let start = Instant::now();
        while scene.producer.credentials(scene.peer).is_some() {
            scene.producer.dispatch_timeout(SOON).unwrap();
        }
        assert!(start.elapsed() < SOON, "the alarm wakes who waits");
        assert_eq!(scene.told_end(), End::Silent);
    }),
    ("silence before the offer", || {
        let mut scene = Scene::new();
        scene.hostile.send(&hello());
        while scene.producer.credentials(scene.peer).is_some() {
            scene.producer.dispatch_timeout(SOON).unwrap();
        }
        assert_eq!(scene.told_end(), End::Silent);
    }),
    ("frames that are never released", || {
        let (mut scene, _) = Scene::served();
        let mut held_by_user = Vec::new();
        // It costs the others nothing while there are buffers.
        scene.assert_serves();
        while held_by_user.len() < 4 {
            match scene.producer.acquire() {
                Ok(acquired) => held_by_user.push(acquired),
                Err(AcquireError::NoneFree { .. }) => {
                    scene.producer.dispatch_timeout(SOON).unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        }
        // The pool was dry, and it had held frames for too long.
        assert!(held_by_user.iter().any(Acquired::is_tainted));
        drop(held_by_user);
        assert_eq!(scene.told_end(), End::TooSlow);
    }),
    ("nothing is ever read", || {
        let (mut scene, _) = Scene::served();
        let mut number = 1;
        while scene.producer.credentials(scene.peer).is_some() {
            let size = Size::new(16 + number % 2, 16).unwrap();
            scene.producer.resize(size).unwrap();
            scene.honest.dispatch().unwrap();
            while scene.honest.next_event().is_some() {}
            scene.producer.dispatch().unwrap();
            producer_events_but_ends(&mut scene);
            number += 1;
            assert!(number < 5_000, "its socket is never full");
        }
        scene.producer.resize(Size::new(16, 16).unwrap()).unwrap();
        settle(&mut scene.producer, &mut [&mut scene.honest]);
        scene.assert_serves();
    }),
    ("a death without a word", || {
        let (scene, _) = Scene::served();
        let peer = scene.peer;
        let mut scene = scene.without_hostile();
        scene.producer.dispatch().unwrap();
        let events = producer_events(&mut scene.producer);
        assert!(
            matches!(events[..], [ProducerEvent::Left { peer: left, end: End::Lost }]
            if left == peer),
            "{events:?}"
        );
        scene.assert_serves();
        let all: Vec<_> = (0..4).map(|_| scene.producer.acquire().unwrap()).collect();
        assert_eq!(all.iter().filter(|acquired| acquired.is_tainted()).count(), 0, "written since");
    }),
    ("a thousand who come and go", || {
        let (mut scene, _) = Scene::served();
        for number in 0..1_000 {
            let (peer, other) = ScriptedConsumer::joined(&mut scene.producer);
            if number % 2 == 0 {
                other.send(&hello());
                other.send(&offer(1));
            }
            scene.producer.dispatch().unwrap();
            drop(other);
            scene.producer.dispatch().unwrap();
            assert!(scene.producer.credentials(peer).is_none());
            producer_events(&mut scene.producer);
        }
        scene.assert_serves();
    }),
];

fn producer_events_but_ends(scene: &mut Scene) {
    for event in producer_events(&mut scene.producer) {
        if let ProducerEvent::Left { peer, end } = event {
            assert_eq!((peer, end), (scene.peer, End::TooSlow));
        }
    }
}

#[test]
fn bytes_that_are_no_message_end_one_connection() {
    child::run_cases("bytes_that_are_no_message_end_one_connection", BYTES);
}

#[test]
fn file_descriptors_that_do_not_belong_there_are_closed() {
    child::run_cases("file_descriptors_that_do_not_belong_there_are_closed", FDS);
}

#[test]
fn messages_out_of_order_end_one_connection() {
    child::run_cases("messages_out_of_order_end_one_connection", MESSAGES);
}

#[test]
fn silence_costs_the_others_nothing() {
    child::run_cases("silence_costs_the_others_nothing", SILENCE);
}

/// The limit is that of the whole process, so each case has one of its own.
const LIMITS: &[Case] = &[
    ("no file descriptor for a newcomer", || {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stream");
        let (mut scene, _) = Scene::served();
        scene.producer.listen(&path).unwrap();
        let newcomer = Channel::connect(&path).unwrap();
        let before = lower_limit();
        for _ in 0..3 {
            scene.producer.dispatch().unwrap();
        }
        let events = producer_events(&mut scene.producer);
        assert!(
            matches!(&events[..], [ProducerEvent::NotAccepted(error)]
                if error.to_string().contains("accept4")),
            "{events:?}"
        );
        scene.assert_serves();
        rustix::process::setrlimit(Resource::Nofile, before).unwrap();
        let start = Instant::now();
        while scene.producer.peers().count() < 3 {
            scene.producer.dispatch_timeout(SOON).unwrap();
            assert!(start.elapsed() < SOON, "it is let in once there is room");
        }
        let newcomer = ScriptedConsumer::new(newcomer);
        newcomer.send(&hello());
        newcomer.send(&offer(1));
        scene.producer.dispatch().unwrap();
        assert_eq!(scene.producer.served().count(), 3);
    }),
    ("no file descriptor for another pool", || {
        let (mut scene, _) = Scene::served();
        let before = lower_limit();
        let error = scene.producer.resize(Size::new(9, 9).unwrap());
        assert!(error.unwrap_err().to_string().contains("memfd_create"));
        scene.assert_serves();
        rustix::process::setrlimit(Resource::Nofile, before).unwrap();
        scene.producer.resize(Size::new(9, 9).unwrap()).unwrap();
    }),
    ("no file descriptor for a fence that comes", || {
        let (scene, held) = Scene::served();
        let release = Message::Release(Release { has_fence: true, ..held });
        scene.hostile.send_with(&release, &[&sealed_memfd(64)]);
        let before = lower_limit();
        let end = scene.told_end();
        rustix::process::setrlimit(Resource::Nofile, before).unwrap();
        assert_eq!(end, End::Unusable(ReceiveError::Truncated));
    }),
];

/// Not one more can be opened; returns the limit of before. Nothing may be free below it.
fn lower_limit() -> Rlimit {
    let before = rustix::process::getrlimit(Resource::Nofile);
    let next = sealed_memfd(1);
    let lowest = u64::try_from(next.as_raw_fd()).unwrap();
    drop(next);
    let limit = Rlimit { current: Some(lowest), ..before };
    rustix::process::setrlimit(Resource::Nofile, limit).unwrap();
    before
}

#[test]
fn no_file_descriptor_left_costs_the_others_nothing() {
    child::run_once("no_file_descriptor_left_costs_the_others_nothing", LIMITS);
}

/// Takes one frame, says so, and holds it.
fn be_stopped(path: &str) {
    let mut consumer = Consumer::connect(path, &consumer_settings()).unwrap();
    let frame = consumer.next_frame(SOON).unwrap();
    std::fs::write(format!("{path}.held"), frame.serial().to_string()).unwrap();
    // Whoever stops this process continues it only to see how it ends.
    let told = loop {
        match consumer.next_frame(SOON) {
            Ok(_) => {}
            Err(NextError::Ended(end)) => break end,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(matches!(&told, End::Peer(goodbye) if goodbye.reason == Reason::TooSlow), "{told:?}");
    assert_eq!(stamp_of(frame.image()), frame.serial().get(), "nobody has written to it");
}

#[test]
fn consumer_that_is_stopped_is_sent_away_and_nobody_else() {
    const TEST: &str = "consumer_that_is_stopped_is_sent_away_and_nobody_else";
    if let Some(path) = child::case() {
        be_stopped(&path);
        return child::done();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stream");
    let limit_ns = u64::try_from(MOMENT.as_nanos()).unwrap();
    let policy = Policy::mailbox().with_hold_limit_ns(limit_ns);
    let mut producer = producer_with(producer_settings().buffers(4).policy(policy));
    producer.listen(&path).unwrap();
    let (_, mut honest) = join_served(&mut producer, &consumer_settings());
    let process = child::Process::start(child::command(TEST, path.to_str().unwrap()));
    while producer.served().count() < 2 {
        producer.dispatch_timeout(SOON).unwrap();
    }
    let mut next = 1;
    let mut serve = |producer: &mut Producer| {
        let acquired = producer.acquire_timeout(SOON).unwrap();
        if acquired.is_tainted() {
            return producer.replace(acquired).unwrap();
        }
        stamp(acquired.image(), next);
        let serial = producer.submit(acquired, Ready::Finished, Picture::default()).unwrap();
        assert_eq!(serial.get(), next);
        next += 1;
        let frame = honest.next_frame(SOON).unwrap();
        assert_eq!((frame.serial(), stamp_of(frame.image())), (serial, serial.get()));
        honest.release(frame, Ready::Finished).unwrap();
        producer.dispatch().unwrap();
    };
    let held = format!("{}.held", path.display());
    while std::fs::read_to_string(&held).map_or(true, |text| text.is_empty()) {
        serve(&mut producer);
    }
    let pid = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    let mut drawn: Vec<_> = std::iter::from_fn(|| producer.acquire().ok()).collect();
    let start = Instant::now();
    while producer.served().count() == 2 {
        match producer.acquire_timeout(SOON) {
            // The limit is for who holds frames while no buffer is free.
            Ok(acquired) => drawn.push(acquired),
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < SOON);
    }
    drop(drawn);
    (0..50).for_each(|_| serve(&mut producer));
    let events = producer_events(&mut producer);
    let ends = events.iter().filter(|event| matches!(event, ProducerEvent::Left { .. }));
    assert_eq!(ends.count(), 1);
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    process.finish();
}

#[test]
#[ignore = "lab: needs sw_sync"]
fn fence_that_never_signals_costs_one_buffer() {
    let (mut scene, held) = Scene::served();
    let timeline = Timeline::new();
    let fence = timeline.fence(1).into_fd();
    let release = Message::Release(Release { has_fence: true, ..held });
    scene.hostile.send_with(&release, &[&fence]);
    scene.producer.dispatch().unwrap();
    let all: Vec<_> = (0..4).map(|_| scene.producer.acquire().unwrap()).collect();
    let mut refused = 0;
    for acquired in all {
        match scene.producer.wait_for_readers(&acquired, MOMENT) {
            Ok(()) => scene.producer.cancel(acquired),
            Err(error) => {
                let peer = Some(scene.peer);
                assert_eq!(error, ReadersError::TimedOut { peer });
                scene.producer.replace(acquired).unwrap();
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
    scene.producer.dismiss(scene.peer, Reason::TooSlow, "a fence did not signal");
    settle(&mut scene.producer, &mut [&mut scene.honest]);
    scene.assert_serves();
}

#[test]
#[ignore = "lab: needs sw_sync"]
fn fence_that_was_not_agreed_on_ends_one_connection() {
    let mut scene = Scene::new();
    scene.hostile.send(&hello_with(Capabilities::WAITS_FOR_FENCES));
    scene.hostile.send(&offer(1));
    scene.producer.dispatch().unwrap();
    produce(&mut scene.producer);
    scene.honest_takes(1);
    let held = release(&scene.hostile.frame());
    let fence = Timeline::new().fence(1).into_fd();
    let release = Message::Release(Release { has_fence: true, ..held });
    scene.hostile.send_with(&release, &[&fence]);
    assert_eq!(scene.told_end(), End::Violation(Violation::Fence));
}
