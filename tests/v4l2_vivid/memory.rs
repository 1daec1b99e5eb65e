//! Memory lives as long as somebody has it, and no longer.

use dmashare::allocator::Allocator;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Backing;
use dmashare::dmabuf::BackingKind;
use dmashare::format::Fourcc;
use dmashare::v4l2::Capture;
use dmashare::v4l2::FormatRequest;

use crate::PATIENCE;
use crate::SIZE;
use crate::common::child;
use crate::common::child::Case;
use crate::common::drm_node::dma_bufs;
use crate::common::memfd;
use crate::common::vivid::Camera;

const CASES: &[Case] = &[
    ("exported buffers are dma-bufs, and go with the capture", || {
        let device = Camera::MultiPlanar.open();
        let before = dma_bufs();
        for (code, buffers) in [(b"NM12", 2), (b"YM12", 3), (b"NV12", 1)] {
            let capture = crate::running(&device, *code, 3);
            let frame = capture.frame(PATIENCE).unwrap();
            assert_eq!(frame.image().distinct_fds().count(), buffers);
            assert!(frame.image().is_dma_buf() && frame.image().is_writable());
            assert_eq!(dma_bufs() - before, buffers * capture.buffer_count());
            for fd in frame.image().distinct_fds() {
                assert_eq!(Backing::inspect(fd).unwrap().kind(), BackingKind::DmaBuf);
                let flags = rustix::io::fcntl_getfd(fd).unwrap();
                assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
            }
            drop(capture);
            assert_eq!(dma_bufs() - before, buffers * 3);
            drop(frame);
            assert_eq!(dma_bufs(), before);
        }
    }),
    ("imported images are not held longer than the capture", || {
        let device = Camera::MultiPlanar.open();
        let before = dma_bufs();
        let [width, height] = SIZE;
        let udmabuf = Udmabuf::open().unwrap();
        let request = Request::new(width, height, Fourcc::NV12).separate_planes();
        let images: Vec<_> = (0..3).map(|_| udmabuf.allocate(&request).unwrap()).collect();
        device.set_format(&FormatRequest::like(&images[0]).unwrap()).unwrap();
        let capture = Capture::import(&device, &images).unwrap();
        capture.start().unwrap();
        drop(images);
        for _frame in 0..5 {
            capture.frame(PATIENCE).unwrap();
        }
        assert_eq!(dma_bufs() - before, 6);
        drop(capture);
        assert_eq!(dma_bufs(), before);
    }),
    ("an image outlives its frame, its capture and its camera", || {
        let before = dma_bufs();
        let (image, bytes) = {
            let device = Camera::SinglePlanar.open();
            let capture = crate::running(&device, *b"YUYV", 2);
            let frame = capture.frame(PATIENCE).unwrap();
            // Not given back, so that it is not overwritten before the camera stops.
            drop(capture);
            (frame.image().clone(), memfd::read(frame.image()))
        };
        assert_eq!(dma_bufs() - before, 1);
        assert_eq!(memfd::read(&image), bytes);
        drop(image);
        assert_eq!(dma_bufs(), before);
    }),
    ("a buffer count that the driver makes more of is told", || {
        let device = Camera::SinglePlanar.open();
        crate::set(&device, *b"GREY");
        let before = dma_bufs();
        let capture = Capture::export(&device, 1).unwrap();
        assert!(capture.buffer_count() >= 1);
        assert_eq!(dma_bufs() - before, capture.buffer_count());
        assert_eq!(capture.images().len(), capture.buffer_count());
    }),
    ("nothing is left of many captures", || {
        let device = Camera::Contiguous.open();
        let before = dma_bufs();
        for _round in 0..10 {
            let capture = crate::running(&device, *b"GREY", 2);
            capture.frame(PATIENCE).unwrap();
        }
        assert_eq!(dma_bufs(), before);
    }),
    ("a file descriptor too few leaves nothing", || {
        use rustix::process::Resource;
        let device = Camera::SinglePlanar.open();
        crate::set(&device, *b"GREY");
        let before = dma_bufs();
        let limit = rustix::process::getrlimit(Resource::Nofile);
        let open = crate::common::leaks::Open::now().fd_count();
        let few = rustix::process::Rlimit { current: Some(open as u64 + 3), ..limit };
        rustix::process::setrlimit(Resource::Nofile, few).unwrap();
        let refused = Capture::export(&device, 8);
        rustix::process::setrlimit(Resource::Nofile, limit).unwrap();
        let refused = refused.unwrap_err().to_string();
        assert!(refused.starts_with("VIDIOC_EXPBUF failed: Too many open files"), "{refused}");
        assert_eq!(dma_bufs(), before);
        Capture::export(&device, 8).unwrap();
    }),
];

#[test]
#[ignore = "lab: needs vivid and /dev/udmabuf"]
fn memory_goes_with_its_last_user() {
    child::run_cases("memory::memory_goes_with_its_last_user", CASES);
}
