//! How producers go.

use crate::SOON;
use crate::common::buffer::sealed_memfd;
use crate::common::child::Case;
use crate::common::scripted_producer::IMAGE_BYTES;
use crate::common::scripted_producer::ScriptedProducer;
use crate::common::scripted_producer::announce;
use crate::common::scripted_producer::format;
use crate::common::scripted_producer::frame;
use crate::common::scripted_producer::hello;
use crate::common::scripted_producer::id;
use crate::common::scripted_producer::settings;
use crate::common::scripted_producer::take_events;
use crate::ended;
use crate::goodbye;
use dmashare::ipc::Listener;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::protocol::End;
use dmashare::stream::protocol::Violation;
use dmashare::stream::wire::Capabilities;
use dmashare::stream::wire::Kind;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::ProducerHello;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Retire;
use dmashare::stream::wire::STREAM_VERSION;
use dmashare::stream::wire::Versions;
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;

/// What a producer says, step by step.
fn script() -> Vec<(Message, Option<OwnedFd>)> {
    let memfd = || Some(sealed_memfd(IMAGE_BYTES));
    vec![
        (hello(), None),
        (Message::Format(format(1, 1)), None),
        (announce(1, 0), memfd()),
        (announce(1, 1), memfd()),
        (Message::from(frame(1, 0)), None),
        (Message::from(frame(2, 1)), None),
        (Message::Retire(Retire { buffer: id(0) }), None),
        (Message::Format(format(2, 1)), None),
        (announce(2, 0), memfd()),
    ]
}

/// Plays the first steps, with frames kept, and then does something.
fn after_steps(steps: usize, is_taken: bool, act: impl Fn(ScriptedProducer)) -> End {
    let (producer, mut consumer) = ScriptedProducer::with_consumer();
    let mut events = Vec::new();
    for (message, fd) in script().into_iter().take(steps) {
        // The places of the second generation are free only when its frames are released.
        if message.kind() == Kind::Announce && is_taken {
            events.clear();
            events.extend(take_events(&mut consumer));
        }
        producer.send_with(&message, &fd.iter().collect::<Vec<_>>());
        if is_taken {
            events.extend(take_events(&mut consumer));
        }
    }
    act(producer);
    events.extend(take_events(&mut consumer));
    match events.pop() {
        Some(ConsumerEvent::Ended(end)) => end,
        other => panic!("after {steps} steps: {other:?}"),
    }
}

pub(crate) const DEATHS: &[Case] = &[
    ("a producer that goes after each step", || {
        for steps in 0..=script().len() {
            assert_eq!(after_steps(steps, true, drop), End::Lost, "{steps}");
            // All in one go: frames are not released in between, which the last steps need.
            assert_eq!(after_steps(steps.min(8), false, drop), End::Lost, "{steps}");
        }
    }),
    ("a producer that says goodbye after each step", || {
        for steps in 0..=script().len() {
            let end = after_steps(steps, true, |producer| producer.send(&goodbye()));
            assert!(matches!(end, End::Peer(_)), "{steps}: {end}");
        }
    }),
    ("a producer that sends half a message after each step", || {
        for steps in 0..=script().len() {
            let end = after_steps(steps, true, |producer| {
                producer.send_bytes(b"dmashare", &[]).unwrap();
            });
            assert!(matches!(end, End::Malformed(_)), "{steps}: {end}");
        }
    }),
    ("a producer of no version that is spoken here", || {
        let (producer, mut consumer) = ScriptedProducer::with_consumer();
        let later = NonZeroU16::new(STREAM_VERSION + 1).unwrap();
        producer.send(&Message::ProducerHello(ProducerHello {
            versions: Versions::new(later, later).unwrap(),
            capabilities: Capabilities::empty(),
            device: None,
        }));
        let end = ended(&mut consumer);
        assert!(matches!(end, End::Violation(Violation::Version { .. })), "{end}");
        assert_eq!(producer.goodbye().0, Reason::Version);
    }),
    ("a producer that shuts one direction", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        rustix::net::shutdown(&producer.channel, rustix::net::Shutdown::Write).unwrap();
        assert_eq!(ended(&mut consumer), End::Lost);
        let (producer, mut consumer) = ScriptedProducer::streaming(2);
        rustix::net::shutdown(&producer.channel, rustix::net::Shutdown::Read).unwrap();
        producer.send(&Message::from(frame(1, 0)));
        let frame = consumer.next_frame(SOON).unwrap();
        consumer.release(frame, Ready::Finished).unwrap();
        assert_eq!(ended(&mut consumer), End::Lost);
    }),
    ("a thousand connections, one after the other", || {
        let dir = tempfile::tempdir().unwrap();
        let listener = Listener::bind_path(dir.path().join("socket")).unwrap();
        for number in 0..1000 {
            let mut consumer = Consumer::connect(listener.path(), &settings()).unwrap();
            let producer = ScriptedProducer::new(listener.accept_timeout(SOON).unwrap());
            for (message, fd) in script().into_iter().take(number % 7) {
                producer.send_with(&message, &fd.iter().collect::<Vec<_>>());
            }
            take_events(&mut consumer);
        }
    }),
];
