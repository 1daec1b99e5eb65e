#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Each example that needs a device does what its first lines promise.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use common::example;
use common::memfd;
use common::patience;
use common::picture;
use common::picture::Picture;
use common::pixels::colorimetry::Chroma;
use common::pixels::colorimetry::Colorimetry;
use common::pixels::colorimetry::Matrix;
use common::pixels::colorimetry::Range;
use common::program::Program;
use common::vivid;
use common::vivid::Camera;
use common::vivid::Control;
use common::x_server::XServer;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::NextError;

fn prime_share(arguments: &[&str]) -> Program {
    let mut command = example::command("prime_share");
    command.args(arguments);
    Program::start(command)
}

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn prime_share_shows_one_buffer_on_two_devices() {
    for size in [[256, 256], [101, 77], [1, 1]] {
        let [width, height] = size;
        let words = format!("{width}x{height}");
        for [from, to] in [["vgem", "vkms"], ["vkms", "vgem"]] {
            let printed = prime_share(&["--size", &words, "--from", from, "--to", to]).finish();
            // It fails if there are two.
            example::inodes(&printed);
            let pixels = width * height;
            let line = format!("{to} has the buffer of {from}: all {pixels} pixels as expected");
            assert!(printed.lines().any(|found| found == line), "{printed}");
        }
    }
}

#[test]
#[ignore = "lab: needs vgem"]
fn prime_share_says_which_driver_is_missing() {
    let printed = prime_share(&["--to", "no-such-driver"]).fail();
    assert!(printed.contains("no-such-driver"), "{printed}");
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_prime_share_says_who_cannot_reach_whose_memory() {
    let printed = prime_share(&["--to", "virtio_gpu"]).fail();
    assert!(printed.contains("virtio_gpu cannot reach the memory"), "{printed}");
    prime_share(&["--from", "virtio_gpu"]).finish();
}

/// Fails if the picture is not the XOR pattern on the whole monitor, moved to the left by so many
/// pixels.
fn assert_shows(file: &Path, shift: u32) {
    let picture = Picture::read(file);
    assert_eq!([picture.width, picture.height], [1024, 768], "the mode of the monitor");
    picture.compare(picture.whole(), |x, y| picture::xor_pattern(x + shift, y)).unwrap();
}

#[test]
#[ignore = "lab: needs vkms"]
fn capture_writes_what_the_monitor_gets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.png");
    let mut command = example::command("capture");
    command.arg(&file);
    let printed = Program::start(command).finish();
    assert!(printed.contains("all 786432 pixels as expected"), "{printed}");
    assert_shows(&file, 0);
}

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn scanout_shows_every_frame_and_says_how_fast() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.png");
    let mut command = example::command("scanout");
    command.args(["--driver", "vkms", "--frames", "3", "--capture"]).arg(&file);
    let printed = Program::start(command).finish();
    assert!(printed.contains("3 frames were shown"), "{printed}");
    assert!(printed.contains("frames per second"), "{printed}");
    assert_shows(&file, 2);
}

#[test]
#[ignore = "lab: needs the 3D virtio-gpu"]
fn virtio_gpu_scanout_draws_with_the_gpu_of_the_display() {
    let mut command = example::command("scanout");
    command.args(["--driver", "virtio_gpu", "--frames", "30", "--buffers", "2"]);
    let printed = Program::start(command).finish();
    assert!(printed.contains("GL draws with virgl"), "{printed}");
    assert!(printed.contains("30 frames were shown"), "{printed}");
}

fn wait_vblank(arguments: &[&str]) -> Program {
    let mut command = example::command("wait_vblank");
    command.args(["--driver", "vkms"]).args(arguments);
    Program::start(command)
}

