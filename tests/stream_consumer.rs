#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A consumer over a socket tells its user all that its producer says, gives every frame back, and
//! never waits for anybody unless it was asked to.

mod common;

use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use dmashare::dmabuf::Access;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Range;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::NextError;
use dmashare::stream::ReceivedFrame;
use dmashare::stream::ReleaseError;
use dmashare::stream::protocol::End;
use dmashare::stream::protocol::consumer::OfferError;
use dmashare::stream::wire::Capabilities;
use dmashare::stream::wire::Colour;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::DeviceId;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Goodbye;
use dmashare::stream::wire::Limits;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;

use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::Retire;
use dmashare::stream::wire::Size;
use dmashare::stream::wire::Text;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;

use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;
use common::scripted_producer::FOURCC;
use common::scripted_producer::IMAGE_BYTES;
use common::scripted_producer::ScriptedProducer;
use common::scripted_producer::announce;
use common::scripted_producer::format;
use common::scripted_producer::frame;
use common::scripted_producer::hello;
use common::scripted_producer::hello_with;
use common::scripted_producer::id;
use common::scripted_producer::settings;
use common::scripted_producer::take_events;
use common::scripted_socket::encoded;
use common::sw_sync::Timeline;

const SOON: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(20);

fn is_readable(consumer: &Consumer) -> bool {
    is_readable_within(consumer, Duration::ZERO)
}

fn is_readable_within(consumer: &Consumer, timeout: Duration) -> bool {
    let mut fds = [PollFd::new(consumer, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&Timespec::try_from(timeout).unwrap())).unwrap() == 1
}

/// The only event that there is.
fn only(events: Vec<ConsumerEvent>) -> ConsumerEvent {
    let count = events.len();
    let [event] = events.try_into().unwrap_or_else(|_| panic!("{count} events"));
    event
}

fn only_frame(consumer: &mut Consumer) -> ReceivedFrame {
    match only(take_events(consumer)) {
        ConsumerEvent::Frame(frame) => frame,
        other => panic!("{other:?}"),
    }
}

fn only_end(consumer: &mut Consumer) -> End {
    match only(take_events(consumer)) {
        ConsumerEvent::Ended(end) => end,
        other => panic!("{other:?}"),
    }
}

fn release_of(serial: u64, number: u16) -> Message {
    let serial = NonZeroU64::new(serial).unwrap();
    Message::Release(Release { serial, buffer: id(number), has_fence: false })
}

