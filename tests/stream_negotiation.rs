#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A stream has the best format that all its parties can use and its allocator can make, from the
//! first consumer on and through every change; and who cannot have any is told why.

mod common;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use dmashare::allocator::AllocateError;
use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::End;
use dmashare::stream::NegotiateError;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Limits;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Size;
use rustix::io::Errno;

use common::child;
use common::child::Case;
use common::stream_pair::*;

/// Tilings of no vendor.
const SLOW: Modifier = Modifier::from_raw(0x7f00_0000_0000_0001);
const FAST: Modifier = Modifier::from_raw(0x7f00_0000_0000_0002);
const BROKEN: Modifier = Modifier::from_raw(0x7f00_0000_0000_0003);

/// Makes buffers as a driver does: it picks the modifier that it likes best out of those that it is
/// asked for, whatever their order, and some that it lists it cannot make.
#[derive(Clone, Debug, Default)]
struct Driver {
    allocations: Arc<AtomicUsize>,
    /// After so many there is no memory.
    most: Option<usize>,
}

impl Driver {
    const LIKES: [Modifier; 3] = [FAST, SLOW, Modifier::LINEAR];
}

impl Allocator for Driver {
    fn kind(&self) -> AllocatorKind {
        AllocatorKind::Memfd
    }

    fn formats(&self, _usage: Usage) -> FormatSet {
        let fourccs = [Fourcc::XRGB8888, Fourcc::RGB565, Fourcc::ARGB8888];
        let modifiers = [Modifier::LINEAR, BROKEN, SLOW, FAST];
        fourccs.iter().flat_map(|fourcc| modifiers.map(|modifier| (*fourcc, modifier))).collect()
    }

    fn check(&self, _request: &Request) -> Result<(), AllocateError> {
        Ok(())
    }

    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError> {
        let before = self.allocations.fetch_add(1, Ordering::SeqCst);
        if self.most.is_some_and(|most| before >= most) {
            return Err(AllocateError::Call { call: "DRM_IOCTL_OF_NOBODY", errno: Errno::NOMEM });
        }
        let liked = Self::LIKES.into_iter().find(|modifier| request.allows(*modifier));
        let modifier = liked.ok_or_else(|| AllocateError::Unsupported {
            allocator: self.kind(),
            fourcc: request.fourcc(),
            modifiers: request.allowed_modifiers().to_vec(),
        })?;
        let linear = request.clone().modifiers([Modifier::LINEAR]);
        let image = Memfd::new().allocate(&linear)?;
        let planes = image.planes().iter().map(|plane| PlaneDescriptor {
            fd: Arc::new(plane.fd().try_clone_to_owned().unwrap()),
            offset_bytes: plane.offset_bytes(),
            stride_bytes: plane.stride_bytes(),
        });
        let planes = planes.collect();
        let (width, height, fourcc) = (image.width(), image.height(), image.fourcc());
        Ok(Dmabuf::new(Descriptor { width, height, fourcc, modifier, planes }).unwrap())
    }
}

fn set(entries: &[(Fourcc, Modifier)]) -> FormatSet {
    entries.iter().copied().collect()
}

fn wants(entries: &[(Fourcc, Modifier)]) -> ConsumerSettings {
    ConsumerSettings::new(Usage::Sample, set(entries))
}

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height).unwrap()
}

fn settings() -> ProducerSettings {
    let all = Driver::default().formats(Usage::Render);
    patient(size(16, 16)).usage(Usage::Render, all).buffers(3)
}

fn with_driver(driver: &Driver) -> Producer {
    Producer::new(Box::new(driver.clone()), settings()).unwrap()
}

fn producer() -> Producer {
    with_driver(&Driver::default())
}

fn chosen(producer: &Producer) -> (Fourcc, Modifier) {
    let format = producer.format().unwrap();
    (format.fourcc, format.modifier)
}

