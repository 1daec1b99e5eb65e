#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! From GL in one process to the display of another, against numbers: a picture is drawn by one
//! process, sampled and drawn again by a second one, scanned out as a framebuffer, and captured
//! where the monitor would be.

#[path = "../common/mod.rs"]
mod common;
mod drawing;
mod gpu;
mod numbers;
mod video;

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use dmashare::allocator::Allocator;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::device::DumbBuffer;
use dmashare::dmabuf::Dmabuf;
use dmashare::format;
use dmashare::format::Fourcc;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::kms::Alpha;
use dmashare::kms::BlendMode;
use dmashare::kms::Change;
use dmashare::kms::Layer;
use dmashare::kms::PlaneKind;

use common::child;
use common::child::Process;
use common::display;
use common::memfd;
use common::monitor::Monitor;
use common::pixels;
use common::pixels::PlaneBytes;
use common::pixels::colorimetry::Chroma;
use common::pixels::colorimetry::Colorimetry;
use common::pixels::colorimetry::Matrix;
use common::pixels::colorimetry::Range;
use common::renderer::Renderer;
use common::vkms;
use numbers::SIZE;

const SOON: Duration = Duration::from_secs(60);

/// Formats without luma have no use for it.
const COLORIMETRY: Colorimetry =
    Colorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Cosited };

/// The bytes that the second process must have drawn.
fn planes_of(fourcc: Fourcc) -> Vec<PlaneBytes> {
    match fourcc {
        Fourcc::NV12 => vec![numbers::luma(0), numbers::chroma(0)],
        Fourcc::P010 => vec![numbers::luma(8), numbers::chroma(8)],
        Fourcc::RGB565 => vec![numbers::sixteen_bits()],
        fourcc => {
            let of_eight_bits = |x, y| numbers::drawn(x, y).map(|part| f64::from(part) / 255.0);
            pixels::encode(fourcc.0, SIZE, COLORIMETRY, &of_eight_bits)
        }
    }
}

/// What the bytes mean; bits without a meaning are left out.
fn colours(fourcc: Fourcc, planes: &[PlaneBytes]) -> Vec<[f64; 4]> {
    pixels::decode(fourcc.0, planes, SIZE, COLORIMETRY)
}

