#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Changes of several planes with fences, and what is refused before anything is changed.

mod common;

use std::time::Duration;
use std::time::Instant;

use dmashare::format::Fourcc;
use dmashare::kms::BlendMode;
use dmashare::kms::Change;
use dmashare::kms::CommitError;
use dmashare::kms::Flip;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::Output;
use dmashare::kms::PlaneKind;
use dmashare::kms::Rectangle;
use dmashare::kms::Rotation;
use dmashare::kms::Topology;
use dmashare::sync::SyncFile;
use drm::control::from_u32;

use common::leaks;
use common::screen;
use common::screen::Screen;
use common::sw_sync::Timeline;

/// Long enough for two frames of the modes here.
const TWO_FRAMES: Duration = Duration::from_millis(150);

fn lit() -> Screen {
    let mut screen = Screen::new("vkms", Method::Atomic);
    screen.light(&screen::mode([64, 64], 60));
    screen
}

#[test]
#[ignore = "lab: needs vkms and sw_sync"]
fn flip_waits_for_its_fence() {
    let mut screen = lit();
    let next = screen.plain([64, 64], 1);
    let timeline = Timeline::new();
    let fence = timeline.fence(1);
    let open = leaks::Open::now();
    let flip = Flip { user_data: 4, in_fence: Some(&fence), ..Flip::default() };
    screen.output.flip(&next, &flip).unwrap();
    open.assert_same_fds();
    let early = screen.output.wait_for_flip(&mut screen.events, TWO_FRAMES).unwrap();
    assert_eq!(early, None, "a flip before its fence");
    assert!(screen.output.is_flip_pending());
    timeline.advance(1);
    assert_eq!(screen.flipped().user_data, 4);
}

#[test]
#[ignore = "lab: needs vkms and sw_sync"]
fn fence_of_a_flip_signals_when_it_is_complete() {
    let mut screen = Screen::new("vkms", Method::Atomic);
    // Kept, so that the first flip does not close its file descriptor.
    let _front = screen.light(&screen::mode([64, 64], 60));
    let next = screen.plain([64, 64], 1);
    let timeline = Timeline::new();
    let before = leaks::Open::now();
    let ready = timeline.fence(1);
    let flip = Flip { out_fence: true, in_fence: Some(&ready), ..Flip::default() };
    let shown = screen.output.flip(&next, &flip).unwrap().expect("a fence");
    assert!(!shown.is_signalled().unwrap());
    timeline.advance(1);
    shown.wait(screen::PATIENCE).unwrap();
    screen.flipped();
    drop((shown, ready));
    before.assert_same_fds();
    // Without asking there is none.
    assert!(screen.output.flip(&next, &Flip::default()).unwrap().is_none());
    screen.flipped();
}

/// Whether a fence is one and has signalled is asked while it signals. Where the kernel is asked for
/// its name as well, this is the end of the machine (Linux 7.3).
#[test]
#[ignore = "lab: needs vkms"]
fn fence_of_a_flip_can_be_asked_at_every_moment() {
    let mut screen = Screen::new("vkms", Method::Atomic);
    let front = screen.light(&screen::mode([32, 32], 500));
    let back = screen.plain([32, 32], 1);
    let (mut early, mut frame) = (0, 0);
    // More frames than needed where the asking takes as long as a frame.
    while frame < 300 || early <= 300 {
        let next = if frame % 2 == 0 { &back } else { &front };
        let flip = Flip { out_fence: true, ..Flip::default() };
        let shown = screen.output.flip(next, &flip).unwrap().expect("a fence");
        let deadline = Instant::now() + screen::PATIENCE;
        loop {
            let again = SyncFile::from_fd(shown.try_clone().unwrap().into_fd()).unwrap();
            if again.is_signalled().unwrap() {
                break;
            }
            early += 1;
            assert!(Instant::now() < deadline, "frame {frame} is not shown");
        }
        screen.flipped();
        frame += 1;
        assert!(frame < 10_000, "asked {early} times before a fence signalled");
    }
}

/// The test comes first: a layer that is refused leaves the screen, and the output's own account of
/// it, as they were.
#[test]
#[ignore = "lab: needs vkms"]
fn layer_that_the_driver_refuses_changes_nothing() {
    let mut screen = lit();
    let plane = screen.pipeline.primary;
    let shown = screen.output.shown(plane).unwrap().clone();
    let other = screen.plain([64, 64], 1);
    // vkms does not scale.
    let scaled = Layer::new(&other).crop(Rectangle::of_size([32, 32])).scale_to([64, 64]);
    let open = leaks::Open::now();
    let flip = Flip { out_fence: true, ..Flip::default() };
    let refused = screen.output.commit(&[Change::show(plane, &scaled)], &flip).unwrap_err();
    let CommitError::Refused { tried, .. } = &refused else { panic!("{refused:?}") };
    assert!(tried.contains(&format!("object {}", u32::from(plane))), "{tried}");
    let refused = screen.output.apply(&[Change::show(plane, &scaled)]).unwrap_err();
    assert!(matches!(refused, CommitError::Refused { .. }), "{refused:?}");
    open.assert_same_fds();
    assert!(!screen.output.is_flip_pending());
    assert_eq!(screen.output.shown(plane), Some(&shown));
    let now = Topology::read_known(&screen.node).unwrap();
    assert_eq!(now.plane(plane).unwrap().framebuffer, Some(shown.framebuffer().handle()));
    screen.flip(&other, 1);
}