const EVENTS: &[Case] = &[
    ("what the producer hears is what the settings say", || {
        let size = Size::new(640, 480);
        let device = DeviceId::new(226, 128);
        let limits = Limits::default().with_buffers(5).with_fds(7);
        let display = FormatSet::from_iter([(Fourcc::NV12, Modifier::LINEAR)]);
        let settings = settings()
            .usage(Usage::ScanOut, FormatSet::new())
            .usage(Usage::ScanOut, display.clone())
            .wished_size(size)
            .device(device)
            .limits(limits)
            .frames(3)
            .sends_fences(false)
            .allow_kernel_checked(true);
        let (producer, mut consumer) = ScriptedProducer::with_settings(&settings);
        let Message::ConsumerHello(said) = producer.receive() else { panic!("no hello") };
        assert_eq!(said.limits, limits.with_frames(3));
        assert_eq!(said.device, device);
        let able = Capabilities::WAITS_FOR_FENCES | Capabilities::KERNEL_CHECKED;
        assert_eq!(said.capabilities, able);
        assert!(producer.try_receive().is_none(), "no offer before the producer's hello");
        producer.send(&hello());
        assert!(take_events(&mut consumer).is_empty());
        let Message::Offer(offer) = producer.receive() else { panic!("no offer") };
        assert_eq!(offer.wished_size(), size);
        let cpu = FormatSet::from_iter([(FOURCC, Modifier::LINEAR)]);
        let sets: Vec<_> = offer.sets().map(|(usage, set)| (usage, set.clone())).collect();
        assert_eq!(sets, [(Usage::ScanOut, display), (Usage::Cpu, cpu)]);
    }),
    ("every event comes, in order, and images with them", || {
        let (producer, mut consumer) = ScriptedProducer::with_consumer();
        producer.send(&hello());
        take_events(&mut consumer);
        producer.send(&Message::Format(format(1, 1)));
        let memory = sealed_memfd(IMAGE_BYTES);
        rustix::io::pwrite(&memory, &[1, 2, 3, 4], 0).unwrap();
        producer.send_with(&announce(1, 5), &[&memory]);
        producer.send(&Message::from(frame(1, 5)));
        producer.send(&Message::Retire(Retire { buffer: id(5) }));
        consumer.dispatch().unwrap();
        let Some(ConsumerEvent::Format(found)) = consumer.next_event() else { panic!() };
        assert_eq!(found, format(1, 1));
        assert_eq!(consumer.format(), Some(&found));
        assert!(consumer.image(id(5)).is_none(), "its event has not been taken");
        let Some(ConsumerEvent::Announced(buffer)) = consumer.next_event() else { panic!() };
        assert_eq!(buffer, id(5));
        let image = consumer.image(buffer).unwrap().clone();
        assert_eq!([image.width(), image.height()], [8, 8]);
        let Some(ConsumerEvent::Frame(frame)) = consumer.next_event() else { panic!() };
        assert!(frame.image().is_same_memory(&image));
        let mut mapping = frame.image().map(Access::Read).unwrap();
        let mut row = [0; 32];
        mapping.begin(Access::Read).unwrap().read_row(0, 0, &mut row).unwrap();
        assert_eq!(row[..5], [1, 2, 3, 4, 0]);
        assert!(take_events(&mut consumer).is_empty(), "retired, but held");
        consumer.release(frame, Ready::Finished).unwrap();
        let gone = consumer.next_event();
        let Some(ConsumerEvent::Gone { buffer, image: gone }) = gone else { panic!("{gone:?}") };
        assert_eq!(buffer, id(5));
        assert!(gone.is_same_memory(&image));
        assert!(consumer.image(id(5)).is_none());
        let text = Text::new("that was all");
        let goodbye = Goodbye { reason: Reason::Finished, text };
        producer.send(&Message::Goodbye(goodbye.clone()));
        assert_eq!(only_end(&mut consumer), End::Peer(goodbye.clone()));
        assert_eq!(consumer.end(), Some(&End::Peer(goodbye)));
        assert_eq!(
            consumer.end().unwrap().to_string(),
            "the peer ended it: finished (that was all)"
        );
    }),
    ("a frame has all that was said of it", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let damage = Damage::new(&[Rectangle::new(1, 2, 3, 4).unwrap()]);
        let colour =
            Colour { primaries: 9, transfer: 16, range: Some(Range::Full), ..Colour::UNSPECIFIED };
        let sent = Frame {
            user_serial: 77,
            presentation_ns: NonZeroU64::new(123),
            damage,
            colour,
            ..frame(9, 0)
        };
        producer.send(&Message::from(sent));
        let frame = only_frame(&mut consumer);
        assert_eq!((frame.serial().get(), frame.user_serial(), frame.buffer()), (9, 77, id(0)));
        assert_eq!(frame.presentation_ns(), NonZeroU64::new(123));
        assert_eq!((frame.damage(), frame.colour()), (&damage, colour));
        assert!(frame.fence().is_none());
        frame.wait_for_pixels(Duration::ZERO).unwrap();
    }),
    ("a number that comes again means the buffer of the events that were taken", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let first = consumer.image(id(0)).unwrap().clone();
        producer.send(&Message::Retire(Retire { buffer: id(0) }));
        producer.announce(0);
        consumer.dispatch().unwrap();
        assert!(consumer.image(id(0)).unwrap().is_same_memory(&first));
        assert!(matches!(consumer.next_event(), Some(ConsumerEvent::Gone { .. })));
        assert!(consumer.image(id(0)).is_none());
        assert!(matches!(consumer.next_event(), Some(ConsumerEvent::Announced(_))));
        assert!(!consumer.image(id(0)).unwrap().is_same_memory(&first));
    }),
    ("a new format lets all buffers go", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(3);
        producer.send(&Message::from(frame(1, 1)));
        let held = only_frame(&mut consumer);
        producer.send(&Message::Format(format(2, 1)));
        let events = take_events(&mut consumer);
        let gone: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                ConsumerEvent::Gone { buffer, .. } => Some(buffer.get()),
                _ => None,
            })
            .collect();
        assert_eq!(gone, [0, 2]);
        assert!(matches!(events.last(), Some(ConsumerEvent::Format(_))));
        assert!(consumer.image(id(1)).is_some(), "held");
        consumer.release(held, Ready::Finished).unwrap();
        assert!(matches!(only(take_events(&mut consumer)), ConsumerEvent::Gone { .. }));
    }),
    ("another offer waits for the answer to the last", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(0);
        let sets = [(Usage::Cpu, FormatSet::from_iter([(FOURCC, Modifier::LINEAR)]))];
        let size = Size::new(8, 8);
        consumer.offer(size, &sets).unwrap();
        assert_eq!(consumer.offer(size, &sets), Err(OfferError::Unanswered));
        let expected = Offer::new(2.try_into().unwrap(), size, &sets).unwrap();
        assert_eq!(producer.receive(), Message::Offer(expected));
        producer.send(&Message::Format(format(1, 2)));
        assert!(take_events(&mut consumer).is_empty(), "nothing has changed");
        consumer.offer(None, &sets).unwrap();
    }),
    ("leaving says why, and gives back what nobody has taken", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(2);
        producer.send(&Message::from(frame(1, 0)));
        producer.send(&Message::from(frame(2, 1)));
        let held = consumer.next_frame(SOON).unwrap();
        consumer.dispatch().unwrap();
        consumer.leave(Reason::Failed, "no more disk");
        assert_eq!(producer.receive(), release_of(2, 1));
        assert_eq!(producer.goodbye(), (Reason::Failed, "no more disk".to_owned()));
        assert!(matches!(only_end(&mut consumer), End::Here(_)));
        assert!(held.image().map(Access::Read).is_ok());
        consumer.release(held, Ready::Finished).unwrap();
        assert_eq!(consumer.producer_credentials(), Ok(None));
    }),
    ("dropping it says goodbye", || {
        let (producer, consumer) = ScriptedProducer::streaming(2);
        drop(consumer);
        assert_eq!(producer.goodbye(), (Reason::Finished, String::new()));
    }),
    ("a producer that is gone is lost, and its last frames are not", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(2);
        producer.send(&Message::from(frame(1, 0)));
        producer.send(&Message::from(frame(2, 1)));
        drop(producer);
        assert_eq!(consumer.next_frame(SOON).unwrap().serial().get(), 1);
        assert_eq!(consumer.next_frame(SOON).unwrap().serial().get(), 2);
        assert_eq!(consumer.next_frame(SOON).unwrap_err(), NextError::Ended(End::Lost));
        assert_eq!(consumer.next_frame(SOON).unwrap_err(), NextError::Ended(End::Lost));
    }),
    ("fences are for those who both do them", || {
        let (producer, mut consumer) = ScriptedProducer::with_consumer();
        producer.send(&hello_with(Capabilities::SENDS_FENCES));
        take_events(&mut consumer);
        assert!(consumer.may_receive_fences());
        assert!(!consumer.may_send_fences());
    }),
];

