#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! One producer and several consumers, in threads and in processes of their own: no frame is torn,
//! none is lost outside of the policy, and nothing piles up.

mod common;

use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::stream::Acquired;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::End;
use dmashare::stream::NextError;
use dmashare::stream::Overflow;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Size;

use common::child;
use common::leaks::Open;
use common::stream_pair::*;

const FRAMES: u64 = 2_000;

/// What a consumer has seen: the serials of its frames, all of which were whole.
#[derive(Debug, Default)]
struct Seen {
    serials: Vec<u64>,
    sizes: Vec<[u32; 2]>,
    end: Option<End>,
}

/// Takes frames until the stream is over, and checks every pixel of each.
fn watch(mut consumer: Consumer, delay: Duration) -> Seen {
    let mut seen = Seen::default();
    loop {
        match consumer.next_event_timeout(SOON) {
            Ok(ConsumerEvent::Frame(frame)) => {
                frame.wait_for_pixels(SOON).unwrap();
                let image = frame.image();
                assert_eq!(stamp_of(image), frame.user_serial(), "frame {}", frame.serial());
                let size = [image.width(), image.height()];
                if seen.sizes.last() != Some(&size) {
                    seen.sizes.push(size);
                }
                seen.serials.push(frame.serial().get());
                thread::sleep(delay);
                // Nobody has written to it in the meantime.
                assert_eq!(stamp_of(image), frame.user_serial(), "frame {}", frame.serial());
                consumer.release(frame, Ready::Finished).unwrap();
            }
            Ok(_) => {}
            Err(NextError::Ended(end)) => {
                seen.end = Some(end);
                return seen;
            }
            Err(error) => panic!("{error}: {} frames", seen.serials.len()),
        }
    }
}

fn watch_in_thread(path: &Path, settings: ConsumerSettings, delay: Duration) -> JoinHandle<Seen> {
    let path = path.to_owned();
    thread::spawn(move || watch(Consumer::connect(path, &settings).unwrap(), delay))
}

fn assert_growing(serials: &[u64]) {
    assert!(serials.windows(2).all(|pair| pair[0] < pair[1]), "{serials:?}");
}

fn is_finished(seen: &Seen) -> bool {
    matches!(&seen.end, Some(End::Peer(goodbye)) if goodbye.reason == Reason::Finished)
}

/// Draws one frame, which says its number in its pixels and beside them.
fn draw(producer: &mut Producer, number: u64) -> NonZeroU64 {
    let acquired = producer.acquire_timeout(SOON).unwrap();
    submit(producer, acquired, number)
}

fn submit(producer: &mut Producer, acquired: Acquired, number: u64) -> NonZeroU64 {
    producer.wait_for_readers(&acquired, SOON).unwrap();
    stamp(acquired.image(), number);
    let picture = Picture { user_serial: number, ..Picture::default() };
    producer.submit_timeout(acquired, Ready::Finished, picture, SOON).unwrap()
}

fn wait_for_served(producer: &mut Producer, count: usize) {
    let start = Instant::now();
    while producer.served().count() < count {
        producer.dispatch_timeout(Duration::from_secs(1)).unwrap();
        assert!(start.elapsed() < SOON, "{:?}", producer_events(producer));
    }
}

/// Waits until all that was submitted has been released, so that nobody misses the end.
fn drain(producer: &mut Producer, buffers: usize) {
    let mut all = Vec::new();
    while all.len() < buffers {
        all.push(producer.acquire_timeout(SOON).unwrap());
    }
}

fn fifo() -> Policy {
    Policy::fifo(2, Overflow::Block { deadline_ns: 60_000_000_000 }).with_hold_limit_ns(u64::MAX)
}

struct Place {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stream");
        Self { _directory: directory, path }
    }
}

#[test]
fn recorders_in_threads_get_every_frame() {
    let place = Place::new();
    let mut producer = producer_with(producer_settings().buffers(6).policy(fifo()));
    producer.listen(&place.path).unwrap();
    let threads: Vec<_> = (0..4_u64)
        .map(|delay| {
            let delay = Duration::from_micros(50 * delay);
            watch_in_thread(&place.path, consumer_settings().frames(2), delay)
        })
        .collect();
    wait_for_served(&mut producer, 4);
    for number in 1..=FRAMES {
        assert_eq!(draw(&mut producer, number).get(), number);
        assert!(!producer_events(&mut producer).iter().any(|event| matches!(
            event,
            ProducerEvent::Missed { .. } | ProducerEvent::Left { .. }
        )));
    }
    drain(&mut producer, 6);
    drop(producer);
    for seen in threads.into_iter().map(|thread| thread.join().unwrap()) {
        assert_eq!(seen.serials, (1..=FRAMES).collect::<Vec<_>>());
        assert!(is_finished(&seen), "{:?}", seen.end);
    }
}

