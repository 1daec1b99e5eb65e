//! A camera writes into dma-bufs, its own or others', what the standards say its picture is; its
//! frames come in order, and go back; and what can go wrong with it has a name.
//!
//! The camera is the kernel's test driver, in the lab.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod failures;
mod frames;
mod memory;
mod pictures;
mod scanout;

use std::time::Duration;

use dmashare::format::Fourcc;
use dmashare::v4l2::Capture;
use dmashare::v4l2::Device;
use dmashare::v4l2::Format;
use dmashare::v4l2::FormatRequest;
use dmashare::v4l2::FrameSizes;
use dmashare::v4l2::PixelFormat;

use common::vivid::Camera;

/// The least that it has, and quick to draw.
const SIZE: [u32; 2] = [320, 180];

/// Longer than any frame takes where the processor is emulated.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sets a format at the least size.
fn set(device: &Device, code: [u8; 4]) -> Format {
    let [width, height] = SIZE;
    let request = FormatRequest::new(width, height, PixelFormat::from_code(&code));
    device.set_format(&request).unwrap()
}

/// A running capture into so many buffers of the driver's own.
fn running(device: &Device, code: [u8; 4], buffers: u32) -> Capture {
    set(device, code);
    let capture = Capture::export(device, buffers).unwrap();
    capture.start().unwrap();
    capture
}

#[test]
#[ignore = "lab: needs vivid"]
fn cameras_say_what_they_have() {
    for camera in Camera::ALL {
        let device = camera.open_as_is();
        assert_eq!(device.driver(), "vivid");
        assert_eq!(device.name(), "vivid");
        assert_eq!(device.is_multi_planar(), camera == Camera::MultiPlanar);
        assert_eq!(Device::open(device.path()).unwrap().bus(), device.bus());
        let formats = device.formats().unwrap();
        let has = |code: &[u8; 4]| {
            formats.iter().any(|it| it.pixel_format == PixelFormat::from_code(code))
        };
        assert!(has(b"YUYV") && has(b"NV12") && has(b"XR24") && has(b"HSV3"), "{formats:?}");
        assert_eq!(has(b"NM12"), camera == Camera::MultiPlanar);
        let yuyv = formats.iter().find(|it| it.pixel_format.fourcc() == Some(Fourcc::YUYV));
        let yuyv = yuyv.unwrap();
        assert_eq!(yuyv.description, "YUYV 4:2:2");
        assert!(!yuyv.is_compressed && !yuyv.is_emulated);
        let FrameSizes::Discrete(sizes) = device.sizes(yuyv.pixel_format).unwrap() else {
            panic!("a webcam has some sizes");
        };
        assert_eq!((sizes.first(), sizes.last()), (Some(&SIZE), Some(&[3840, 2160])));
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn format_that_is_set_is_the_nearest() {
    let device = Camera::SinglePlanar.open();
    let nearest = |size: [u32; 2], code: &[u8; 4]| {
        let [width, height] = size;
        let request = FormatRequest::new(width, height, PixelFormat::from_code(code));
        let format = device.set_format(&request).unwrap();
        assert_eq!(device.format().unwrap(), format);
        format
    };
    let format = nearest([1, 1], b"YUYV");
    assert_eq!([format.width(), format.height()], SIZE);
    assert_eq!((format.fourcc(), format.planes()[0].stride_bytes), (Fourcc::YUYV, 640));
    assert_eq!(format.buffers_bytes(), [640 * 180]);
    let format = nearest([4000, 3000], b"NV12");
    assert_eq!([format.width(), format.height()], [3840, 2160]);
    assert_eq!(format.planes()[1].offset_bytes, 3840 * 2160);
    assert!(!format.is_interlaced());
}