const RELEASES: &[Case] = &[
    ("a release names its frame and its buffer", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(2);
        producer.send(&Message::from(frame(3, 1)));
        let frame = only_frame(&mut consumer);
        assert!(producer.try_receive().is_none());
        consumer.release(frame, Ready::Finished).unwrap();
        assert_eq!(producer.receive(), release_of(3, 1));
    }),
    ("a frame that is dropped is released by the dispatch that it calls for", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        for serial in 1..10 {
            producer.send(&Message::from(frame(serial, 0)));
            let frame = only_frame(&mut consumer);
            assert!(!is_readable(&consumer));
            drop(frame);
            assert!(is_readable_within(&consumer, SOON));
            assert!(take_events(&mut consumer).is_empty());
            assert_eq!(producer.receive(), release_of(serial, 0));
            assert!(!is_readable(&consumer));
        }
    }),
    ("a frame of another consumer is refused and still held", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let (_, mut other) = ScriptedProducer::streaming(1);
        producer.send(&Message::from(frame(1, 0)));
        let frame = only_frame(&mut consumer);
        let refused = other.release(frame, Ready::Finished).unwrap_err();
        assert_eq!(refused.reason(), ReleaseError::Foreign);
        consumer.release(refused.into_frame(), Ready::Finished).unwrap();
        assert_eq!(producer.receive(), release_of(1, 0));
    }),
    ("releases that find no room wait for it", || {
        let settings = settings().limits(Limits::default().with_buffers(64).with_frames(64));
        let (producer, mut consumer) = ScriptedProducer::streaming_with(&settings, 64);
        let mut held = Vec::new();
        for serial in 1..=64_u16 {
            producer.send(&Message::from(frame(serial.into(), serial - 1)));
            held.push(consumer.next_frame(SOON).unwrap());
        }
        // Offers are the longest messages: the socket is full after a few.
        let entries = (0..2048).map(|code| (Fourcc(code), Modifier::LINEAR));
        let pair = [(FOURCC, Modifier::LINEAR)];
        let sets = [(Usage::Cpu, entries.take(2047).chain(pair).collect::<FormatSet>())];
        let mut number = 1;
        for frame in held {
            if number < 8 {
                number += 1;
                consumer.offer(None, &sets).unwrap();
                producer.send(&Message::Format(format(1, number)));
                assert!(take_events(&mut consumer).is_empty());
            }
            consumer.release(frame, Ready::Finished).unwrap();
        }
        let mut released = 0;
        let mut offers = 0;
        while released < 64 {
            match producer.try_receive() {
                Some(Message::Release(release)) => {
                    released += 1;
                    assert_eq!(release.serial.get(), released);
                }
                Some(Message::Offer(_)) => offers += 1,
                Some(other) => panic!("{other:?}"),
                None => {
                    assert!(is_readable(&consumer), "there is room now");
                    assert!(take_events(&mut consumer).is_empty());
                }
            }
        }
        assert_eq!(offers, 7);
        assert!(take_events(&mut consumer).is_empty());
        assert!(!is_readable(&consumer), "nothing waits any more");
    }),
];