#[test]
fn viewers_in_threads_skip_frames_and_slow_nobody_down() {
    let place = Place::new();
    let mut producer = producer_with(producer_settings().buffers(10));
    producer.listen(&place.path).unwrap();
    let quick = watch_in_thread(&place.path, consumer_settings().frames(2), Duration::ZERO);
    let slow =
        watch_in_thread(&place.path, consumer_settings().frames(2), Duration::from_millis(20));
    wait_for_served(&mut producer, 2);
    let peers: Vec<_> = producer.served().collect();
    for number in 1..=FRAMES {
        // Nobody is waited for: two buffers more than all may hold are always enough.
        let acquired = producer.acquire().unwrap();
        submit(&mut producer, acquired, number);
        producer.dispatch().unwrap();
        producer_events(&mut producer);
    }
    drain(&mut producer, 10);
    let missed: u64 = peers.iter().map(|peer| producer.missed_frames(*peer).unwrap()).sum();
    drop(producer);
    let [quick, slow] = [quick, slow].map(|thread| thread.join().unwrap());
    for seen in [&quick, &slow] {
        assert_growing(&seen.serials);
        assert_eq!(seen.serials.last(), Some(&FRAMES), "the latest is never missed");
        assert!(is_finished(seen), "{:?}", seen.end);
    }
    let got = (quick.serials.len() + slow.serials.len()) as u64;
    assert_eq!(got + missed, 2 * FRAMES, "each frame was got or missed");
}

#[test]
fn picture_changes_its_size_while_consumers_come_and_go() {
    let place = Place::new();
    let mut producer = producer_with(producer_settings().buffers(4));
    producer.listen(&place.path).unwrap();
    let (is_over, served) = (AtomicBool::new(false), [const { AtomicUsize::new(0) }; 2]);
    let sizes = [(16, 16), (40, 8), (8, 40), (128, 64)];
    thread::scope(|scope| {
        let stays = watch_in_thread(&place.path, consumer_settings().frames(1), Duration::ZERO);
        for served in &served {
            scope.spawn(|| {
                while !is_over.load(Ordering::Acquire) {
                    let settings = consumer_settings().frames(1);
                    let Ok(mut consumer) = Consumer::connect(&place.path, &settings) else {
                        break;
                    };
                    for _ in 0..5 {
                        let Ok(frame) = consumer.next_frame(SOON) else { break };
                        assert_eq!(stamp_of(frame.image()), frame.user_serial());
                        served.fetch_add(1, Ordering::Release);
                    }
                }
            });
        }
        wait_for_served(&mut producer, 3);
        let are_served = || served.iter().all(|served| served.load(Ordering::Acquire) > 5);
        for number in (1..).take_while(|number| *number <= FRAMES || !are_served()) {
            if number % 50 == 0 {
                // Everybody has seen the first sizes, and of the others who has time.
                if number <= 300 {
                    drain(&mut producer, 4);
                }
                let (width, height) = sizes[(number / 50 % 4) as usize];
                producer.resize(Size::new(width, height).unwrap()).unwrap();
            }
            producer.dispatch().unwrap();
            draw(&mut producer, number);
            producer_events(&mut producer);
        }
        is_over.store(true, Ordering::Release);
        drop(producer);
        let seen = stays.join().unwrap();
        assert_growing(&seen.serials);
        assert!(seen.sizes.len() > 4, "{:?}", seen.sizes);
        assert!(is_finished(&seen), "{:?}", seen.end);
    });
}

