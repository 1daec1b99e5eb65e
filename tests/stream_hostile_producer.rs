#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Whatever a producer sends, its consumer ends the connection with the reason that names it, keeps
//! the frame that it holds readable, and leaves neither a file descriptor nor a mapping open.
//!
//! Spec: `docs/wire.md`; `unix(7)`: at most 253 file descriptors go with one message.

mod common;

use std::num::NonZeroU16;
use std::num::NonZeroU64;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

use dmashare::dmabuf::Access;
use dmashare::dmabuf::BackingError;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::layout::Extent;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::ipc::Channel;
use dmashare::ipc::Listener;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::ipc::wire;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::NextError;
use dmashare::stream::ReceivedFrame;
use dmashare::stream::protocol::End;
use dmashare::stream::protocol::Violation;
use dmashare::stream::wire::Capabilities;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::Field;
use dmashare::stream::wire::Format;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Goodbye;
use dmashare::stream::wire::Kind;
use dmashare::stream::wire::Limits;
use dmashare::stream::wire::MAX_MESSAGE_BYTES;
use dmashare::stream::wire::Malformed;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;
use dmashare::stream::wire::ProducerHello;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::Retire;
use dmashare::stream::wire::STREAM_VERSION;
use dmashare::stream::wire::Size;
use dmashare::stream::wire::Text;
use dmashare::stream::wire::Versions;
use dmashare::sync::SyncFileError;
use dmashare::sync::WaitError;
use rustix::fs::FallocateFlags;
use rustix::fs::SealFlags;
use rustix::io::Errno;
use rustix::process::Resource;
use rustix::process::Rlimit;

use common::buffer;
use common::buffer::sealed_memfd;
use common::buffer::unsealed_memfd;
use common::child;
use common::child::Case;
use common::scripted_producer::FOURCC;
use common::scripted_producer::IMAGE_BYTES;
use common::scripted_producer::ScriptedProducer;
use common::scripted_producer::announce;
use common::scripted_producer::announce_image;
use common::scripted_producer::format;
use common::scripted_producer::frame;
use common::scripted_producer::hello;
use common::scripted_producer::id;
use common::scripted_producer::image;
use common::scripted_producer::settings;
use common::scripted_producer::take_events;
use common::scripted_socket::encoded;
use common::sw_sync::Timeline;

const SOON: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(20);

/// How a connection ends in which buffers 0 to 2 are announced and frame 10 in buffer 0 is held,
/// when this is done to it. All that a survivor is promised is checked.
fn end_of(act: impl FnOnce(&ScriptedProducer)) -> End {
    end_with(&settings(), act)
}

fn end_with(settings: &ConsumerSettings, act: impl FnOnce(&ScriptedProducer)) -> End {
    let (producer, mut consumer) = ScriptedProducer::streaming_with(settings, 3);
    producer.send(&Message::Frame(frame(10, 0)));
    let held = consumer.next_frame(SOON).unwrap();
    act(&producer);
    let end = ended(&mut consumer);
    assert_survives(&producer, &mut consumer, held, &end);
    end
}

/// The end that is the last event of all.
fn ended(consumer: &mut Consumer) -> End {
    match take_events(consumer).pop() {
        Some(ConsumerEvent::Ended(end)) => end,
        other => panic!("{other:?}"),
    }
}

fn assert_survives(
    producer: &ScriptedProducer,
    consumer: &mut Consumer,
    held: ReceivedFrame,
    end: &End,
) {
    let (reason, text) = producer.goodbye();
    let expected = match end {
        End::Violation(violation) => violation.reason(),
        End::Unusable(ReceiveError::Truncated) => Reason::Failed,
        End::TooSlow | End::Silent => Reason::TooSlow,
        _ => Reason::Protocol,
    };
    assert_eq!(reason, expected, "{text}");
    assert!(!text.is_empty());
    let mut row = [0; 32];
    let mut mapping = held.image().map(Access::Read).unwrap();
    mapping.begin(Access::Read).unwrap().read_row(0, 7, &mut row).unwrap();
    consumer.release(held, Ready::Finished).unwrap();
    assert_eq!(consumer.next_frame(Duration::ZERO).unwrap_err(), NextError::Ended(end.clone()));
    // It was closed at once, not when the consumer is dropped.
    assert_eq!(producer.send_bytes(&[1], &[]), Err(Errno::PIPE));
}

fn malformed(bytes: &[u8]) -> Malformed {
    match end_of(|producer| producer.send_bytes(bytes, &[]).unwrap()) {
        End::Malformed(malformed) => malformed,
        other => panic!("{other:?}"),
    }
}

