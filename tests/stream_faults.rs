#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Whatever dies at whatever moment, the other side goes on: either side of a stream is killed after
//! each single system call of its life, one life after the other.

mod common;

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use dmashare::allocator::Memfd;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::AcquireError;
use dmashare::stream::ConnectError;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::End;
use dmashare::stream::NextError;
use dmashare::stream::PeerId;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::ReceivedFrame;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Size;
use rustix::process::Pid;
use rustix::process::Signal;

use common::child;
use common::child::Process;
use common::leaks::Open;
use common::stamp;
use common::traced;
use common::traced::Ending;

const PATIENCE: Duration = Duration::from_secs(60);
const PATH: &str = "DMASHARE_TEST_PATH";
const BUFFERS: usize = 4;
/// What a victim takes or makes before it leaves by itself.
const FRAMES: u64 = 4;

fn producer_at(path: &Path) -> Producer {
    let patience_ns = u64::try_from(PATIENCE.as_nanos()).unwrap();
    let settings = ProducerSettings::new(Size::new(16, 16).unwrap())
        .buffers(BUFFERS)
        .policy(Policy::mailbox().with_hold_limit_ns(patience_ns))
        .handshake_timeout(PATIENCE);
    let mut producer = Producer::new(Box::new(Memfd::new()), settings).unwrap();
    producer.listen(path).unwrap();
    producer
}

fn settings() -> ConsumerSettings {
    let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
    ConsumerSettings::new(Usage::Cpu, formats).handshake_timeout(PATIENCE)
}

fn victim_path() -> String {
    std::env::var(PATH).unwrap()
}

fn victim(test: &str, path: &Path) -> Command {
    let mut command = child::command(test, "victim");
    command.env(PATH, path).stdout(std::process::Stdio::null());
    command
}

/// Draws a frame and sends it, if there is a buffer for it.
fn send_frame(producer: &mut Producer, number: &mut u64) {
    let acquired = match producer.acquire() {
        Ok(acquired) => acquired,
        Err(AcquireError::NoneFree { .. } | AcquireError::NotConfigured) => return,
        Err(error) => panic!("{error}"),
    };
    producer.wait_for_readers(&acquired, PATIENCE).unwrap();
    *number += 1;
    stamp::draw(acquired.image(), *number);
    let picture = Picture { user_serial: *number, ..Picture::default() };
    producer.submit(acquired, Ready::Finished, picture).unwrap();
}

/// A producer, and a consumer that nothing ever happens to.
struct Survivors {
    producer: Producer,
    consumer: Consumer,
    number: u64,
    last_serial: Option<NonZeroU64>,
    joined: HashSet<PeerId>,
    ends: Vec<End>,
}

impl Survivors {
    fn new(path: &Path) -> Self {
        let producer = producer_at(path);
        let consumer = Consumer::connect(path, &settings()).unwrap();
        let (joined, ends) = (HashSet::new(), Vec::new());
        let mut survivors = Self { producer, consumer, number: 0, last_serial: None, joined, ends };
        survivors.turn_until(|it| it.number > 2 * BUFFERS as u64);
        survivors
    }

    /// A frame goes to the consumer and comes back.
    fn turn(&mut self) {
        self.producer.dispatch_timeout(Duration::from_millis(1)).unwrap();
        while let Some(event) = self.producer.next_event() {
            match event {
                ProducerEvent::Joined { peer, .. } => assert!(self.joined.insert(peer)),
                ProducerEvent::Left { peer, end } => {
                    assert!(self.joined.remove(&peer), "{peer:?} has left and had not joined");
                    self.ends.push(end);
                }
                ProducerEvent::Refused { .. }
                | ProducerEvent::NotAccepted(_)
                | ProducerEvent::NegotiationFailed(_) => panic!("{event:?}"),
                _ => {}
            }
        }
        send_frame(&mut self.producer, &mut self.number);
        self.consumer.dispatch().unwrap();
        while let Some(event) = self.consumer.next_event() {
            match event {
                ConsumerEvent::Frame(frame) => self.look_at(frame),
                ConsumerEvent::Ended(end) => panic!("the survivor was sent away: {end:?}"),
                _ => {}
            }
        }
    }

    fn look_at(&mut self, frame: ReceivedFrame) {
        assert!(Some(frame.serial()) > self.last_serial);
        self.last_serial = Some(frame.serial());
        stamp::check(frame.image(), frame.user_serial());
        self.consumer.release(frame, Ready::Finished).unwrap();
    }

    fn turn_until(&mut self, is_done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_done(self) {
            assert!(Instant::now() < deadline, "it stands still");
            self.turn();
        }
    }

    /// All victims are gone, and every buffer is there.
    fn settle(&mut self) {
        self.turn_until(|it| it.joined.len() == 1);
        let before = self.number;
        self.turn_until(|it| it.number > before + BUFFERS as u64);
    }

