#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Flips: one after the other, too early, of framebuffers that are gone, and what is left after.

mod common;

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::time::Duration;

use dmashare::format::Fourcc;
use dmashare::kms::Change;
use dmashare::kms::CommitError;
use dmashare::kms::Flip;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::Output;
use dmashare::kms::PlaneKind;
use dmashare::kms::Rectangle;
use dmashare::kms::Topology;
use dmashare::kms::event::EventReader;
use dmashare::sync::SyncFile;
use drm::Device as _;
use drm::control::AtomicCommitFlags;
use drm::control::Device as _;
use drm::control::atomic::AtomicModeReq;

use common::child;
use common::display;
use common::display::Inventory;
use common::leaks;
use common::screen;
use common::screen::Screen;
use common::sw_sync::Timeline;

const METHODS: [Method; 2] = [Method::Atomic, Method::Legacy];

/// What the CRTCs and planes of a display do.
fn state(screen: &Screen) -> impl PartialEq + std::fmt::Debug + use<> {
    let now = Topology::read_known(&screen.node).unwrap();
    let crtcs: Vec<_> = now.crtcs.iter().map(|it| (it.mode, it.framebuffer)).collect();
    let planes: Vec<_> = now.planes.iter().map(|it| (it.crtc, it.framebuffer)).collect();
    let connectors: Vec<_> =
        now.connectors.iter().map(|it| it.properties.value("CRTC_ID")).collect();
    (crtcs, planes, connectors)
}

fn flip_many(driver: &str, method: Method) {
    let mut screen = Screen::new(driver, method);
    let mode = screen.pipeline.mode;
    let front = screen.light(&mode);
    let back = screen.plain(mode.size(), 0x0040_5060);
    let mut last = None;
    for frame in 0..20 {
        let next = if frame % 2 == 0 { &back } else { &front };
        let flipped = screen.flip(next, frame);
        assert_eq!(flipped.user_data, frame);
        if let Some((sequence, time)) = last {
            assert!(flipped.sequence.is_after(sequence), "{flipped:?} after {sequence}");
            assert!(flipped.time.since(time).is_some_and(|it| it > Duration::ZERO));
        }
        last = Some((flipped.sequence, flipped.time));
    }
    let primary = screen.pipeline.primary;
    assert_eq!(screen.output.shown(primary).unwrap().framebuffer(), &front);
    let now = Topology::read_known(&screen.node).unwrap();
    assert_eq!(now.plane(primary).unwrap().framebuffer, Some(front.handle()));
}

