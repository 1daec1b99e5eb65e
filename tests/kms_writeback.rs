#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Pictures taken by the writeback connector, against numbers that were worked out here.

mod common;

use std::sync::Arc;

use dmashare::device::DumbBuffer;
use dmashare::device::Node;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Matrix;
use dmashare::format::Modifier;
use dmashare::format::Range;
use dmashare::kms::Alpha;
use dmashare::kms::CaptureError;
use dmashare::kms::Change;
use dmashare::kms::CommitError;
use dmashare::kms::Flip;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::PlaneKind;
use dmashare::kms::Rectangle;
use dmashare::kms::Writeback;
use drm::control::Device as _;
use drm::control::atomic::AtomicModeReq;

use common::display;
use common::display::Inventory;
use common::leaks;
use common::screen;
use common::screen::Screen;
use common::vkms;

const SIZE: [u16; 2] = [64, 48];

/// The pixels of an image with 32 bits per pixel, row by row.
fn pixels(image: &Dmabuf) -> Vec<u32> {
    let mut mapping = image.map(Access::Read).unwrap();
    let access = mapping.begin(Access::Read).unwrap();
    let mut pixels = Vec::new();
    let mut row = vec![0; 4 * usize::try_from(image.width()).unwrap()];
    for y in 0..image.height() {
        access.read_row(0, y, &mut row).unwrap();
        pixels.extend(row.chunks(4).map(|it| u32::from_le_bytes(it.try_into().unwrap())));
    }
    access.finish().unwrap();
    pixels
}

fn lit() -> (Screen, Writeback, Framebuffer) {
    lit_on(display::open("vkms"))
}

fn lit_on(node: Node) -> (Screen, Writeback, Framebuffer) {
    let mut screen = Screen::on(node, Method::Atomic);
    screen.light(&screen::mode(SIZE, 60));
    let writeback = Writeback::new(&screen.output).unwrap();
    let target = screen.plain(SIZE.map(u32::from), 0xdead_beef);
    (screen, writeback, target)
}

/// A colour that is another one at every place.
fn pattern(x: u32, y: u32) -> u32 {
    (x * 4) << 16 | (y * 5) << 8 | (x ^ y)
}

/// What `pattern` is over the whole screen, with another colour where `top` says so.
fn expected(top: impl Fn(u32, u32, u32) -> Option<u32>) -> Vec<u32> {
    let [width, height] = SIZE.map(u32::from);
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    places.map(|(x, y)| top(x, y, pattern(x, y)).unwrap_or(pattern(x, y))).collect()
}

fn show_pattern(screen: &mut Screen) {
    let picture = screen.picture(SIZE.map(u32::from), Fourcc::XRGB8888, pattern);
    screen.flip(&picture, 1);
}