#[test]
#[ignore = "lab: needs vkms"]
fn mode_that_the_driver_refuses_changes_nothing() {
    let mut screen = lit();
    let wide = screen.plain([200, 64], 0);
    // Less in all than what is visible.
    let mut raw = *screen::mode([200, 64], 60).raw();
    raw.htotal = 100;
    let nonsense = dmashare::kms::Mode::from_raw(raw);
    let refused = screen.output.enable(&nonsense, &Layer::new(&wide)).unwrap_err();
    assert!(matches!(refused, CommitError::Refused { .. }), "{refused:?}");
    assert_eq!(screen.output.mode().unwrap().size(), [64, 64]);
    let next = screen.plain([64, 64], 0);
    screen.flip(&next, 1);
}

#[test]
#[ignore = "lab: needs vkms"]
fn what_is_wrong_is_said_before_the_kernel_is_asked() {
    let mut screen = lit();
    let plane = screen.pipeline.primary;
    let picture = screen.plain([64, 64], 0);
    let whole = Layer::new(&picture);
    let crop = |part| Layer::new(&picture).crop(part);
    let rectangle = |x, y, width, height| Rectangle { x, y, width, height };
    let size = [64, 64];
    for layer in [
        crop(rectangle(1, 0, 64, 64)),
        crop(rectangle(0, 64, 64, 1)),
        crop(rectangle(0, 0, 0, 64)),
        crop(rectangle(u32::MAX, 0, 2, 64)),
        whole.clone().crop_q16([1, 0, 64 << 16, 64 << 16]),
    ] {
        let refused = screen.output.apply(&[Change::show(plane, &layer)]).unwrap_err();
        assert!(matches!(refused, CommitError::Crop { size: it, .. } if it == size), "{refused:?}");
    }
    for layer in [
        whole.clone().at([i32::MAX, 0]),
        whole.clone().at([0, i32::MAX - 63]),
        whole.clone().scale_to([64, 0]),
        whole.clone().scale_to([u32::MAX, 64]),
    ] {
        let refused = screen.output.apply(&[Change::show(plane, &layer)]).unwrap_err();
        assert!(matches!(refused, CommitError::Position { .. }), "{refused:?}");
    }
    let nowhere = from_u32(0xffff).unwrap();
    let refused = screen.output.apply(&[Change::Hide { plane: nowhere }]).unwrap_err();
    assert_eq!(refused, CommitError::NoSuchObject { object: "plane", id: 0xffff });
    let connector = from_u32(0xffff).unwrap();
    let refused = Output::new(&screen.node, connector, screen.pipeline.crtc).unwrap_err();
    assert_eq!(refused, CommitError::NoSuchObject { object: "connector", id: 0xffff });
}

#[test]
#[ignore = "lab: needs vkms"]
fn what_the_plane_cannot_do_is_unsupported() {
    let mut screen = lit();
    let plane = screen.output.plane_of_kind(PlaneKind::Primary).unwrap().clone();
    let picture = screen.plain([64, 64], 0);
    let layer = || Layer::new(&picture);
    let unsupported = |what| Err(CommitError::Unsupported { what });
    let mut cases = vec![];
    if plane.properties.get("alpha").is_none() {
        cases.push((layer().alpha(7), "alpha"));
    }
    if BlendMode::Coverage.setting(&plane.properties).is_none() {
        cases.push((layer().blend_mode(BlendMode::Coverage), BlendMode::PROPERTY));
    }
    if plane.properties.get("zpos").is_none() {
        cases.push((layer().zpos(7), "zpos"));
    }
    assert!(!cases.is_empty(), "a plane that can do everything");
    for (layer, what) in cases {
        assert_eq!(screen.output.apply(&[Change::show(plane.handle, &layer)]), unsupported(what));
    }
    let flip = Flip { asynchronous: true, ..Flip::default() };
    let refused = screen.output.flip(&picture, &flip).map(|_| ());
    assert_eq!(refused, unsupported("DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP"));
}

