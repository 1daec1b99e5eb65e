#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Each example does what its first lines promise, on a machine without a window system.

mod common;

use std::path::Path;
use std::path::PathBuf;

use common::example;
use common::picture::Picture;
use common::picture::xor_pattern;
use common::picture::xor_pattern_and_one_pixel;
use common::program::Program;
use dmashare::egl::Display;
use tempfile::TempDir;

/// Sizes whose rows need padding, or whose blocks are not whole.
const SIZES: [[u32; 2]; 4] = [[256, 256], [101, 77], [1, 1], [640, 3]];

#[test]
fn share_contexts_writes_what_a_sees() {
    for size in SIZES {
        let (_folder, file) = png_file();
        let printed = run("share_contexts", &["--headless", text(&file), "--size", &words(size)]);
        expect_pattern(&file, size, xor_pattern);
        let count = size[0] * size[1];
        expect_line(&printed, &format!("A sees texA: all {count} pixels as expected"));
        expect_line(&printed, "B filled texB with the XOR pattern");
        let [width, height] = size;
        let description = format!("one dma-buf behind texA and texB: {width}x{height} ");
        expect_line(&printed, &description);
    }
}

#[test]
fn share_producer_and_consumer_have_the_same_memory() {
    for size in SIZES {
        let (folder, file) = png_file();
        let socket = folder.path().join("socket");
        let mut producer = example::command("share_producer");
        producer.arg("--socket").arg(&socket).args(["--size", &words(size)]);
        let mut producer = Program::start(producer);
        producer.line("its socket", |line| line.starts_with("waiting").then_some(()));
        let arguments = ["--headless", text(&file), "--socket", text(&socket)];
        let seen = run("share_consumer", &arguments);
        let drawn = producer.finish();
        expect_pattern(&file, size, xor_pattern_and_one_pixel);
        assert_eq!(example::inodes(&drawn), example::inodes(&seen), "{drawn}\n{seen}");
        expect_line(&seen, "sees the XOR pattern: all");
        expect_line(&seen, "the producer drew a white pixel: all");
        expect_line(&drawn, "sent it, and got it back");
    }
}

#[test]
fn share_producer_and_consumer_meet_in_the_runtime_directory() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, file) = png_file();
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder.path(), private).unwrap();
    let mut producer = example::command("share_producer");
    producer.env("XDG_RUNTIME_DIR", folder.path());
    let mut producer = Program::start(producer);
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));
    let mut consumer = example::command("share_consumer");
    consumer.env("XDG_RUNTIME_DIR", folder.path()).arg("--headless").arg(&file);
    Program::start(consumer).finish();
    producer.finish();
    expect_pattern(&file, [256, 256], xor_pattern_and_one_pixel);
}

#[test]
fn share_consumer_without_producer_says_whom_to_start() {
    let printed = refuse("share_consumer", &["--socket", "/nonexistent", "--headless", "x.png"]);
    expect_line(&printed, "nobody listens at /nonexistent: start the other side first");
}

#[test]
fn stream_consumers_see_every_pixel_of_the_producers_frames() {
    for size in SIZES {
        let (folder, file) = png_file();
        let socket = folder.path().join("socket");
        let mut producer = example::command("stream_producer");
        producer.arg("--socket").arg(&socket).args(["--size", &words(size)]);
        let mut producer = Program::start(producer);
        producer.line("its socket", |line| line.starts_with("waiting").then_some(()));
        // The second one connects to a stream that has been served before.
        for _consumer in 0..2 {
            let arguments =
                ["--headless", text(&file), "--frames", "20", "--socket", text(&socket)];
            let seen = run("stream_consumer", &arguments);
            let words = format!(": all {} pixels as expected", size[0] * size[1]);
            let numbers = seen.lines().filter_map(|line| line.strip_suffix(&words));
            let numbers = numbers.map(|line| line.strip_prefix("frame ").unwrap().parse().unwrap());
            let numbers: Vec<u32> = numbers.collect();
            assert!(numbers.len() == 20 && numbers.is_sorted(), "{seen}");
            let shift = numbers[19];
            expect_pattern(&file, size, |x, y| xor_pattern(x + shift, y));
        }
        producer.line("both leave", |line| {
            line.ends_with("consumer 2 left: the peer ended it: finished").then_some(())
        });
    }
}

#[test]
fn stream_producer_ends_with_its_last_frame() {
    let (folder, file) = png_file();
    let socket = folder.path().join("socket");
    let mut producer = example::command("stream_producer");
    producer.arg("--socket").arg(&socket).args(["--frames", "30"]);
    let mut producer = Program::start(producer);
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));
    let arguments = ["--headless", text(&file), "--frames", "100", "--socket", text(&socket)];
    let printed = refuse("stream_consumer", &arguments);
    expect_line(&printed, "the connection is over: the peer ended it: finished");
    expect_line(&producer.finish(), "frames are 256x256 XR24 ");
}

#[test]
fn stream_fanout_serves_all_and_the_slow_one_misses_frames() {
    let arguments = ["--consumers", "5", "--frames", "100", "--slow", "200"];
    let printed = run("stream_fanout", &arguments);
    let seen: Vec<u32> = printed.lines().map(|line| seen_by(line).unwrap()).collect();
    assert_eq!(seen.len(), 5, "{printed}");
    assert!(seen.iter().all(|count| (1..=100).contains(count)), "{printed}");
    // 100 frames take 400 ms, of which the slow one looks at each for 200. A fast one has all that the
    // machine gives it time for.
    assert!(seen[1..].iter().any(|count| *count > seen[0]), "{printed}");
}

