#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Whatever a consumer sends, its producer ends that one connection with the reason that names it,
//! gets every buffer back, leaves neither a file descriptor nor a mapping open, and serves the
//! others as if nothing had happened.
//!
//! Spec: `docs/wire.md`; `unix(7)`: at most 253 file descriptors go with one message.

mod common;

use std::num::NonZeroU16;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::time::Instant;

use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::ipc::ReceiveError;
use dmashare::stream::End;
use dmashare::stream::ProducerEvent;
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
use dmashare::stream::wire::Text;
use dmashare::stream::wire::Versions;
use dmashare::sync::SyncFileError;
use rustix::io::Errno;

use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;
use common::hostile_consumer::Scene;
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
    ("file descriptors of one who has said that it sends none", || {
        let mut producer = producer_with(producer_settings());
        let (peer, hostile) = ScriptedConsumer::joined(&mut producer);
        hostile.send(&hello_with(Capabilities::WAITS_FOR_FENCES));
        hostile.send(&offer(1));
        producer.dispatch().unwrap();
        let sent = hostile.send_bytes(&encoded(&offer(2)), &[&sealed_memfd(64)]);
        producer.dispatch().unwrap();
        if let Err(errno) = sent {
            // From Linux 6.16 on they are not let in.
            assert_eq!(errno, Errno::PERM);
            assert!(producer.served().eq([peer]));
            return;
        }
        let surplus = ReceiveError::SurplusFds { expected: 0, found: 1 };
        let is_told = |event| match event {
            ProducerEvent::Left { end, .. } => end == End::Unusable(surplus.clone()),
            _ => false,
        };
        assert!(std::iter::from_fn(|| producer.next_event()).any(is_told));
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
        for message in [scripted_producer::hello(), Message::from(scripted_producer::frame(7, 0))] {
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
        let most = 12 + 2 * start.elapsed().as_secs();
        assert!(u64::from(generations) <= most, "{generations} of {most}");
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
#[ignore = "lab: needs sw_sync"]
fn fence_that_was_not_agreed_on_is_not_let_in_or_ends_one_connection() {
    let mut scene = Scene::new();
    scene.hostile.send(&hello_with(Capabilities::WAITS_FOR_FENCES));
    scene.hostile.send(&offer(1));
    scene.producer.dispatch().unwrap();
    produce(&mut scene.producer);
    scene.honest_takes(1);
    let held = release(&scene.hostile.frame());
    let fence = Timeline::new().fence(1).into_fd();
    let release = Message::Release(Release { has_fence: true, ..held });
    if let Err(errno) = scene.hostile.send_bytes(&encoded(&release), &[&fence]) {
        // From Linux 6.16 on the kernel refuses it.
        assert_eq!(errno, Errno::PERM);
        scene.hostile.send(&Message::Release(held));
        produce(&mut scene.producer);
        assert_eq!(scene.hostile.frame().serial.get(), 2);
        return;
    }
    assert_eq!(scene.told_end(), End::Violation(Violation::Fence));
}