fn violation(message: &Message) -> Violation {
    match end_of(|producer| producer.send(message)) {
        End::Violation(violation) => violation,
        other => panic!("{other:?}"),
    }
}

fn unusable(message: &Message, fds: &[&OwnedFd]) -> ReceiveError {
    match end_of(|producer| producer.send_with(message, fds)) {
        End::Unusable(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Why a buffer is refused that is said to be in this file descriptor.
fn refused_image(fd: &OwnedFd) -> ReceiveError {
    unusable(&announce(1, 9), &[fd])
}

fn backing(source: BackingError) -> ReceiveError {
    ReceiveError::Image(InvalidDescriptor::Backing { plane: 0, source })
}

fn nv12() -> ImageMessage {
    let luma = PlaneMessage { offset_bytes: 0, stride_bytes: 64, slot: 0 };
    let planes = PlaneList::new(&[luma, PlaneMessage { slot: 1, ..luma }]).unwrap();
    ImageMessage { fourcc: Fourcc::NV12, planes, ..image() }
}

fn serial(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

fn goodbye() -> Message {
    Message::Goodbye(Goodbye { reason: Reason::Finished, text: Text::default() })
}

const BYTES: &[Case] = &[
    ("an empty datagram", || {
        assert_eq!(malformed(&[]), Malformed::Length { expected: 16, found: 0 });
    }),
    ("half a message", || {
        for message in [Message::Frame(frame(11, 1)), announce(1, 9), goodbye()] {
            let bytes = encoded(&message);
            for length in [1, 15, 16, bytes.len() / 2, bytes.len() - 1] {
                let refused = malformed(&bytes[..length]);
                let expected = if length < 16 {
                    Malformed::Length { expected: 16, found: length }
                } else {
                    let stated = u32::try_from(bytes.len()).unwrap();
                    Malformed::StatedLength { stated, found: length }
                };
                assert_eq!(refused, expected);
            }
        }
    }),
    ("two messages in one datagram", || {
        let bytes = encoded(&Message::Frame(frame(11, 1)));
        let refused = malformed(&[bytes.as_slice(), &bytes].concat());
        assert_eq!(refused, Malformed::StatedLength { stated: 48, found: 96 });
    }),
    ("more than any message has", || {
        let mut bytes = encoded(&Message::Frame(frame(11, 1)));
        bytes.resize(MAX_MESSAGE_BYTES + 1, 0);
        let expected = MAX_MESSAGE_BYTES;
        assert_eq!(malformed(&bytes), Malformed::Length { expected, found: expected + 1 });
        bytes.resize(100_000, 0);
        assert_eq!(malformed(&bytes), Malformed::Length { expected, found: 100_000 });
    }),
    ("something else", || {
        let header = |error| Malformed::Header(error);
        assert_eq!(malformed(&[b'G'; 300]), header(wire::Malformed::Magic));
        let mut later = encoded(&Message::Frame(frame(11, 1)));
        later[8] = 2;
        assert_eq!(malformed(&later), header(wire::Malformed::Version { found: 2 }));
        let one_image = image().encode();
        assert_eq!(malformed(&one_image), header(wire::Malformed::Kind { found: 1 }));
    }),
    ("a buffer that no pool has", || {
        let mut bytes = encoded(&Message::Frame(frame(11, 1)));
        bytes[40] = 64;
        let expected = Malformed::OutOfRange { field: Field::Buffer, found: 64 };
        assert_eq!(malformed(&bytes), expected);
    }),
    ("a goodbye that would do something to a terminal", || {
        let text = Text::new("gone");
        let mut bytes = encoded(&Message::Goodbye(Goodbye { reason: Reason::Failed, text }));
        bytes[24] = 0x1b;
        assert_eq!(malformed(&bytes), Malformed::Text);
    }),
];

const FDS: &[Case] = &[
    ("as many file descriptors as the kernel carries, with each message", || {
        let memfd = sealed_memfd(IMAGE_BYTES);
        let frame = Frame { has_fence: true, ..frame(11, 1) };
        let messages =
            [goodbye(), Message::Format(format(1, 1)), Message::Frame(frame), announce(1, 9)];
        for message in messages {
            for count in [message.slots() + 1, 5, 6, 7, 64, 253] {
                let refused = unusable(&message, &vec![&memfd; count]);
                let ReceiveError::SurplusFds { expected, found } = refused else {
                    panic!("{refused}");
                };
                assert_eq!(expected, message.slots());
                assert!(expected < found && found <= count.min(8), "{found} of {count}");
            }
        }
    }),
    ("fewer file descriptors than the message says", || {
        let missing = |expected, found| ReceiveError::MissingFds { expected, found };
        assert_eq!(unusable(&announce(1, 9), &[]), missing(1, 0));
        let memfd = sealed_memfd(4096);
        assert_eq!(unusable(&announce_image(1, 9, nv12()), &[&memfd]), missing(2, 1));
        let frame = Message::Frame(Frame { has_fence: true, ..frame(11, 1) });
        assert_eq!(unusable(&frame, &[]), missing(1, 0));
    }),
    ("what is no fence", || {
        let message = Message::Frame(Frame { has_fence: true, ..frame(11, 1) });
        let things = [sealed_memfd(4096), buffer::dev_null(), buffer::pipe(), buffer::directory()];
        for thing in &things {
            let expected = ReceiveError::Fence(SyncFileError::NotASyncFile);
            assert_eq!(unusable(&message, &[thing]), expected);
        }
    }),
    ("what is no buffer", || {
        let (socket, _other) = Channel::pair().unwrap();
        let things = [buffer::dev_null(), buffer::pipe(), buffer::directory(), socket.into()];
        for thing in &things {
            assert_eq!(refused_image(thing), backing(BackingError::NotABuffer));
        }
    }),
    ("a memfd that is too small", || {
        let expected = LayoutError::BufferTooSmall {
            plane: 0,
            needed_bytes: IMAGE_BYTES,
            buffer_bytes: IMAGE_BYTES - 1,
        };
        let expected = ReceiveError::Image(InvalidDescriptor::Layout(expected));
        assert_eq!(refused_image(&sealed_memfd(IMAGE_BYTES - 1)), expected);
    }),
    ("numbers that no image has, before anything is looked at", || {
        let plane = PlaneMessage { offset_bytes: u32::MAX, stride_bytes: u32::MAX, slot: 0 };
        let planes = PlaneList::new(&[plane]).unwrap();
        let message = announce_image(1, 9, ImageMessage { planes, ..image() });
        let refused = unusable(&message, &[&buffer::dev_null()]);
        assert!(matches!(refused, ReceiveError::Image(InvalidDescriptor::Layout(_))), "{refused}");
    }),
    ("a consumer without room for a file descriptor", || {
        for message in [announce(1, 9), Message::Frame(Frame { has_fence: true, ..frame(11, 1) })] {
            let (producer, mut consumer) = ScriptedProducer::streaming(3);
            producer.send(&Message::Frame(frame(10, 0)));
            let held = consumer.next_frame(SOON).unwrap();
            producer.send_with(&message, &[&sealed_memfd(IMAGE_BYTES)]);
            let end = without_room(|| ended(&mut consumer));
            assert_eq!(end, End::Unusable(ReceiveError::Truncated));
            assert_survives(&producer, &mut consumer, held, &end);
        }
    }),
];

/// Runs it while this process can open no further file descriptor.
fn without_room<T>(run: impl FnOnce() -> T) -> T {
    let before = rustix::process::getrlimit(Resource::Nofile);
    // The kernel gives the lowest number that is free.
    let free = buffer::dev_null();
    let current = Some(u64::try_from(free.as_raw_fd()).unwrap());
    drop(free);
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
    let result = run();
    rustix::process::setrlimit(Resource::Nofile, before).unwrap();
    result
}

const MEMORY: &[Case] = &[
    ("a memfd that could be shrunk", || {
        let memfd = unsealed_memfd(IMAGE_BYTES);
        assert_eq!(refused_image(&memfd), backing(BackingError::Shrinkable));
    }),
    ("a memfd that can grow cannot be shrunk either", || {
        let memfd = unsealed_memfd(IMAGE_BYTES);
        rustix::fs::fcntl_add_seals(&memfd, SealFlags::GROW).unwrap();
        assert_eq!(refused_image(&memfd), backing(BackingError::Shrinkable));
    }),
    ("a buffer whose size is changed after it was announced", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(0);
        let memfd = sealed_memfd(IMAGE_BYTES);
        producer.send_with(&announce(1, 0), &[&memfd]);
        producer.send(&Message::Frame(frame(1, 0)));
        let frame = consumer.next_frame(SOON).unwrap();
        let mut mapping = frame.image().map(Access::Read).unwrap();
        assert_eq!(rustix::fs::ftruncate(&memfd, 0), Err(Errno::PERM));
        assert_eq!(rustix::fs::ftruncate(&memfd, 1), Err(Errno::PERM));
        rustix::fs::ftruncate(&memfd, 1 << 20).unwrap();
        // What was never written, and what is taken away, reads as 0.
        rustix::io::pwrite(&memfd, &[7; 256], 0).unwrap();
        let mut row = [0; 32];
        mapping.begin(Access::Read).unwrap().read_row(0, 7, &mut row).unwrap();
        assert_eq!(row, [7; 32]);
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        rustix::fs::fallocate(&memfd, hole, 0, 1 << 20).unwrap();
        mapping.begin(Access::Read).unwrap().read_row(0, 7, &mut row).unwrap();
        assert_eq!(row, [0; 32]);
        // And a new mapping of the same image.
        let mut mapping = frame.image().map(Access::Read).unwrap();
        mapping.begin(Access::Read).unwrap().read_row(0, 0, &mut row).unwrap();
    }),
    ("a file that is truncated under who maps it is never let in", || {
        let file = tempfile::tempfile().unwrap();
        file.set_len(IMAGE_BYTES).unwrap();
        let refused = refused_image(&OwnedFd::from(file));
        let expected = [backing(BackingError::NotABuffer), backing(BackingError::Shrinkable)];
        assert!(expected.contains(&refused), "{refused}");
    }),
];

/// What a producer can say at the wrong time, or of what is not there.
const MESSAGES: &[Case] = &[
    ("what only a consumer says, and a second hello", || {
        let sets =
            [(dmashare::format::Usage::Cpu, [(FOURCC, Modifier::LINEAR)].into_iter().collect())];
        let offer = Offer::new(1.try_into().unwrap(), None, &sets).unwrap();
        let release = Release { serial: serial(10), buffer: id(0), has_fence: false };
        for message in [hello(), Message::Offer(offer), Message::Release(release)] {
            let state = "frames are received";
            let expected = Violation::Unexpected { kind: message.kind(), state };
            assert_eq!(violation(&message), expected);
        }
    }),
    ("a frame in a buffer that was never announced", || {
        let expected = Violation::NoBuffer { buffer: id(63) };
        assert_eq!(violation(&Message::Frame(frame(11, 63))), expected);
    }),
    ("a frame in a buffer that is held", || {
        let expected = Violation::InUse { buffer: id(0) };
        assert_eq!(violation(&Message::Frame(frame(11, 0))), expected);
    }),
    ("a serial that was used, and one from before", || {
        for found in [10, 9, 1] {
            let expected = Violation::SerialOrder { found: serial(found), before: 10 };
            assert_eq!(violation(&Message::Frame(frame(found, 1))), expected);
        }
    }),
    ("more frames than may be held", || {
        let end = end_of(|producer| {
            producer.send(&Message::Frame(frame(11, 1)));
            producer.send(&Message::Frame(frame(12, 2)));
        });
        let expected = Violation::TooManyFrames { serial: serial(12) };
        assert_eq!(end, End::Violation(expected));
    }),
    ("damage outside of the picture", || {
        let damage = Damage::new(&[Rectangle::new(7, 7, 2, 1).unwrap()]);
        let message = Message::Frame(Frame { damage, ..frame(11, 1) });
        assert_eq!(violation(&message), Violation::Damage { serial: serial(11) });
    }),
    ("a retirement of what is not there", || {
        let expected = Violation::NoBuffer { buffer: id(40) };
        assert_eq!(violation(&Message::Retire(Retire { buffer: id(40) })), expected);
        let end = end_of(|producer| {
            producer.send(&Message::Retire(Retire { buffer: id(1) }));
            producer.send(&Message::Retire(Retire { buffer: id(1) }));
        });
        assert_eq!(end, End::Violation(Violation::NoBuffer { buffer: id(1) }));
    }),
    ("a buffer in the place of another, or of one that is held", || {
        for number in [0, 1] {
            let end = end_of(|producer| producer.announce(number));
            assert_eq!(end, End::Violation(Violation::InUse { buffer: id(number) }));
        }
        let end = end_of(|producer| {
            producer.send(&Message::Retire(Retire { buffer: id(0) }));
            producer.announce(0);
        });
        assert_eq!(end, End::Violation(Violation::InUse { buffer: id(0) }));
    }),
    ("a buffer of another size, format or modifier", || {
        let memfd = sealed_memfd(1 << 20);
        let wrong = [
            (ImageMessage { width: 7, ..image() }, 1),
            (ImageMessage { height: 9, ..image() }, 1),
            (ImageMessage { fourcc: Fourcc::ARGB8888, ..image() }, 1),
            (ImageMessage { modifier: Modifier::Implicit, ..image() }, 1),
            (nv12(), 2),
        ];
        for (image, count) in wrong {
            let message = announce_image(1, 9, image);
            let end = end_of(|producer| producer.send_with(&message, &vec![&memfd; count]));
            assert_eq!(end, End::Violation(Violation::WrongImage { buffer: id(9) }));
        }
    }),
    ("a buffer of another generation", || {
        let memfd = sealed_memfd(IMAGE_BYTES);
        let end = end_of(|producer| producer.send_with(&announce(2, 9), &[&memfd]));
        let found = 2.try_into().unwrap();
        assert_eq!(end, End::Violation(Violation::Generation { found, current: 1 }));
    }),
    ("a memfd that only its driver is said to check", || {
        let message = announce_image(1, 9, ImageMessage { extent: Extent::Beginning, ..image() });
        let refused = unusable(&message, &[&sealed_memfd(1)]);
        let expected = InvalidDescriptor::NotKernelChecked { plane: 0 };
        assert_eq!(refused, ReceiveError::Image(expected));
    }),
    ("a format that was not offered, changed, or of an offer that was not made", || {
        let other = Format { fourcc: Fourcc::NV12, ..format(2, 1) };
        assert_eq!(violation(&Message::Format(other)), Violation::NotOffered);
        let changed = Format { size: Size::new(9, 9).unwrap(), ..format(1, 1) };
        let found = 1.try_into().unwrap();
        let expected = Violation::Generation { found, current: 1 };
        assert_eq!(violation(&Message::Format(changed)), expected);
        let found = 2.try_into().unwrap();
        let expected = Violation::Answer { found, answered: 1, last: 1 };
        assert_eq!(violation(&Message::Format(format(2, 2))), expected);
    }),
];

const LIMITS: &[Case] = &[
    ("a buffer too many", || {
        let settings = settings().limits(Limits::default().with_buffers(3));
        let end = end_with(&settings, |producer| producer.announce(3));
        assert_eq!(end, End::Violation(Violation::OverLimit { buffer: id(3) }));
    }),
    ("a file descriptor too many", || {
        let settings = settings().limits(Limits::default().with_fds(3));
        let end = end_with(&settings, |producer| producer.announce(3));
        assert_eq!(end, End::Violation(Violation::OverLimit { buffer: id(3) }));
    }),
    ("a byte too many", || {
        let bytes = NonZeroU64::new(4 * IMAGE_BYTES).unwrap();
        let settings = settings().limits(Limits::default().with_bytes(bytes));
        let end = end_with(&settings, |producer| {
            producer.send_with(&announce(1, 3), &[&sealed_memfd(IMAGE_BYTES + 1)]);
        });
        assert_eq!(end, End::Violation(Violation::OverLimit { buffer: id(3) }));
    }),
    ("a memfd that grows does not count for more than it was", || {
        let bytes = NonZeroU64::new(4 * IMAGE_BYTES).unwrap();
        let settings = settings().limits(Limits::default().with_bytes(bytes));
        let (producer, mut consumer) = ScriptedProducer::streaming_with(&settings, 3);
        let memfd = sealed_memfd(IMAGE_BYTES);
        producer.send_with(&announce(1, 3), &[&memfd]);
        take_events(&mut consumer);
        rustix::fs::ftruncate(&memfd, 1 << 30).unwrap();
        assert_eq!(consumer.image(id(3)).unwrap().size_bytes(), IMAGE_BYTES);
    }),
    ("buffers that are retired while their frames are held still count", || {
        let settings = settings().limits(Limits::default().with_buffers(3));
        let end = end_with(&settings, |producer| {
            producer.send(&Message::Retire(Retire { buffer: id(0) }));
            producer.announce(5);
        });
        assert_eq!(end, End::Violation(Violation::OverLimit { buffer: id(5) }));
    }),
    ("a producer that takes no releases", || {
        let settings = settings().limits(Limits::default().with_frames(64));
        let (producer, mut consumer) = ScriptedProducer::streaming_with(&settings, 2);
        producer.send(&Message::Frame(frame(1, 0)));
        let held = consumer.next_frame(SOON).unwrap();
        for serial in 2..100_000 {
            if producer.send_bytes(&encoded(&Message::Frame(frame(serial, 1))), &[]).is_err() {
                break;
            }
            match consumer.next_frame(SOON) {
                Ok(frame) => consumer.release(frame, Ready::Finished).unwrap(),
                Err(error) => {
                    assert_eq!(error, NextError::Ended(End::TooSlow));
                    break;
                }
            }
        }
        assert_eq!(ended_already(&mut consumer), End::TooSlow);
        drop(held);
    }),
    ("formats without end bring no memory and no file descriptors with them", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(0);
        let memfd = sealed_memfd(IMAGE_BYTES);
        for generation in 2..3000 {
            producer.send(&Message::Format(format(generation, 1)));
            producer.send_with(&announce(generation, 0), &[&memfd]);
            assert!(consumer.image(id(1)).is_none());
            take_events(&mut consumer);
        }
    }),
    ("nothing behind a goodbye is looked at", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        producer.send(&goodbye());
        for number in 1..5 {
            producer.announce(number);
        }
        assert!(matches!(ended(&mut consumer), End::Peer(_)));
        assert!(consumer.image(id(1)).is_none());
        // What was sent and not read makes it a reset.
        let gone = producer.send_bytes(&[1], &[]).unwrap_err();
        assert!([Errno::PIPE, Errno::CONNRESET].contains(&gone), "{gone}");
    }),
];

/// The end, whether or not its event was taken.
fn ended_already(consumer: &mut Consumer) -> End {
    take_events(consumer);
    consumer.end().expect("an end").clone()
}

/// What a producer says, step by step.
fn script() -> Vec<(Message, Option<OwnedFd>)> {
    let memfd = || Some(sealed_memfd(IMAGE_BYTES));
    vec![
        (hello(), None),
        (Message::Format(format(1, 1)), None),
        (announce(1, 0), memfd()),
        (announce(1, 1), memfd()),
        (Message::Frame(frame(1, 0)), None),
        (Message::Frame(frame(2, 1)), None),
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

const DEATHS: &[Case] = &[
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
        producer.send(&Message::Frame(frame(1, 0)));
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

#[test]
fn what_is_no_message_ends_the_connection() {
    child::run_cases("what_is_no_message_ends_the_connection", BYTES);
}

#[test]
fn wrong_file_descriptors_end_the_connection_and_are_closed() {
    child::run_cases("wrong_file_descriptors_end_the_connection_and_are_closed", FDS);
}

#[test]
fn memory_that_changes_its_size_crashes_nobody() {
    child::run_cases("memory_that_changes_its_size_crashes_nobody", MEMORY);
}

#[test]
fn messages_at_the_wrong_time_end_the_connection() {
    child::run_cases("messages_at_the_wrong_time_end_the_connection", MESSAGES);
}

#[test]
fn limits_hold() {
    child::run_cases("limits_hold", LIMITS);
}

#[test]
fn producers_go_whenever_they_like() {
    child::run_cases("producers_go_whenever_they_like", DEATHS);
}

const FENCES: &[Case] = &[
    ("a fence that never signals", || {
        let timeline = Timeline::new();
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let message = Message::Frame(Frame { has_fence: true, ..frame(1, 0) });
        producer.send_with(&message, &[&timeline.fence(1).into_fd()]);
        let frame = consumer.next_frame(SOON).unwrap();
        assert_eq!(frame.wait_for_pixels(MOMENT), Err(WaitError::TimedOut));
        consumer.release(frame, Ready::Finished).unwrap();
    }),
    ("a fence that fails", || {
        let timeline = Timeline::new();
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let message = Message::Frame(Frame { has_fence: true, ..frame(1, 0) });
        producer.send_with(&message, &[&timeline.fence(1).into_fd()]);
        drop(timeline);
        let frame = consumer.next_frame(SOON).unwrap();
        let failed = frame.wait_for_pixels(SOON);
        assert!(matches!(failed, Err(WaitError::Failed { .. })), "{failed:?}");
        drop(frame);
    }),
    ("a fence that was not agreed on", || {
        let timeline = Timeline::new();
        let settings = settings().waits_for_fences(false);
        let message = Message::Frame(Frame { has_fence: true, ..frame(11, 1) });
        let fence = timeline.fence(1).into_fd();
        let end = end_with(&settings, |producer| producer.send_with(&message, &[&fence]));
        assert_eq!(end, End::Violation(Violation::Fence));
    }),
];

#[test]
#[ignore = "lab: needs sw_sync"]
fn fences_that_do_not_signal_stop_nobody() {
    child::run_cases("fences_that_do_not_signal_stop_nobody", FENCES);
}