const WAITS: &[Case] = &[
    ("nothing to do does not block, on a socket that does", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        for _ in 0..1000 {
            consumer.dispatch().unwrap();
            assert!(consumer.next_event().is_none());
        }
        // A socket that is full, too.
        while producer.send_bytes(&encoded(&Message::Format(format(1, 1))), &[]).is_ok() {}
        drop(take_events(&mut consumer));
    }),
    ("a frame waits in the socket until the one before was taken", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(2);
        producer.send(&Message::from(frame(1, 0)));
        producer.send(&Message::from(frame(2, 1)));
        for serial in 1..=2 {
            assert!(is_readable(&consumer));
            consumer.dispatch().unwrap();
            let Some(ConsumerEvent::Frame(frame)) = consumer.next_event() else { panic!() };
            assert_eq!(frame.serial().get(), serial);
            assert!(consumer.next_event().is_none());
            consumer.release(frame, Ready::Finished).unwrap();
        }
        assert!(!is_readable(&consumer));
    }),
    ("events that nobody takes stop the receiving", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(0);
        let mut sent = 0;
        for generation in 2..2000 {
            let message = encoded(&Message::Format(format(generation, 1)));
            if producer.send_bytes(&message, &[]).is_err() {
                consumer.dispatch().unwrap();
                if producer.send_bytes(&message, &[]).is_err() {
                    break;
                }
            }
            sent += 1;
        }
        assert!(sent < 1900, "it takes in whatever comes");
        assert_eq!(take_events(&mut consumer).len(), sent);
    }),
    ("a wait ends when its time is up", || {
        let (_producer, mut consumer) = ScriptedProducer::streaming(1);
        let start = Instant::now();
        assert_eq!(consumer.next_frame(MOMENT).unwrap_err(), NextError::TimedOut);
        assert!(start.elapsed() >= MOMENT);
    }),
    ("a silent producer is left at the deadline of the handshake", || {
        let settings = settings().handshake_timeout(MOMENT);
        let start = Instant::now();
        let (producer, mut consumer) = ScriptedProducer::with_settings(&settings);
        let mut events = take_events(&mut consumer);
        assert!(events.is_empty() || start.elapsed() >= MOMENT, "{events:?}");
        if events.is_empty() {
            assert!(is_readable_within(&consumer, SOON), "the deadline is in the file descriptor");
            events = take_events(&mut consumer);
        }
        assert!(matches!(events[..], [ConsumerEvent::Ended(End::Silent)]), "{events:?}");
        assert_eq!(producer.goodbye().0, Reason::TooSlow);
        assert!(take_events(&mut consumer).is_empty());
        assert!(!is_readable(&consumer));
    }),
    ("a hello that was in time counts however late it is heard", || {
        let settings = settings().handshake_timeout(MOMENT);
        let (producer, mut consumer) = ScriptedProducer::with_settings(&settings);
        assert!(matches!(producer.receive(), Message::ConsumerHello(_)));
        producer.send(&hello());
        std::thread::sleep(2 * MOMENT);
        assert!(take_events(&mut consumer).is_empty());
        assert!(matches!(producer.receive(), Message::Offer(_)));
    }),
    ("the deadline of the handshake is no deadline for frames", || {
        let settings = settings().handshake_timeout(MOMENT);
        let (producer, mut consumer) = ScriptedProducer::streaming_with(&settings, 1);
        assert_eq!(consumer.next_frame(2 * MOMENT).unwrap_err(), NextError::TimedOut);
        producer.send(&Message::from(frame(1, 0)));
        assert!(consumer.next_frame(SOON).is_ok());
    }),
    ("after the end there is nothing to wait for", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        // Somebody else has the consumer's socket open too, and the producer goes on.
        producer.send(&Message::from(frame(1, 0)));
        consumer.leave(Reason::Finished, "");
        assert!(matches!(only_end(&mut consumer), End::Here(_)));
        assert!(!is_readable(&consumer));
        consumer.dispatch().unwrap();
        assert!(consumer.next_event().is_none());
    }),
];

