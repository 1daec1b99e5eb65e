#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A million frames to 1, 8 and 64 processes: each pixel of each frame is looked at, none is lost
//! that the policy does not allow to be lost, and nothing grows.

mod common;

use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use dmashare::allocator::Memfd;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::End;
use dmashare::stream::NextError;
use dmashare::stream::Overflow;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Size;

use common::child;
use common::child::Process;
use common::leaks::Open;
use common::stamp;

const PATIENCE: Duration = Duration::from_secs(60);
const PATH: &str = "DMASHARE_TEST_PATH";
const FRAMES: &str = "DMASHARE_TEST_FRAMES";
const TEST: &str = "million_frames_arrive_whole";

/// A stream, and how its frames are counted.
struct Run {
    consumers: usize,
    frames: u64,
    policy: Policy,
    /// What each consumer must get, where none may be lost.
    is_complete: bool,
}

/// So long may the machine stop a process.
const PATIENCE_NS: u64 = 60_000_000_000;
const BLOCK: Overflow = Overflow::Block { deadline_ns: PATIENCE_NS };

/// 1,016,000 frames in total, most of which must not be lost.
const RUNS: [Run; 4] = [
    Run { consumers: 1, frames: 480_000, policy: Policy::fifo(4, BLOCK), is_complete: true },
    Run { consumers: 8, frames: 40_000, policy: Policy::fifo(4, BLOCK), is_complete: true },
    Run { consumers: 64, frames: 3_000, policy: Policy::fifo(4, BLOCK), is_complete: true },
    Run { consumers: 8, frames: 3_000, policy: Policy::mailbox(), is_complete: false },
];

/// File descriptors and memory of this process.
#[derive(Debug)]
struct Footprint {
    fds: usize,
    resident_bytes: u64,
}

impl Footprint {
    fn now() -> Self {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
        let page_bytes = u64::try_from(rustix::param::page_size()).unwrap();
        Self { fds: Open::now().fd_count(), resident_bytes: pages * page_bytes }
    }

    /// Fails if there is more than there was.
    fn assert_flat(&self) {
        let now = Self::now();
        assert_eq!(self.fds, now.fds);
        let growth_bytes = now.resident_bytes.saturating_sub(self.resident_bytes);
        assert!(growth_bytes < 1 << 20, "{self:?} became {now:?}");
    }
}

fn produce(run: &Run) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let size = Size::new(8, 4).unwrap();
    let policy = run.policy.with_hold_limit_ns(PATIENCE_NS);
    let settings =
        ProducerSettings::new(size).buffers(6).policy(policy).handshake_timeout(PATIENCE);
    let mut producer = Producer::new(Box::new(Memfd::new()), settings).unwrap();
    producer.listen(&path).unwrap();
    let consumers: Vec<_> = (0..run.consumers).map(|_| consumer_process(&path, run)).collect();
    while producer.served().count() < run.consumers {
        producer.dispatch_timeout(PATIENCE).unwrap();
        drain(&mut producer, run);
    }
    let mut before = None;
    for number in 1..=run.frames {
        let acquired = producer.acquire_timeout(PATIENCE).unwrap();
        producer.wait_for_readers(&acquired, PATIENCE).unwrap();
        stamp::draw(acquired.image(), number);
        let picture = Picture { user_serial: number, ..Picture::default() };
        producer.submit_timeout(acquired, Ready::Finished, picture, PATIENCE).unwrap();
        drain(&mut producer, run);
        if number == run.frames / 10 {
            before = Some(Footprint::now());
        }
    }
    before.unwrap().assert_flat();
    while producer.peers().next().is_some() {
        producer.dispatch_timeout(PATIENCE).unwrap();
        drain(&mut producer, run);
    }
    consumers.into_iter().for_each(Process::finish);
}

/// Nobody leaves but for having had all, and nobody misses what it must not miss.
fn drain(producer: &mut Producer, run: &Run) {
    while let Some(event) = producer.next_event() {
        match event {
            ProducerEvent::Left { end: End::Peer(goodbye), .. } => {
                assert_eq!(goodbye.reason, Reason::Finished, "{goodbye:?}");
            }
            ProducerEvent::Left { end, .. } => panic!("{end:?}"),
            ProducerEvent::Missed { serial, .. } => assert!(!run.is_complete, "{serial} is lost"),
            _ => {}
        }
    }
}

fn consumer_process(path: &Path, run: &Run) -> Process {
    let mut command = child::command(TEST, if run.is_complete { "complete" } else { "latest" });
    command.env(PATH, path).env(FRAMES, run.frames.to_string());
    Process::start(command)
}

/// Takes frames up to the last one of the run.
fn consume(is_complete: bool) {
    let last: u64 = std::env::var(FRAMES).unwrap().parse().unwrap();
    let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
    let settings = ConsumerSettings::new(Usage::Cpu, formats).handshake_timeout(PATIENCE);
    let mut consumer = Consumer::connect(std::env::var(PATH).unwrap(), &settings).unwrap();
    let (mut number, mut serial): (u64, Option<NonZeroU64>) = (0, None);
    let mut before = None;
    while number < last {
        let frame = match consumer.next_frame(PATIENCE) {
            Ok(frame) => frame,
            Err(NextError::Ended(end)) => panic!("after frame {number}: {end:?}"),
            Err(error) => panic!("after frame {number}: {error}"),
        };
        assert!(Some(frame.serial()) > serial);
        let found = frame.user_serial();
        assert!(
            if is_complete { found == number + 1 } else { found > number },
            "{found} after {number}"
        );
        stamp::check(frame.image(), found);
        (number, serial) = (found, Some(frame.serial()));
        consumer.release(frame, Ready::Finished).unwrap();
        if before.is_none() && number > last / 10 {
            before = Some(Footprint::now());
        }
    }
    before.unwrap().assert_flat();
    consumer.leave(Reason::Finished, "");
}

#[test]
fn million_frames_arrive_whole() {
    match child::case().as_deref() {
        Some("complete") => consume(true),
        Some("latest") => consume(false),
        Some(other) => panic!("{other}"),
        None => return RUNS.iter().for_each(produce),
    }
    child::done();
}