fn assert_pixels(image: &Dmabuf, expected: &[u32]) {
    let [width, _] = SIZE.map(usize::from);
    for (index, (seen, expected)) in pixels(image).iter().zip(expected).enumerate() {
        let (x, y) = (index % width, index / width);
        // What the unused byte holds is nobody's business.
        let (seen, expected) = (seen & 0x00ff_ffff, expected & 0x00ff_ffff);
        assert_eq!(seen, expected, "at {x},{y}: {seen:06x} instead of {expected:06x}");
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn picture_is_what_is_on_the_screen() {
    let (mut screen, writeback, target) = lit();
    show_pattern(&mut screen);
    for _ in 0..3 {
        let image = writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap();
        assert!(image.is_same_memory(target.image()));
        assert_pixels(&image, &expected(|_, _, _| None));
    }
    // Flips go on with the connector attached.
    let black = screen.plain(SIZE.map(u32::from), 0);
    screen.flip(&black, 2);
    let image = writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap();
    assert!(pixels(&image).iter().all(|pixel| pixel << 8 == 0));
}

#[test]
#[ignore = "lab: needs vkms"]
fn crop_and_position_are_those_that_were_asked_for() {
    let (mut screen, writeback, target) = lit();
    let [width, height] = SIZE.map(u32::from);
    let large = screen.picture([200, 150], Fourcc::XRGB8888, |x, y| pattern(x % 64, y % 48));
    let part = Layer::new(&large).crop(Rectangle { x: 70, y: 60, width, height });
    let plane = screen.pipeline.primary;
    screen.output.apply(&[Change::show(plane, &part)]).unwrap();
    let image = writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap();
    let shifted: Vec<u32> = (0..height)
        .flat_map(|y| (0..width).map(move |x| pattern((x + 70) % 64, (y + 60) % 48)))
        .collect();
    assert_pixels(&image, &shifted);
}

/// An overlay whose colours are premultiplied: `overlay + below * (1 - alpha)`, to the nearest.
#[test]
#[ignore = "lab: needs vkms with configfs"]
fn overlay_with_alpha_is_blended() {
    let device = vkms::Device::new("dmashare-overlay", 1);
    let (mut screen, writeback, target) = lit_on(device.open());
    show_pattern(&mut screen);
    let plane = screen.output.plane_of_kind(PlaneKind::Overlay).expect("an overlay").handle;
    blended_over(&mut screen, &writeback, &target, plane);
}

/// The cursor plane of vkms blends like any other.
#[test]
#[ignore = "lab: needs vkms"]
fn cursor_with_alpha_is_blended() {
    let (mut screen, writeback, target) = lit();
    show_pattern(&mut screen);
    let plane = screen.output.plane_of_kind(PlaneKind::Cursor).expect("a cursor").handle;
    blended_over(&mut screen, &writeback, &target, plane);
}

fn blended_over(
    screen: &mut Screen,
    writeback: &Writeback,
    target: &Framebuffer,
    plane: drm::control::plane::Handle,
) {
    let alpha = |x: u32, y: u32| (x * 8 + y * 4).min(255);
    // Red is as much as alpha allows, green half of it, blue nothing.
    let color = move |x, y| alpha(x, y) << 24 | alpha(x, y) << 16 | (alpha(x, y) / 2) << 8;
    let small = screen.picture([32, 32], Fourcc::ARGB8888, color);
    for [left, top] in [[7, 5], [-10, -6], [50, 40]] {
        let layer = Layer::new(&small).at([left, top]);
        let flip = Flip { user_data: 9, ..Flip::default() };
        screen.output.commit(&[Change::show(plane, &layer)], &flip).unwrap();
        assert_eq!(screen.flipped().user_data, 9);
        let image = writeback.capture(&mut screen.output, target, screen::PATIENCE).unwrap();
        let blended = |x: u32, y: u32, below: u32| {
            let inside = |at: u32, edge: i32| {
                let inner = i64::from(at) - i64::from(edge);
                u32::try_from(inner).ok().filter(|inner| *inner < 32)
            };
            let (x, y) = (inside(x, left)?, inside(y, top)?);
            let (over, alpha) = (color(x, y), alpha(x, y));
            let channel = |shift: u32| {
                let [over, below] = [over >> shift & 0xff, below >> shift & 0xff];
                let value = f64::from(over) + f64::from(below) * f64::from(255 - alpha) / 255.0;
                // At most 255 because of what the colours are.
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 to 255"
                )]
                let value = value.round() as u32;
                value << shift
            };
            Some(channel(16) | channel(8) | channel(0))
        };
        let expected = expected(blended);
        for (seen, expected) in pixels(&image).iter().zip(&expected) {
            for shift in [0, 8, 16] {
                let [seen, expected] = [seen, expected].map(|it| it >> shift & 0xff);
                assert!(seen.abs_diff(expected) <= 1, "{seen} instead of {expected}");
            }
        }
    }
    screen.output.apply(&[Change::Hide { plane }]).unwrap();
    let image = writeback.capture(&mut screen.output, target, screen::PATIENCE).unwrap();
    assert_pixels(&image, &expected(|_, _, _| None));
}

/// An NV12 picture whose left half has one colour and whose right half another.
fn nv12(screen: &Screen, colors: [[u8; 3]; 2]) -> Framebuffer {
    let [width, height] = SIZE.map(u32::from);
    let buffer = DumbBuffer::create(&screen.node, width, height * 3 / 2, 8).unwrap();
    let mapping = buffer.map().unwrap();
    let half = usize::try_from(width / 2).unwrap();
    let [[y0, u0, v0], [y1, u1, v1]] = colors;
    let luma = [vec![y0; half], vec![y1; half]].concat();
    let chroma = [[u0, v0].repeat(half / 2), [u1, v1].repeat(half / 2)].concat();
    for row in 0..height * 3 / 2 {
        mapping.write_row(row, if row < height { &luma } else { &chroma }).unwrap();
    }
    let fd = Arc::new(buffer.export().unwrap());
    let stride_bytes = buffer.stride_bytes();
    let plane = |offset_bytes| PlaneDescriptor { fd: Arc::clone(&fd), offset_bytes, stride_bytes };
    let planes = vec![plane(0), plane(stride_bytes * height)];
    let (fourcc, modifier) = (Fourcc::NV12, Modifier::LINEAR);
    let image = Dmabuf::new(Descriptor { width, height, fourcc, modifier, planes }).unwrap();
    Framebuffer::new(&screen.node, &screen.topology, &image, Alpha::Ignore).unwrap()
}

/// The matrix of ITU-R BT.601 or BT.709, worked out from the weights of red and blue.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255")]
fn rgb_of(color: [u8; 3], [red, blue]: [f64; 2], is_limited: bool) -> u32 {
    let (scale, chroma_scale, black) =
        if is_limited { (219.0, 224.0, 16.0) } else { (255.0, 255.0, 0.0) };
    let [luma, from_blue, from_red] = color.map(f64::from);
    let luma = (luma - black) / scale;
    let [from_blue, from_red] = [from_blue, from_red].map(|it| (it - 128.0) / chroma_scale);
    let red_light = luma + 2.0 * (1.0 - red) * from_red;
    let blue_light = luma + 2.0 * (1.0 - blue) * from_blue;
    let green_light = (luma - red * red_light - blue * blue_light) / (1.0 - red - blue);
    let byte = |value: f64| (value * 255.0).round().clamp(0.0, 255.0) as u32;
    byte(red_light) << 16 | byte(green_light) << 8 | byte(blue_light)
}

