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

use std::path::Path;

use common::example;
use common::picture;
use common::picture::Picture;
use common::program::Program;
use common::vivid;
use common::vivid::Camera;

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

/// Runs the camera's example on a camera that shows bars, and compares what GL saw, to so many code
/// values.
fn camera_shows_bars(arguments: &[&str], tolerance: u8) {
    let device = Camera::SinglePlanar.open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.png");
    let mut command = example::command("camera");
    command.arg("--device").arg(device.path()).args(["--size", "320x180", "--frames", "5"]);
    command.args(arguments).arg("--headless").arg(&file);
    let printed = Program::start(command).finish();
    assert!(printed.contains("5 frames were shown"), "{printed}");
    let picture = Picture::read(&file);
    assert_eq!([picture.width, picture.height], [320, 180]);
    for (place, found) in picture.pixels.iter().enumerate() {
        let x = u32::try_from(place).unwrap() % 320;
        let bar = vivid::bar(320, x).map(|part| if part > 0.5 { 255 } else { 0 });
        let is_right = found.iter().zip(bar).all(|(a, b)| a.abs_diff(b) <= tolerance);
        assert!(is_right, "{arguments:?}: {found:?} in column {x} of row {}", place / 320);
    }
}

#[test]
#[ignore = "lab: needs vivid and /dev/udmabuf"]
fn camera_shows_what_a_camera_writes() {
    for memory in [&[][..], &["--import", "udmabuf"], &["--import", "dma-heap"]] {
        // The driver writes luma and chroma of 255 parts in 256, and cuts them off.
        for (format, tolerance) in [("XR24", 0), ("YUYV", 5)] {
            camera_shows_bars(&[memory, &["--format", format]].concat(), tolerance);
        }
    }
    // In its own first format.
    camera_shows_bars(&[], 5);
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