#[test]
#[ignore = "lab: needs vkms and sw_sync"]
fn legacy_calls_have_no_fences() {
    let mut screen = Screen::new("vkms", Method::Legacy);
    let picture = screen.light(&screen::mode([64, 64], 60));
    let fence = Timeline::new().fence(1);
    let unsupported = |what| Err(CommitError::Unsupported { what });
    for (flip, what) in [
        (Flip { in_fence: Some(&fence), ..Flip::default() }, "IN_FENCE_FD"),
        (Flip { out_fence: true, ..Flip::default() }, "OUT_FENCE_PTR"),
        (Flip { asynchronous: true, ..Flip::default() }, "DRM_CAP_ASYNC_PAGE_FLIP"),
    ] {
        assert_eq!(screen.output.flip(&picture, &flip).map(|_| ()), unsupported(what));
    }
    let wide = screen.plain([128, 64], 0);
    let layer = Layer::new(&wide);
    let change = Change::show(screen.pipeline.primary, &layer);
    let refused = screen.output.commit(&[change], &Flip::default()).unwrap_err();
    assert!(matches!(refused, CommitError::Unsupported { .. }), "{refused:?}");
    screen.flip(&picture, 1);
}

#[test]
#[ignore = "lab: needs vkms"]
fn rotation_and_format_change_with_a_flip() {
    let mut screen = lit();
    let plane = screen.pipeline.primary;
    let picture = screen.picture([64, 64], Fourcc::ARGB8888, |x, y| 0xff00_0000 | x << 8 | y);
    let turned = Layer::new(&picture).rotation(Rotation::ROTATE_180);
    screen.output.commit(&[Change::show(plane, &turned)], &Flip::default()).unwrap();
    screen.flipped();
    let now = Topology::read_known(&screen.node).unwrap();
    let value = now.plane(plane).unwrap().properties.value("rotation").unwrap();
    assert_eq!(value, Rotation::ROTATE_180.bits());
    // The next layer does not say so, and so it is not turned.
    screen.output.apply(&[Change::show(plane, &Layer::new(&picture))]).unwrap();
    let now = Topology::read_known(&screen.node).unwrap();
    let value = now.plane(plane).unwrap().properties.value("rotation").unwrap();
    assert_eq!(value, Rotation::ROTATE_0.bits());
}

#[test]
#[ignore = "lab: needs vkms"]
fn no_change_is_a_flip_too() {
    let mut screen = lit();
    screen.output.commit(&[], &Flip { user_data: 3, ..Flip::default() }).unwrap();
    assert_eq!(screen.flipped().user_data, 3);
}

/// An implicit-only driver: a flip with an event, damage, and both kinds of fences.
#[test]
#[ignore = "lab: needs a virtio-gpu with 3D, and sw_sync"]
fn virtio_gpu_flips_with_damage_and_fences() {
    let mut screen = Screen::new("virtio_gpu", Method::Atomic);
    let mode = screen.pipeline.mode;
    screen.light(&mode);
    let next = screen.plain(mode.size(), 0x00ff_0000);
    let damage = [Rectangle::of_size([10, 20]), Rectangle { x: 30, y: 30, width: 5, height: 6 }];
    let timeline = Timeline::new();
    let fence = timeline.fence(1);
    let flip = Flip {
        user_data: 5,
        damage: &damage,
        out_fence: true,
        in_fence: Some(&fence),
        ..Flip::default()
    };
    let shown = screen.output.flip(&next, &flip).unwrap().expect("a fence");
    let early = screen.output.wait_for_flip(&mut screen.events, TWO_FRAMES).unwrap();
    assert_eq!(early, None, "a flip before its fence");
    timeline.advance(1);
    assert_eq!(screen.flipped().user_data, 5);
    shown.wait(screen::PATIENCE).unwrap();
    let hints = screen.output.plane_of_kind(PlaneKind::Primary).unwrap();
    assert!(hints.properties.get("FB_DAMAGE_CLIPS").is_some(), "virtio-gpu wants to know");
    // More parts than are told one by one.
    let many = vec![Rectangle { x: 1, y: 2, width: 3, height: 4 }; 100];
    screen.output.flip(&next, &Flip { damage: &many, ..Flip::default() }).unwrap();
    screen.flipped();
}

/// The kernel passes such damage on to the driver (Linux 7.3).
#[test]
#[ignore = "lab: needs vkms"]
fn damage_beyond_the_picture_is_refused() {
    let mut screen = lit();
    let next = screen.plain([64, 64], 0);
    for part in [
        Rectangle { x: 64, y: 0, width: 1, height: 1 },
        Rectangle { x: 0, y: 1, width: 64, height: 64 },
        Rectangle { x: u32::MAX, y: 0, width: 1, height: 1 },
        Rectangle { x: 0, y: 0, width: 0, height: 1 },
    ] {
        let refused = screen.output.flip(&next, &Flip { damage: &[part], ..Flip::default() });
        assert_eq!(refused.unwrap_err(), CommitError::Damage { part, size: [64, 64] });
    }
    screen.flip(&next, 1);
}