#[test]
#[ignore = "lab: needs vkms"]
fn wait_vblank_measures_the_refresh_rate_of_the_monitor() {
    let printed = wait_vblank(&["--modeset", "--count", "60"]).finish();
    // `frame 758  +16.665 ms`, of a mode of 60.004 Hz.
    let interval = |line: &str| line.split_once('+')?.1.split_once(" ms")?.0.parse::<f64>().ok();
    let frames = printed.lines().filter(|line| line.starts_with("frame "));
    let mut intervals_ms: Vec<f64> = frames.map(|line| interval(line).unwrap()).collect();
    assert_eq!(intervals_ms.len(), 60, "{printed}");
    // `60 frames in 1000.021 ms: 59.999 Hz, 0 missed`
    let (_, rate) = printed.rsplit_once(" ms: ").unwrap();
    let (hertz, missed) = rate.split_once(" Hz, ").unwrap();
    let missed: u32 = missed.split(' ').next().unwrap().parse().unwrap();
    let expected_hertz = f64::from(60 + missed) * 1000.0 / intervals_ms.iter().sum::<f64>();
    let hertz: f64 = hertz.parse().unwrap();
    assert!((hertz - expected_hertz).abs() < 0.01, "{expected_hertz}: {printed}");
    // Of a display that is a program the first one may be late, and some others where it is slow.
    intervals_ms.sort_by(f64::total_cmp);
    assert!((intervals_ms[30] - 1000.0 / 60.0).abs() < 0.05, "{printed}");

    // It has put the monitor back, which was off.
    let printed = wait_vblank(&[]).fail();
    assert!(printed.contains("no CRTC is on"), "{printed}");
    assert!(printed.contains("--modeset"), "{printed}");
    let printed = wait_vblank(&["--crtc", "99"]).fail();
    assert!(printed.contains("no CRTC 99"), "{printed}");
}

/// Runs the camera's example on a camera that shows bars, and compares what GL saw: to so many code
/// values, and not where the chroma of two bars meets.
fn camera_shows_bars(arguments: &[&str], tolerance: u8, way: &str) {
    let device = Camera::SinglePlanar.open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.png");
    let mut command = example::command("camera");
    command.arg("--device").arg(device.path()).args(["--size", "320x180", "--frames", "5"]);
    command.args(arguments).arg("--headless").arg(&file);
    let printed = Program::start(command).finish();
    assert!(printed.contains("5 frames were shown"), "{printed}");
    assert!(printed.contains(&format!("GL reads it {way}")), "{printed}");
    let picture = Picture::read(&file);
    assert_eq!([picture.width, picture.height], [320, 180]);
    for (place, found) in picture.pixels.iter().enumerate() {
        let x = u32::try_from(place).unwrap() % 320;
        let is_at_edge = !(2..38).contains(&(x % 40));
        if is_at_edge && way != "plain" {
            continue;
        }
        let bar = vivid::bar(320, x).map(|part| if part > 0.5 { 255 } else { 0 });
        let is_right = found.iter().zip(bar).all(|(a, b)| a.abs_diff(b) <= tolerance);
        assert!(is_right, "{arguments:?}: {found:?} in column {x} of row {}", place / 320);
    }
}

#[test]
#[ignore = "lab: needs vivid and /dev/udmabuf"]
fn camera_shows_what_a_camera_writes() {
    camera_shows_bars(&["--format", "XR24"], 0, "plain");
    camera_shows_bars(&["--format", "XB24", "--import", "dma-heap"], 0, "plain");
    // The driver writes luma and chroma of 255 parts in 256, and cuts them off.
    camera_shows_bars(&["--format", "UYVY", "--import", "udmabuf"], 5, "by plane");
    // Which Mesa 25 does not import as one image.
    camera_shows_bars(&["--format", "NV12"], 5, "by plane");
    // In its own first format.
    camera_shows_bars(&[], 5, "by plane");
}

