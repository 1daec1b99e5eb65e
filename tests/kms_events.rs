#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The events of a node: one stream for everybody who uses it.

mod common;

use std::os::fd::AsFd;
use std::time::Duration;
use std::time::Instant;

use dmashare::format::Fourcc;
use dmashare::kms::Clock;
use dmashare::kms::Flip;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::Output;
use dmashare::kms::Topology;
use dmashare::kms::event::Event;
use dmashare::kms::event::EventError;
use dmashare::kms::event::EventReader;
use dmashare::kms::vblank::CountTarget;
use dmashare::kms::vblank::Target;
use dmashare::kms::vblank::VblankError;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::fs::OFlags;

use common::display;
use common::screen;
use common::screen::Screen;
use common::vkms;

fn is_readable(fd: impl AsFd, timeout: Duration) -> bool {
    let timeout = Timespec::try_from(timeout).unwrap();
    rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout)).unwrap() == 1
}

#[test]
#[ignore = "lab: needs vkms"]
fn reading_without_events_does_not_block_on_a_blocking_node() {
    let node = display::open("vkms");
    assert!(!rustix::fs::fcntl_getfl(&node).unwrap().contains(OFlags::NONBLOCK));
    let mut events = EventReader::new(&node).unwrap();
    // There is no end to it where it blocks.
    for _ in 0..10 {
        assert_eq!(events.read().unwrap(), None);
    }
    let begin = Instant::now();
    assert_eq!(events.wait(Duration::from_millis(100)).unwrap(), None);
    assert!(begin.elapsed() >= Duration::from_millis(100));
    let flags = rustix::fs::fcntl_getfl(&node).unwrap();
    rustix::fs::fcntl_setfl(&node, flags | OFlags::NONBLOCK).unwrap();
    assert_eq!(events.read().unwrap(), None);
}

#[test]
#[ignore = "lab: needs vkms"]
fn node_has_one_reader_at_a_time() {
    let node = display::open("vkms");
    let events = EventReader::new(&node).unwrap();
    assert_eq!(EventReader::new(&node.clone()).unwrap_err(), EventError::Taken);
    let again = display::open("vkms");
    let other = EventReader::new(&again).unwrap();
    drop(events);
    EventReader::new(&node).unwrap();
    drop(other);
}

