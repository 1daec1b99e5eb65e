#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What one context or process draws is on the screen of an X server, pixel by pixel, in a window
//! that a key closes.
//!
//! The server is an Xvfb, which has no DRI3: EGL imports nothing there, and the X server reads the
//! pixels from the memory that GL draws into. That EGL draws into windows of X11 is
//! `egl_surface.rs`.

mod common;

use std::path::Path;

use common::example;
use common::patience;
use common::picture::Picture;
use common::picture::Rectangle;
use common::picture::xor_pattern;
use common::picture::xor_pattern_and_one_pixel;
use common::program::Program;
use common::x_server::XServer;
use common::x_server::XWindow;

const SCREEN: [u16; 2] = [400, 320];
const SLATE: [u8; 3] = [46, 52, 64];

/// The picture that the README shows. If it is to change, copy the one that the test has made over
/// it: `cp target/screenshots/window_x11.png docs/`.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/window_x11.png");

#[test]
fn share_contexts_shows_every_pixel_and_a_key_closes_it() {
    let server = XServer::start(SCREEN, SLATE);
    let mut program = share_contexts(&server, "256x256");
    let shown = window(&server, &mut program, "A shows texA");
    server.move_window(&shown, [72, 32]);
    let place = Rectangle { x: 72, y: 32, width: 256, height: 256 };
    let picture = screenshot(&server, place, xor_pattern);
    let file = picture.keep("window_x11.png");
    let readme = Picture::read(Path::new(PICTURE));
    assert!(picture == readme, "{PICTURE} shows something else than {}", file.display());

    let hidden = server.windows().into_iter().find(|window| window.title.contains("B is hidden"));
    assert!(!hidden.expect("a second window").is_shown);

    server.press_escape(&shown);
    let printed = program.finish();
    assert!(printed.contains("A sees texA: all 65536 pixels as expected"), "{printed}");
    patience::until("the windows' end", || server.windows().is_empty().then_some(()));
}

#[test]
fn share_contexts_in_a_window_of_any_size_shows_every_pixel_and_its_button_closes_it() {
    let server = XServer::start(SCREEN, SLATE);
    let mut program = share_contexts(&server, "101x77");
    let shown = window(&server, &mut program, "A shows texA");
    screenshot(&server, shown.place, xor_pattern);

    // The picture follows the window's size.
    server.resize_window(&shown, [202, 154]);
    let place = Rectangle { width: 202, height: 154, ..shown.place };
    screenshot(&server, place, |x, y| xor_pattern(x / 2, y / 2));

    server.press_close_button(&shown);
    program.finish();
}

#[test]
fn image_of_another_process_is_shown_with_the_pixel_that_came_later() {
    let server = XServer::start(SCREEN, SLATE);
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut command = example::command("share_producer");
    command.arg("--socket").arg(&socket);
    let mut producer = Program::start(command);
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));

    let mut command = example::command("share_consumer");
    command.env("DISPLAY", server.display()).arg("--socket").arg(&socket);
    let mut consumer = Program::start(command);
    let shown = window(&server, &mut consumer, "another process drew this");
    screenshot(&server, shown.place, xor_pattern_and_one_pixel);

    // The image outlives the process that made it.
    let drawn = producer.finish();
    screenshot(&server, shown.place, xor_pattern_and_one_pixel);
    server.press_escape(&shown);
    let seen = consumer.finish();
    assert_eq!(example::inodes(&drawn), example::inodes(&seen), "{drawn}\n{seen}");
}

/// The frame that is shown when the screen is photographed is any, but it is one.
#[test]
fn frames_of_another_process_are_shown_and_go_on() {
    let server = XServer::start(SCREEN, SLATE);
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut command = example::command("stream_producer");
    command.arg("--socket").arg(&socket).args(["--size", "101x77"]);
    let mut producer = Program::start(command);
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));

    let mut command = example::command("stream_consumer");
    command.env("DISPLAY", server.display()).arg("--socket").arg(&socket);
    let mut consumer = Program::start(command);
    let shown = window(&server, &mut consumer, "a stream of another process");
    assert_eq!([shown.place.width, shown.place.height], [101, 77]);
    let number_seen = || {
        let picture = server.screenshot();
        let is =
            |number: &u32| picture.compare(shown.place, |x, y| xor_pattern(x + number, y)).is_ok();
        (0..256).find(is)
    };
    let first = patience::until("a whole frame", number_seen);
    patience::until("another frame", || number_seen().filter(|number| *number != first));
    server.press_escape(&shown);
    consumer.finish();
    producer.line("it leaves", |line| line.starts_with("consumer 1 left").then_some(()));
}

#[test]
fn picture_of_a_file_is_shown() {
    let server = XServer::start(SCREEN, SLATE);
    let mut command = example::command("show_window");
    command.env("DISPLAY", server.display()).arg(PICTURE);
    let mut program = Program::start(command);
    let shown = window(&server, &mut program, "a picture");
    let picture = Picture::read(Path::new(PICTURE));
    screenshot(&server, shown.place, |x, y| picture.pixel(x, y));
    server.press_escape(&shown);
    program.finish();
}

#[test]
fn server_that_does_not_answer_is_an_error_with_a_hint() {
    let mut command = example::command("share_contexts");
    command.env("DISPLAY", ":987654");
    let printed = Program::start(command).fail();
    assert!(printed.contains("no X server (DISPLAY)"), "{printed}");
}

fn share_contexts(server: &XServer, size: &str) -> Program {
    let mut command = example::command("share_contexts");
    command.env("DISPLAY", server.display()).args(["--size", size]);
    Program::start(command)
}

/// Waits until a window of the program is on the screen.
fn window(server: &XServer, program: &mut Program, title: &str) -> XWindow {
    program.line("its first frame", |line| line.contains("window is open").then_some(()));
    patience::until("a window", || {
        let windows = server.windows().into_iter();
        windows.filter(|window| window.is_shown).find(|window| window.title.contains(title))
    })
}

/// The screen, as soon as every pixel of the place is what it should be; all other pixels have the
/// screen's own colour.
fn screenshot(
    server: &XServer,
    place: Rectangle,
    expected: impl Fn(u32, u32) -> [u8; 3],
) -> Picture {
    let expected = |x, y| {
        if place.contains(x, y) { expected(x - place.x, y - place.y) } else { SLATE }
    };
    let shown = patience::until_ok(|| {
        let picture = server.screenshot();
        picture.compare(picture.whole(), expected).map(|()| picture)
    });
    shown.unwrap_or_else(|difference| panic!("{difference}"))
}