    /// Takes all buffers at once. Only what the consumer may hold is missing.
    fn assert_no_buffer_is_lost(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let mut acquired = Vec::new();
        // The latest frame is kept for newcomers until there is nothing else.
        while acquired.len() < BUFFERS {
            assert!(Instant::now() < deadline, "only {} of {BUFFERS} buffers", acquired.len());
            self.producer.dispatch().unwrap();
            acquired.extend(self.producer.acquire().ok());
            self.consumer.dispatch().unwrap();
            while let Some(event) = self.consumer.next_event() {
                drop(event);
            }
        }
        for acquired in acquired {
            self.producer.cancel(acquired);
        }
    }
}

/// Runs both sides in turns while `during` runs.
fn survive(survivors: &mut Survivors, during: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let turning = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                survivors.turn();
            }
        });
        {
            // Also if it fails: the other thread would be waited for without end.
            let _over = Raise(&is_over);
            during();
        }
        // The end of the scope would not wait until the thread's stack is gone.
        turning.join().unwrap();
    });
}

/// Raises a flag when it is dropped.
struct Raise<'a>(&'a AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn be_killed_as_consumer() {
    let path = victim_path();
    traced::begin();
    let mut consumer = Consumer::connect(path, &settings()).unwrap();
    for _ in 0..FRAMES {
        let frame = consumer.next_frame(PATIENCE).unwrap();
        stamp::check(frame.image(), frame.user_serial());
        consumer.release(frame, Ready::Finished).unwrap();
    }
    consumer.leave(Reason::Finished, "that was enough");
}

fn survive_consumers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let mut survivors = Survivors::new(&path);
    let test = "consumer_is_killed_after_every_system_call";
    // One that lives to the end, so that all is as it will be.
    survive(&mut survivors, || {
        assert_eq!(
            traced::kill_after(victim(test, &path), usize::MAX),
            Ending::Exited { status: 0 }
        );
    });
    survivors.settle();
    let before = Open::now();
    let mut calls = 0;
    survive(&mut survivors, || {
        while let Ending::Killed { .. } = traced::kill_after(victim(test, &path), calls) {
            calls += 1;
        }
    });
    survivors.settle();
    survivors.assert_no_buffer_is_lost();
    before.assert_unchanged();
    assert!(calls > 40, "a consumer cannot do with {calls} system calls");
    for end in &survivors.ends {
        let is_expected = match end {
            End::Lost => true,
            End::Peer(goodbye) => goodbye.reason == Reason::Finished,
            _ => false,
        };
        assert!(is_expected, "{end:?}");
    }
    let lost = survivors.ends.iter().filter(|end| **end == End::Lost).count();
    assert!(lost > 20, "{lost} of {calls} were killed while they were connected");
}

#[test]
fn consumer_is_killed_after_every_system_call() {
    if child::case().as_deref() == Some("victim") {
        return be_killed_as_consumer();
    }
    let cases: [child::Case; 1] = [("survivors", survive_consumers)];
    child::run_once("consumer_is_killed_after_every_system_call", &cases);
}

fn be_killed_as_producer() {
    let path = victim_path();
    traced::begin();
    let mut producer = producer_at(Path::new(&path));
    let mut number = 0;
    while number < FRAMES || producer.peers().next().is_some() && number < 2 * FRAMES {
        producer.dispatch_timeout(Duration::from_millis(5)).unwrap();
        while producer.next_event().is_some() {}
        send_frame(&mut producer, &mut number);
    }
}

/// A life with one producer, from connecting to its end; `None` if it never listened. The frame that
/// was held last stays as it is.
fn follow(path: &Path, is_dead: &AtomicBool) -> Option<End> {
    let mut consumer = loop {
        match Consumer::connect(path, &settings()) {
            Ok(consumer) => break consumer,
            Err(ConnectError::Connection(_)) if is_dead.load(Ordering::Relaxed) => return None,
            Err(ConnectError::Connection(_)) => std::thread::sleep(Duration::from_micros(200)),
            Err(error) => panic!("{error}"),
        }
    };
    let mut held: Option<ReceivedFrame> = None;
    let end = loop {
        match consumer.next_frame(PATIENCE) {
            Ok(frame) => {
                stamp::check(frame.image(), frame.user_serial());
                if let Some(before) = held.replace(frame) {
                    consumer.release(before, Ready::Finished).unwrap();
                }
            }
            Err(NextError::Ended(end)) => break end,
            Err(error) => panic!("{error}"),
        }
    };
    if let Some(frame) = held {
        stamp::check(frame.image(), frame.user_serial());
    }
    Some(end)
}

