#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Waiting for vertical blanks: what may be asked for, what comes back, and when.

mod common;

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use dmashare::format::Fourcc;
use dmashare::kms::Clock;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::Output;
use dmashare::kms::Sequence;
use dmashare::kms::Timestamp;
use dmashare::kms::Topology;
use dmashare::kms::event::Event;
use dmashare::kms::vblank::CountTarget;
use dmashare::kms::vblank::Target;
use dmashare::kms::vblank::Vblank;
use dmashare::kms::vblank::VblankError;
use drm::control::from_u32;

use common::patience;
use common::screen;
use common::screen::Screen;
use common::vkms;

fn lit(driver: &str, refresh_hz: u32) -> (Screen, Vblank) {
    let mut screen = Screen::new(driver, Method::Atomic);
    screen.light(&screen::mode([64, 64], refresh_hz));
    let vblank = screen.output.vblank().unwrap().clone();
    (screen, vblank)
}

/// On a device that nobody else has used: a CRTC may still be on when all programs that used it are
/// gone, because the kernel turns nothing off for them but the planes.
#[test]
#[ignore = "lab: needs vkms with configfs"]
fn crtc_that_is_off_has_no_vertical_blanks() {
    let device = vkms::Device::new("dmashare-dark", 1);
    let node = device.open();
    let topology = Topology::read_known(&node).unwrap();
    let crtc = &topology.crtcs[0];
    assert_eq!(crtc.mode, None);
    let vblank = Vblank::new(&node, crtc).unwrap();
    let off = VblankError::CrtcOff { crtc: crtc.handle };
    assert_eq!(vblank.query(), Err(off));
    assert_eq!(vblank.wait(Target::After(1)), Err(off));
    assert_eq!(vblank.wait_timeout(Target::After(1), screen::PATIENCE), Err(off));
    assert_eq!(vblank.queue(Target::After(1), 0), Err(off));
    assert_eq!(vblank.count(), Err(off));
    assert_eq!(vblank.queue_count(CountTarget::After(1), 0), Err(off));
    assert!(off.to_string().contains("setting a mode"));
}

#[test]
#[ignore = "lab: needs vkms"]
fn crtcs_that_are_not_there_are_refused() {
    let (screen, _vblank) = lit("vkms", 60);
    let mut crtc = screen.topology.crtcs[0].clone();
    let missing = from_u32(0xffff).unwrap();
    (crtc.handle, crtc.index) = (missing, u32::try_from(screen.topology.crtcs.len()).unwrap());
    let vblank = Vblank::new(&screen.node, &crtc).unwrap();
    let error = VblankError::NoSuchCrtc { crtc: missing };
    assert_eq!(vblank.query(), Err(error));
    assert_eq!(vblank.queue(Target::After(1), 0), Err(error));
    assert_eq!(vblank.count(), Err(error));
    assert_eq!(vblank.queue_count(CountTarget::After(1), 0), Err(error));
    // There is no bit to name it by.
    crtc.index = 32;
    let refused = Vblank::new(&screen.node, &crtc).map(|_| ());
    assert_eq!(refused, Err(VblankError::Unsupported { what: "DRM_CAP_VBLANK_HIGH_CRTC" }));
}

/// On the clock of the vertical blanks.
fn now() -> Timestamp {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Timestamp { clock: Clock::Monotonic, time: time.try_into().unwrap() }
}

fn waits(driver: &str) {
    let (_screen, vblank) = lit(driver, 50);
    waits_on(&vblank);
}

fn waits_on(vblank: &Vblank) {
    let first = vblank.query().unwrap();
    let mut last = first;
    for _ in 0..10 {
        let next = vblank.wait(Target::AtOrNext(last.sequence.plus(1))).unwrap();
        assert!(next.sequence.is_after(last.sequence), "{next:?} after {last:?}");
        assert!(next.time.since(last.time).unwrap() > Duration::ZERO);
        last = next;
    }
    let later = vblank.wait(Target::After(10)).unwrap();
    assert!(later.sequence.distance_from(last.sequence) >= 10, "{later:?} after {last:?}");

    // What is past is told at once, with the frame that was the last before anybody asked, unless
    // one begins just then; and what comes next when it does.
    let past = patience::until("an answer at once", || {
        let begin = now();
        let past = vblank.wait(Target::At(first.sequence)).unwrap();
        begin.since(past.time).is_some().then_some(past)
    });
    assert!(!later.sequence.is_after(past.sequence));
    let next = vblank.wait(Target::AtOrNext(first.sequence)).unwrap();
    assert!(next.sequence.is_after(past.sequence), "{next:?} after {past:?}");

    // The frames come at the rate of the mode, whenever this thread was woken.
    let frames = later.sequence.distance_from(first.sequence);
    let interval = later.time.since(first.time).unwrap() / frames.try_into().unwrap();
    let expected = Duration::from_millis(20);
    assert!(interval.abs_diff(expected) < expected / 10, "{interval:?}");
}

