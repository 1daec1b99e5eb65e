//! What is sent, byte by byte and file descriptor by file descriptor.

use crate::SOON;
use crate::assert_survives;
use crate::common::buffer;
use crate::common::buffer::sealed_memfd;
use crate::common::buffer::unsealed_memfd;
use crate::common::child::Case;
use crate::common::scripted_producer::IMAGE_BYTES;
use crate::common::scripted_producer::ScriptedProducer;
use crate::common::scripted_producer::announce;
use crate::common::scripted_producer::announce_image;
use crate::common::scripted_producer::format;
use crate::common::scripted_producer::frame;
use crate::common::scripted_producer::image;
use crate::common::scripted_socket::encoded;
use crate::end_of;
use crate::ended;
use crate::goodbye;
use crate::nv12;
use crate::unusable;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::BackingError;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::ipc::Channel;
use dmashare::ipc::ReceiveError;
use dmashare::ipc::wire;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
use dmashare::stream::protocol::End;
use dmashare::stream::wire::Field;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Goodbye;
use dmashare::stream::wire::MAX_MESSAGE_BYTES;
use dmashare::stream::wire::Malformed;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Text;
use dmashare::sync::SyncFileError;
use rustix::fs::FallocateFlags;
use rustix::fs::SealFlags;
use rustix::io::Errno;
use rustix::process::Resource;
use rustix::process::Rlimit;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;

fn malformed(bytes: &[u8]) -> Malformed {
    match end_of(|producer| producer.send_bytes(bytes, &[]).unwrap()) {
        End::Malformed(malformed) => malformed,
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

pub(crate) const BYTES: &[Case] = &[
    ("an empty datagram", || {
        assert_eq!(malformed(&[]), Malformed::Length { expected: 16, found: 0 });
    }),
    ("half a message", || {
        for message in [Message::from(frame(11, 1)), announce(1, 9), goodbye()] {
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
        let bytes = encoded(&Message::from(frame(11, 1)));
        let refused = malformed(&[bytes.as_slice(), &bytes].concat());
        assert_eq!(refused, Malformed::StatedLength { stated: 48, found: 96 });
    }),
    ("more than any message has", || {
        let mut bytes = encoded(&Message::from(frame(11, 1)));
        bytes.resize(MAX_MESSAGE_BYTES + 1, 0);
        let expected = MAX_MESSAGE_BYTES;
        assert_eq!(malformed(&bytes), Malformed::Length { expected, found: expected + 1 });
        bytes.resize(100_000, 0);
        assert_eq!(malformed(&bytes), Malformed::Length { expected, found: 100_000 });
    }),
    ("something else", || {
        let header = |error| Malformed::Header(error);
        assert_eq!(malformed(&[b'G'; 300]), header(wire::Malformed::Magic));
        let mut later = encoded(&Message::from(frame(11, 1)));
        later[8] = 2;
        assert_eq!(malformed(&later), header(wire::Malformed::Version { found: 2 }));
        let one_image = image().encode();
        assert_eq!(malformed(&one_image), header(wire::Malformed::Kind { found: 1 }));
    }),
    ("a buffer that no pool has", || {
        let mut bytes = encoded(&Message::from(frame(11, 1)));
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

pub(crate) const FDS: &[Case] = &[
    ("as many file descriptors as the kernel carries, with each message", || {
        let memfd = sealed_memfd(IMAGE_BYTES);
        let frame = Frame { has_fence: true, ..frame(11, 1) };
        let messages =
            [goodbye(), Message::Format(format(1, 1)), Message::from(frame), announce(1, 9)];
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
        let frame = Message::from(Frame { has_fence: true, ..frame(11, 1) });
        assert_eq!(unusable(&frame, &[]), missing(1, 0));
    }),
    ("what is no fence", || {
        let message = Message::from(Frame { has_fence: true, ..frame(11, 1) });
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
        for message in [announce(1, 9), Message::from(Frame { has_fence: true, ..frame(11, 1) })] {
            let (producer, mut consumer) = ScriptedProducer::streaming(3);
            producer.send(&Message::from(frame(10, 0)));
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

pub(crate) const MEMORY: &[Case] = &[
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
        producer.send(&Message::from(frame(1, 0)));
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
