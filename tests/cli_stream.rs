#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! `dmashare stream`: what one process draws is what others see, record and count.

mod common;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use common::drm_node;
use common::patience;
use common::picture::Picture;
use common::picture::xor_pattern;
use common::program::Program;
use common::python;
use common::tool;
use common::x_server::XServer;
use serde_json::Value;
use tempfile::TempDir;

/// Nothing divides it.
const SIZE: [u32; 2] = [101, 77];

#[test]
fn pictures_that_are_recorded_are_those_that_were_drawn() {
    let display = tool::software_display();
    let (gl, cpu) = (["--display", &display], ["--cpu"]);
    let ways: [(&[&str], &[&str]); 3] = [(&gl, &gl), (&cpu, &gl), (&gl, &cpu)];
    for format in ["XR24", "AB24"] {
        for (drawn, read) in ways {
            let (folder, socket) = folder();
            let limits = ["--frames", "12", "--policy", "block:2", "--format", format];
            let sender = send(&socket, &[drawn, &limits].concat());
            let pictures = folder.path().join("pictures");
            let output = ["--output", pictures.to_str().unwrap()];
            let recorder = Program::start(stream("record", &socket, &[read, &output].concat()));
            let printed = recorder.finish();
            assert!(printed.contains("12 frames in "), "{printed}");
            assert!(sender.finish().contains("12 frames in "));
            let files = std::fs::read_dir(&pictures).unwrap().count();
            assert_eq!(files, 12, "{format} {drawn:?} {read:?}");
            for number in 1..=12 {
                let picture = Picture::read(&pictures.join(format!("frame-{number:06}.png")));
                expect_frame(&picture, number);
            }
        }
    }
}

/// The picture that the README shows. If it is to change, copy the one that the test has made over
/// it: `cp target/screenshots/stream.png docs/`.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/stream.png");

#[test]
fn waves_are_those_of_their_formula_and_of_the_readme() {
    let (folder, socket) = folder();
    let display = tool::software_display();
    let arguments =
        ["--motif", "waves", "--size", "320x200", "--frames", "40", "--policy", "block:2"];
    let sender = send(&socket, &[&arguments[..], &["--display", &display]].concat());
    let pictures = folder.path().join("pictures");
    let arguments = ["--display", &display, "--output", pictures.to_str().unwrap()];
    Program::start(stream("record", &socket, &arguments)).finish();
    sender.finish();
    let picture = Picture::read(&pictures.join("frame-000040.png"));
    assert_eq!([picture.width, picture.height], [320, 200]);
    let file = picture.keep("stream.png");
    let readme = Picture::read(Path::new(PICTURE));
    for y in 0..200 {
        for x in 0..320 {
            let seen = picture.pixel(x, y);
            let of_readme = readme.pixel(x, y);
            let expected = waves(40, [x, y], [320, 200]);
            let is_near = |other: [u8; 3]| (0..3).all(|it| seen[it].abs_diff(other[it]) <= 3);
            assert!(is_near(expected), "({x}, {y}): {seen:?}, expected {expected:?}");
            assert!(is_near(of_readme), "{PICTURE} shows something else than {}", file.display());
        }
    }
}

/// The formula of `waves.frag` in double precision.
fn waves(number: u32, pixel: [u32; 2], size: [u32; 2]) -> [u8; 3] {
    use std::f64::consts::TAU;
    let phase = f64::from(number) / 240.0;
    let [x, y] = [0, 1].map(|axis| (f64::from(pixel[axis]) + 0.5) / f64::from(size[axis]));
    let centre = [0.5 + 0.25 * (TAU * phase).cos(), 0.5 + 0.25 * (TAU * phase).sin()];
    let rings = 4.0 * (x - centre[0]).hypot(y - centre[1]) - 2.0 * phase;
    let slope = x + 0.5 * y + phase;
    let wave = 0.5 * (TAU * rings).sin() + 0.5 * (TAU * slope).sin();
    [0.0, 1.0, 2.0].map(|third| {
        let colour = 0.5 + 0.5 * (TAU * (0.5 * wave + phase + third / 3.0)).cos();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
        let byte = (255.0 * colour).round() as u8;
        byte
    })
}

