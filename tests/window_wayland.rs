#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What one context or process draws is on the output of a Wayland compositor, pixel by pixel.
//!
//! The compositor is a weston, whose kiosk shell gives the whole output to the window. EGL imports
//! on its platform, so context A draws straight into its window.

mod common;

use std::path::Path;

use common::compositor::Compositor;
use common::example;
use common::patience;
use common::picture::Picture;
use common::picture::xor_pattern;
use common::picture::xor_pattern_and_one_pixel;
use common::program::Program;

#[test]
fn share_contexts_shows_every_pixel() {
    let compositor = Compositor::start([320, 200], 1);
    let mut program = share_contexts(&compositor, &["--size", "320x200"]);
    wait_for_frame(&mut program);
    let picture = screenshot(&compositor, &program, xor_pattern);
    assert_eq!((picture.width, picture.height), (320, 200));
    picture.keep("window_wayland.png");
    let printed = program.printed();
    assert!(printed.contains("A sees texA: all 64000 pixels as expected"), "{printed}");
    assert!(!printed.contains("imports nothing"), "{printed}");
}

#[test]
fn share_contexts_on_a_scaled_output_shows_every_pixel_in_its_own_size() {
    let compositor = Compositor::start([160, 100], 2);
    let mut program = share_contexts(&compositor, &["--size", "320x200"]);
    wait_for_frame(&mut program);
    let picture = screenshot(&compositor, &program, xor_pattern);
    assert_eq!((picture.width, picture.height), (320, 200));
}

#[test]
fn share_contexts_closes_after_its_frames() {
    let compositor = Compositor::start([320, 200], 1);
    let program = share_contexts(&compositor, &["--frames", "5"]);
    let printed = program.finish();
    assert!(printed.contains("the window is open"), "{printed}");
}

#[test]
fn image_of_another_process_is_shown_with_the_pixel_that_came_later() {
    let compositor = Compositor::start([256, 256], 1);
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut command = example::command("share_producer");
    command.arg("--socket").arg(&socket);
    let mut producer = Program::start(command);
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));

    let mut command = example::command("share_consumer");
    compositor.apply(command.arg("--socket").arg(&socket));
    let mut consumer = Program::start(command);
    wait_for_frame(&mut consumer);
    let drawn = producer.finish();
    screenshot(&compositor, &consumer, xor_pattern_and_one_pixel);
    let seen = consumer.printed();
    assert_eq!(example::inodes(&drawn), example::inodes(&seen), "{drawn}\n{seen}");
}

/// The frame that is shown when the output is photographed is any, but it is one.
#[test]
fn frames_of_another_process_are_shown_and_go_on() {
    let compositor = Compositor::start([256, 256], 1);
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut command = example::command("stream_producer");
    command.arg("--socket").arg(&socket);
    let mut producer = Program::start(command);
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));

    let mut command = example::command("stream_consumer");
    compositor.apply(command.arg("--socket").arg(&socket));
    let mut consumer = Program::start(command);
    wait_for_frame(&mut consumer);
    let number_seen = || {
        let picture = compositor.screenshot();
        let is = |number: &u32| {
            picture.compare(picture.whole(), |x, y| xor_pattern(x + number, y)).is_ok()
        };
        (0..256).find(is)
    };
    let first = patience::until("a whole frame", number_seen);
    patience::until("another frame", || number_seen().filter(|number| *number != first));
}

#[test]
fn picture_of_a_file_is_shown() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/window_x11.png");
    let picture = Picture::read(&file);
    let compositor = Compositor::start([picture.width, picture.height], 1);
    let mut command = example::command("show_window");
    compositor.apply(command.arg(&file));
    let mut program = Program::start(command);
    wait_for_frame(&mut program);
    screenshot(&compositor, &program, |x, y| picture.pixel(x, y));
}

fn share_contexts(compositor: &Compositor, arguments: &[&str]) -> Program {
    let mut command = example::command("share_contexts");
    compositor.apply(command.args(arguments));
    Program::start(command)
}

fn wait_for_frame(program: &mut Program) {
    program.line("its first frame", |line| line.contains("window is open").then_some(()));
}

/// The output, as soon as every pixel is what it should be.
fn screenshot(
    compositor: &Compositor,
    program: &Program,
    expected: impl Fn(u32, u32) -> [u8; 3],
) -> Picture {
    let shown = patience::until_ok(|| {
        let picture = compositor.screenshot();
        picture.compare(picture.whole(), &expected).map(|()| picture)
    });
    shown.unwrap_or_else(|difference| panic!("{difference}\n{}", program.printed()))
}
