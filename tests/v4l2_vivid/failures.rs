//! What goes wrong has a name, and leaves nothing.

use std::time::Duration;

use dmashare::allocator::Allocator;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::v4l2::Capture;
use dmashare::v4l2::CaptureError;
use dmashare::v4l2::Device;
use dmashare::v4l2::FormatError;
use dmashare::v4l2::FormatRequest;
use dmashare::v4l2::FrameError;
use dmashare::v4l2::Misfit;
use dmashare::v4l2::OpenError;
use dmashare::v4l2::PixelFormat;
use dmashare::v4l2::QueueError;
use rustix::io::Errno;

use crate::PATIENCE;
use crate::SIZE;
use crate::common::child;
use crate::common::child::Case;
use crate::common::drm_node::dma_bufs;
use crate::common::memfd;
use crate::common::vivid;
use crate::common::vivid::Camera;
use crate::common::vivid::Control;

/// An image of udmabuf, and the camera set to something like it.
fn allocated(device: &Device, fourcc: Fourcc) -> Dmabuf {
    let [width, height] = SIZE;
    let udmabuf = Udmabuf::open().unwrap();
    let image = udmabuf.allocate(&Request::new(width, height, fourcc)).unwrap();
    device.set_format(&FormatRequest::like(&image).unwrap()).unwrap();
    image
}

const CASES: &[Case] = &[
    ("what is no camera is not opened", || {
        let open = |path: &str| Device::open(path).unwrap_err();
        assert!(matches!(open("/dev/video99"), OpenError::Missing { errno: Errno::NOENT, .. }));
        assert!(matches!(open("/dev/null"), OpenError::NoCapture { .. }));
        assert!(matches!(
            open("/proc/self/maps"),
            OpenError::Denied { .. } | OpenError::NoCapture { .. }
        ));
    }),
    ("formats that are none are refused", || {
        let device = Camera::SinglePlanar.open();
        let [width, height] = SIZE;
        let set = |code| {
            let request = FormatRequest::new(width, height, PixelFormat::from_code(code));
            device.set_format(&request).unwrap_err()
        };
        let hsv = PixelFormat::from_code(b"HSV3");
        assert_eq!(set(b"HSV3"), FormatError::NoImage { pixel_format: hsv });
        // Only the other camera has it.
        let wanted = PixelFormat::from_code(b"NM12");
        let nearest = PixelFormat::from_code(b"YUYV");
        assert_eq!(set(b"NM12"), FormatError::Unsupported { wanted, nearest });
    }),
    ("buffers that nobody asks for are not there", || {
        let device = Camera::SinglePlanar.open();
        crate::set(&device, *b"GREY");
        assert_eq!(Capture::export(&device, 0).unwrap_err(), CaptureError::NoBuffers);
        assert_eq!(Capture::import(&device, &[]).unwrap_err(), CaptureError::NoBuffers);
        Capture::export(&device, 1).unwrap();
    }),
    ("images that the camera does not write are misfits", || {
        let device = Camera::SinglePlanar.open();
        let image = allocated(&device, Fourcc::YUYV);
        let misfit = |image: &Dmabuf| match Capture::import(&device, std::slice::from_ref(image)) {
            Err(CaptureError::Misfit { image: 0, misfit }) => misfit,
            other => panic!("{other:?}"),
        };
        let [width, height] = SIZE;
        let request = Request::new(width, height, Fourcc::YUYV);
        assert_eq!(misfit(&Memfd::new().allocate(&request).unwrap()), Misfit::Memfd { plane: 0 });
        crate::set(&device, *b"YUYV");
        assert_eq!(misfit(&image), Misfit::Stride { plane: 0, needed: 640, found: 768 });
        crate::set(&device, *b"GREY");
        let other = Misfit::Fourcc { needed: Fourcc::Y8, found: Fourcc::YUYV };
        assert_eq!(misfit(&image), other);
        // An allocator begins chroma at a page, and the camera right behind luma.
        let image = allocated(&device, Fourcc::YUV420);
        let misplaced = misfit(&image);
        assert!(matches!(misplaced, Misfit::Offset { plane: 1, .. }), "{misplaced}");
    }),
    ("more images than the driver takes are refused", || {
        let device = Camera::SinglePlanar.open();
        let image = allocated(&device, Fourcc::Y8);
        let images = vec![image; 100];
        let refused = Capture::import(&device, &images).unwrap_err();
        assert!(matches!(refused, CaptureError::TooMany { wanted: 100, .. }), "{refused}");
        Capture::import(&device, &images[..4]).unwrap();
    }),
    ("memory that the device cannot reach is an error of the start", || {
        let device = Camera::Contiguous.open();
        let image = allocated(&device, Fourcc::XRGB8888);
        let capture = Capture::import(&device, &[image]).unwrap();
        let refused = capture.start().unwrap_err();
        assert!(matches!(refused, QueueError::Call { call: "VIDIOC_QBUF", .. }), "{refused}");
        assert_eq!(capture.frame(PATIENCE).unwrap_err(), FrameError::Stopped);
    }),
    ("a driver that refuses buffers is believed", || {
        let device = Camera::SinglePlanar.open();
        crate::set(&device, *b"GREY");
        vivid::set(&device, Control::FailRequest, 1);
        assert!(Capture::export(&device, 2).is_err());
        Capture::export(&device, 2).unwrap();
    }),
    ("a camera that does not start can be started again", || {
        let device = Camera::SinglePlanar.open();
        crate::set(&device, *b"GREY");
        let capture = Capture::export(&device, 2).unwrap();
        for (control, call) in
            [(Control::FailStart, "VIDIOC_STREAMON"), (Control::FailQueue, "VIDIOC_QBUF")]
        {
            vivid::set(&device, control, 1);
            let errno = Errno::INVAL;
            assert_eq!(capture.start(), Err(QueueError::Call { call, errno }));
            assert_eq!(capture.frame(PATIENCE).unwrap_err(), FrameError::Stopped);
        }
        capture.start().unwrap();
        capture.frame(PATIENCE).unwrap();
    }),
    ("a frame that is not taken back says so, and the others go on", || {
        let device = Camera::SinglePlanar.open();
        let capture = crate::running(&device, *b"GREY", 3);
        let frame = capture.frame(PATIENCE).unwrap();
        let lost = frame.buffer();
        vivid::set(&device, Control::FailQueue, 1);
        let refused = frame.requeue().unwrap_err();
        assert_eq!(refused, QueueError::Call { call: "VIDIOC_QBUF", errno: Errno::INVAL });
        for _frame in 0..4 {
            assert_ne!(capture.frame(PATIENCE).unwrap().buffer(), lost);
        }
        capture.stop().unwrap();
        capture.start().unwrap();
        while capture.frame(PATIENCE).unwrap().buffer() != lost {}
    }),
    ("a camera without a buffer tries again to get one", || {
        let device = Camera::SinglePlanar.open();
        let capture = crate::running(&device, *b"GREY", 2);
        let frames: Vec<_> =
            (0..capture.buffer_count()).map(|_| capture.frame(PATIENCE).unwrap()).collect();
        for frame in frames {
            vivid::set(&device, Control::FailQueue, 1);
            frame.requeue().unwrap_err();
        }
        capture.frame(PATIENCE).unwrap();
    }),
    ("a damaged frame says so", || {
        let device = Camera::SinglePlanar.open();
        let capture = crate::running(&device, *b"GREY", 2);
        assert!(!capture.frame(PATIENCE).unwrap().is_damaged());
        vivid::set(&device, Control::DamageFrame, 1);
        while !capture.frame(PATIENCE).unwrap().is_damaged() {}
        assert!(!capture.frame(PATIENCE).unwrap().is_damaged());
    }),
    ("a device that fails can be started again", || {
        let device = Camera::SinglePlanar.open();
        let capture = crate::running(&device, *b"GREY", 2);
        capture.frame(PATIENCE).unwrap();
        vivid::set(&device, Control::FailDevice, 1);
        let failed = loop {
            if let Err(error) = capture.frame(PATIENCE) {
                break error;
            }
        };
        assert_eq!(failed, FrameError::DeviceFailed);
        capture.stop().unwrap();
        capture.start().unwrap();
        capture.frame(PATIENCE).unwrap();
    }),
];