#[test]
fn raw_frames_are_red_green_blue_and_alpha_without_a_gap() {
    let (_folder, socket) = folder();
    let sender = send(&socket, &["--cpu", "--frames", "5", "--policy", "block:1"]);
    let output = stream("record", &socket, &["--cpu", "--raw"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", tool::stderr(&output));
    sender.finish();
    let expected: Vec<u8> = (1..=5).flat_map(frame).flatten().collect();
    assert!(output.stdout == expected, "{} of {} bytes", output.stdout.len(), expected.len());
}

#[test]
fn each_of_three_recorders_gets_every_frame() {
    let (_folder, socket) = folder();
    let arguments = ["--cpu", "--frames", "20", "--policy", "block:1", "--consumers", "3"];
    let sender = send(&socket, &arguments);
    let recorders: Vec<_> = (0..3)
        .map(|_| {
            let mut command = stream("record", &socket, &["--cpu", "--raw"]);
            std::thread::spawn(move || command.output().unwrap())
        })
        .collect();
    let expected: Vec<u8> = (1..=20).flat_map(frame).flatten().collect();
    for recorder in recorders {
        assert!(recorder.join().unwrap().stdout == expected);
    }
    let printed = sender.finish();
    assert!(printed.contains("20 frames in ") && printed.contains(" 0 missed"), "{printed}");
    assert_eq!(printed.matches(" joined, process ").count(), 3, "{printed}");
}

#[test]
fn every_frame_is_counted_as_received_or_dropped() {
    let (_folder, socket) = folder();
    let arguments = ["--cpu", "--frames", "60", "--fps", "200", "--policy", "block:2"];
    let sender = send(&socket, &arguments);
    let output = stream("stats", &socket, &["--cpu", "--json"]).output().unwrap();
    sender.finish();
    let report = json(&output);
    assert_eq!((&report["schema"], &report["frames"]), (&1.into(), &60.into()), "{report}");
    assert_eq!((&report["dropped"], &report["with_fence"]), (&0.into(), &0.into()), "{report}");
    assert_eq!(report["size"], Value::from(SIZE.to_vec()));
    assert_eq!((&report["fourcc"], &report["modifier"]), (&"XR24".into(), &"LINEAR".into()));
    // 59 intervals of at least 5 ms.
    let seconds = report["seconds"].as_f64().unwrap();
    let fps = report["fps"].as_f64().unwrap();
    assert!(seconds > 0.25 && (fps - 59.0 / seconds).abs() < 0.01, "{report}");
    for times in ["latency_us", "interval_us"] {
        let of = |name: &str| report[times][name].as_f64().unwrap();
        let sorted = [of("p50"), of("p95"), of("p99"), of("max")];
        assert!(sorted.is_sorted() && sorted[0] > 0.0, "{report}");
    }
    // Half of the intervals are not far from what the producer was told.
    assert!(report["interval_us"]["p50"].as_f64().unwrap() > 1000.0, "{report}");
}

/// GL's fences go with the frames, whose buffers are those of a device.
#[test]
#[ignore = "lab: needs virtio_gpu"]
fn frames_of_virtio_gpu_have_fences_and_are_recorded_pixel_by_pixel() {
    let node = drm_node::render("virtio_gpu");
    let display = format!("gbm:{}", node.path().unwrap().display());
    let gl = ["--display", &display];
    let (folder, socket) = folder();
    let limits = ["--frames", "12", "--policy", "block:2"];
    let sender = send(&socket, &[&gl[..], &limits].concat());
    let report =
        json(&stream("stats", &socket, &[&gl[..], &["--json"]].concat()).output().unwrap());
    sender.finish();
    assert_eq!((&report["frames"], &report["with_fence"]), (&12.into(), &12.into()), "{report}");

    let sender = send(&socket, &[&gl[..], &limits].concat());
    let pictures = folder.path().join("pictures");
    let output = ["--output", pictures.to_str().unwrap()];
    Program::start(stream("record", &socket, &[&gl[..], &output].concat())).finish();
    sender.finish();
    for number in 1..=12 {
        let picture = Picture::read(&pictures.join(format!("frame-{number:06}.png")));
        expect_frame(&picture, number);
    }
}

/// The client in Python says nothing of times.
#[test]
fn stream_without_times_has_no_latency() {
    let (_folder, socket) = folder();
    let arguments = ["produce", socket.to_str().unwrap(), "--frames", "30", "--size", "16x16"];
    let mut producer = Program::start(python::stream_client(&arguments));
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));
    let arguments = ["--cpu", "--json", "--frames", "10"];
    let report = json(&stream("stats", &socket, &arguments).output().unwrap());
    assert_eq!((&report["frames"], &report["latency_us"]), (&10.into(), &Value::Null), "{report}");
}