const THREADS: &[Case] = &[
    ("a frame that another thread drops wakes who waits", || {
        let settings = settings().frames(1);
        let (producer, mut consumer) = ScriptedProducer::streaming_with(&settings, 2);
        producer.send(&Message::from(frame(1, 0)));
        let held = only_frame(&mut consumer);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(MOMENT);
                drop(held);
            });
            // A producer that sends the next frame when the first was released.
            scope.spawn(|| {
                let release = common::patience::until("a release", || producer.try_receive());
                assert_eq!(release, release_of(1, 0));
                producer.send(&Message::from(frame(2, 1)));
            });
            assert_eq!(consumer.next_frame(SOON).unwrap().serial().get(), 2);
        });
    }),
    ("a producer that never stops does not keep a dispatch", || {
        let (producer, mut consumer) = ScriptedProducer::streaming(0);
        let message = encoded(&Message::Format(format(1, 1)));
        let (is_over, sent) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            let flood = scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let is_sent = producer.send_bytes(&message, &[]).is_ok();
                    sent.fetch_add(is_sent.into(), Ordering::Relaxed);
                }
            });
            // One that is kept never comes to the end of this.
            let mut dispatched = 0;
            while dispatched < 100 || sent.load(Ordering::Relaxed) < 10_000 {
                consumer.dispatch().unwrap();
                assert!(consumer.next_event().is_none());
                dispatched += 1;
                assert_eq!(
                    consumer.next_event_timeout(Duration::ZERO).unwrap_err(),
                    NextError::TimedOut
                );
            }
            is_over.store(true, Ordering::Relaxed);
            // Its stack is still mapped until it is joined.
            flood.join().unwrap();
        });
    }),
    ("a wait for a frame passes over what comes before it", || {
        let (producer, mut consumer) = ScriptedProducer::with_consumer();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                producer.send(&hello());
                std::thread::sleep(MOMENT);
                producer.send(&Message::Format(format(1, 1)));
                producer.announce(0);
                std::thread::sleep(MOMENT);
                producer.send(&Message::from(frame(1, 0)));
            });
            let frame = consumer.next_frame(SOON).unwrap();
            assert_eq!(frame.image().width(), 8);
        });
    }),
];