fn goodbye(told: Vec<ConsumerEvent>) -> (Reason, String) {
    match end(told).unwrap() {
        End::Peer(goodbye) => (goodbye.reason, goodbye.text.as_str().to_owned()),
        other => panic!("{other:?}"),
    }
}

/// One frame to everybody, who all have to get it in the format of the stream.
fn show(producer: &mut Producer, consumers: &mut [&mut Consumer]) {
    settle(producer, consumers);
    let acquired = producer.acquire().unwrap();
    let submitted = producer.submit(acquired, Ready::Finished, Picture::default());
    let serial = submitted.unwrap();
    let format = *producer.format().unwrap();
    let told = settle(producer, consumers);
    for (consumer, told) in consumers.iter_mut().zip(told) {
        let frame = frames(told).remove(0);
        assert_eq!(frame.serial(), serial);
        let image = frame.image();
        assert_eq!((image.fourcc(), image.modifier()), (format.fourcc, format.modifier));
        assert_eq!([image.width(), image.height()], [format.size.width(), format.size.height()]);
        consumer.release(frame, Ready::Finished).unwrap();
    }
    settle(producer, consumers);
}

const XRGB: Fourcc = Fourcc::XRGB8888;
const LINEAR: Modifier = Modifier::LINEAR;

const CASES: &[Case] = &[
    ("the allocator picks the modifier out of those that all understand", || {
        let driver = Driver::default();
        let mut producer = with_driver(&driver);
        let asks = wants(&[(XRGB, LINEAR), (XRGB, SLOW), (XRGB, FAST), (XRGB, BROKEN)]);
        let (_, consumer) = join_served(&mut producer, &asks);
        assert_eq!(chosen(&producer), (XRGB, FAST));
        assert_eq!(driver.allocations.load(Ordering::SeqCst), 3, "the trial is one of them");
        assert_eq!(consumer.format().unwrap().modifier, FAST);
    }),
    ("a format that cannot be allocated gives way to the next", || {
        let mut producer = producer();
        let asks = wants(&[(XRGB, BROKEN), (Fourcc::ARGB8888, SLOW)]);
        let (_, _consumer) = join_served(&mut producer, &asks);
        assert_eq!(chosen(&producer), (Fourcc::ARGB8888, SLOW));
    }),
    ("a newcomer that can do less changes the format for all", || {
        let mut producer = producer();
        let (_, mut first) = join_served(&mut producer, &wants(&[(XRGB, FAST), (XRGB, LINEAR)]));
        assert_eq!(chosen(&producer), (XRGB, FAST));
        producer_events(&mut producer);
        let (_, mut second) = join(&mut producer, &wants(&[(XRGB, LINEAR)]));
        let told = settle(&mut producer, &mut [&mut first, &mut second]);
        assert_eq!(chosen(&producer), (XRGB, LINEAR));
        let is_format = |event: &ConsumerEvent| matches!(event, ConsumerEvent::Format(_));
        assert!(told.iter().all(|told| told.iter().filter(|event| is_format(event)).count() == 1));
        let gone = told[0].iter().filter(|event| matches!(event, ConsumerEvent::Gone { .. }));
        assert_eq!(gone.count(), 3);
        let events = producer_events(&mut producer);
        let retired = events.iter().filter(|event| matches!(event, ProducerEvent::Retired { .. }));
        assert_eq!(retired.count(), 3);
        show(&mut producer, &mut [&mut first, &mut second]);
    }),
    ("a newcomer that can use what there is changes nothing", || {
        let driver = Driver::default();
        let mut producer = with_driver(&driver);
        let (_, mut first) = join_served(&mut producer, &wants(&[(XRGB, SLOW)]));
        producer_events(&mut producer);
        let (_, mut second) =
            join_served(&mut producer, &wants(&[(XRGB, LINEAR), (XRGB, FAST), (XRGB, SLOW)]));
        assert_eq!(driver.allocations.load(Ordering::SeqCst), 3);
        let events = producer_events(&mut producer);
        assert!(matches!(events[..], [ProducerEvent::Joined { .. }]), "{events:?}");
        show(&mut producer, &mut [&mut first, &mut second]);
    }),
    ("a newcomer with whom there is no format is told why, and the others notice nothing", || {
        let driver = Driver::default();
        let mut producer = with_driver(&driver);
        let (_, mut first) = join_served(&mut producer, &wants(&[(XRGB, LINEAR)]));
        show(&mut producer, &mut [&mut first]);
        let generation = producer.format().unwrap().generation;
        producer_events(&mut producer);
        let (peer, mut second) =
            join(&mut producer, &wants(&[(XRGB, FAST), (Fourcc::NV12, LINEAR)]));
        let mut told = settle(&mut producer, &mut [&mut first, &mut second]);
        let (reason, text) = goodbye(told.pop().unwrap());
        assert_eq!(reason, Reason::NothingInCommon);
        assert!(text.contains("XR24") && text.contains("LINEAR"), "{text}");
        assert!(told[0].is_empty(), "{told:?}");
        let events = producer_events(&mut producer);
        let [
            ProducerEvent::Joined { .. },
            ProducerEvent::Left { peer: left, end: End::Here(here) },
            ProducerEvent::NegotiationFailed(NegotiateError::NothingInCommon(disagreement)),
        ] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((*left, here.text.as_str()), (peer, text.as_str()));
        assert!(disagreement.to_string().starts_with(text.trim_end_matches('…')), "{disagreement}");
        assert_eq!(producer.format().unwrap().generation, generation);
        assert_eq!(driver.allocations.load(Ordering::SeqCst), 3);
        show(&mut producer, &mut [&mut first]);
    }),
    ("newcomers are judged one by one", || {
        let mut producer = producer();
        let (_, mut bad) = join(&mut producer, &wants(&[(Fourcc::NV12, LINEAR)]));
        let (_, mut good) = join(&mut producer, &wants(&[(XRGB, SLOW)]));
        let (_, mut broken) = join(&mut producer, &wants(&[(XRGB, BROKEN)]));
        let told = settle(&mut producer, &mut [&mut bad, &mut good, &mut broken]);
        let ends: Vec<bool> = told.into_iter().map(|told| end(told).is_some()).collect();
        assert_eq!(ends, [true, false, true]);
        show(&mut producer, &mut [&mut good]);
    }),
    ("without memory the newcomer is told so, and the others keep what they have", || {
        let mut producer = with_driver(&Driver { most: Some(4), ..Driver::default() });
        let (_, mut first) = join_served(&mut producer, &wants(&[(XRGB, SLOW), (XRGB, LINEAR)]));
        producer_events(&mut producer);
        let (_, mut second) = join(&mut producer, &wants(&[(XRGB, LINEAR)]));
        let told = settle(&mut producer, &mut [&mut second]).remove(0);
        let (reason, text) = goodbye(told);
        assert_eq!(reason, Reason::Failed);
        assert!(text.contains("DRM_IOCTL_OF_NOBODY"), "{text}");
        let events = producer_events(&mut producer);
        assert!(
            events.iter().any(|event| matches!(
                event,
                ProducerEvent::NegotiationFailed(NegotiateError::Allocate { .. })
            )),
            "{events:?}"
        );
        assert!(producer.resize(size(8, 8)).is_err());
        show(&mut producer, &mut [&mut first]);
        assert_eq!(producer.format().unwrap().size, size(16, 16));
    }),
    ("after somebody has left there may be a better format", || {
        let mut producer = producer();
        let (_, mut first) = join_served(&mut producer, &wants(&[(XRGB, FAST), (XRGB, LINEAR)]));
        let (_, mut second) = join(&mut producer, &wants(&[(XRGB, LINEAR)]));
        show(&mut producer, &mut [&mut first, &mut second]);
        assert_eq!(chosen(&producer), (XRGB, LINEAR));
        let start = Instant::now();
        drop(second);
        settle(&mut producer, &mut [&mut first]);
        let is_early = start.elapsed() < Duration::from_secs(1);
        assert!(chosen(&producer) == (XRGB, LINEAR) || !is_early, "not at once");
        while chosen(&producer) != (XRGB, FAST) {
            producer.dispatch_timeout(SOON).unwrap();
            assert!(start.elapsed() < SOON);
        }
        show(&mut producer, &mut [&mut first]);
    }),
    ("a smaller picture, and a larger one, while frames are held and drawn", || {
        let mut producer = producer();
        let (_, mut consumer) = join_served(&mut producer, &wants(&[(XRGB, LINEAR)]).frames(2));
        produce(&mut producer);
        let held = frames(settle(&mut producer, &mut [&mut consumer]).remove(0)).remove(0);
        let drawn = producer.acquire().unwrap();
        producer_events(&mut producer);
        for (width, height) in [(8, 8), (64, 32), (64, 32), (16, 16)] {
            producer.resize(size(width, height)).unwrap();
            show(&mut producer, &mut [&mut consumer]);
        }
        let generations = producer.format().unwrap().generation.get();
        assert_eq!(generations, 4, "one of them was no change");
        assert_eq!(stamp_of(held.image()), 1);
        assert_eq!(drawn.image().width(), 16);
        let retired = |events: Vec<ProducerEvent>| {
            let retired = |event: &ProducerEvent| matches!(event, ProducerEvent::Retired { .. });
            events.iter().filter(|event| retired(event)).count()
        };
        assert_eq!(retired(producer_events(&mut producer)), 7, "all but what is held and drawn");
        consumer.release(held, Ready::Finished).unwrap();
        settle(&mut producer, &mut [&mut consumer]);
        assert_eq!(retired(producer_events(&mut producer)), 1);
        producer.cancel(drawn);
        assert_eq!(retired(producer_events(&mut producer)), 1);
    }),
    ("buffers wait for the numbers of those that are still held", || {
        let all = Driver::default().formats(Usage::Render);
        let settings = patient(size(4, 4)).usage(Usage::Render, all).buffers(40);
        let mut producer = Producer::new(Box::new(Driver::default()), settings).unwrap();
        let asks =
            wants(&[(XRGB, LINEAR)]).limits(Limits::default().with_buffers(64).with_frames(64));
        let (_, mut consumer) = join_served(&mut producer, &asks);
        let mut held = Vec::new();
        for _ in 0..40 {
            produce(&mut producer);
            held.extend(frames(settle(&mut producer, &mut [&mut consumer]).remove(0)));
        }
        producer.resize(size(8, 8)).unwrap();
        settle(&mut producer, &mut [&mut consumer]);
        let acquire_all = |producer: &mut Producer| {
            std::iter::from_fn(|| producer.acquire().ok()).collect::<Vec<_>>().len()
        };
        assert_eq!(acquire_all(&mut producer), 24, "64 numbers");
        held.truncate(30);
        settle(&mut producer, &mut [&mut consumer]);
        assert_eq!(acquire_all(&mut producer), 34);
        held.clear();
        settle(&mut producer, &mut [&mut consumer]);
        assert_eq!(acquire_all(&mut producer), 40);
    }),
    ("another device draws from now on", || {
        let mut producer = producer();
        let both = wants(&[(XRGB, FAST), (Fourcc::RGB565, SLOW)]);
        let (_, mut first) = join_served(&mut producer, &both);
        let (_, mut second) = join_served(&mut producer, &wants(&[(XRGB, FAST)]));
        let nothing = set(&[(Fourcc::NV12, LINEAR)]);
        let error = producer.set_formats([(Usage::Render, nothing)]).unwrap_err();
        assert!(matches!(error, NegotiateError::NothingInCommon(_)), "{error:?}");
        show(&mut producer, &mut [&mut first, &mut second]);
        producer.set_formats([(Usage::Render, set(&[(Fourcc::RGB565, SLOW)]))]).unwrap();
        let told = settle(&mut producer, &mut [&mut second]).remove(0);
        assert_eq!(goodbye(told).0, Reason::NothingInCommon);
        settle(&mut producer, &mut [&mut first]);
        assert_eq!(chosen(&producer), (Fourcc::RGB565, SLOW));
        assert_eq!(first.format().unwrap().fourcc, Fourcc::RGB565);
    }),
    ("a consumer that cannot import what it offered offers something else", || {
        let mut producer = producer();
        let (_, mut first) = join_served(&mut producer, &wants(&[(XRGB, FAST), (XRGB, SLOW)]));
        let (_, mut second) = join_served(&mut producer, &wants(&[(XRGB, FAST), (XRGB, SLOW)]));
        show(&mut producer, &mut [&mut first, &mut second]);
        assert_eq!(chosen(&producer), (XRGB, FAST));
        second.offer(None, &[(Usage::Sample, set(&[(XRGB, SLOW)]))]).unwrap();
        show(&mut producer, &mut [&mut first, &mut second]);
        assert_eq!(chosen(&producer), (XRGB, SLOW));
    }),
    ("a consumer wishes for another size", || {
        let mut producer = producer();
        let (peer, mut consumer) = join_served(&mut producer, &wants(&[(XRGB, LINEAR)]));
        producer_events(&mut producer);
        let sets = [(Usage::Sample, set(&[(XRGB, LINEAR)]))];
        consumer.offer(Some(size(32, 32)), &sets).unwrap();
        settle(&mut producer, &mut [&mut consumer]);
        let events = producer_events(&mut producer);
        assert!(
            matches!(events[..], [ProducerEvent::Wished { peer: by, size: wish }]
            if by == peer && wish == Some(size(32, 32))),
            "{events:?}"
        );
        producer.resize(size(32, 32)).unwrap();
        show(&mut producer, &mut [&mut consumer]);
    }),
    ("the preferred format comes before the others", || {
        let settings = settings().prefer([Fourcc::ARGB8888]);
        let mut producer = Producer::new(Box::new(Driver::default()), settings).unwrap();
        let asks = wants(&[(XRGB, SLOW), (Fourcc::ARGB8888, SLOW)]);
        let (_, consumer) = join_served(&mut producer, &asks);
        assert_eq!(consumer.format().unwrap().fourcc, Fourcc::ARGB8888);
    }),
    ("a consumer that would keep fewer buffers than there are is told so", || {
        let mut producer = producer();
        let asks = wants(&[(XRGB, LINEAR)]).limits(Limits::default().with_buffers(2));
        let (_, mut consumer) = join(&mut producer, &asks);
        let told = settle(&mut producer, &mut [&mut consumer]).remove(0);
        assert_eq!(goodbye(told).0, Reason::Limit);
        let (_, mut other) = join_served(&mut producer, &wants(&[(XRGB, LINEAR)]));
        show(&mut producer, &mut [&mut other]);
    }),
    ("many who come and go have everything allocated again only so often", || {
        let driver = Driver::default();
        let mut producer = with_driver(&driver);
        let (_, mut first) = join_served(&mut producer, &wants(&[(XRGB, FAST), (XRGB, LINEAR)]));
        let start = Instant::now();
        for _ in 0..50 {
            let (_, mut second) = join(&mut producer, &wants(&[(XRGB, LINEAR)]));
            settle(&mut producer, &mut [&mut first, &mut second]);
            drop(second);
            settle(&mut producer, &mut [&mut first]);
        }
        let changes = usize::try_from(start.elapsed().as_secs()).unwrap() * 2 + 2;
        let most = (changes + 1) * 4;
        assert!(driver.allocations.load(Ordering::SeqCst) <= most);
    }),
];

#[test]
fn format_is_the_best_that_all_can_use() {
    child::run_cases("format_is_the_best_that_all_can_use", CASES);
}
