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

use common::example;
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