#[test]
#[ignore = "lab: needs vkms"]
fn frames_are_waited_for() {
    waits("vkms");
}

/// The second and the third CRTC are named in other bits than the first.
#[test]
#[ignore = "lab: needs vkms with configfs"]
fn frames_of_every_crtc_are_waited_for() {
    let device = vkms::Device::new("dmashare-vblank", 3);
    let node = device.open();
    let topology = Topology::read(&node).unwrap();
    let mut outputs = Vec::new();
    let monitors: Vec<_> = topology.connectors.iter().filter(|it| !it.is_writeback()).collect();
    assert_eq!((monitors.len(), topology.crtcs.len()), (3, 3));
    for connector in monitors {
        let crtc = topology.crtcs_of(connector).next().unwrap();
        let mut output = Output::new(&node, connector.handle, crtc.handle).unwrap();
        let vblank = Vblank::new(&node, crtc).unwrap();
        assert_eq!(vblank.query(), Err(VblankError::CrtcOff { crtc: crtc.handle }));
        let picture = screen::picture(&node, &topology, [64, 64], Fourcc::XRGB8888, |_, _| 0);
        output.enable(&screen::mode([64, 64], 50), &Layer::new(&picture)).unwrap();
        waits_on(&vblank);
        outputs.push(output);
    }
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_frames_are_waited_for() {
    waits("virtio_gpu");
}

#[test]
#[ignore = "lab: needs vkms"]
fn wait_has_an_end() {
    let (_screen, vblank) = lit("vkms", 50);
    // Before the kernel's own end, at least once where nothing else is done.
    patience::until("a wait of 200 ms", || {
        let begin = Instant::now();
        let waited = vblank.wait_timeout(Target::After(1000), Duration::from_millis(200));
        assert_eq!(waited, Err(VblankError::TimedOut));
        let took = begin.elapsed();
        assert!(took.as_millis() >= 200, "{took:?}");
        (took.as_millis() < 2000).then_some(())
    });
    let frame = vblank.wait_timeout(Target::After(3), screen::PATIENCE).unwrap();
    let past = vblank.wait_timeout(Target::At(frame.sequence), Duration::ZERO).unwrap();
    assert!(!frame.sequence.is_after(past.sequence));
    // The kernel's own end: the frame would come half an hour later.
    let begin = Instant::now();
    assert_eq!(vblank.wait(Target::After(100_000)), Err(VblankError::TimedOut));
    let took = begin.elapsed();
    assert!((2500..60_000).contains(&took.as_millis()), "{took:?}");
}

#[test]
#[ignore = "lab: needs vkms"]
fn waits_end_when_the_crtc_is_turned_off() {
    let (mut screen, vblank) = lit("vkms", 50);
    patience::until("a wait that is cut short", || {
        let waited = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| vblank.wait(Target::After(100_000)));
            std::thread::sleep(Duration::from_millis(200));
            screen.output.disable().unwrap();
            waiter.join().unwrap()
        });
        assert!(matches!(vblank.query(), Err(VblankError::CrtcOff { .. })));
        screen.light(&screen::mode([64, 64], 50));
        match waited {
            // Woken up without the frame: the kernel tells the last one.
            Ok(_) => Some(()),
            // The thread has only begun to wait afterwards, or for three seconds before.
            Err(VblankError::CrtcOff { .. } | VblankError::TimedOut) => None,
            Err(error) => panic!("{error}"),
        }
    });
}