/// The largest difference of red, green or blue.
fn distance(one: &[f64; 4], other: &[f64; 4]) -> f64 {
    one.iter().zip(other).take(3).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// By how much a driver may draw another number: llvmpipe of Mesa 25.0.7 is off by one of 1023 in
/// either direction.
fn slack(fourcc: Fourcc) -> f64 {
    if fourcc == Fourcc::XRGB2101010 { 1.001 / 1023.0 } else { 0.0 }
}

/// Draws the first process' picture again into another image.
fn draw_again(renderer: &Renderer, picture: &Dmabuf, image: &Dmabuf) {
    match image.planes().len() {
        1 => drawing::draw_copy(renderer, picture, image),
        _ => drawing::draw_planes(renderer, picture, image),
    }
}

#[test]
fn pictures_are_drawn_as_numbers() {
    let renderer = Renderer::new();
    let picture = memfd::image(Fourcc::ARGB8888, SIZE);
    drawing::draw_picture(&renderer, &picture);
    assert!(memfd::read(&picture) == planes_of(Fourcc::ARGB8888));
    for fourcc in [
        Fourcc::ARGB8888,
        Fourcc::XRGB8888,
        Fourcc::RGB565,
        Fourcc::XRGB2101010,
        Fourcc::NV12,
        Fourcc::P010,
    ] {
        let image = memfd::image(fourcc, SIZE);
        draw_again(&renderer, &picture, &image);
        let (found, expected) = (memfd::read(&image), planes_of(fourcc));
        let (found, expected) = (colours(fourcc, &found), colours(fourcc, &expected));
        let worst = found.iter().zip(&expected).map(|(f, e)| distance(f, e)).fold(0.0, f64::max);
        assert!(worst <= slack(fourcc), "{fourcc}: {worst}");
    }
}

/// Memory that both GL and the display take.
fn image(fourcc: Fourcc) -> Dmabuf {
    let [width, height] = SIZE;
    Udmabuf::open().unwrap().allocate(&Request::new(width, height, fourcc)).unwrap()
}

/// The first process: draws its picture, sends it, and goes.
fn draw_and_send() {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let channel = Channel::from_fd(stdin).unwrap();
    let picture = image(Fourcc::ARGB8888);
    drawing::draw_picture(&Renderer::new(), &picture);
    channel.send(&picture, Ready::Finished).unwrap();
    child::done();
}

/// The picture of a process that was started for it and is gone.
fn received(test: &str) -> Dmabuf {
    let (mut here, there) = Channel::pair().unwrap();
    // The pixels of a GPU need not be behind the file descriptor.
    here.allow_kernel_checked(true);
    let mut command = child::command(test, "first process");
    command.stdin(Stdio::from(OwnedFd::from(there)));
    let process = Process::start(command);
    let received = here.recv_timeout(SOON).unwrap();
    assert!(received.fence.is_none(), "it had finished");
    process.finish();
    received.image
}

/// Fails where the monitor shows another number than the one expected, plus or minus `steps`.
fn assert_shown(what: &str, seen: &[[u8; 3]], expected: &[[f64; 4]], steps: f64) {
    assert_eq!(seen.len(), expected.len());
    let mut worst = 0.0_f64;
    for (index, (seen, expected)) in seen.iter().zip(expected).enumerate() {
        let [red, green, blue, _alpha] = *expected;
        let expected = numbers::in_eight_bits([red, green, blue]);
        for (seen, expected) in seen.iter().zip(expected) {
            let step = (f64::from(*seen) - expected).abs();
            assert!(step <= steps, "{what}, pixel {index}: {seen} instead of {expected}");
            worst = worst.max(step);
        }
    }
    println!("{what}: off by {worst} of 255 at most");
}

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn rgb_is_shown_as_another_process_drew_it() {
    if child::case().is_some() {
        return draw_and_send();
    }
    let picture = received("rgb_is_shown_as_another_process_drew_it");
    let (renderer, mut monitor) = (Renderer::new(), Monitor::new(SIZE));
    let plane = monitor.screen.pipeline.primary;
    let formats = monitor.screen.topology.plane(plane).unwrap().formats.clone();
    for (fourcc, steps) in
        [(Fourcc::XRGB8888, 0.0), (Fourcc::RGB565, 0.0), (Fourcc::XRGB2101010, 1.0)]
    {
        if fourcc == Fourcc::XRGB2101010 && !formats.contains_fourcc(fourcc) {
            println!("{fourcc}: this plane does not list it");
            continue;
        }
        let image = image(fourcc);
        draw_again(&renderer, &picture, &image);
        let framebuffer = monitor.framebuffer(&image, Alpha::Ignore);
        monitor.screen.flip(&framebuffer, 1);
        let expected = colours(fourcc, &planes_of(fourcc));
        assert_shown(&fourcc.to_string(), &monitor.photograph(), &expected, steps);
    }
}

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn buffer_of_another_device_is_shown() {
    let vgem = display::open("vgem");
    let [width, height] = SIZE;
    let buffer = DumbBuffer::create(&vgem, width, height, 32).unwrap();
    let mapping = buffer.map().unwrap();
    for y in 0..height {
        let pixel = |x| {
            let [red, green, blue, _alpha] = numbers::drawn(x, y);
            red << 16 | green << 8 | blue
        };
        let row: Vec<u8> = (0..width).flat_map(|x| pixel(x).to_le_bytes()).collect();
        mapping.write_row(y, &row).unwrap();
    }
    let image = buffer.export_image(Fourcc::XRGB8888).unwrap();
    let mut monitor = Monitor::new(SIZE);
    let framebuffer = monitor.framebuffer(&image, Alpha::Ignore);
    monitor.screen.flip(&framebuffer, 1);
    let expected = colours(Fourcc::XRGB8888, &planes_of(Fourcc::XRGB8888));
    assert_shown("vgem on vkms", &monitor.photograph(), &expected, 0.0);
}

#[test]
#[ignore = "lab: needs vkms of Linux 6.16 or later, and /dev/udmabuf"]
fn overlay_is_blended_over_what_is_below() {
    if child::case().is_some() {
        return draw_and_send();
    }
    let picture = received("overlay_is_blended_over_what_is_below");
    let device = vkms::Device::new("dmashare-oracle", 1);
    let (renderer, mut monitor) = (Renderer::new(), Monitor::on(device.open(), SIZE));
    let image = image(Fourcc::ARGB8888);
    draw_again(&renderer, &picture, &image);
    let below = [0x20, 0x80, 0xe0];
    let background = monitor.screen.plain(SIZE, 0x0020_80e0);
    let framebuffer = monitor.framebuffer(&image, Alpha::Blend);
    let layers =
        [Layer::new(&background), Layer::new(&framebuffer).blend_mode(BlendMode::Premultiplied)];
    let overlay = monitor.screen.output.plane_of_kind(PlaneKind::Overlay).unwrap().handle;
    let planes = [monitor.screen.pipeline.primary, overlay];
    let changes = [0, 1].map(|index: usize| Change::show(planes[index], &layers[index]));
    monitor.screen.output.apply(&changes).unwrap();
    let expected: Vec<[f64; 4]> = colours(Fourcc::ARGB8888, &planes_of(Fourcc::ARGB8888))
        .iter()
        .map(|[red, green, blue, alpha]| {
            let over = |part: f64, below: i32| part + f64::from(below) / 255.0 * (1.0 - alpha);
            [over(*red, below[0]), over(*green, below[1]), over(*blue, below[2]), 1.0]
        })
        .collect();
    assert_shown("AR24 over XR24", &monitor.photograph(), &expected, 1.0);
}

#[test]
#[ignore = "lab: needs vkms of Linux 6.17 or later, and /dev/udmabuf"]
fn luma_and_chroma_are_shown_in_every_encoding_and_range() {
    if child::case().is_some() {
        return draw_and_send();
    }
    let picture = received("luma_and_chroma_are_shown_in_every_encoding_and_range");
    let (renderer, mut monitor) = (Renderer::new(), Monitor::new(SIZE));
    let plane = monitor.screen.pipeline.primary;
    // vkms (7.3) takes numbers of more than 8 bits for 257ths where the standards have 256ths, so
    // that narrow white is 60395 of 65535 instead of 60160.
    for (fourcc, steps) in [(Fourcc::NV12, 1.0), (Fourcc::P010, 2.0)] {
        let image = image(fourcc);
        draw_again(&renderer, &picture, &image);
        let framebuffer = monitor.framebuffer(&image, Alpha::Blend);
        for (matrix_of_plane, matrix) in
            [(format::Matrix::Bt601, Matrix::Bt601), (format::Matrix::Bt709, Matrix::Bt709)]
        {
            for (range_of_plane, range) in
                [(format::Range::Narrow, Range::Narrow), (format::Range::Full, Range::Full)]
            {
                let of_plane = format::Colorimetry {
                    matrix: matrix_of_plane,
                    range: range_of_plane,
                    ..format::Colorimetry::default()
                };
                let layer = Layer::new(&framebuffer).colorimetry(of_plane);
                monitor.screen.output.apply(&[Change::show(plane, &layer)]).unwrap();
                let colorimetry = Colorimetry { matrix, range, chroma: Chroma::Cosited };
                let expected = pixels::decode(fourcc.0, &planes_of(fourcc), SIZE, colorimetry);
                let what = format!("{fourcc} {matrix:?} {range:?}");
                assert_shown(&what, &monitor.photograph(), &expected, steps);
            }
        }
    }
}