/// A page flip and two kinds of vertical blanks of one CRTC, asked for by users who know nothing of
/// each other.
#[test]
#[ignore = "lab: needs vkms"]
fn flips_and_vertical_blanks_share_the_stream() {
    let mut screen = Screen::new("vkms", Method::Atomic);
    let front = screen.light(&screen::mode([64, 64], 20));
    let vblank = screen.output.vblank().unwrap().clone();
    screen.flip(&front, 0);

    let user = u64::MAX - 7;
    let at = vblank.queue(Target::After(1), user).unwrap();
    let count = vblank.queue_count(CountTarget::After(1), 5).unwrap();
    screen.output.flip(&front, &Flip { user_data: user, ..Flip::default() }).unwrap();
    assert!(is_readable(&screen.events, screen::PATIENCE));

    let mut seen = Vec::new();
    while seen.len() < 3 {
        let event = screen.events.wait(screen::PATIENCE).unwrap().expect("three events");
        let flipped = screen.output.accept(&event);
        match event {
            Event::Flip(flip) => {
                assert_eq!(flipped.expect("ours").user_data, user);
                assert_eq!(flip.crtc, Some(screen.output.crtc()));
                assert_eq!(flip.time.clock, Clock::Monotonic);
                seen.push("flip");
            }
            Event::Vblank(blank) => {
                assert_eq!((flipped, blank.user_data), (None, user));
                // A machine that has other things to do misses frames.
                assert!(!at.is_after(blank.sequence), "{blank:?} before {at:?}");
                assert_eq!(blank.crtc, Some(screen.output.crtc()));
                seen.push("vblank");
            }
            Event::Sequence(sequence) => {
                assert_eq!((flipped, sequence.user_data), (None, 5));
                assert!(sequence.count >= count, "{sequence:?} before {count}");
                seen.push("sequence");
            }
            other => panic!("{other:?}"),
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, ["flip", "sequence", "vblank"]);
    assert!(!is_readable(&screen.events, Duration::ZERO));
}

/// Two monitors of one device flip at their own paces, and a third user waits for vertical blanks.
#[test]
#[ignore = "lab: needs vkms with configfs"]
fn outputs_of_one_node_each_get_their_own_flips() {
    const FLIPS: u64 = 30;
    let device = vkms::Device::new("dmashare-events", 2);
    let node = device.open();
    let topology = Topology::read(&node).unwrap();
    let mut events = EventReader::new(&node).unwrap();
    let picture = screen::picture(&node, &topology, [64, 64], Fourcc::XRGB8888, |_, _| 0);
    let monitors = topology.connectors.iter().filter(|it| !it.is_writeback());
    let mut outputs: Vec<Output> = monitors
        .zip([50, 80])
        .map(|(connector, refresh_hz)| {
            let crtc = topology.crtcs_of(connector).next().unwrap();
            let mut output = Output::new(&node, connector.handle, crtc.handle).unwrap();
            output.enable(&screen::mode([64, 64], refresh_hz), &Layer::new(&picture)).unwrap();
            output.flip(&picture, &Flip::default()).unwrap();
            output
        })
        .collect();
    let vblank = outputs[0].vblank().unwrap().clone();
    vblank.queue(Target::After(1), 77).unwrap();
    let (mut done, mut blanks) = ([0; 2], 0);
    while done.iter().any(|flips| *flips < FLIPS) {
        let event = events.wait(screen::PATIENCE).unwrap().expect("an event");
        let flipped =
            outputs.iter_mut().enumerate().find_map(|(at, it)| Some((at, it.accept(&event)?)));
        match (flipped, event) {
            (Some((at, flipped)), Event::Flip(_)) => {
                assert_eq!(flipped.user_data, done[at]);
                done[at] += 1;
                let flip = Flip { user_data: done[at], ..Flip::default() };
                outputs[at].flip(&picture, &flip).unwrap();
            }
            (None, Event::Vblank(blank)) => {
                assert_eq!((blank.user_data, blank.crtc), (77, Some(outputs[0].crtc())));
                blanks += 1;
                vblank.queue(Target::After(1), 77).unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(blanks > 10, "{blanks} vertical blanks");
}

/// All of them come with one `read(2)`: there is room for 128 in the kernel.
#[test]
#[ignore = "lab: needs vkms"]
fn queue_that_is_full_says_so_and_gives_everything_in_its_order() {
    let mut screen = Screen::new("vkms", Method::Atomic);
    screen.light(&screen::mode([64, 64], 60));
    let vblank = screen.output.vblank().unwrap().clone();
    let mut asked = 0;
    let refused = loop {
        match vblank.queue(Target::After(1), asked) {
            Ok(_) => asked += 1,
            Err(error) => break error,
        }
        assert!(asked < 10_000, "the queue has no end");
    };
    assert_eq!(refused, VblankError::QueueFull);
    assert_eq!(asked, 4096 / 32);
    let last = vblank.wait(Target::After(2));
    // Waiting without an event still works.
    for number in 0..asked {
        let event = screen.events.wait(screen::PATIENCE).unwrap();
        let Some(Event::Vblank(blank)) = event else { panic!("{event:?} instead of {number}") };
        assert_eq!(blank.user_data, number);
        assert!(!blank.sequence.is_after(last.unwrap().sequence));
    }
    assert_eq!(screen.events.read().unwrap(), None);
    vblank.queue(Target::After(1), 1).unwrap();
    assert!(screen.events.wait(screen::PATIENCE).unwrap().is_some());
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_events_name_their_crtc() {
    let mut screen = Screen::new("virtio_gpu", Method::Atomic);
    let mode = screen.pipeline.mode;
    let front = screen.light(&mode);
    screen.output.flip(&front, &Flip::default()).unwrap();
    let event = screen.events.wait(screen::PATIENCE).unwrap();
    let Some(Event::Flip(flip)) = event else { panic!("{event:?}") };
    assert_eq!(flip.crtc, Some(screen.output.crtc()));
    assert!(screen.output.accept(&Event::Flip(flip)).is_some());
}