#[test]
#[ignore = "lab: needs vivid and /dev/udmabuf"]
fn camera_is_streamed_from_the_memory_that_it_writes() {
    let device = Camera::SinglePlanar.open();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let stream = |limit: &[&str]| {
        let mut command = example::command("camera");
        command.arg("--device").arg(device.path()).args(["--size", "320x180", "--format", "YUYV"]);
        command.arg("--stream").arg(&socket).args(limit);
        let mut program = Program::start(command);
        program.line("its socket", |line| line.starts_with("waiting").then_some(()));
        program
    };
    let program = stream(&[]);
    let formats = FormatSet::from_iter([(Fourcc::YUYV, Modifier::LINEAR)]);
    let settings = ConsumerSettings::new(Usage::Cpu, formats);
    let mut consumers = [0, 1].map(|_| Consumer::connect(&socket, &settings).unwrap());
    let webcam =
        Colorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Averaged };
    let bars = vivid::bars(Fourcc::YUYV.0, 320, webcam);
    let soon = Duration::from_secs(30);
    let mut last = [None; 2];
    let mut inodes = [(); 2].map(|()| BTreeSet::new());
    for _round in 0..10 {
        for (index, consumer) in consumers.iter_mut().enumerate() {
            let frame = consumer.next_frame(soon).unwrap();
            frame.wait_for_pixels(soon).unwrap();
            assert_eq!(vivid::compare(&memfd::read(frame.image()), &bars), Ok(()));
            let stated = frame.colour().colorimetry(dmashare::format::Colorimetry::JPEG);
            assert_eq!(stated, Some(dmashare::format::Colorimetry::default()));
            // The number of the stream, and the one that the camera gave it, which gives the same one
            // to two frames where it is slow.
            let numbers = Some((frame.serial(), frame.user_serial()));
            assert!(last[index] < numbers, "{last:?} {numbers:?}");
            assert!(last[index].map(|(_, number)| number) <= Some(frame.user_serial()), "{last:?}");
            last[index] = numbers;
            inodes[index].insert(frame.image().planes()[0].identity().inode());
            consumer.release(frame, Ready::Finished).unwrap();
        }
    }
    // The same few dma-bufs in all processes.
    let all: BTreeSet<_> = inodes.iter().flatten().collect();
    assert!((2..=6).contains(&all.len()), "{inodes:?}");
    drop((consumers, program));

    let program = stream(&["--frames", "5"]);
    let mut consumer = Consumer::connect(&socket, &settings).unwrap();
    let mut frames = 0;
    let end = loop {
        match consumer.next_frame(soon) {
            Ok(_frame) => frames += 1,
            Err(end) => break end,
        }
    };
    assert!(matches!(end, NextError::Ended(_)) && (1..=5).contains(&frames), "{frames}: {end}");
    let printed = program.finish();
    assert!(printed.contains("5 frames were sent"), "{printed}");
}

#[test]
#[ignore = "lab: needs vivid, and a virtio-gpu, which cannot reach the camera's memory"]
fn camera_is_shown_in_a_window_beside_a_virtio_gpu_until_a_key_is_pressed() {
    let slate = [46, 52, 64];
    let server = XServer::start([400, 320], slate);
    let device = Camera::SinglePlanar.open();
    let mut command = example::command("camera");
    command.env("DISPLAY", server.display());
    command.arg("--device").arg(device.path()).args(["--size", "320x180", "--format", "XR24"]);
    let mut program = Program::start(command);
    program.line("its first frame", |line| line.contains("window is open").then_some(()));
    let window =
        patience::until("a window", || server.windows().into_iter().find(|window| window.is_shown));
    assert_eq!(window.title, "dmashare: a camera");
    assert_eq!([window.place.width, window.place.height], [320, 180]);
    let bars = |x, _y| vivid::bar(320, x);
    let is_shown = |bars: &dyn Fn(u32, u32) -> [f64; 4]| {
        patience::until_ok(|| {
            let expected = |x, y| {
                let [red, green, blue, _alpha] = bars(x, y);
                [red, green, blue].map(|part| if part > 0.5 { 255 } else { 0 })
            };
            server.screenshot().compare(window.place, expected)
        })
    };
    assert_eq!(is_shown(&bars), Ok(()));
    // What it shows is what the camera sees now.
    vivid::set(&device, Control::TestPattern, 6);
    assert_eq!(is_shown(&|_x, _y| [1.0; 4]), Ok(()));
    server.press_escape(&window);
    let printed = program.finish();
    assert!(printed.contains("frames were shown"), "{printed}");
}

#[test]
#[ignore = "lab: needs vivid"]
fn camera_says_what_it_has_and_refuses_what_it_has_not() {
    let camera = |arguments: &[&str]| {
        let mut command = example::command("camera");
        command.args(arguments);
        Program::start(command)
    };
    let printed = camera(&["--list"]).finish();
    let line = "YUYV  YUYV      YUYV 4:2:2  320x180 320x240 ";
    assert!(printed.lines().any(|found| found.starts_with(line)), "{printed}");
    assert!(printed.lines().any(|found| found.starts_with("HSV3  no image")), "{printed}");
    let printed = camera(&["--device", "/dev/video99"]).fail();
    assert!(printed.contains("no video device /dev/video99"), "{printed}");
    let printed = camera(&["--format", "MJPG"]).fail();
    assert!(printed.contains("\"MJPG\" is no format of images"), "{printed}");
    let printed = camera(&["--import", "memfd", "--headless", "x.png"]).fail();
    assert!(printed.contains("plane 0 is a memfd"), "{printed}");
}