#[test]
fn frames_that_are_too_fast_for_a_mailbox_are_dropped_and_counted() {
    let (folder, socket) = folder();
    // A picture takes longer to compress than to draw.
    let sender = send(&socket, &["--cpu", "--frames", "300", "--fps", "10000"]);
    let pictures = folder.path().join("pictures");
    let output = ["--cpu", "--output", pictures.to_str().unwrap()];
    Program::start(stream("record", &socket, &output)).finish();
    let printed = sender.finish();
    let recorded = std::fs::read_dir(&pictures).unwrap().count();
    let missed = printed.split_once(" s, ").and_then(|(_, rest)| rest.split_once(" missed"));
    let missed: usize = missed.expect(&printed).0.parse().unwrap();
    assert!(recorded + missed == 300 && missed > 0, "{recorded} recorded: {printed}");
    // The last frame is never the one that is dropped.
    assert!(pictures.join("frame-000300.png").is_file());
}

#[test]
fn stream_is_seen_in_a_window_pixel_by_pixel() {
    let server = XServer::start([400, 320], [46, 52, 64]);
    let (_folder, socket) = folder();
    let sender = send(&socket, &["--frames", "3", "--policy", "block:1"]);
    let mut command = stream("view", &socket, &[]);
    command.env("DISPLAY", server.display());
    let mut viewer = Program::start(command);
    viewer.line("its window", |line| line.contains("window is open").then_some(()));
    let shown =
        patience::until("a window", || server.windows().into_iter().find(|window| window.is_shown));
    assert_eq!([shown.place.width, shown.place.height], SIZE);
    let seen = patience::until_ok(|| {
        let picture = server.screenshot();
        picture.compare(shown.place, |x, y| xor_pattern(x + 3, y)).map(|()| picture)
    });
    seen.unwrap().keep("stream_view.png");
    server.press_escape(&shown);
    viewer.finish();
    assert!(sender.finish().contains("3 frames in "));
}

#[test]
fn frames_of_a_producer_that_is_killed_stay_and_the_end_is_a_failure() {
    let (folder, socket) = folder();
    let sender = send(&socket, &["--cpu", "--size", "16x16"]);
    let pictures = folder.path().join("pictures");
    let output = ["--cpu", "--output", pictures.to_str().unwrap()];
    let recorder = Program::start(stream("record", &socket, &output));
    let second = pictures.join("frame-000002.png");
    patience::until("two frames", || second.is_file().then_some(()));
    drop(sender);
    let printed = recorder.fail();
    assert!(printed.contains("the stream came to an end before its time"), "{printed}");
    assert!(second.is_file());
}

#[test]
fn consumer_without_producer_says_what_to_start() {
    let (_folder, socket) = folder();
    for command in ["record", "stats"] {
        let mut arguments = vec!["--cpu", "--timeout", "0.1"];
        if command == "record" {
            arguments.push("--raw");
        }
        let printed = Program::start(stream(command, &socket, &arguments)).fail();
        assert!(printed.contains("because: nobody listens at "), "{printed}");
        let next = format!("next: dmashare stream send {}", socket.display());
        assert!(printed.contains(&next), "{printed}");
    }
}