#[test]
#[ignore = "lab: needs vkms"]
fn events_come_with_the_frame_that_was_promised() {
    let (mut screen, vblank) = lit("vkms", 50);
    patience::until("events in their frames", || {
        let begin = vblank.query().unwrap().sequence;
        let after = vblank.queue(Target::After(3), 1).unwrap();
        assert!(after.distance_from(begin) >= 3);
        let at = vblank.queue(Target::At(after.plus(1)), 2).unwrap();
        let next = vblank.queue(Target::AtOrNext(begin), u64::MAX).unwrap();
        assert!(next.is_after(begin));
        let in_time = vblank.query().unwrap().sequence == begin;
        let came = [(); 3].map(|()| match screen.events.wait(screen::PATIENCE).unwrap() {
            Some(Event::Vblank(blank)) => (blank.user_data, blank.sequence),
            event => panic!("{event:?}"),
        });
        for (user_data, promised) in [(u64::MAX, next), (1, after), (2, at)] {
            let (_, sequence) = came.iter().find(|came| came.0 == user_data).unwrap();
            assert!(!promised.is_after(*sequence), "{came:?}");
        }
        // Asked for before the first of them, of which the machine has missed none.
        if in_time {
            assert_eq!(at, after.plus(1));
            assert!(!next.is_after(after));
        }
        (in_time && came == [(u64::MAX, next), (1, after), (2, at)]).then_some(())
    });
    // What is past comes at once.
    let past = vblank.wait(Target::After(1)).unwrap().sequence;
    vblank.queue(Target::At(past), 4).unwrap();
    let event = screen.events.read().unwrap();
    assert!(matches!(event, Some(Event::Vblank(it)) if it.user_data == 4), "{event:?}");
}

#[test]
#[ignore = "lab: needs vkms"]
fn count_in_64_bits_agrees() {
    let (mut screen, vblank) = lit("vkms", 50);
    let before = vblank.wait(Target::After(1)).unwrap();
    let count = vblank.count().unwrap();
    let after = vblank.query().unwrap();
    assert!(count.active);
    let low = Sequence(u32::try_from(count.count & 0xffff_ffff).unwrap());
    assert!(!before.sequence.is_after(low) && !low.is_after(after.sequence), "{count:?}");
    // A frame is told in microseconds.
    let microsecond = Duration::from_micros(1);
    assert!(count.time.since(before.time).is_some(), "{count:?} after {before:?}");
    assert!(count.time.time < after.time.time + microsecond, "{count:?} before {after:?}");
    patience::until("events in their frames", || {
        let begin = vblank.count().unwrap().count;
        let at = vblank.queue_count(CountTarget::After(2), 1 << 40).unwrap();
        let next = vblank.queue_count(CountTarget::At(at + 1), 2).unwrap();
        let in_time = vblank.count().unwrap().count == begin;
        assert!(!in_time || (at, next) == (begin + 2, begin + 3), "{at}, {next} after {begin}");
        let came = [(); 2].map(|()| match screen.events.wait(screen::PATIENCE).unwrap() {
            Some(Event::Sequence(event)) => (event.user_data, event.count),
            event => panic!("{event:?}"),
        });
        assert!(came[0].1 >= at && came[1].1 >= next, "{came:?}");
        (in_time && came == [(1 << 40, at), (2, next)]).then_some(())
    });
}

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_signal(_signal: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

/// A wait for some frames takes as long when signals interrupt it again and again.
#[test]
#[ignore = "lab: needs vkms"]
fn interrupted_wait_is_not_longer() {
    let (_screen, vblank) = lit("vkms", 50);
    // SAFETY: an all-zero `sigaction` is valid: no flags (so calls are not made again by the
    // kernel) and an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count_signal as extern "C" fn(libc::c_int) as libc::sighandler_t;
    let old = std::ptr::null_mut();
    // SAFETY: the handler only adds to an atomic, which is async-signal-safe; `old` may be null.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, old) }, 0);
    // SAFETY: has no requirements.
    let waiter = unsafe { libc::pthread_self() };
    let interrupted_wait = || {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // SAFETY: the thread waits for this one at the end of the scope, so it is alive.
                    unsafe { libc::pthread_kill(waiter, libc::SIGUSR1) };
                    std::thread::sleep(Duration::from_millis(30));
                }
            });
            let first = vblank.query();
            let last = vblank.wait(Target::After(25));
            is_over.store(true, Ordering::Relaxed);
            last.unwrap().sequence.distance_from(first.unwrap().sequence)
        })
    };
    // Where nothing else is done it is interrupted often, and not woken much later.
    patience::until("a wait of 25 frames", || {
        let before = SIGNALS.load(Ordering::Relaxed);
        let frames = interrupted_wait();
        assert!(frames >= 25, "{frames} frames");
        let signals = SIGNALS.load(Ordering::Relaxed) - before;
        (frames < 35 && signals > 5).then_some(())
    });
}
