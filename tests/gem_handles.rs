#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! GEM handles are counted per open file and closed once, whoever else knows the buffer; images of
//! this crate and of `drm`'s users become each other.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#gem-objects-lifetime>.

mod common;

use std::os::fd::AsFd;
use std::sync::Arc;

use dmashare::allocator::Allocator;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::device::DrmViewError;
use dmashare::device::DumbBuffer;
use dmashare::device::ExportError;
use dmashare::device::GemHandle;
use dmashare::device::GemImage;
use dmashare::device::Node;
use dmashare::device::PrimeFlags;
use dmashare::device::export_buffer;
use dmashare::device::export_planar_buffer;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use drm::buffer::Buffer;
use drm::buffer::DrmFourcc;
use drm::buffer::DrmModifier;
use drm::buffer::PlanarBuffer;
use drm::control::Device as _;
use drm::control::FbCmd2Flags;

use common::child;
use common::child::Case;
use common::drm_node::assert_no_handles;
use common::drm_node::number;
use common::drm_node::primary;

fn image(request: &Request) -> Dmabuf {
    Udmabuf::open().unwrap().allocate(request).unwrap()
}

fn nv12() -> Request {
    Request::new(64, 64, Fourcc::NV12)
}

fn is_open(node: &Node, handle: drm::buffer::Handle) -> bool {
    node.buffer_to_prime_fd(handle, drm::CLOEXEC).is_ok()
}

