//! A display shows the memory that a camera writes.

use dmashare::device::Node;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::Writeback;
use dmashare::v4l2::Capture;
use dmashare::v4l2::ColorFields;
use dmashare::v4l2::FormatRequest;
use dmashare::v4l2::PixelFormat;

use crate::PATIENCE;
use crate::SIZE;
use crate::common::display;
use crate::common::display::Inventory;
use crate::common::memfd;
use crate::common::pixels;
use crate::common::pixels::colorimetry::Chroma;
use crate::common::pixels::colorimetry::Colorimetry;
use crate::common::pixels::colorimetry::Matrix;
use crate::common::pixels::colorimetry::Range;
use crate::common::screen;
use crate::common::screen::Screen;
use crate::common::vivid::Camera;

/// Red, green and blue of the pixels of an image of 32 bits per pixel.
fn colours(image: &Dmabuf) -> Vec<[u8; 3]> {
    let mut mapping = image.map(Access::Read).unwrap();
    let bytes = mapping.begin(Access::Read).unwrap().read_plane(0).unwrap();
    bytes.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect()
}

/// Fails unless the display shows the bytes of a frame as the oracle reads them.
fn assert_shown(node: &Node, code: [u8; 4], fields: ColorFields, colorimetry: Colorimetry) {
    let device = Camera::SinglePlanar.open();
    let [width, height] = SIZE;
    let request = FormatRequest::new(width, height, PixelFormat::from_code(&code));
    let format = device.set_format(&request.colors(fields)).unwrap();
    let capture = Capture::export(&device, 2).unwrap();
    capture.start().unwrap();
    let frame = capture.frame(PATIENCE).unwrap();

    let mut screen = Screen::on(node.clone(), Method::Atomic);
    let image = frame.image();
    let shown = Framebuffer::new(&screen.node, &screen.topology, image, Alpha::Ignore).unwrap();
    let layer = Layer::new(&shown).colorimetry(format.colorimetry().unwrap());
    let mode = screen::mode(SIZE.map(|pixels| u16::try_from(pixels).unwrap()), 60);
    screen.output.enable(&mode, &layer).unwrap();
    let target = screen.plain(SIZE, 0);
    let writeback = Writeback::new(&screen.output).unwrap();
    let seen = writeback.capture(&mut screen.output, &target, screen::PATIENCE).unwrap();

    // vkms (7.3) makes 257 of a step of 8 bits, and has the coefficients for steps of 256.
    let steps = if format.fourcc() == Fourcc::NV12 { 2.0 } else { 0.0 };
    // The bars are the same in every row, which the first two stand for.
    let mut planes = memfd::read(image);
    for plane in &mut planes {
        plane.rows = plane.rows.min(2);
        plane.bytes.truncate(plane.rows * plane.row_bytes);
    }
    let expected = pixels::decode(format.fourcc().0, &planes, [width, 2], colorimetry);
    let seen = colours(&seen);
    let rows: Vec<_> = seen.chunks_exact(width as usize).collect();
    assert!(rows.len() == height as usize && rows.iter().all(|row| row == &rows[0]));
    for (x, (seen, expected)) in rows[0].iter().zip(expected).enumerate() {
        let is_right = seen.iter().zip(expected).all(|(seen, part)| {
            let step = (f64::from(*seen) - 255.0 * part).abs();
            step <= steps
        });
        assert!(is_right, "column {x}: {seen:?}, not {expected:?} ({colorimetry:?})");
    }
}

#[test]
#[ignore = "lab: needs vivid and vkms"]
fn camera_is_shown_by_a_display_in_its_colours() {
    let node = display::open("vkms");
    let before = Inventory::of(&node);
    for (encoding, matrix) in
        [(ColorFields::ENCODING_BT601, Matrix::Bt601), (ColorFields::ENCODING_BT709, Matrix::Bt709)]
    {
        for (quantization, range) in
            [(ColorFields::LIMITED_RANGE, Range::Narrow), (ColorFields::FULL_RANGE, Range::Full)]
        {
            let fields = ColorFields { colorspace: 8, encoding, quantization, transfer: 2 };
            let colorimetry = Colorimetry { matrix, range, chroma: Chroma::Averaged };
            assert_shown(&node, *b"NV12", fields, colorimetry);
        }
    }
    let rgb = ColorFields { colorspace: 8, encoding: 1, quantization: 1, transfer: 2 };
    let ignored =
        Colorimetry { matrix: Matrix::Bt601, range: Range::Full, chroma: Chroma::Averaged };
    assert_shown(&node, *b"XR24", rgb, ignored);
    before.assert_nothing_new(&node);
}