#[test]
#[ignore = "lab: needs vivid and /dev/udmabuf"]
fn failures_have_names_and_leave_nothing() {
    let before = dma_bufs();
    child::run_cases("failures::failures_have_names_and_leave_nothing", CASES);
    assert_eq!(dma_bufs(), before);
}

#[test]
#[ignore = "lab: needs vivid"]
fn camera_that_is_unplugged_is_gone_and_its_frames_stay() {
    let device = Camera::SinglePlanar.open();
    let capture = crate::running(&device, *b"GREY", 3);
    let held = capture.frame(PATIENCE).unwrap();
    let before = memfd::read(held.image());
    let second = capture.frame(PATIENCE).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            loop {
                if let Err(error) = capture.frame(PATIENCE) {
                    return error;
                }
            }
        });
        std::thread::sleep(Duration::from_millis(300));
        vivid::set(&device, Control::Disconnect, 1);
        assert_eq!(waiting.join().unwrap(), FrameError::Unplugged);
    });
    assert_eq!(second.requeue(), Err(QueueError::Unplugged));
    assert_eq!(device.format().unwrap_err(), FormatError::Unplugged);
    assert!(device.formats().unwrap_err().to_string().contains("unplugged"));
    assert_eq!(capture.stop(), Err(QueueError::Unplugged));
    assert_eq!(memfd::read(held.image()), before);
    let image = held.image().clone();
    drop((held, capture, device));
    assert_eq!(memfd::read(&image), before);
    // Plugged in again, when nobody has it open any more.
    let device = Camera::SinglePlanar.open();
    crate::running(&device, *b"GREY", 2).frame(PATIENCE).unwrap();
}