/// The number in `consumer 3, fast: 99 of 100 frames, none torn`.
fn seen_by(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once(": ")?;
    rest.strip_suffix(" of 100 frames, none torn")?.parse().ok()
}

#[test]
fn import_texture_samples_what_the_cpu_wrote() {
    for size in SIZES {
        let (_folder, file) = png_file();
        let printed = run("import_texture", &[text(&file), "--size", &words(size)]);
        expect_pattern(&file, size, xor_pattern);
        expect_line(&printed, &format!("all {} pixels as expected", size[0] * size[1]));
    }
}

#[test]
fn export_texture_exports_where_the_driver_can_and_explains_where_not() {
    let printed = run("export_texture", &["--size", "101x77"]);
    if Display::surfaceless().unwrap().exports_dma_bufs() {
        expect_line(&printed, "another context sees it: all 7777 pixels as expected");
    } else {
        expect_line(&printed, "does not have EGL_MESA_image_dma_buf_export");
        expect_line(&printed, "allocate the image and import it");
    }
}

#[test]
fn allocate_buffer_explains_its_choice_and_reads_back_what_it_wrote() {
    let printed = run("allocate_buffer", &[]);
    expect_line(&printed, "wrote 262144 bytes, and read the same");
    for allocator in ["memfd: ", "udmabuf: ", "dma-heap: ", "gbm: "] {
        expect_line(&printed, allocator);
    }
    // Two planes: 641x481 bytes, and 321x241 pairs.
    let arguments = ["--allocator", "memfd", "--fourcc", "NV12", "--size", "641x481"];
    let printed = run("allocate_buffer", &arguments);
    expect_line(&printed, &format!("wrote {} bytes", 641 * 481 + 2 * 321 * 241));
    expect_line(&printed, "plane 1: ");
}

#[test]
fn probe_formats_proves_each_listed_pair() {
    let display = Display::surfaceless().unwrap();
    let entries = display.formats().sample().entries();
    let listed = entries.filter(|entry| entry.modifier.explicit().is_some()).count();
    let printed = run("probe_formats", &[]);
    expect_line(&printed, &format!(" of {listed} pairs can be sampled"));
    // Two lines before the table, and no reason breaks it.
    let sum = printed.lines().position(|line| line.ends_with("pairs can be sampled"));
    assert_eq!(sum, Some(listed + 2), "{printed}");
    let line = printed.lines().find(|line| line.starts_with("AR24 ")).unwrap();
    let columns: Vec<_> = line.split_whitespace().collect();
    assert_eq!(columns, ["AR24", "LINEAR", "yes", "yes"]);

    let printed = run("probe_formats", &["R8", "GR88"]);
    expect_line(&printed, "2 of 2 pairs can be sampled");
}

#[test]
fn examples_with_windows_need_a_window_system() {
    for example in ["share_contexts", "show_window"] {
        let printed = refuse(example, &[]);
        expect_line(&printed, "no X server (DISPLAY) and no Wayland compositor");
    }
}

#[test]
fn arguments_that_mean_nothing_are_refused() {
    for (example, arguments, reason) in [
        ("share_contexts", &["--size", "0x10"][..], "\"0x10\" is no size"),
        ("share_contexts", &["--headless", "x.png", "--frames", "1"], "cannot be used with"),
        ("share_producer", &["--size", "10"], "\"10\" is no size"),
        ("allocate_buffer", &["--allocator", "shm"], "\"shm\" is no allocator"),
        ("allocate_buffer", &["--fourcc", "ABCDE"], "ABCDE"),
        ("import_texture", &[], "FILE.png"),
        ("import_texture", &["/nonexistent/x.png"], "/nonexistent/x.png: No such file"),
        ("import_texture", &["x.png", "--size", "100000x1"], "100000x1"),
        ("stream_producer", &["--size", "10"], "\"10\" is no size"),
        ("stream_consumer", &["--socket", "/nonexistent"], "start the other side first"),
        ("stream_consumer", &["--headless", "x.png"], "--frames <N>"),
        ("stream_fanout", &["--consumers", "0"], "0 is not in 1..=64"),
        ("show_window", &["/nonexistent.png"], "/nonexistent.png: No such file"),
    ] {
        expect_line(&refuse(example, arguments), reason);
    }
}

/// Runs an example, which must succeed, and returns what it has printed.
fn run(example: &str, arguments: &[&str]) -> String {
    let mut command = example::command(example);
    command.args(arguments);
    Program::start(command).finish()
}

/// Runs an example, which must fail, and returns what it has printed.
fn refuse(example: &str, arguments: &[&str]) -> String {
    let mut command = example::command(example);
    command.args(arguments);
    Program::start(command).fail()
}

fn png_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.png");
    (folder, file)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn words([width, height]: [u32; 2]) -> String {
    format!("{width}x{height}")
}

fn expect_line(printed: &str, part: &str) {
    assert!(printed.lines().any(|line| line.contains(part)), "no line with {part:?}:\n{printed}");
}

fn expect_pattern(file: &Path, size: [u32; 2], expected: impl Fn(u32, u32) -> [u8; 3]) {
    let picture = Picture::read(file);
    assert_eq!([picture.width, picture.height], size);
    assert_eq!(picture.compare(picture.whole(), expected), Ok(()), "{size:?}");
}