#[test]
fn producer_that_starts_later_is_waited_for() {
    let (_folder, socket) = folder();
    let mut command = stream("record", &socket, &["--cpu", "--raw", "--timeout", "60"]);
    let recorder = std::thread::spawn(move || command.output().unwrap());
    std::thread::sleep(std::time::Duration::from_millis(300));
    send(&socket, &["--cpu", "--frames", "2", "--policy", "block:1"]).finish();
    let expected: Vec<u8> = (1..=2).flat_map(frame).flatten().collect();
    assert!(recorder.join().unwrap().stdout == expected);
}

#[test]
fn what_cannot_be_drawn_is_a_failure_with_the_next_step() {
    let (_folder, socket) = folder();
    for (arguments, reason) in [
        (&["--cpu", "--format", "NV12"][..], "the CPU does not draw NV12"),
        (&["--cpu", "--motif", "waves"], "the CPU draws the XOR pattern alone"),
        (&["--format", "NV12"], "GL does not draw into NV12 here"),
        (&["--display", "gbm:/dev/null"], "next: "),
    ] {
        let printed = Program::start(stream("send", &socket, arguments)).fail();
        assert!(printed.contains(reason), "{printed}");
    }
}

#[test]
fn help_of_each_command_shows_examples() {
    let help = tool::stdout(&tool::run(&["stream", "--help"]));
    for command in ["send", "view", "record", "stats"] {
        assert!(help.contains(&format!("\n  dmashare stream {command} ")), "{help}");
        let output = tool::run(&["stream", command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        let help = tool::stdout(&output);
        assert!(help.contains(&format!("Examples:\n  dmashare stream {command} ")), "{help}");
    }
}

#[test]
fn arguments_that_make_no_sense_exit_with_2() {
    let cases: [&[&str]; 10] = [
        &["stream"],
        &["stream", "send"],
        &["stream", "send", "x", "--policy", "block"],
        &["stream", "send", "x", "--buffers", "65"],
        &["stream", "send", "x", "--fps", "0"],
        &["stream", "send", "x", "--size", "0x1"],
        &["stream", "send", "x", "--cpu", "--display", "x11"],
        &["stream", "record", "x"],
        &["stream", "record", "x", "--raw", "--output", "y"],
        &["stream", "stats", "x", "--frames", "0"],
    ];
    for arguments in cases {
        let output = tool::run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(tool::stderr(&output).contains("--help"), "{arguments:?}");
    }
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    (folder, socket)
}

fn stream(command: &str, socket: &Path, arguments: &[&str]) -> Command {
    let mut started = tool::command();
    started.args(["stream", command]).arg(socket).args(arguments);
    if command != "send" && !arguments.contains(&"--timeout") {
        started.args(["--timeout", "60"]);
    }
    started
}

/// A producer of the usual size and with the patience that a busy machine needs, which listens
/// already.
fn send(socket: &Path, arguments: &[&str]) -> Program {
    let [width, height] = SIZE;
    let mut command = stream("send", socket, arguments);
    if !arguments.contains(&"--size") {
        command.arg("--size").arg(format!("{width}x{height}"));
    }
    command.args(["--patience", "60"]);
    let mut sender = Program::start(command);
    sender.line("its socket", |line| line.starts_with("listening at").then_some(()));
    sender
}

/// Red, green, blue and alpha of what `send` says that frame `number` shows.
fn frame(number: u32) -> impl Iterator<Item = [u8; 4]> {
    let [width, height] = SIZE;
    let places = (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)));
    places.map(move |(x, y)| {
        let [red, green, blue] = xor_pattern(x + number, y);
        [red, green, blue, 255]
    })
}

fn expect_frame(picture: &Picture, number: u32) {
    assert_eq!([picture.width, picture.height], SIZE);
    let compared = picture.compare(picture.whole(), |x, y| xor_pattern(x + number, y));
    assert_eq!(compared, Ok(()), "frame {number}");
}

fn json(output: &std::process::Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", tool::stderr(output));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}