const CASES: &[Case] = &[
    ("the same buffer imported twice is the same handle until both are gone", || {
        let (node, image) = (primary("vkms"), image(&Request::new(64, 64, Fourcc::XRGB8888)));
        let other_fd = image.duplicate().unwrap();
        let first = GemHandle::import(&node, image.planes()[0].fd()).unwrap();
        let second = GemHandle::import(&node, other_fd.planes()[0].fd()).unwrap();
        assert_eq!(first, second);
        let raw = first.raw();
        drop(first);
        assert!(is_open(&node, raw));
        let third = second.clone();
        drop(second);
        assert!(is_open(&node, raw));
        drop(third);
        assert!(!is_open(&node, raw));
        assert_no_handles(&node);
    }),
    ("planes of one buffer have one handle, planes of two have two", || {
        let node = primary("vkms");
        let together = GemImage::import(&node, &image(&nv12())).unwrap();
        assert_eq!(together.handles()[0], together.handles()[1]);
        assert_eq!(together.strides_bytes(), [256, 256, 0, 0]);
        assert_eq!(together.offsets_bytes(), [0, 256 * 64, 0, 0]);
        let apart = GemImage::import(&node, &image(&nv12().separate_planes())).unwrap();
        assert_ne!(apart.handles()[0], apart.handles()[1]);
        assert_ne!(apart.handles()[0], together.handles()[0]);
        drop((together, apart));
        assert_no_handles(&node);
    }),
    ("two planes that come with two file descriptors of one buffer are closed once", || {
        let node = primary("vkms");
        let image = image(&nv12());
        let mut planes = Vec::new();
        for plane in image.planes() {
            planes.push(dmashare::dmabuf::PlaneDescriptor {
                fd: Arc::new(plane.fd().try_clone_to_owned().unwrap()),
                offset_bytes: plane.offset_bytes(),
                stride_bytes: plane.stride_bytes(),
            });
        }
        let (width, height, fourcc) = (64, 64, Fourcc::NV12);
        let modifier = Modifier::LINEAR;
        let claim = Descriptor { width, height, fourcc, modifier, planes };
        let imported = GemImage::import(&node, &Dmabuf::new(claim).unwrap()).unwrap();
        let luma = imported.handles()[0].clone();
        assert_eq!(luma, imported.handles()[1]);
        drop(imported);
        assert!(is_open(&node, luma.raw()));
        drop(luma);
        assert_no_handles(&node);
    }),
    ("an image outlives its file descriptors and its node", || {
        let (node, dmabuf) = (primary("vkms"), image(&nv12()));
        let imported = GemImage::import(&node, &dmabuf).unwrap();
        drop((node, dmabuf));
        let fd = imported.handles()[0].export(PrimeFlags::empty()).unwrap();
        let again = GemHandle::import(imported.node(), fd.as_fd()).unwrap();
        assert_eq!(again, imported.handles()[0]);
    }),
    ("open files have handles of their own", || {
        let (here, image) = (primary("vkms"), image(&nv12()));
        let there = here.reopen().unwrap();
        let one = GemImage::import(&here, &image).unwrap();
        let _first = DumbBuffer::create(&there, 4, 4, 32).unwrap();
        let other = GemImage::import(&there, &image).unwrap();
        assert_ne!(one.handles()[0], other.handles()[0]);
        assert_ne!(number(&one.handles()[0]), number(&other.handles()[0]));
        drop(one);
        assert_no_handles(&here);
        assert!(is_open(&there, other.handles()[0].raw()));
    }),
    ("threads that import and drop the same buffer never lose it", || {
        let (node, image) = (primary("vkms"), image(&nv12()));
        std::thread::scope(|scope| {
            for _thread in 0..3 {
                scope.spawn(|| {
                    for _round in 0..200 {
                        let handle = GemHandle::import(&node, image.planes()[0].fd()).unwrap();
                        handle.export(PrimeFlags::empty()).unwrap();
                    }
                });
            }
        });
        assert_no_handles(&node);
    }),
    ("a handle of another library is never closed", || {
        let node = primary("vkms");
        let theirs = node.create_dumb_buffer((64, 64), DrmFourcc::Xrgb8888, 32).unwrap();
        let borrowed = GemHandle::borrow_foreign(&node, theirs.handle());
        let fd = borrowed.export(PrimeFlags::READ_WRITE).unwrap();
        let imported = GemHandle::import(&node, fd.as_fd()).unwrap();
        assert_eq!(imported, borrowed);
        drop(imported);
        drop(borrowed);
        assert!(is_open(&node, theirs.handle()));
        node.destroy_dumb_buffer(theirs).unwrap();
        drop(fd);
        // The number is free, and the next to have it is closed as usual.
        let ours = DumbBuffer::create(&node, 4, 4, 32).unwrap();
        assert_eq!(number(ours.handle()), 1);
        drop(ours);
        assert_no_handles(&node);
    }),
    ("a view makes a planar framebuffer with drm", || {
        let node = primary("vkms");
        let imported = GemImage::import(&node, &image(&nv12())).unwrap();
        let view = imported.as_planar_buffer().unwrap();
        assert_eq!(view.modifier(), Some(DrmModifier::Linear));
        assert_eq!(view.handles()[2], None);
        assert_eq!(imported.as_buffer().unwrap_err(), DrmViewError::NotSimple);
        let framebuffer = node.add_planar_framebuffer(&view, FbCmd2Flags::MODIFIERS).unwrap();
        node.destroy_framebuffer(framebuffer).unwrap();
    }),
    ("a view makes a plain framebuffer with drm", || {
        let node = primary("vkms");
        let request = Request::new(64, 64, Fourcc::XRGB8888);
        let imported = GemImage::import(&node, &image(&request)).unwrap();
        let view = imported.as_buffer().unwrap();
        assert_eq!((view.size(), view.pitch()), ((64, 64), 256));
        let framebuffer = node.add_framebuffer(&view, 24, 32).unwrap();
        node.destroy_framebuffer(framebuffer).unwrap();
    }),
    ("a format that drm has no name for has no view", || {
        let node = primary("vkms");
        let imported =
            GemImage::import(&node, &image(&Request::new(64, 64, Fourcc::P030))).unwrap();
        let unknown = DrmViewError::UnknownFourcc(Fourcc::P030);
        assert_eq!(imported.as_planar_buffer().unwrap_err(), unknown);
        assert_eq!(imported.as_buffer().unwrap_err(), unknown);
    }),
    ("an implicit image is a view without a modifier", || {
        let node = primary("vkms");
        let plain = image(&Request::new(64, 64, Fourcc::XRGB8888));
        let implicit = common::memfd::without_modifier(&plain);
        let imported = GemImage::import(&node, &implicit).unwrap();
        assert_eq!(imported.as_planar_buffer().unwrap().modifier(), None);
    }),
    ("buffers of drm's users become images", || {
        let node = primary("vkms");
        let imported = GemImage::import(&node, &image(&nv12())).unwrap();
        let view = imported.as_planar_buffer().unwrap();
        let exported = export_planar_buffer(&node, &view, PrimeFlags::READ_WRITE).unwrap();
        assert_eq!(exported.fourcc(), Fourcc::NV12);
        assert_eq!(exported.modifier(), Modifier::LINEAR);
        assert_eq!(exported.distinct_fds().count(), 1);
        let theirs = node.create_dumb_buffer((64, 64), DrmFourcc::Xrgb8888, 32).unwrap();
        let flags = PrimeFlags::READ_WRITE;
        let one = export_buffer(&node, &theirs, Modifier::LINEAR, flags).unwrap();
        assert_eq!((one.width(), one.planes()[0].stride_bytes()), (64, 256));
        node.destroy_dumb_buffer(theirs).unwrap();
        let gone = export_buffer(&node, &theirs, Modifier::LINEAR, flags).unwrap_err();
        assert!(matches!(gone, ExportError::Device(_)), "{gone}");
    }),
    ("a buffer of drm's user that is too small is no image", || {
        struct TooLarge(drm::control::dumbbuffer::DumbBuffer);
        impl Buffer for TooLarge {
            fn size(&self) -> (u32, u32) {
                (64, 65)
            }
            fn format(&self) -> DrmFourcc {
                self.0.format()
            }
            fn pitch(&self) -> u32 {
                self.0.pitch()
            }
            fn handle(&self) -> drm::buffer::Handle {
                self.0.handle()
            }
        }
        let node = primary("vkms");
        let theirs = node.create_dumb_buffer((64, 64), DrmFourcc::Xrgb8888, 32).unwrap();
        let buffer = TooLarge(theirs);
        let error = export_buffer(&node, &buffer, Modifier::LINEAR, PrimeFlags::empty());
        let Err(ExportError::NotAnImage(_)) = error else { panic!("{error:?}") };
    }),
];

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn handles_are_counted_and_closed_once() {
    child::run_cases("handles_are_counted_and_closed_once", CASES);
}
