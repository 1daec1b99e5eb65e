#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A producer over sockets serves those whom it may, drops for the slow what its policy says, and
//! never waits for anybody unless it was asked to.

mod common;

use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use std::time::Instant;

use dmashare::allocator::Udmabuf;
use dmashare::ipc::AdoptError;
use dmashare::ipc::Channel;
use dmashare::ipc::Listener;
use dmashare::ipc::Ready;
use dmashare::stream::AcquireError;
use dmashare::stream::Acquired;
use dmashare::stream::Consumer;
use dmashare::stream::End;
use dmashare::stream::Fencing;
use dmashare::stream::JoinError;
use dmashare::stream::NextError;
use dmashare::stream::Overflow;
use dmashare::stream::PeerFilter;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ReadersError;
use dmashare::stream::SubmitError;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::Size;
use dmashare::sync::Direction;
use dmashare::sync::SyncFile;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;

use common::child;
use common::child::Case;
use common::stream_pair::*;
use common::sw_sync::Timeline;

const MOMENT: Duration = Duration::from_millis(20);

fn is_readable(producer: &Producer, timeout: Duration) -> bool {
    let mut fds = [PollFd::new(producer, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&Timespec::try_from(timeout).unwrap())).unwrap() == 1
}

fn submit(producer: &mut Producer, acquired: Acquired) -> u64 {
    producer.submit(acquired, Ready::Finished, Picture::default()).unwrap().get()
}

fn missed(producer: &mut Producer) -> Vec<u64> {
    let serial = |event| match event {
        ProducerEvent::Missed { serial, .. } => Some(serial.get()),
        _ => None,
    };
    producer_events(producer).into_iter().filter_map(serial).collect()
}

fn left(producer: &mut Producer) -> Vec<End> {
    let end = |event| match event {
        ProducerEvent::Left { end, .. } => Some(end),
        _ => None,
    };
    producer_events(producer).into_iter().filter_map(end).collect()
}

/// The serials of the frames that a consumer gets one after the other, each released.
fn drain(producer: &mut Producer, consumer: &mut Consumer) -> Vec<u64> {
    let mut serials = Vec::new();
    loop {
        let told = frames(settle(producer, &mut [consumer]).remove(0));
        if told.is_empty() {
            return serials;
        }
        for frame in told {
            assert_eq!(stamp_of(frame.image()), frame.serial().get());
            serials.push(frame.serial().get());
            consumer.release(frame, Ready::Finished).unwrap();
        }
    }
}

fn reason_of(end: &End) -> (Reason, String) {
    match end {
        End::Peer(goodbye) | End::Here(goodbye) => {
            (goodbye.reason, goodbye.text.as_str().to_owned())
        }
        other => panic!("{other:?}"),
    }
}

