//! What is said, at the wrong time or too often.

use crate::SOON;
use crate::common::buffer::sealed_memfd;
use crate::common::child::Case;
use crate::common::scripted_producer::FOURCC;
use crate::common::scripted_producer::IMAGE_BYTES;
use crate::common::scripted_producer::ScriptedProducer;
use crate::common::scripted_producer::announce;
use crate::common::scripted_producer::announce_image;
use crate::common::scripted_producer::format;
use crate::common::scripted_producer::frame;
use crate::common::scripted_producer::hello;
use crate::common::scripted_producer::id;
use crate::common::scripted_producer::image;
use crate::common::scripted_producer::settings;
use crate::common::scripted_producer::take_events;
use crate::common::scripted_socket::encoded;
use crate::end_of;
use crate::end_with;
use crate::ended;
use crate::ended_already;
use crate::goodbye;
use crate::nv12;
use crate::serial;
use crate::unusable;
use crate::violation;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::layout::Extent;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::ipc::wire::ImageMessage;
use dmashare::stream::NextError;
use dmashare::stream::protocol::End;
use dmashare::stream::protocol::Violation;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::Format;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Limits;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::Retire;
use dmashare::stream::wire::Size;
use rustix::io::Errno;
use std::num::NonZeroU64;

/// What a producer can say at the wrong time, or of what is not there.
pub(crate) const MESSAGES: &[Case] = &[
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
        assert_eq!(violation(&Message::from(frame(11, 63))), expected);
    }),
    ("a frame in a buffer that is held", || {
        let expected = Violation::InUse { buffer: id(0) };
        assert_eq!(violation(&Message::from(frame(11, 0))), expected);
    }),
    ("a serial that was used, and one from before", || {
        for found in [10, 9, 1] {
            let expected = Violation::SerialOrder { found: serial(found), before: 10 };
            assert_eq!(violation(&Message::from(frame(found, 1))), expected);
        }
    }),
    ("more frames than may be held", || {
        let end = end_of(|producer| {
            producer.send(&Message::from(frame(11, 1)));
            producer.send(&Message::from(frame(12, 2)));
        });
        let expected = Violation::TooManyFrames { serial: serial(12) };
        assert_eq!(end, End::Violation(expected));
    }),
    ("damage outside of the picture", || {
        let damage = Damage::new(&[Rectangle::new(7, 7, 2, 1).unwrap()]);
        let message = Message::from(Frame { damage, ..frame(11, 1) });
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

pub(crate) const LIMITS: &[Case] = &[
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
        producer.send(&Message::from(frame(1, 0)));
        let held = consumer.next_frame(SOON).unwrap();
        for serial in 2..100_000 {
            if producer.send_bytes(&encoded(&Message::from(frame(serial, 1))), &[]).is_err() {
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
