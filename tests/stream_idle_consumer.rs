#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Whatever a consumer does not do, and whatever it uses up, its producer sends it away when that
//! is due, gets every buffer back, leaves neither a file descriptor nor a mapping open, and serves
//! the others as if nothing had happened.

mod common;

use std::os::fd::AsRawFd;
use std::time::Instant;

use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::stream::AcquireError;
use dmashare::stream::Acquired;
use dmashare::stream::Consumer;
use dmashare::stream::End;
use dmashare::stream::NextError;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ReadersError;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::Size;
use rustix::process::Pid;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::Signal;

use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;
use common::hostile_consumer::MOMENT;
use common::hostile_consumer::Scene;
use common::scripted_consumer::ScriptedConsumer;
use common::scripted_consumer::hello;
use common::scripted_consumer::offer;
use common::stream_pair::*;
use common::sw_sync::Timeline;

const SILENCE: &[Case] = &[
    ("silence before the hello", || {
        let mut scene = Scene::brief();
        let start = Instant::now();
        while scene.producer.credentials(scene.peer).is_some() {
            scene.producer.dispatch_timeout(SOON).unwrap();
        }
        assert!(start.elapsed() < SOON, "the alarm wakes who waits");
        assert_eq!(scene.told_end(), End::Silent);
    }),
    ("silence before the offer", || {
        let mut scene = Scene::brief();
        scene.hostile.send(&hello());
        while scene.producer.credentials(scene.peer).is_some() {
            scene.producer.dispatch_timeout(SOON).unwrap();
        }
        assert_eq!(scene.told_end(), End::Silent);
    }),
    ("frames that are never released", || {
        let (mut scene, _) = Scene::served();
        let mut held_by_user = Vec::new();
        // It costs the others nothing while there are buffers.
        scene.assert_serves();
        while held_by_user.len() < 4 {
            match scene.producer.acquire() {
                Ok(acquired) => held_by_user.push(acquired),
                Err(AcquireError::NoneFree { .. }) => {
                    scene.producer.dispatch_timeout(SOON).unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        }
        // The pool was dry, and it had held frames for too long.
        assert!(held_by_user.iter().any(Acquired::is_tainted));
        drop(held_by_user);
        assert_eq!(scene.told_end(), End::TooSlow);
    }),
    ("nothing is ever read", || {
        let (mut scene, _) = Scene::served();
        let mut number = 1;
        while scene.producer.credentials(scene.peer).is_some() {
            let size = Size::new(16 + number % 2, 16).unwrap();
            scene.producer.resize(size).unwrap();
            scene.honest.dispatch().unwrap();
            while scene.honest.next_event().is_some() {}
            scene.producer.dispatch().unwrap();
            producer_events_but_ends(&mut scene);
            number += 1;
            assert!(number < 5_000, "its socket is never full");
        }
        scene.producer.resize(Size::new(16, 16).unwrap()).unwrap();
        settle(&mut scene.producer, &mut [&mut scene.honest]);
        scene.assert_serves();
    }),
    ("a death without a word", || {
        let (scene, _) = Scene::served();
        let peer = scene.peer;
        let mut scene = scene.without_hostile();
        scene.producer.dispatch().unwrap();
        let events = producer_events(&mut scene.producer);
        assert!(
            matches!(events[..], [ProducerEvent::Left { peer: left, end: End::Lost }]
            if left == peer),
            "{events:?}"
        );
        scene.assert_serves();
        let all: Vec<_> = (0..4).map(|_| scene.producer.acquire().unwrap()).collect();
        assert_eq!(all.iter().filter(|acquired| acquired.is_tainted()).count(), 0, "written since");
    }),
    ("a thousand who come and go", || {
        let (mut scene, _) = Scene::served();
        for number in 0..1_000 {
            let (peer, other) = ScriptedConsumer::joined(&mut scene.producer);
            if number % 2 == 0 {
                other.send(&hello());
                other.send(&offer(1));
            }
            scene.producer.dispatch().unwrap();
            drop(other);
            scene.producer.dispatch().unwrap();
            assert!(scene.producer.credentials(peer).is_none());
            producer_events(&mut scene.producer);
        }
        scene.assert_serves();
    }),
];

fn producer_events_but_ends(scene: &mut Scene) {
    for event in producer_events(&mut scene.producer) {
        if let ProducerEvent::Left { peer, end } = event {
            assert_eq!((peer, end), (scene.peer, End::TooSlow));
        }
    }
}

#[test]
fn silence_costs_the_others_nothing() {
    child::run_cases("silence_costs_the_others_nothing", SILENCE);
}

/// The limit is that of the whole process, so each case has one of its own.
const LIMITS: &[Case] = &[
    ("no file descriptor for a newcomer", || {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stream");
        let (mut scene, _) = Scene::served();
        scene.producer.listen(&path).unwrap();
        let newcomer = Channel::connect(&path).unwrap();
        let before = lower_limit();
        for _ in 0..3 {
            scene.producer.dispatch().unwrap();
        }
        // It is told once, however often it is tried.
        let events = producer_events(&mut scene.producer);
        assert!(
            matches!(&events[..], [ProducerEvent::NotAccepted(error)]
                if error.to_string().contains("accept4")),
            "{events:?}"
        );
        scene.assert_serves();
        rustix::process::setrlimit(Resource::Nofile, before).unwrap();
        let start = Instant::now();
        while scene.producer.peers().count() < 3 {
            scene.producer.dispatch_timeout(SOON).unwrap();
            assert!(start.elapsed() < SOON, "it is let in once there is room");
        }
        let newcomer = ScriptedConsumer::new(newcomer);
        newcomer.send(&hello());
        newcomer.send(&offer(1));
        scene.producer.dispatch().unwrap();
        assert_eq!(scene.producer.served().count(), 3);
    }),
    ("no file descriptor for another pool", || {
        let (mut scene, _) = Scene::served();
        let before = lower_limit();
        let error = scene.producer.resize(Size::new(9, 9).unwrap());
        assert!(error.unwrap_err().to_string().contains("memfd_create"));
        scene.assert_serves();
        rustix::process::setrlimit(Resource::Nofile, before).unwrap();
        scene.producer.resize(Size::new(9, 9).unwrap()).unwrap();
    }),
    ("no file descriptor for a fence that comes", || {
        let (scene, held) = Scene::served();
        let release = Message::Release(Release { has_fence: true, ..held });
        scene.hostile.send_with(&release, &[&sealed_memfd(64)]);
        let before = lower_limit();
        let end = scene.told_end();
        rustix::process::setrlimit(Resource::Nofile, before).unwrap();
        assert_eq!(end, End::Unusable(ReceiveError::Truncated));
    }),
];

/// Not one more can be opened; returns the limit of before. Nothing may be free below it.
fn lower_limit() -> Rlimit {
    let before = rustix::process::getrlimit(Resource::Nofile);
    let next = sealed_memfd(1);
    let lowest = u64::try_from(next.as_raw_fd()).unwrap();
    drop(next);
    let limit = Rlimit { current: Some(lowest), ..before };
    rustix::process::setrlimit(Resource::Nofile, limit).unwrap();
    before
}

#[test]
fn no_file_descriptor_left_costs_the_others_nothing() {
    child::run_once("no_file_descriptor_left_costs_the_others_nothing", LIMITS);
}

/// Takes one frame, says so, and holds it.
fn be_stopped(path: &str) {
    let mut consumer = Consumer::connect(path, &consumer_settings()).unwrap();
    let frame = consumer.next_frame(SOON).unwrap();
    std::fs::write(format!("{path}.held"), frame.serial().to_string()).unwrap();
    // Whoever stops this process continues it only to see how it ends.
    let told = loop {
        match consumer.next_frame(SOON) {
            Ok(_) => {}
            Err(NextError::Ended(end)) => break end,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(matches!(&told, End::Peer(goodbye) if goodbye.reason == Reason::TooSlow), "{told:?}");
    assert_eq!(stamp_of(frame.image()), frame.serial().get(), "nobody has written to it");
}

#[test]
fn consumer_that_is_stopped_is_sent_away_and_nobody_else() {
    const TEST: &str = "consumer_that_is_stopped_is_sent_away_and_nobody_else";
    if let Some(path) = child::case() {
        be_stopped(&path);
        return child::done();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stream");
    let limit_ns = u64::try_from(MOMENT.as_nanos()).unwrap();
    let policy = Policy::mailbox().with_hold_limit_ns(limit_ns);
    let mut producer = producer_with(producer_settings().buffers(4).policy(policy));
    producer.listen(&path).unwrap();
    let (_, mut honest) = join_served(&mut producer, &consumer_settings());
    let process = child::Process::start(child::command(TEST, path.to_str().unwrap()));
    while producer.served().count() < 2 {
        producer.dispatch_timeout(SOON).unwrap();
    }
    let mut next = 1;
    let mut serve = |producer: &mut Producer| {
        let acquired = producer.acquire_timeout(SOON).unwrap();
        if acquired.is_tainted() {
            return producer.replace(acquired).unwrap();
        }
        stamp(acquired.image(), next);
        let serial = producer.submit(acquired, Ready::Finished, Picture::default()).unwrap();
        assert_eq!(serial.get(), next);
        next += 1;
        let frame = honest.next_frame(SOON).unwrap();
        assert_eq!((frame.serial(), stamp_of(frame.image())), (serial, serial.get()));
        honest.release(frame, Ready::Finished).unwrap();
        producer.dispatch().unwrap();
    };
    let held = format!("{}.held", path.display());
    while std::fs::read_to_string(&held).map_or(true, |text| text.is_empty()) {
        serve(&mut producer);
    }
    let pid = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    let mut drawn: Vec<_> = std::iter::from_fn(|| producer.acquire().ok()).collect();
    let start = Instant::now();
    while producer.served().count() == 2 {
        match producer.acquire_timeout(SOON) {
            // The limit is for who holds frames while no buffer is free.
            Ok(acquired) => drawn.push(acquired),
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < SOON);
    }
    drop(drawn);
    (0..50).for_each(|_| serve(&mut producer));
    let events = producer_events(&mut producer);
    let ends = events.iter().filter(|event| matches!(event, ProducerEvent::Left { .. }));
    assert_eq!(ends.count(), 1);
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    process.finish();
}

#[test]
#[ignore = "lab: needs sw_sync"]
fn fence_that_never_signals_costs_one_buffer() {
    let (mut scene, held) = Scene::served();
    let timeline = Timeline::new();
    let fence = timeline.fence(1).into_fd();
    let release = Message::Release(Release { has_fence: true, ..held });
    scene.hostile.send_with(&release, &[&fence]);
    scene.producer.dispatch().unwrap();
    let all: Vec<_> = (0..4).map(|_| scene.producer.acquire().unwrap()).collect();
    let mut refused = 0;
    for acquired in all {
        match scene.producer.wait_for_readers(&acquired, MOMENT) {
            Ok(()) => scene.producer.cancel(acquired),
            Err(error) => {
                let peer = Some(scene.peer);
                assert_eq!(error, ReadersError::TimedOut { peer });
                scene.producer.replace(acquired).unwrap();
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
    scene.producer.dismiss(scene.peer, Reason::TooSlow, "a fence did not signal");
    settle(&mut scene.producer, &mut [&mut scene.honest]);
    scene.assert_serves();
}