const CASES: &[Case] = &[
    ("frames arrive and buffers come back", || {
        let mut producer = producer_with(producer_settings().buffers(2));
        let (peer, mut consumer) = join_served(&mut producer, &consumer_settings());
        let events = producer_events(&mut producer);
        assert!(matches!(events[0], ProducerEvent::Joined { peer: joined, .. } if joined == peer));
        assert!(matches!(events[1], ProducerEvent::Configured(_)), "{events:?}");
        assert_eq!(events.len(), 2);
        for number in 1..=100 {
            assert_eq!(produce(&mut producer).get(), number);
            assert_eq!(drain(&mut producer, &mut consumer), [number]);
        }
        assert!(producer_events(&mut producer).is_empty());
        assert_eq!(producer.missed_frames(peer), Some(0));
    }),
    ("nobody is there", || {
        let mut producer = producer_with(producer_settings());
        assert_eq!(producer.acquire().unwrap_err(), AcquireError::NotConfigured);
        let start = Instant::now();
        assert_eq!(producer.acquire_timeout(MOMENT).unwrap_err(), AcquireError::NotConfigured);
        assert!(start.elapsed() >= MOMENT);
        assert!(producer.format().is_none());
    }),
    (
        "who negotiates alone draws before the first consumer comes, who gets the latest frame",
        || {
            let mut producer = producer_with(producer_settings());
            producer.negotiate().unwrap();
            let mut ages = Vec::new();
            for _ in 0..6 {
                let acquired = producer.acquire().unwrap();
                ages.push(acquired.age().map_or(0, NonZeroU64::get));
                let image = acquired.image().clone();
                stamp(&image, submit(&mut producer, acquired));
            }
            // There are four buffers: the youngest but the latest is taken again.
            assert_eq!(ages, [0, 0, 2, 2, 2, 2]);
            let (_, mut consumer) = join(&mut producer, &consumer_settings());
            assert_eq!(drain(&mut producer, &mut consumer), [6]);
        },
    ),
    ("buffers are written in turn while all are shown", || {
        let mut producer = producer_with(producer_settings().buffers(3));
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings().frames(3));
        let mut shown = Vec::new();
        let mut ages = Vec::new();
        for _ in 0..9 {
            let acquired = producer.acquire().unwrap();
            ages.push(acquired.age().map_or(0, NonZeroU64::get));
            submit(&mut producer, acquired);
            shown.extend(frames(settle(&mut producer, &mut [&mut consumer]).remove(0)));
            if shown.len() == 3 {
                consumer.release(shown.remove(0), Ready::Finished).unwrap();
                settle(&mut producer, &mut [&mut consumer]);
            }
        }
        assert_eq!(ages, [0, 0, 0, 3, 3, 3, 3, 3, 3]);
    }),
    ("no buffer is free while all are held", || {
        let settings = producer_settings().buffers(2);
        let hold_limit_ns = u64::try_from(MOMENT.as_nanos()).unwrap();
        let policy = Policy::mailbox().with_hold_limit_ns(hold_limit_ns);
        let mut producer = producer_with(settings.policy(policy));
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings().frames(2));
        let mut held = Vec::new();
        let start = Instant::now();
        for _ in 0..2 {
            produce(&mut producer);
            held.extend(frames(settle(&mut producer, &mut [&mut consumer]).remove(0)));
        }
        producer_events(&mut producer);
        let acquired = match producer.acquire() {
            Err(AcquireError::NoneFree { until_ns: Some(_) }) => {
                assert!(is_readable(&producer, SOON), "when somebody is late");
                assert!(start.elapsed() < SOON);
                producer.acquire_timeout(SOON).unwrap()
            }
            // The machine had other things to do meanwhile.
            Ok(acquired) if start.elapsed() >= MOMENT => acquired,
            other => panic!("{other:?}"),
        };
        assert!(acquired.is_tainted());
        assert_eq!(left(&mut producer), [End::TooSlow]);
        let told = end(settle(&mut producer, &mut [&mut consumer]).remove(0)).unwrap();
        assert_eq!(reason_of(&told).0, Reason::TooSlow);
        // Who was sent away keeps what it holds, which is why the buffer had better be another one.
        let tainted = acquired.buffer();
        let old = acquired.image().clone();
        producer.replace(acquired).unwrap();
        let events = producer_events(&mut producer);
        let [ProducerEvent::Retired { buffer, image }] = &events[..] else { panic!("{events:?}") };
        assert!(*buffer == tainted && image.is_same_memory(&old));
        let both = [producer.acquire().unwrap(), producer.acquire().unwrap()];
        for acquired in both.into_iter().filter(Acquired::is_tainted) {
            producer.replace(acquired).unwrap();
        }
        for _ in 0..4 {
            let acquired = producer.acquire().unwrap();
            assert!(!acquired.is_tainted() && !acquired.image().is_same_memory(&old));
            let image = acquired.image().clone();
            let serial = submit(&mut producer, acquired);
            stamp(&image, serial + 100);
        }
        assert_eq!(held.iter().map(|frame| stamp_of(frame.image())).collect::<Vec<_>>(), [1, 2]);
    }),
    ("a buffer that is dropped is free again", || {
        let mut producer = producer_with(producer_settings().buffers(1));
        producer.negotiate().unwrap();
        let acquired = producer.acquire().unwrap();
        let none = AcquireError::NoneFree { until_ns: None };
        assert_eq!(producer.acquire().unwrap_err(), none);
        std::thread::spawn(move || drop(acquired)).join().unwrap();
        assert!(is_readable(&producer, SOON), "it is worth another try");
        let acquired = producer.acquire().unwrap();
        assert_eq!(acquired.age(), None, "no frame is in it");
        producer.dispatch().unwrap();
        assert!(!is_readable(&producer, Duration::ZERO));
        assert_eq!(producer.acquire().unwrap_err(), none);
        producer.cancel(acquired);
        drop(producer.acquire().unwrap());
    }),
    ("a frame that is refused comes back", || {
        let mut producer = producer_with(producer_settings());
        let mut other = producer_with(producer_settings());
        producer.negotiate().unwrap();
        other.negotiate().unwrap();
        let acquired = producer.acquire().unwrap();
        let outside = Damage::new(&[Rectangle::new(10, 10, 7, 1).unwrap()]);
        let picture = Picture { damage: outside, ..Picture::default() };
        let refused = producer.submit(acquired, Ready::Finished, picture).unwrap_err();
        assert_eq!(refused.reason(), SubmitError::Damage);
        let acquired = refused.into_acquired().unwrap();
        let refused = other.submit(acquired, Ready::Finished, Picture::default()).unwrap_err();
        assert_eq!(refused.reason(), SubmitError::Foreign);
        let acquired = refused.into_acquired().unwrap();
        producer.resize(Size::new(32, 8).unwrap()).unwrap();
        let refused = producer.submit(acquired, Ready::Finished, Picture::default()).unwrap_err();
        assert_eq!(refused.reason(), SubmitError::Retired);
        assert!(refused.into_acquired().is_none());
        let acquired = producer.acquire().unwrap();
        assert_eq!((acquired.image().width(), acquired.image().height()), (32, 8));
        assert_eq!(submit(&mut producer, acquired), 1);
    }),
    ("a mailbox keeps the latest frame", || {
        let mut producer = producer_with(producer_settings().buffers(5));
        let (peer, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
        for _ in 0..5 {
            produce(&mut producer);
        }
        assert_eq!(missed(&mut producer), [2, 3, 4]);
        assert_eq!(drain(&mut producer, &mut consumer), [1, 5]);
        assert_eq!(producer.missed_frames(peer), Some(3));
    }),
    ("who does nothing but acquire and submit hears of releases", || {
        let mut producer = producer_with(producer_settings().buffers(8));
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
        for number in 1..=100 {
            let acquired = producer.acquire_timeout(SOON).unwrap();
            producer.submit(acquired, Ready::Finished, Picture::default()).unwrap();
            let frame = consumer.next_frame(SOON).unwrap();
            assert_eq!(frame.serial().get(), number);
            consumer.release(frame, Ready::Finished).unwrap();
        }
        assert!(missed(&mut producer).is_empty());
    }),
    ("a queue that drops the oldest keeps the last ones", || {
        let policy = Policy::fifo(2, Overflow::DropOldest);
        let mut producer = producer_with(producer_settings().buffers(5).policy(policy));
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
        for _ in 0..6 {
            produce(&mut producer);
        }
        assert_eq!(missed(&mut producer), [2, 3, 4]);
        assert_eq!(drain(&mut producer, &mut consumer), [1, 5, 6]);
    }),
    ("a queue that drops the newest keeps the first ones", || {
        let policy = Policy::fifo(2, Overflow::DropNewest);
        let mut producer = producer_with(producer_settings().buffers(5).policy(policy));
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
        for _ in 0..6 {
            produce(&mut producer);
        }
        assert_eq!(missed(&mut producer), [4, 5, 6]);
        assert_eq!(drain(&mut producer, &mut consumer), [1, 2, 3]);
        produce(&mut producer);
        assert_eq!(drain(&mut producer, &mut consumer), [7]);
    }),
    ("who must not miss a frame is disconnected if it would", || {
        let policy = Policy::fifo(2, Overflow::Disconnect);
        let mut producer = producer_with(producer_settings().buffers(6).policy(policy));
        let (_, mut quick) = join_served(&mut producer, &consumer_settings().frames(1));
        let (_, mut slow) = join_served(&mut producer, &consumer_settings().frames(1));
        for number in 1..=4 {
            produce(&mut producer);
            assert_eq!(drain(&mut producer, &mut quick), [number]);
        }
        assert_eq!(left(&mut producer), [End::TooSlow]);
        let told = settle(&mut producer, &mut [&mut slow]).remove(0);
        assert_eq!(reason_of(&end(told).unwrap()).0, Reason::TooSlow);
        produce(&mut producer);
        assert_eq!(drain(&mut producer, &mut quick), [5]);
    }),
    ("a submission waits for who must not miss it", || {
        let policy = Policy::fifo(1, Overflow::Block { deadline_ns: SOON_NS });
        let mut producer = producer_with(producer_settings().buffers(4).policy(policy));
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
        produce(&mut producer);
        produce(&mut producer);
        let acquired = producer.acquire().unwrap();
        let refused = producer.submit(acquired, Ready::Finished, Picture::default()).unwrap_err();
        assert!(matches!(refused.reason(), SubmitError::WouldBlock { .. }));
        // Within the deadline it reads, and there is room.
        assert_eq!(drain(&mut producer, &mut consumer), [1, 2]);
        let acquired = refused.into_acquired().unwrap();
        stamp(acquired.image(), 3);
        submit(&mut producer, acquired);
        assert!(missed(&mut producer).is_empty());
        produce(&mut producer);
        let acquired = producer.acquire().unwrap();
        let tried = producer.submit_timeout(acquired, Ready::Finished, Picture::default(), MOMENT);
        assert!(matches!(tried.unwrap_err().reason(), SubmitError::WouldBlock { .. }));
    }),
    ("a submission does not wait for ever for who must not miss it", || {
        let deadline_ns = 300_000_000;
        let policy = Policy::fifo(1, Overflow::Block { deadline_ns });
        let mut producer = producer_with(producer_settings().buffers(4).policy(policy));
        let (_, _consumer) = join_served(&mut producer, &consumer_settings().frames(1));
        produce(&mut producer);
        produce(&mut producer);
        let acquired = producer.acquire().unwrap();
        let start = Instant::now();
        let waited =
            producer.submit_timeout(acquired, Ready::Finished, Picture::default(), SOON).unwrap();
        assert_eq!(waited.get(), 3);
        assert!(start.elapsed() >= Duration::from_nanos(deadline_ns), "its deadline");
        assert_eq!(left(&mut producer), [End::TooSlow]);
    }),
    ("what one misses is in the damage of its next frame", || {
        let mut producer = producer_with(producer_settings().buffers(5));
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
        let mut held = Vec::new();
        for x in 0..4 {
            let acquired = producer.acquire().unwrap();
            let damage = Damage::new(&[Rectangle::new(x, 0, 1, 1).unwrap()]);
            let picture = Picture { damage, user_serial: u64::from(x) + 70, ..Picture::default() };
            producer.submit(acquired, Ready::Finished, picture).unwrap();
            held.extend(frames(settle(&mut producer, &mut [&mut consumer]).remove(0)));
        }
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].damage(), &Damage::EVERYTHING, "it has seen nothing before");
        drop(held);
        let told = frames(settle(&mut producer, &mut [&mut consumer]).remove(0));
        assert_eq!(told[0].user_serial(), 73);
        let rectangles = told[0].damage().rectangles().unwrap();
        let columns: Vec<u32> = rectangles.iter().map(Rectangle::x).collect();
        assert_eq!(
            columns.into_iter().collect::<std::collections::BTreeSet<_>>(),
            [1, 2, 3].into()
        );
    }),
    ("more than the most are told so", || {
        let mut producer = producer_with(producer_settings().most_peers(2));
        let (_, mut first) = join_served(&mut producer, &consumer_settings());
        let (_, second) = join_served(&mut producer, &consumer_settings());
        let (here, there) = Channel::pair().unwrap();
        let refused = producer.add_peer(here).unwrap_err();
        assert_eq!(refused, JoinError::TooManyPeers { most: 2 });
        let mut third = Consumer::on_channel(there, &consumer_settings()).unwrap();
        let told = reason_of(&end(settle(&mut producer, &mut [&mut third]).remove(0)).unwrap());
        assert_eq!(told.0, Reason::Limit);
        assert!(told.1.contains('2'), "{}", told.1);
        drop(second);
        settle(&mut producer, &mut [&mut first]);
        let (_, mut fourth) = join_served(&mut producer, &consumer_settings());
        produce(&mut producer);
        assert_eq!(drain(&mut producer, &mut first), [1]);
        assert_eq!(drain(&mut producer, &mut fourth), [1]);
    }),
    ("a listener is its owner's alone, and its filter refuses others", || {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stream");
        let uid = rustix::process::getuid().as_raw();
        let filter = PeerFilter::everybody().uid(uid.wrapping_add(1));
        let mut producer = producer_with(producer_settings().allow(filter));
        producer.listen(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(producer.listeners()[0].path(), path);
        assert!(!is_readable(&producer, Duration::ZERO));
        let mut consumer = Consumer::connect(&path, &consumer_settings()).unwrap();
        assert!(is_readable(&producer, SOON));
        let told = reason_of(&end(settle(&mut producer, &mut [&mut consumer]).remove(0)).unwrap());
        assert_eq!(told.0, Reason::NotAllowed);
        let events = producer_events(&mut producer);
        let [ProducerEvent::Refused { credentials, reason }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((credentials.unwrap().uid, *reason), (uid, JoinError::NotAllowed));
        assert_eq!(producer.peers().count(), 0);
        drop(producer);
        assert!(!path.exists());
    }),
    ("several listeners and passed connections serve one stream", || {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["one", "two"].map(|name| directory.path().join(name));
        let pid = std::process::id();
        let filter = PeerFilter::everybody().pid(pid);
        let mut producer = producer_with(producer_settings().buffers(8).allow(filter));
        for path in &paths {
            producer.listen(path).unwrap();
        }
        let settings = consumer_settings();
        let mut consumers: Vec<Consumer> =
            paths.iter().map(|path| Consumer::connect(path, &settings).unwrap()).collect();
        consumers.push(join(&mut producer, &settings).1);
        for consumer in &mut consumers {
            settle(&mut producer, &mut [consumer]);
        }
        assert_eq!(producer.served().count(), 3);
        let peers: Vec<_> = producer.peers().collect();
        assert!(peers.iter().all(|peer| producer.credentials(*peer).unwrap().pid == Some(pid)));
        produce(&mut producer);
        for consumer in &mut consumers {
            assert_eq!(drain(&mut producer, consumer), [1]);
        }
    }),
    ("a listener that was inherited lets consumers in, and keeps its file", || {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stream");
        let made = Listener::bind_path(&path).unwrap();
        let inherited = Listener::from_fd(made.as_fd().try_clone_to_owned().unwrap()).unwrap();
        assert_eq!(inherited.path(), path);
        let mut producer = producer_with(producer_settings());
        producer.add_listener(inherited).unwrap();
        let mut consumer = Consumer::connect(&path, &consumer_settings()).unwrap();
        settle(&mut producer, &mut [&mut consumer]);
        produce(&mut producer);
        assert_eq!(drain(&mut producer, &mut consumer), [1]);
        drop(producer);
        assert!(path.exists(), "it is somebody else's");
        let (one, other) = Channel::pair().unwrap();
        for socket in [one, other] {
            assert_eq!(Listener::from_fd(socket.into()).unwrap_err(), AdoptError::NotAListener);
        }
    }),
    ("a producer that is dropped says goodbye", || {
        let mut producer = producer_with(producer_settings());
        let (_, mut consumer) = join_served(&mut producer, &consumer_settings());
        produce(&mut producer);
        drop(producer);
        let frame = consumer.next_frame(SOON).unwrap();
        assert_eq!(stamp_of(frame.image()), 1);
        let NextError::Ended(told) = consumer.next_frame(SOON).unwrap_err() else { panic!() };
        assert_eq!(reason_of(&told).0, Reason::Finished);
        assert_eq!(stamp_of(frame.image()), 1, "what is held stays readable");
    }),
    ("who is dismissed is told why, and the others notice nothing", || {
        let mut producer = producer_with(producer_settings());
        let (_, mut first) = join_served(&mut producer, &consumer_settings());
        let (peer, mut second) = join_served(&mut producer, &consumer_settings());
        producer.dismiss(peer, Reason::Finished, "the film is over");
        let told = reason_of(&end(settle(&mut producer, &mut [&mut second]).remove(0)).unwrap());
        assert_eq!(told, (Reason::Finished, String::from("the film is over")));
        assert_eq!(left(&mut producer).len(), 1);
        assert!(producer.credentials(peer).is_none() && producer.offer(peer).is_none());
        produce(&mut producer);
        assert_eq!(drain(&mut producer, &mut first), [1]);
    }),
    ("memfds carry no fences, so who cannot wait has them finished", || {
        let mut producer = producer_with(producer_settings());
        assert_eq!(producer.fencing(), Fencing::Explicit, "nobody is there");
        let (_, first) = join_served(&mut producer, &consumer_settings());
        assert_eq!(producer.fencing(), Fencing::Explicit);
        let settings = consumer_settings().waits_for_fences(false);
        let (_, second) = join_served(&mut producer, &settings);
        assert_eq!(producer.fencing(), Fencing::Finished);
        drop(second);
        producer.dispatch().unwrap();
        assert_eq!(producer.fencing(), Fencing::Explicit);
        drop(first);
        let without = producer_with(producer_settings().sends_fences(false));
        assert_eq!(without.fencing(), Fencing::Finished);
    }),
];

#[test]
fn producer_keeps_its_promises_and_leaks_nothing() {
    child::run_cases("producer_keeps_its_promises_and_leaks_nothing", CASES);
}

#[test]
#[ignore = "lab: needs sw_sync"]
fn release_fences_are_waited_for_before_a_buffer_is_written() {
    let mut producer = producer_with(producer_settings().buffers(1));
    let (peer, mut consumer) = join_served(&mut producer, &consumer_settings());
    let timeline = Timeline::new();
    let acquired = producer.acquire().unwrap();
    let ready = timeline.fence(1);
    producer.submit(acquired, Ready::Fence(&ready), Picture::default()).unwrap();
    let frame = frames(settle(&mut producer, &mut [&mut consumer]).remove(0)).remove(0);
    assert!(frame.wait_for_pixels(MOMENT).is_err());
    timeline.advance(1);
    frame.wait_for_pixels(SOON).unwrap();
    let read = timeline.fence(2);
    consumer.release(frame, Ready::Fence(&read)).unwrap();
    producer.dispatch().unwrap();
    let acquired = producer.acquire().unwrap();
    let refused = producer.wait_for_readers(&acquired, MOMENT).unwrap_err();
    assert_eq!(refused, ReadersError::TimedOut { peer: Some(peer) });
    let for_gpu = producer.readers_fence(&acquired).unwrap().unwrap();
    assert!(!for_gpu.is_signalled().unwrap());
    timeline.advance(1);
    assert!(for_gpu.is_signalled().unwrap());
    producer.wait_for_readers(&acquired, SOON).unwrap();
    submit(&mut producer, acquired);
}

#[test]
#[ignore = "lab: needs udmabuf and sw_sync"]
fn dma_bufs_carry_fences_for_who_cannot_wait_for_them() {
    let settings = producer_settings().buffers(1);
    let allocator = Box::new(Udmabuf::open().unwrap());
    let mut producer = Producer::new(allocator, settings).unwrap();
    let settings = consumer_settings().waits_for_fences(false).sends_fences(false);
    let (_, mut consumer) = join_served(&mut producer, &settings);
    assert_eq!(producer.fencing(), Fencing::Attached);
    let timeline = Timeline::new();
    let drawn = timeline.fence(1);
    let acquired = producer.acquire().unwrap();
    producer.submit(acquired, Ready::Fence(&drawn), Picture::default()).unwrap();
    let frame = frames(settle(&mut producer, &mut [&mut consumer]).remove(0)).remove(0);
    assert!(frame.fence().is_none());
    let image = frame.image().clone();
    let for_reader = SyncFile::export_from(&image, Direction::Read).unwrap();
    assert!(!for_reader.is_signalled().unwrap(), "its driver waits for it");
    timeline.advance(1);
    for_reader.wait(SOON).unwrap();
    // Its driver reads on although it has released the frame.
    timeline.fence(2).import_into(&image, Direction::Read).unwrap();
    consumer.release(frame, Ready::Finished).unwrap();
    settle(&mut producer, &mut [&mut consumer]);
    let acquired = producer.acquire().unwrap();
    let refused = producer.wait_for_readers(&acquired, MOMENT).unwrap_err();
    assert_eq!(refused, ReadersError::TimedOut { peer: None });
    timeline.advance(1);
    producer.wait_for_readers(&acquired, SOON).unwrap();
    assert!(producer.readers_fence(&acquired).unwrap().unwrap().is_signalled().unwrap());
    submit(&mut producer, acquired);
}
