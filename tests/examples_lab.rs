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