#[test]
#[ignore = "lab: needs vkms"]
fn yuv_is_converted_as_was_asked_for() {
    let (mut screen, writeback, target) = lit();
    let colors = [[81, 90, 240], [145, 54, 34]];
    let picture = nv12(&screen, colors);
    let plane = screen.pipeline.primary;
    for (matrix, weights) in [(Matrix::Bt601, [0.299, 0.114]), (Matrix::Bt709, [0.2126, 0.0722])] {
        for (range, is_limited) in [(Range::Narrow, true), (Range::Full, false)] {
            let colorimetry = Colorimetry { matrix, range, ..Colorimetry::default() };
            let layer = Layer::new(&picture).colorimetry(colorimetry);
            screen.output.commit(&[Change::show(plane, &layer)], &Flip::default()).unwrap();
            screen.flipped();
            let image = writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap();
            let seen = pixels(&image);
            for (index, seen) in seen.iter().enumerate() {
                let is_right = index % usize::from(SIZE[0]) >= usize::from(SIZE[0] / 2);
                let expected = rgb_of(colors[usize::from(is_right)], weights, is_limited);
                for shift in [0, 8, 16] {
                    let [a, b] = [*seen, expected].map(|it| it >> shift & 0xff);
                    assert!(a.abs_diff(b) <= 1, "{colorimetry:?}: {seen:08x} {expected:06x}");
                }
            }
        }
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn targets_that_cannot_be_written_are_refused() {
    let (mut screen, writeback, target) = lit();
    let small = screen.plain([32, 32], 0);
    let refused = writeback.capture(&mut screen.output, &small, screen::PATIENCE).unwrap_err();
    assert_eq!(refused, CaptureError::Size { size: [32, 32], mode: SIZE.map(u32::from) });

    // A format that planes read and the connector does not write.
    let [width, height] = SIZE.map(u32::from);
    let buffer = DumbBuffer::create(&screen.node, width, height, 32).unwrap();
    let image = buffer.export_image("RA24".parse().unwrap()).unwrap();
    let other = Framebuffer::new(&screen.node, &screen.topology, &image, Alpha::Blend).unwrap();
    let refused = writeback.capture(&mut screen.output, &other, screen::PATIENCE).unwrap_err();
    assert!(matches!(refused, CaptureError::Format { .. }), "{refused:?}");

    screen.output.flip(&screen.plain(SIZE.map(u32::from), 1), &Flip::default()).unwrap();
    let refused = writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap_err();
    assert_eq!(refused, CaptureError::Commit(CommitError::FlipPending));
    screen.flipped();

    screen.output.disable().unwrap();
    let refused = writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap_err();
    assert_eq!(refused, CaptureError::Commit(CommitError::Off));
}

/// What `capture` never asks for, the kernel refuses: a fence without a framebuffer, a framebuffer
/// without a CRTC, and an object that is no framebuffer.
#[test]
#[ignore = "lab: needs vkms"]
fn combinations_that_make_no_sense_are_refused_by_the_kernel() {
    let (screen, _writeback, target) = lit();
    let connector = screen.topology.connectors.iter().find(|it| it.is_writeback()).unwrap();
    let id = |name| connector.properties.handle(name).unwrap();
    let mut fence = -1_i32;
    let fence_address = u64::try_from((&raw mut fence).expose_provenance()).unwrap();
    let framebuffer: u32 = target.handle().into();
    let (fb, crtc, out) = ("WRITEBACK_FB_ID", "CRTC_ID", "WRITEBACK_OUT_FENCE_PTR");
    let on: u64 = u32::from(screen.output.crtc()).into();
    let combinations = [
        vec![(crtc, on), (fb, 0), (out, fence_address)],
        vec![(crtc, 0), (fb, framebuffer.into())],
        vec![(crtc, on), (fb, on)],
    ];
    for combination in combinations {
        let mut request = AtomicModeReq::new();
        for (name, value) in &combination {
            request.add_raw_property(connector.handle.into(), id(name), *value);
        }
        let flags = drm::control::AtomicCommitFlags::ALLOW_MODESET;
        let refused = screen.node.atomic_commit(flags, request).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::EINVAL), "{combination:?}");
        assert_eq!(fence, -1);
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn pictures_leave_nothing_behind() {
    let (mut screen, writeback, target) = lit();
    let node = target.node().clone();
    let (before, open) = (Inventory::of(&node), leaks::Open::now());
    for _ in 0..30 {
        writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap();
    }
    open.assert_same_fds();
    drop(open);
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_has_no_writeback() {
    let screen = Screen::new("virtio_gpu", Method::Atomic);
    assert_eq!(Writeback::new(&screen.output).unwrap_err(), CaptureError::Unsupported);
}
