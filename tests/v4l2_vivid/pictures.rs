//! What is captured, pixel by pixel: every format that the camera has, in every kind of memory.

use std::sync::Arc;

use dmashare::allocator::Allocator;
use dmashare::allocator::DmaHeap;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Plane;
use dmashare::format;
use dmashare::format::Fourcc;
use dmashare::v4l2::Capture;
use dmashare::v4l2::ColorFields;
use dmashare::v4l2::Device;
use dmashare::v4l2::Format;
use dmashare::v4l2::FormatRequest;
use dmashare::v4l2::PixelFormat;

use crate::PATIENCE;
use crate::SIZE;
use crate::common::memfd;
use crate::common::pixels::colorimetry::Chroma;
use crate::common::pixels::colorimetry::Colorimetry;
use crate::common::pixels::colorimetry::Matrix;
use crate::common::pixels::colorimetry::Range;
use crate::common::vivid;
use crate::common::vivid::Camera;
use crate::common::vivid::Control;

/// How many formats of vivid are formats of images: with one buffer for a frame, and with several.
const FORMATS: [usize; 2] = [50, 10];

/// `V4L2_COLORSPACE_SRGB`, whose luma and chroma are those of BT.601.
const SRGB: u32 = 8;

const WEBCAM: Colorimetry =
    Colorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Averaged };

/// The formats that a camera has and images can have.
fn formats(device: &Device) -> Vec<PixelFormat> {
    let formats = device.formats().unwrap().into_iter().map(|format| format.pixel_format);
    formats.filter(|format| format.fourcc().is_some()).collect()
}

fn colorimetry_of(fourcc: Fourcc) -> Colorimetry {
    if fourcc == Fourcc::Y8 {
        // Luma alone is drawn as a grey of BT.709, which goes from 0 to 255.
        return Colorimetry { matrix: Matrix::Bt709, range: Range::Full, ..WEBCAM };
    }
    WEBCAM
}

/// Fails unless an image has the bars, to one code value.
fn assert_bars(image: &Dmabuf, colorimetry: Colorimetry) {
    let expected = vivid::bars(image.fourcc().0, image.width(), colorimetry);
    let outcome = vivid::compare(&memfd::read(image), &expected);
    assert_eq!(outcome, Ok(()), "{image:?} {colorimetry:?}");
}

