#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What a frame costs in system calls: one that shows it, and where somebody waits for it, one that
//! waits and one that reads.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::gl::Gl;
use dmashare::kms::Change;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::Output;
use dmashare::kms::event::EventReader;
use dmashare::present::Scanout;
use dmashare::present::ScanoutOptions;
use dmashare::present::Synchronisation;

use common::display;
use common::screen::Screen;
use common::system_calls;

const FRAMES: usize = 12;
const SOON: Duration = Duration::from_secs(20);

/// Shows one picture after the other, and says which system calls that took.
fn flips(method: Method) -> BTreeMap<i64, usize> {
    let mut screen = Screen::new("vkms", method);
    let mode = screen.pipeline.mode;
    let front = screen.light(&mode);
    let back = screen.plain(mode.size(), 0x0040_5060);
    let mut next = [&back, &front].into_iter().cycle();
    screen.flip(next.next().unwrap(), 0);
    let mut numbers = 1..;
    system_calls::during(|| {
        for framebuffer in next.by_ref().take(FRAMES) {
            screen.flip(framebuffer, numbers.next().unwrap());
        }
    })
}

fn calls<const N: usize>(wanted: [(i64, usize); N]) -> BTreeMap<i64, usize> {
    BTreeMap::from(wanted)
}

#[test]
#[ignore = "lab: needs vkms"]
fn flip_with_its_event_takes_three_system_calls() {
    let once_each =
        calls([(libc::SYS_ioctl, FRAMES), (libc::SYS_ppoll, FRAMES), (libc::SYS_read, FRAMES)]);
    assert_eq!(flips(Method::Atomic), once_each);
}

#[test]
#[ignore = "lab: needs vkms"]
fn legacy_flip_with_its_event_takes_three_system_calls() {
    assert_eq!(flips(Method::Legacy).into_values().sum::<usize>(), 3 * FRAMES);
}

/// Whoever has nothing to do meanwhile leaves the waiting to the kernel.
#[test]
#[ignore = "lab: needs vkms"]
fn picture_that_is_waited_for_takes_one_system_call() {
    let mut screen = Screen::new("vkms", Method::Atomic);
    let mode = screen.pipeline.mode;
    let front = screen.light(&mode);
    let back = screen.plain(mode.size(), 0x0040_5060);
    let layers = [&back, &front].map(Layer::new);
    let plane = screen.pipeline.primary;
    let show = |layer| Change::Show { plane, layer, in_fence: None, damage: &[] };
    let counted = system_calls::during(|| {
        for layer in layers.iter().cycle().take(FRAMES) {
            screen.output.apply(&[show(layer)]).unwrap();
        }
    });
    assert_eq!(counted, calls([(libc::SYS_ioctl, FRAMES)]));
}

/// What some frames of virtio-gpu take.
fn frames(synchronisation: Synchronisation) -> BTreeMap<i64, usize> {
    let node = display::open("virtio_gpu");
    let egl = Display::gbm(node.path().unwrap()).unwrap();
    let context = Context::new(&egl).unwrap();
    context.make_current().unwrap();
    let gl = Gl::new(&context).unwrap();
    let (_, way) = display::monitor(&node);
    let output = Output::new(&node, way.connector, way.crtc).unwrap();
    let mut events = EventReader::new(&node).unwrap();
    let options = ScanoutOptions::new().synchronisation(synchronisation);
    let mut scanout = Scanout::new(output, &way.mode, &gl, &options).unwrap();
    let mut show = |frames: usize| {
        for _ in 0..frames {
            let frame = scanout.frame(&mut events, SOON).unwrap();
            frame.target().clear([0.25, 0.5, 0.75, 1.0]).unwrap();
            frame.present(&[]).unwrap();
        }
    };
    show(FRAMES);
    system_calls::during(|| show(FRAMES))
}

/// A flip, its event, and the drawing itself: no fence is made, given away and closed.
#[test]
#[ignore = "lab: needs the 3D virtio-gpu"]
fn frame_of_virtio_gpu_with_implicit_synchronisation_makes_no_file_descriptor() {
    let counted = frames(Synchronisation::Implicit);
    let of = |call: i64| counted.get(&call).copied().unwrap_or(0);
    let made = [libc::SYS_dup, libc::SYS_fcntl, libc::SYS_close].map(of);
    assert_eq!(made, [0; 3], "{counted:?}");
    // The drawing is submitted, the frame is shown.
    assert_eq!(of(libc::SYS_ioctl), 2 * FRAMES, "{counted:?}");
    assert!(of(libc::SYS_ppoll) <= FRAMES && of(libc::SYS_read) <= FRAMES, "{counted:?}");
}

/// That it is a fence, and closed on exec, was found out with the first one.
#[test]
#[ignore = "lab: needs the 3D virtio-gpu"]
fn frame_of_virtio_gpu_with_a_fence_asks_nothing_about_it() {
    let counted = frames(Synchronisation::Fence);
    let of = |call: i64| counted.get(&call).copied().unwrap_or(0);
    // The drawing is submitted, the frame is shown.
    assert_eq!(of(libc::SYS_ioctl), 2 * FRAMES, "{counted:?}");
    // The driver duplicates a fence, and EGL once more for us. With debug assertions the standard
    // library asks whether a file descriptor is open before it closes it.
    let asked = if cfg!(debug_assertions) { FRAMES } else { 0 };
    assert!(of(libc::SYS_fcntl) <= 2 * FRAMES + asked, "{counted:?}");
    assert!(of(libc::SYS_close) <= 3 * FRAMES, "{counted:?}");
}