#[test]
fn events_are_what_the_producer_says() {
    child::run_cases("events_are_what_the_producer_says", EVENTS);
}

#[test]
fn every_frame_is_given_back() {
    child::run_cases("every_frame_is_given_back", RELEASES);
}

#[test]
fn nobody_is_waited_for_unasked() {
    child::run_cases("nobody_is_waited_for_unasked", WAITS);
}

#[test]
fn two_threads_do_not_wait_for_each_other() {
    child::run_threads("two_threads_do_not_wait_for_each_other", THREADS);
}

const FENCES: &[Case] = &[
    ("a frame comes with its fence, and a release goes with one", || {
        let timeline = Timeline::new();
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let sent = Message::from(Frame { has_fence: true, ..frame(1, 0) });
        let ready = timeline.fence(1);
        let fd = ready.as_fd().try_clone_to_owned().unwrap();
        producer.send_with(&sent, &[&fd]);
        let frame = only_frame(&mut consumer);
        let timed_out = dmashare::sync::WaitError::TimedOut;
        assert_eq!(frame.wait_for_pixels(MOMENT).unwrap_err(), timed_out);
        timeline.advance(1);
        frame.wait_for_pixels(SOON).unwrap();
        let free = timeline.fence(2);
        consumer.release(frame, Ready::Fence(&free)).unwrap();
        let (message, mut fds) = producer.receive_with_fds().unwrap();
        let Message::Release(release) = message else { panic!("{message:?}") };
        assert!(release.has_fence);
        let free = dmashare::sync::SyncFile::from_fd(fds.pop().unwrap()).unwrap();
        assert_eq!(free.is_signalled(), Ok(false));
        timeline.advance(1);
        assert_eq!(free.is_signalled(), Ok(true));
    }),
    ("a fence that the producer cannot wait for is refused, and the frame still held", || {
        let timeline = Timeline::new();
        let (producer, mut consumer) = ScriptedProducer::with_consumer();
        producer.send(&hello_with(Capabilities::empty()));
        take_events(&mut consumer);
        producer.send(&Message::Format(format(1, 1)));
        producer.announce(0);
        producer.send(&Message::from(frame(1, 0)));
        let frame = consumer.next_frame(SOON).unwrap();
        let refused = consumer.release(frame, Ready::Fence(&timeline.fence(1))).unwrap_err();
        assert_eq!(refused.reason(), ReleaseError::Fence);
        consumer.release(refused.into_frame(), Ready::Finished).unwrap();
        let said: Vec<_> = std::iter::from_fn(|| producer.try_receive()).collect();
        assert_eq!(said.last(), Some(&release_of(1, 0)));
    }),
];

#[test]
#[ignore = "lab: needs sw_sync"]
fn fences_go_both_ways() {
    child::run_cases("fences_go_both_ways", FENCES);
}
