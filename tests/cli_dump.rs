#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! `dmashare dump`: what another process sends is what the picture shows.

mod common;

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::ipc::Channel;
use dmashare::ipc::Listener;
use dmashare::ipc::Ready;
use png::BitDepth;
use png::ColorType;
use serde_json::Value;
use tempfile::TempDir;

use common::memfd;
use common::pixels;
use common::pixels::PlaneBytes;
use common::pixels::colorimetry::Chroma;
use common::pixels::colorimetry::Colorimetry;
use common::pixels::colorimetry::Matrix;
use common::pixels::colorimetry::Range;
use common::renderer::Renderer;
use common::tool;
use common::tool::Png;

const SOON: Duration = Duration::from_secs(30);
const SIZE: [u32; 2] = [61, 34];

/// What an import without hints is read as.
const COLORIMETRY: Colorimetry =
    Colorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Averaged };

/// A folder that is the user's alone, and the file to write in it.
fn folder() -> (TempDir, PathBuf) {
    let mode = std::fs::Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
    let file = folder.path().join("picture.png");
    (folder, file)
}

fn dump(folder: &Path, output: &Path, more: &[&str]) -> std::process::Command {
    let mut command = tool::command();
    command
        .env("XDG_RUNTIME_DIR", folder)
        .args(["dump", "--json", "--display", &tool::software_display()])
        .arg("--output")
        .arg(output)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn end(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

fn description(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", tool::stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A picture with a gradient in each direction.
fn gradient(x: u32, y: u32) -> [f64; 4] {
    let [width, height] = SIZE.map(f64::from);
    let (across, down) = (f64::from(x) / (width - 1.0), f64::from(y) / (height - 1.0));
    [across, down, 1.0 - across, 1.0]
}

/// An image that shows the gradient, and its bytes.
fn image(fourcc: Fourcc, size: [u32; 2]) -> (Dmabuf, Vec<PlaneBytes>) {
    let planes = pixels::encode(fourcc.0, size, COLORIMETRY, &gradient);
    let image = memfd::image(fourcc, size);
    memfd::write(&image, &planes);
    (image, planes)
}

/// Sends an image to a dump that has this end of a socket for its standard input.
fn dump_of(image: &Dmabuf) -> (Png, Value) {
    let (folder, file) = folder();
    let (here, there) = Channel::pair().unwrap();
    let mut command = dump(folder.path(), &file, &["--fd", "0"]);
    let child = command.stdin(OwnedFd::from(there)).spawn().unwrap();
    here.send(image, Ready::Finished).unwrap();
    let described = description(&end(child));
    (Png::read(&file), described)
}

/// Connects as soon as somebody listens.
fn connect(path: &Path) -> Channel {
    let deadline = Instant::now() + SOON;
    loop {
        match Channel::connect(path) {
            Ok(channel) => return channel,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The largest distance of a channel from what it should be, for 8 bits per channel without alpha.
fn worst(picture: &Png, expected: &[[f64; 4]]) -> f64 {
    let (found, rest) = picture.bytes.as_chunks::<3>();
    assert_eq!((found.len(), rest.len()), (expected.len(), 0));
    let distances = found.iter().zip(expected).flat_map(|(found, expected)| {
        found.iter().zip(expected).map(|(one, other)| (f64::from(*one) - other * 255.0).abs())
    });
    distances.fold(0.0, f64::max)
}

#[test]
fn image_sent_to_a_listening_dump_by_name_is_the_picture() {
    let (folder, file) = folder();
    let child = dump(folder.path(), &file, &["--socket", "camera"]).spawn().unwrap();
    let channel = connect(&folder.path().join("camera"));
    let image = memfd::image(Fourcc::ABGR8888, SIZE);
    let rgba = tool::xor_pattern(SIZE);
    let rows = SIZE[1] as usize;
    let plane = PlaneBytes { row_bytes: SIZE[0] as usize * 4, rows, bytes: rgba.clone() };
    memfd::write(&image, &[plane]);
    channel.send(&image, Ready::Finished).unwrap();
    let output = end(child);
    let described = description(&output);
    assert!(tool::stderr(&output).contains("listening at "), "{output:?}");
    let picture = Png::read(&file);
    assert_eq!((picture.size, picture.colours), (SIZE, ColorType::Rgba));
    assert_eq!((picture.depth, &picture.bytes), (BitDepth::Eight, &rgba));
    assert_eq!((&described["schema"], &described["fourcc"]), (&1.into(), &"AB24".into()));
    assert_eq!((&described["width"], &described["height"]), (&SIZE[0].into(), &SIZE[1].into()));
    assert_eq!((&described["read_by"], &described["depth_bits"]), (&"gl".into(), &8.into()));
    assert_eq!(described["planes"][0]["kind"], "memfd");
    assert_eq!(described["planes"][0]["inode"], image.planes()[0].identity().inode());
    assert_eq!(described["pictures"], Value::from(vec![file.to_str().unwrap()]));
    assert!(!folder.path().join("camera").exists(), "the socket stays behind");
}

#[test]
fn dump_that_connects_gets_the_image_of_a_listener() {
    let (folder, file) = folder();
    let socket = folder.path().join("socket");
    let listener = Listener::bind_path(&socket).unwrap();
    let arguments = ["--socket", socket.to_str().unwrap(), "--connect"];
    let child = dump(folder.path(), &file, &arguments).spawn().unwrap();
    let (image, _planes) = image(Fourcc::XRGB8888, SIZE);
    listener.accept_timeout(SOON).unwrap().send(&image, Ready::Finished).unwrap();
    assert_eq!(description(&end(child))["fourcc"], "XR24");
    let picture = Png::read(&file);
    assert_eq!(picture.colours, ColorType::Rgb);
    let pixels: Vec<_> =
        (0..SIZE[1]).flat_map(|y| (0..SIZE[0]).map(move |x| gradient(x, y))).collect();
    assert!(worst(&picture, &pixels) <= 0.51);
}

#[test]
fn deep_formats_keep_their_bits() {
    for fourcc in [Fourcc::ABGR16161616, Fourcc::ARGB2101010, Fourcc::R16] {
        let (image, planes) = image(fourcc, SIZE);
        let (picture, described) = dump_of(&image);
        assert_eq!((picture.depth, &described["depth_bits"]), (BitDepth::Sixteen, &16.into()));
        let has_alpha = fourcc.layout().unwrap().has_alpha();
        let channels = if has_alpha { 4 } else { 3 };
        let expected = pixels::decode(fourcc.0, &planes, SIZE, COLORIMETRY);
        let (numbers, _) = picture.bytes.as_chunks::<2>();
        assert_eq!(numbers.len(), expected.len() * channels, "{fourcc}");
        for (found, expected) in numbers.chunks(channels).zip(&expected) {
            for (found, expected) in found.iter().zip(expected) {
                let found = f64::from(u16::from_be_bytes(*found));
                assert!((found - expected * 65535.0).abs() <= 1.0, "{fourcc}: {found} {expected}");
            }
        }
    }
}

#[test]
fn packed_yuv_becomes_colours() {
    let size = [60, 34];
    let (image, planes) = image(Fourcc::YUYV, size);
    let (picture, described) = dump_of(&image);
    assert_eq!((&described["read_by"], picture.colours), (&"gl".into(), ColorType::Rgb));
    let expected = pixels::decode(Fourcc::YUYV.0, &planes, size, COLORIMETRY);
    assert!(worst(&picture, &expected) <= 2.5, "{}", worst(&picture, &expected));
}

/// Mesa before 26 lists the planar formats, and then refuses them: the planes are there all the same.
#[test]
fn planar_yuv_becomes_colours_or_its_planes() {
    let size = [60, 34];
    let (image, planes) = image(Fourcc::NV12, size);
    let (folder, file) = folder();
    let (here, there) = Channel::pair().unwrap();
    let mut command = dump(folder.path(), &file, &["--fd", "0"]);
    let child = command.stdin(OwnedFd::from(there)).spawn().unwrap();
    here.send(&image, Ready::Finished).unwrap();
    let described = description(&end(child));
    if Renderer::new().mesa() >= 26 {
        assert_eq!(described["read_by"], "gl");
        let expected = pixels::decode(Fourcc::NV12.0, &planes, size, COLORIMETRY);
        let picture = Png::read(&file);
        assert!(worst(&picture, &expected) <= 2.5, "{}", worst(&picture, &expected));
        return;
    }
    assert_eq!(described["read_by"], "cpu");
    assert!(described["not_by_gl"]["cause"].as_str().unwrap().contains("EGL_BAD_ALLOC"));
    let files = ["picture.plane0.png", "picture.plane1.png"].map(|name| folder.path().join(name));
    assert_eq!(
        described["pictures"],
        Value::from(files.each_ref().map(|f| f.to_str().unwrap()).to_vec())
    );
    for (file, plane) in files.iter().zip(planes) {
        let picture = Png::read(file);
        let size = [u32::try_from(plane.row_bytes).unwrap(), u32::try_from(plane.rows).unwrap()];
        assert_eq!((picture.size, picture.colours), (size, ColorType::Grayscale));
        assert_eq!(picture.bytes, plane.bytes);
    }
    assert!(!file.exists());
}

/// A display that cannot be opened is no reason to lose the picture of a plain format.
#[test]
fn plain_format_without_a_display_is_read_by_the_cpu() {
    let (folder, file) = folder();
    let (image, _planes) = image(Fourcc::RGB565, SIZE);
    let (here, there) = Channel::pair().unwrap();
    let mut command = tool::command();
    command
        .args(["dump", "--json", "--display", "device:99", "--fd", "0", "--output"])
        .arg(&file)
        .env("XDG_RUNTIME_DIR", folder.path())
        .stdin(OwnedFd::from(there));
    here.send(&image, Ready::Finished).unwrap();
    let described = description(&command.output().unwrap());
    assert_eq!(described["read_by"], "cpu");
    assert!(described["not_by_gl"]["next_step"].is_string(), "{described}");
    let pixels: Vec<_> =
        (0..SIZE[1]).flat_map(|y| (0..SIZE[0]).map(move |x| gradient(x, y))).collect();
    assert!(worst(&Png::read(&file), &pixels) <= 0.5 + 255.0 / 31.0 / 2.0);
}

#[test]
fn dump_that_nobody_connects_to_ends_at_its_deadline() {
    let (folder, file) = folder();
    let begin = Instant::now();
    let child = dump(folder.path(), &file, &["--socket", "camera", "--timeout", "0.2"]).spawn();
    let output = end(child.unwrap());
    assert!(begin.elapsed() < SOON);
    assert_eq!(output.status.code(), Some(1));
    let text = tool::stderr(&output);
    assert!(text.contains("error: nobody connected"), "{text}");
    assert!(text.contains("next: start the sender"), "{text}");
    assert!(!file.exists());
}

#[test]
fn message_that_is_no_image_is_a_failure() {
    let (folder, file) = folder();
    let (here, there) = Channel::pair().unwrap();
    let mut command = dump(folder.path(), &file, &["--fd", "0"]);
    let child = command.stdin(OwnedFd::from(there)).spawn().unwrap();
    let flags = rustix::net::SendFlags::empty();
    rustix::net::send(&here, b"a message of somebody else's", flags).unwrap();
    let output = end(child);
    assert_eq!(output.status.code(), Some(1));
    let text = tool::stderr(&output);
    assert!(text.contains("because: the message is malformed"), "{text}");
    assert!(!file.exists());
}