/// Captures more frames than there are buffers.
fn assert_captures_bars(capture: &Capture, colorimetry: Colorimetry) {
    capture.start().unwrap();
    for _frame in 0..=capture.buffer_count() {
        let frame = capture.frame(PATIENCE).unwrap();
        assert_eq!(frame.image().fourcc(), capture.format().fourcc());
        assert!(!frame.is_damaged());
        assert_bars(frame.image(), colorimetry);
        frame.requeue().unwrap();
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn exported_frames_have_the_bars_in_every_format() {
    for camera in [Camera::SinglePlanar, Camera::MultiPlanar] {
        let device = camera.open();
        let formats = formats(&device);
        let [single, several] = FORMATS;
        let expected = if device.is_multi_planar() { single + several } else { single };
        assert_eq!(formats.len(), expected, "{formats:?}");
        for pixel_format in formats {
            let [width, height] = SIZE;
            let request = FormatRequest::new(width, height, pixel_format);
            let format = device.set_format(&request).unwrap();
            println!("{camera:?} {pixel_format}: {}", format.fourcc());
            let capture = Capture::export(&device, 2).unwrap();
            assert_captures_bars(&capture, colorimetry_of(format.fourcc()));
        }
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn exported_frames_in_contiguous_memory_have_the_bars() {
    let device = Camera::Contiguous.open();
    for code in [b"YUYV", b"NV12", b"YU12", b"XR24"] {
        crate::set(&device, *code);
        assert_captures_bars(&Capture::export(&device, 2).unwrap(), WEBCAM);
    }
}

#[test]
#[ignore = "lab: needs vivid, /dev/udmabuf and /dev/dma_heap/system"]
fn imported_frames_have_the_bars_in_every_format() {
    let (udmabuf, heap) = (Udmabuf::open().unwrap(), DmaHeap::open("system").unwrap());
    for camera in [Camera::SinglePlanar, Camera::MultiPlanar] {
        let device = camera.open();
        for pixel_format in formats(&device) {
            if camera == Camera::MultiPlanar && pixel_format.buffers() == Some(1) {
                continue;
            }
            println!("{camera:?} {pixel_format}");
            let [width, height] = SIZE;
            // Longer than any row, so that the gaps behind them are the images' and not the camera's.
            let strides = vec![1600; pixel_format.buffers().unwrap()];
            let request = FormatRequest::new(width, height, pixel_format).strides(strides);
            let format = device.set_format(&request).unwrap();
            assert_eq!(format.planes()[0].stride_bytes, 1600);
            let images = [image_in(&udmabuf, &format), image_in(&heap, &format)];
            let capture = Capture::import(&device, &images).unwrap();
            capture.start().unwrap();
            for _frame in 0..3 {
                let frame = capture.frame(PATIENCE).unwrap();
                let same = images.iter().position(|it| is_same_buffer(it, frame.image()));
                assert_eq!(same, Some(frame.buffer()));
                assert_bars(frame.image(), colorimetry_of(format.fourcc()));
            }
        }
    }
}

/// Plain memory, laid out as the camera needs it.
fn image_in(allocator: &dyn Allocator, format: &Format) -> Dmabuf {
    let buffers = format.buffers_bytes().iter().map(|bytes| {
        let plain = Request::new(1024, bytes.div_ceil(1024), Fourcc::R8);
        allocator.allocate(&plain).unwrap().planes()[0].shared_fd()
    });
    let buffers: Vec<Arc<_>> = buffers.collect();
    format.image_in(&buffers).unwrap()
}

/// The camera may begin behind the beginning.
fn is_same_buffer(a: &Dmabuf, b: &Dmabuf) -> bool {
    let identities =
        |image: &Dmabuf| -> Vec<_> { image.planes().iter().map(Plane::identity).collect() };
    identities(a) == identities(b)
}

#[test]
#[ignore = "lab: needs vivid and /dev/udmabuf"]
fn images_of_an_allocator_are_captured_into_as_they_are() {
    let device = Camera::MultiPlanar.open();
    let udmabuf = Udmabuf::open().unwrap();
    let [width, height] = SIZE;
    for fourcc in [Fourcc::YUYV, Fourcc::XRGB8888, Fourcc::BGR888] {
        let image = udmabuf.allocate(&Request::new(width, height, fourcc)).unwrap();
        device.set_format(&FormatRequest::like(&image).unwrap()).unwrap();
        let capture = Capture::import(&device, std::slice::from_ref(&image)).unwrap();
        assert_captures_bars(&capture, WEBCAM);
        assert!(capture.frame(PATIENCE).unwrap().image().is_same_memory(&image));
    }
    for fourcc in [Fourcc::NV12, Fourcc::YUV420] {
        let request = Request::new(width, height, fourcc).separate_planes();
        let image = udmabuf.allocate(&request).unwrap();
        let format = device.set_format(&FormatRequest::like(&image).unwrap()).unwrap();
        assert_eq!(format.buffers_bytes().len(), image.planes().len());
        let capture = Capture::import(&device, &[image]).unwrap();
        assert_captures_bars(&capture, WEBCAM);
    }
}

/// The oracle's name of a matrix.
fn as_stated(matrix: format::Matrix) -> Matrix {
    match matrix {
        format::Matrix::Bt601 => Matrix::Bt601,
        format::Matrix::Bt709 => Matrix::Bt709,
        format::Matrix::Bt2020 => Matrix::Bt2020,
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn colours_are_those_that_the_format_states() {
    let device = Camera::SinglePlanar.open();
    let matrices = [
        (ColorFields::ENCODING_BT601, Matrix::Bt601),
        (ColorFields::ENCODING_BT709, Matrix::Bt709),
        (ColorFields::ENCODING_BT2020, Matrix::Bt2020),
    ];
    let ranges =
        [(ColorFields::LIMITED_RANGE, Range::Narrow), (ColorFields::FULL_RANGE, Range::Full)];
    for (encoding, matrix) in matrices {
        for (quantization, range) in ranges {
            for code in [b"NV12", b"YUYV", b"YUVX"] {
                let [width, height] = SIZE;
                let fields = ColorFields { colorspace: SRGB, encoding, quantization, transfer: 2 };
                let request = FormatRequest::new(width, height, PixelFormat::from_code(code));
                let format = device.set_format(&request.colors(fields)).unwrap();
                assert_eq!(format.colors(), fields);
                let stated = format.colorimetry().unwrap();
                assert_eq!(
                    (as_stated(stated.matrix), stated.range == format::Range::Full),
                    (matrix, range == Range::Full)
                );
                let capture = Capture::export(&device, 1).unwrap();
                capture.start().unwrap();
                let frame = capture.frame(PATIENCE).unwrap();
                assert_bars(frame.image(), Colorimetry { matrix, range, ..WEBCAM });
            }
        }
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn colours_that_are_left_open_are_looked_up() {
    let device = Camera::SinglePlanar.open();
    let colors = |code: &[u8; 4]| crate::set(&device, *code).colors();
    let bt601 = ColorFields::ENCODING_BT601;
    assert_eq!((colors(b"NV12").colorspace, colors(b"NV12").encoding), (SRGB, bt601));
    assert_eq!(colors(b"NV12").quantization, ColorFields::LIMITED_RANGE);
    assert_eq!(colors(b"RGB3").quantization, ColorFields::FULL_RANGE);
}

#[test]
#[ignore = "lab: needs vivid"]
fn bars_at_other_sizes_are_where_they_should_be() {
    let device = Camera::MultiPlanar.open();
    for [width, height] in [[320, 240], [640, 360], [1280, 720]] {
        for code in [b"NM12", b"YU12"] {
            let request = FormatRequest::new(width, height, PixelFormat::from_code(code));
            let format = device.set_format(&request).unwrap();
            assert_eq!([format.width(), format.height()], [width, height]);
            let capture = Capture::export(&device, 1).unwrap();
            capture.start().unwrap();
            assert_bars(capture.frame(PATIENCE).unwrap().image(), WEBCAM);
        }
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn frame_that_begins_behind_the_beginning_of_its_buffer_is_where_its_image_says() {
    let device = Camera::MultiPlanar.open();
    for (code, offsets_bytes) in [(b"NM16", [128, 0]), (b"NM61", [0, 128])] {
        let capture = crate::running(&device, *code, 2);
        let frame = capture.frame(PATIENCE).unwrap();
        let found: Vec<_> = frame.image().planes().iter().map(Plane::offset_bytes).collect();
        assert_eq!(found, offsets_bytes);
        assert_bars(frame.image(), WEBCAM);
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn picture_that_changes_is_another_frame_in_the_same_memory() {
    let device = Camera::SinglePlanar.open();
    let capture = crate::running(&device, *b"RGB3", 1);
    let frame = capture.frame(PATIENCE).unwrap();
    let (image, buffer) = (frame.image().clone(), frame.buffer());
    vivid::set(&device, Control::TestPattern, 6);
    frame.requeue().unwrap();
    let is_white = || memfd::read(&image)[0].bytes.iter().all(|byte| *byte == 255);
    loop {
        let frame = capture.frame(PATIENCE).unwrap();
        assert_eq!(frame.image().is_same_memory(&image), frame.buffer() == buffer);
        if frame.buffer() == buffer && is_white() {
            break;
        }
    }
}