#[test]
fn newcomer_changes_the_format_for_those_who_are_watching() {
    let place = Place::new();
    // Both are of 32 bits a pixel.
    let (first, second) = (Fourcc::XRGB8888, Fourcc::ARGB8888);
    let settings = producer_settings().usage(Usage::Cpu, linear(&[first, second])).buffers(5);
    let mut producer = producer_with(settings.policy(fifo()));
    producer.listen(&place.path).unwrap();
    let wants = |fourccs: &[Fourcc]| ConsumerSettings::new(Usage::Cpu, linear(fourccs)).frames(1);
    let watches = watch_in_thread(&place.path, wants(&[first, second]), Duration::ZERO);
    wait_for_served(&mut producer, 1);
    (1..=100).for_each(|number| _ = draw(&mut producer, number));
    assert_eq!(producer.format().unwrap().fourcc, first);
    let newcomer = watch_in_thread(&place.path, wants(&[second]), Duration::ZERO);
    let stranger = watch_in_thread(&place.path, wants(&[Fourcc::NV12]), Duration::ZERO);
    let told = stranger_is_told(&mut producer, stranger);
    assert!(told.contains("XR24") || told.contains("AR24"), "{told}");
    wait_for_served(&mut producer, 2);
    assert_eq!(producer.format().unwrap().fourcc, second);
    (101..=200).for_each(|number| _ = draw(&mut producer, number));
    drain(&mut producer, 5);
    drop(producer);
    let seen = watches.join().unwrap();
    // Those of the former format that were still queued when it changed are not sent.
    assert_growing(&seen.serials);
    assert_eq!(seen.serials[seen.serials.len() - 100..], (101..=200).collect::<Vec<_>>());
    assert!(newcomer.join().unwrap().serials.ends_with(&(101..=200).collect::<Vec<_>>()));
}

/// What somebody is told with whom there is no format.
fn stranger_is_told(producer: &mut Producer, stranger: JoinHandle<Seen>) -> String {
    while !stranger.is_finished() {
        producer.dispatch_timeout(Duration::from_millis(10)).unwrap();
    }
    let seen = stranger.join().unwrap();
    assert!(seen.serials.is_empty());
    let Some(End::Peer(goodbye)) = seen.end else { panic!("{:?}", seen.end) };
    assert_eq!(goodbye.reason, Reason::NothingInCommon);
    goodbye.text.as_str().to_owned()
}

/// As a child that has a path connects to it, and one that has a socket at its standard input uses
/// that.
fn watch_as_child(case: &str) {
    let settings = consumer_settings().frames(2);
    let consumer = if case.starts_with('/') {
        Consumer::connect(case, &settings).unwrap()
    } else {
        let socket: OwnedFd = rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), 3).unwrap();
        Consumer::from_fd(socket, &settings).unwrap()
    };
    let seen = watch(consumer, Duration::ZERO);
    assert_eq!(seen.serials, (1..=FRAMES).collect::<Vec<_>>());
    assert!(is_finished(&seen), "{:?}", seen.end);
    child::done();
}

#[test]
fn recorders_in_processes_get_every_frame() {
    const TEST: &str = "recorders_in_processes_get_every_frame";
    if let Some(case) = child::case() {
        return watch_as_child(&case);
    }
    let place = Place::new();
    let mut producer = producer_with(producer_settings().buffers(6).policy(fifo()));
    producer.listen(&place.path).unwrap();
    let (here, there) = Channel::pair().unwrap();
    producer.add_peer(here).unwrap();
    let mut inherits = child::command(TEST, "standard input");
    inherits.stdin(Stdio::from(OwnedFd::from(there)));
    let mut processes = vec![child::Process::start(inherits)];
    for _ in 0..2 {
        let path = place.path.to_str().unwrap();
        processes.push(child::Process::start(child::command(TEST, path)));
    }
    wait_for_served(&mut producer, 3);
    for number in 1..=FRAMES {
        draw(&mut producer, number);
    }
    drain(&mut producer, 6);
    let events = producer_events(&mut producer);
    assert!(!events.iter().any(|event| matches!(event, ProducerEvent::Left { .. })), "{events:?}");
    drop(producer);
    processes.into_iter().for_each(child::Process::finish);
}

#[test]
fn steady_stream_opens_nothing() {
    const TEST: &str = "steady_stream_opens_nothing";
    const ROW: &[child::Case] = &[("threads", || {
        let place = Place::new();
        let mut producer = producer_with(producer_settings().buffers(6).policy(fifo()));
        producer.listen(&place.path).unwrap();
        let watcher = watch_in_thread(&place.path, consumer_settings(), Duration::ZERO);
        wait_for_served(&mut producer, 1);
        (1..=200).for_each(|number| _ = draw(&mut producer, number));
        drain(&mut producer, 6);
        let before = Open::now();
        (201..=FRAMES).for_each(|number| _ = draw(&mut producer, number));
        drain(&mut producer, 6);
        before.assert_same_fds();
        drop(producer);
        assert_eq!(watcher.join().unwrap().serials.len() as u64, FRAMES);
    })];
    child::run_once(TEST, ROW);
}