/// One life of a producer, and what a consumer sees of it.
fn outlive(path: &Path, calls: usize) -> (Ending, Option<End>) {
    let is_dead = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let consumer = scope.spawn(|| follow(path, &is_dead));
        let command = victim("producer_is_killed_after_every_system_call", path);
        let ending = {
            let _dead = Raise(&is_dead);
            traced::kill_after(command, calls)
        };
        (ending, consumer.join().unwrap())
    })
}

fn survive_producers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let (ending, end) = outlive(&path, usize::MAX);
    assert_eq!(ending, Ending::Exited { status: 0 });
    assert!(matches!(end, Some(End::Peer(it)) if it.reason == Reason::Finished));
    let before = Open::now();
    let (mut calls, mut lost) = (0, 0);
    loop {
        let (ending, end) = outlive(&path, calls);
        match end {
            None => {}
            Some(End::Lost) => lost += 1,
            Some(End::Peer(goodbye)) => assert_eq!(goodbye.reason, Reason::Finished),
            Some(end) => panic!("after {calls} calls, {ending:?}: {end:?}"),
        }
        before.assert_unchanged();
        match ending {
            Ending::Killed { .. } => calls += 1,
            Ending::Exited { status } => break assert_eq!(status, 0),
        }
    }
    assert!(lost > 20, "{lost} of {calls} were killed while somebody was connected");
}

#[test]
fn producer_is_killed_after_every_system_call() {
    if child::case().as_deref() == Some("victim") {
        return be_killed_as_producer();
    }
    let cases: [child::Case; 1] = [("survivor", survive_producers)];
    child::run_once("producer_is_killed_after_every_system_call", &cases);
}

/// A producer that sends frames until it is killed, for a test to stop it.
fn produce_for_ever() {
    let mut producer = producer_at(Path::new(&victim_path()));
    let mut number = 0;
    loop {
        producer.dispatch_timeout(Duration::from_millis(5)).unwrap();
        while producer.next_event().is_some() {}
        send_frame(&mut producer, &mut number);
    }
}

fn outlast_a_stopped_producer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let mut process = Process::start(victim("stopped_producer_costs_a_consumer_no_frame", &path));
    let pid = Pid::from_raw(process.id().try_into().unwrap()).unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut consumer = loop {
        match Consumer::connect(&path, &settings()) {
            Ok(consumer) => break consumer,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let held = consumer.next_frame(PATIENCE).unwrap();
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    // What was on its way still comes.
    let error = loop {
        match consumer.next_frame(Duration::from_millis(300)) {
            Ok(frame) => consumer.release(frame, Ready::Finished).unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(error, NextError::TimedOut);
    stamp::check(held.image(), held.user_serial());
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    for _ in 0..FRAMES {
        let frame = consumer.next_frame(PATIENCE).unwrap();
        assert!(frame.serial() > held.serial());
        stamp::check(frame.image(), frame.user_serial());
        consumer.release(frame, Ready::Finished).unwrap();
    }
    stamp::check(held.image(), held.user_serial());
    consumer.release(held, Ready::Finished).unwrap();
    process.kill();
    let end = loop {
        match consumer.next_frame(PATIENCE) {
            Ok(frame) => consumer.release(frame, Ready::Finished).unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(end, NextError::Ended(End::Lost));
}

#[test]
fn stopped_producer_costs_a_consumer_no_frame() {
    if child::case().as_deref() == Some("victim") {
        return produce_for_ever();
    }
    let cases: [child::Case; 1] = [("survivor", outlast_a_stopped_producer)];
    child::run_cases("stopped_producer_costs_a_consumer_no_frame", &cases);
}

/// Comes a thousand times, and leaves in one of four ways, with and without a frame.
fn reconnect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let mut survivors = Survivors::new(&path);
    let visit = |number: u32| {
        let mut consumer = Consumer::connect(&path, &settings()).unwrap();
        let frame = consumer.next_frame(PATIENCE).unwrap();
        stamp::check(frame.image(), frame.user_serial());
        match number % 4 {
            0 => consumer.release(frame, Ready::Finished).unwrap(),
            1 => consumer.leave(Reason::Finished, "with a frame"),
            2 => drop((consumer, frame)),
            _ => drop((frame, consumer)),
        }
    };
    survive(&mut survivors, || (0..10).for_each(visit));
    survivors.settle();
    let before = Open::now();
    survive(&mut survivors, || (0..1000).for_each(visit));
    survivors.settle();
    survivors.assert_no_buffer_is_lost();
    before.assert_unchanged();
    assert_eq!(survivors.ends.len(), 1010);
}

#[test]
fn consumer_comes_a_thousand_times() {
    let cases: [child::Case; 1] = [("survivors", reconnect)];
    child::run_once("consumer_comes_a_thousand_times", &cases);
}