#[test]
#[ignore = "lab: needs vkms"]
fn flips_come_one_after_the_other() {
    for method in METHODS {
        flip_many("vkms", method);
    }
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_flips_come_one_after_the_other() {
    for method in METHODS {
        flip_many("virtio_gpu", method);
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn flip_before_the_last_is_complete_is_refused() {
    for method in METHODS {
        let mut screen = Screen::new("vkms", method);
        let front = screen.light(&screen::mode([64, 64], 20));
        let back = screen.plain([64, 64], 0);
        screen.output.flip(&back, &Flip::default()).unwrap();
        let refused = screen.output.flip(&front, &Flip::default());
        assert_eq!(refused.unwrap_err(), CommitError::FlipPending);
        assert_eq!(screen.output.apply(&[]), Err(CommitError::FlipPending));
        assert_eq!(screen.output.disable(), Err(CommitError::FlipPending));
        screen.flipped();
        screen.flip(&front, 1);
    }
}

/// A flip that the output knows nothing of, and that waits for a fence.
fn flip_of_somebody_else(screen: &Screen, framebuffer: &Framebuffer, fence: &SyncFile) {
    screen.node.set_client_capability(drm::ClientCapability::Atomic, true).unwrap();
    let topology = Topology::read_known(&screen.node).unwrap();
    let plane = topology.plane(screen.pipeline.primary).unwrap();
    let fence = u64::try_from(fence.as_fd().as_raw_fd()).unwrap();
    let mut request = AtomicModeReq::new();
    for (name, value) in [("FB_ID", u32::from(framebuffer.handle()).into()), ("IN_FENCE_FD", fence)]
    {
        let property = plane.properties.handle(name).unwrap();
        request.add_raw_property(plane.handle.into(), property, value);
    }
    let flags = AtomicCommitFlags::PAGE_FLIP_EVENT | AtomicCommitFlags::NONBLOCK;
    screen.node.atomic_commit(flags, request).unwrap();
}

/// Somebody else's flip on the same CRTC is seen by the kernel alone.
#[test]
#[ignore = "lab: needs vkms and sw_sync"]
fn flip_while_the_kernel_is_busy_is_an_error_of_its_own() {
    for method in METHODS {
        let mut screen = Screen::new("vkms", method);
        let front = screen.light(&screen::mode([64, 64], 60));
        let back = screen.plain([64, 64], 0);
        let timeline = Timeline::new();
        flip_of_somebody_else(&screen, &front, &timeline.fence(1));
        let refused = screen.output.flip(&back, &Flip::default());
        assert!(matches!(refused, Err(CommitError::Busy { .. })), "{refused:?}");
        assert!(!screen.output.is_flip_pending());
        timeline.advance(1);
        // The other one's event is not taken for ours.
        let event = screen.events.wait(screen::PATIENCE).unwrap().expect("the other flip");
        assert_eq!(screen.output.accept(&event), None);
        screen.flip(&back, 1);
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn flip_to_a_framebuffer_that_was_removed_is_refused() {
    for method in METHODS {
        let mut screen = Screen::new("vkms", method);
        let front = screen.light(&screen::mode([64, 64], 60));
        let gone = screen.plain([64, 64], 0);
        screen.node.destroy_framebuffer(gone.handle()).unwrap();
        let refused = screen.output.flip(&gone, &Flip::default()).unwrap_err();
        assert_eq!(refused, CommitError::NoSuchFramebuffer { id: gone.handle().into() });
        assert!(!screen.output.is_flip_pending());
        screen.flip(&front, 1);
    }
}

/// Removing what is shown turns the plane off; the next flip says so, or shows a picture again.
#[test]
#[ignore = "lab: needs vkms"]
fn framebuffer_that_is_removed_while_shown_leaves_an_output_that_can_be_enabled() {
    for method in METHODS {
        let mut screen = Screen::new("vkms", method);
        let mode = screen::mode([64, 64], 60);
        let front = screen.light(&mode);
        let back = screen.plain([64, 64], 0);
        screen.node.destroy_framebuffer(front.handle()).unwrap();
        let refused = screen.output.flip(&back, &Flip::default()).unwrap_err();
        assert!(
            matches!(refused, CommitError::Busy { .. } | CommitError::Refused { .. }),
            "{refused:?}"
        );
        screen.output.enable(&mode, &Layer::new(&back)).unwrap();
        let other = screen.plain([64, 64], 1);
        screen.flip(&other, 1);
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn framebuffer_larger_than_the_screen_shows_a_part() {
    let mut screen = Screen::new("vkms", Method::Atomic);
    let mode = screen::mode([64, 64], 60);
    screen.light(&mode);
    let large = screen.picture([200, 100], Fourcc::XRGB8888, |x, y| x << 8 | y);
    let plane = screen.pipeline.primary;
    let part = Layer::new(&large).crop(Rectangle { x: 30, y: 20, width: 64, height: 64 });
    screen.output.commit(&[Change::show(plane, &part)], &Flip::default()).unwrap();
    screen.flipped();
    let small = screen.plain([32, 32], 0);
    let refused = screen.output.flip(&small, &Flip::default()).unwrap_err();
    assert!(matches!(refused, CommitError::Crop { size: [32, 32], .. }), "{refused:?}");
}

#[test]
#[ignore = "lab: needs vkms"]
fn flip_of_an_output_that_is_off_is_refused() {
    for method in METHODS {
        let mut screen = Screen::new("vkms", method);
        let picture = screen.plain([64, 64], 0);
        let off = Err(CommitError::Off);
        assert_eq!(screen.output.flip(&picture, &Flip::default()).map(|_| ()), off);
        let mode = screen::mode([64, 64], 60);
        screen.output.enable(&mode, &Layer::new(&picture)).unwrap();
        screen.output.disable().unwrap();
        assert_eq!(screen.output.flip(&picture, &Flip::default()).map(|_| ()), off);
        assert_eq!(screen.output.mode(), None);
        screen.output.enable(&mode, &Layer::new(&picture)).unwrap();
        screen.flip(&picture, 1);
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn display_is_put_back_when_the_output_goes_away() {
    for method in METHODS {
        let mut below = Screen::dark("vkms", Method::Atomic);
        let off = state(&below);
        let picture = below.light(&screen::mode([64, 64], 60));
        let lit = state(&below);
        assert_ne!(off, lit);

        let (connector, crtc) = (below.pipeline.connector, below.pipeline.crtc);
        let mut above = Output::with_method(&below.node, connector, crtc, method).unwrap();
        let large = below.plain([128, 96], 0xff);
        above.enable(&screen::mode([128, 96], 60), &Layer::new(&large)).unwrap();
        assert_ne!(state(&below), lit);
        // In the middle of a flip.
        above.flip(&below.plain([128, 96], 0), &Flip::default()).unwrap();
        drop(above);
        assert_eq!(state(&below), lit, "{method:?}");
        // The event of the flip that nobody waits for any more is nobody's.
        while let Some(event) = below.events.wait(Duration::from_millis(200)).unwrap() {
            assert_eq!(below.output.accept(&event), None);
        }
        below.flip(&picture, 1);

        let Screen { node, topology, pipeline, events, output } = below;
        drop(output);
        let output = Output::new(&node, pipeline.connector, pipeline.crtc).unwrap();
        let below = Screen { node, topology, pipeline, events, output };
        assert_eq!(state(&below), off, "{method:?}");
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn picture_that_cannot_be_put_back_is_turned_off() {
    for method in METHODS {
        let mut screen = Screen::dark("vkms", method);
        let off = state(&screen);
        let mode = screen::mode([64, 64], 60);
        let picture = screen.light(&mode);
        let (connector, crtc) = (screen.pipeline.connector, screen.pipeline.crtc);
        let mut above = Output::with_method(&screen.node, connector, crtc, method).unwrap();
        let other = screen.plain([64, 64], 1);
        above.enable(&mode, &Layer::new(&other)).unwrap();
        screen.node.destroy_framebuffer(picture.handle()).unwrap();
        drop(above);
        assert_eq!(state(&screen), off, "{method:?}");
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn nothing_is_left_of_an_output() {
    for method in METHODS {
        let node = display::open("vkms");
        let work = || {
            let mut screen = Screen::on(node.clone(), method);
            let front = screen.light(&screen::mode([64, 64], 200));
            let back = screen.plain([64, 64], 0);
            for frame in 0..10 {
                screen.flip(if frame % 2 == 0 { &back } else { &front }, frame);
            }
            let small = screen.plain([16, 16], 0);
            screen.output.flip(&small, &Flip::default()).unwrap_err();
        };
        work();
        let before = Inventory::of(&node);
        let open = leaks::Open::now();
        work();
        open.assert_same_fds();
        drop(open);
        before.assert_nothing_new(&node);
    }
}

/// Three buffers go round for 10,000 frames. The mode has a rate that no monitor has, so that this
/// does not take three minutes.
#[test]
#[ignore = "lab: needs vkms"]
fn ten_thousand_flips_lose_and_leak_nothing() {
    const FLIPS: u64 = 10_000;
    let mut screen = Screen::new("vkms", Method::Atomic);
    let mode = screen::mode([32, 32], 1000);
    let mut ring = vec![screen.light(&mode)];
    ring.extend([1, 2].map(|color| screen.plain([32, 32], color)));
    let before = Inventory::of(&screen.node);
    let open = leaks::Open::now();
    let mut last = screen.flip(&ring[0], 0);
    for frame in 1..=FLIPS {
        let next = &ring[usize::try_from(frame % 3).unwrap()];
        let flipped = screen.flip(next, frame);
        assert_eq!(flipped.user_data, frame);
        assert!(flipped.sequence.is_after(last.sequence), "{flipped:?} after {last:?}");
        assert!(flipped.time.since(last.time).is_some(), "{flipped:?} after {last:?}");
        last = flipped;
    }
    assert_eq!(screen.events.read().unwrap(), None, "an event that nobody asked for");
    open.assert_same_fds();
    drop(open);
    before.assert_nothing_new(&screen.node);
}

#[test]
#[ignore = "lab: needs vkms"]
fn nobody_but_the_master_changes_the_display() {
    let master = display::open("vkms");
    for method in METHODS {
        let mut second = Screen::new("vkms", method);
        let mode = screen::mode([64, 64], 60);
        let picture = second.plain([64, 64], 0);
        let refused = second.output.enable(&mode, &Layer::new(&picture)).unwrap_err();
        assert!(matches!(refused, CommitError::NotMaster { .. }), "{refused:?}");
        assert!(refused.to_string().contains("display server"), "{refused}");
        assert_eq!(second.output.mode(), None);
    }
    drop(master);
}

/// Plays the process that is killed, and the one whose turn it is after.
#[test]
#[ignore = "lab: needs vkms"]
fn process_that_is_killed_in_a_flip_leaves_a_display_that_works() {
    let test = "process_that_is_killed_in_a_flip_leaves_a_display_that_works";
    if child::case().is_some() {
        let mut screen = Screen::new("vkms", Method::Atomic);
        let pictures = [screen.light(&screen::mode([64, 64], 60)), screen.plain([64, 64], 1)];
        for frame in 0.. {
            screen.flip(&pictures[usize::try_from(frame % 2).unwrap()], frame);
        }
    }
    for _ in 0..3 {
        let before = Inventory::of(&display::open("vkms"));
        // Looks on. As the only one who has the device open it would be master.
        let observer = display::open("vkms");
        observer.release_master_lock().unwrap();
        let mut process = child::Process::start(child::command(test, "flips"));
        let lit = || {
            let topology = Topology::read_known(&observer).unwrap();
            // After a process that was killed the CRTC stays on, without a plane (Linux 7.3).
            topology.planes.iter().any(|plane| plane.framebuffer.is_some())
        };
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while !lit() {
            assert!(std::time::Instant::now() < deadline, "the child shows nothing");
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut early = Screen::new("vkms", Method::Atomic);
        let picture = early.plain([64, 64], 0);
        let refused = early.output.enable(&screen::mode([64, 64], 60), &Layer::new(&picture));
        let is_refused = matches!(refused, Err(CommitError::NotMaster { .. }));
        assert!(is_refused, "{refused:?} beside {:?}", process.failure());
        drop((early, picture));
        process.kill();
        drop(process);

        let mut screen = Screen::new("vkms", Method::Atomic);
        let picture = screen.light(&screen::mode([64, 64], 60));
        let next = screen.plain([64, 64], 1);
        screen.flip(&next, 1);
        drop((screen, picture, next, observer));
        before.assert_nothing_new(&display::open("vkms"));
    }
}

/// Two readers of two open files: each gets the events of its own.
#[test]
#[ignore = "lab: needs vkms"]
fn events_come_to_the_open_file_that_asked() {
    let mut screen = Screen::new("vkms", Method::Atomic);
    let front = screen.light(&screen::mode([64, 64], 60));
    let mut other = EventReader::new(&display::open("vkms")).unwrap();
    screen.flip(&front, 1);
    assert_eq!(other.wait(Duration::from_millis(50)).unwrap(), None);
}

#[test]
#[ignore = "lab: needs vkms"]
fn cursor_moves_over_the_picture_with_both_methods() {
    for method in METHODS {
        let mut screen = Screen::new("vkms", method);
        let front = screen.light(&screen::mode([256, 256], 60));
        let plane = screen.output.plane_of_kind(PlaneKind::Cursor).unwrap().handle;
        let cursor = screen.picture([64, 64], Fourcc::ARGB8888, |_, _| 0xff00_ff00);
        for step in 0..4 {
            let layer = Layer::new(&cursor).at([step * 10 - 20, 5]);
            screen.output.commit(&[Change::show(plane, &layer)], &Flip::default()).unwrap();
            screen.flipped();
            let now = Topology::read_known(&screen.node).unwrap();
            let shown = now.plane(plane).unwrap();
            assert_eq!(shown.crtc, Some(screen.pipeline.crtc), "{method:?}");
            let x = shown.properties.value("CRTC_X").unwrap().cast_signed();
            assert_eq!(x, i64::from(step * 10 - 20), "{method:?}");
        }
        screen.output.apply(&[Change::Hide { plane }]).unwrap();
        let now = Topology::read_known(&screen.node).unwrap();
        assert_eq!(now.plane(plane).unwrap().framebuffer, None, "{method:?}");
        screen.flip(&front, 1);
    }
}
