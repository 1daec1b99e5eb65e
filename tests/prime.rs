#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Buffers go from device to device by PRIME: the same memory on both sides, file descriptors that
//! do not leak into other programs, and a reason where a device has no use for a buffer.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#prime-buffer-sharing>.

mod common;

use std::os::fd::AsFd;

use dmashare::allocator::Allocator;
use dmashare::allocator::DmaHeap;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::device::DumbBuffer;
use dmashare::device::GemHandle;
use dmashare::device::GemImage;
use dmashare::device::ImportError;
use dmashare::device::Node;
use dmashare::device::PrimeFlags;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use rustix::fs::OFlags;
use rustix::io::FdFlags;

use common::child;
use common::child::Case;
use common::drm_node::assert_no_handles;
use common::drm_node::dma_bufs;
use common::drm_node::primary;
use common::drm_node::render;

fn dumb(node: &Node) -> Dmabuf {
    DumbBuffer::create(node, 64, 64, 32).unwrap().export_image(Fourcc::XRGB8888).unwrap()
}

fn request() -> Request {
    Request::new(64, 64, Fourcc::XRGB8888)
}

/// Fills a row through the image and reads it through what `exported` gives.
fn assert_same_pixels(image: &Dmabuf, imported: &GemImage) {
    let mut mapping = image.map(Access::Write).unwrap();
    let mut access = mapping.begin(Access::Write).unwrap();
    access.write_row(0, 5, &[0x9c; 256]).unwrap();
    access.finish().unwrap();
    let fd = imported.handles()[0].export(PrimeFlags::READ_WRITE).unwrap();
    let mut claim = dmashare::dmabuf::Descriptor::packed(
        [64, 64],
        Fourcc::XRGB8888,
        fd,
        image.planes()[0].stride_bytes(),
    );
    claim.modifier = image.modifier();
    let exported = Dmabuf::new(claim).unwrap();
    assert!(exported.is_same_memory(image), "the same inode comes back");
    let mut mapping = exported.map(Access::Read).unwrap();
    let mut row = [0; 256];
    mapping.begin(Access::Read).unwrap().read_row(0, 5, &mut row).unwrap();
    assert_eq!(row, [0x9c; 256]);
}

const CASES: &[Case] = &[
    ("a buffer that comes home has the handle that it had", || {
        let node = primary("vgem");
        let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
        let fd = buffer.export().unwrap();
        let home = GemHandle::import(&node, fd.as_fd()).unwrap();
        assert_eq!(&home, buffer.handle());
        drop(buffer);
        assert!(home.export(PrimeFlags::empty()).is_ok());
        drop(home);
        // The file descriptor alone keeps the memory, and becomes a new handle.
        let again = GemHandle::import(&node, fd.as_fd()).unwrap();
        drop((again, fd));
        assert_no_handles(&node);
    }),
    ("a buffer that comes home to another open file is the same memory", || {
        let (here, there) = (primary("vgem"), render("vgem"));
        let image = dumb(&here);
        let imported = GemImage::import(&there, &image).unwrap();
        assert_same_pixels(&image, &imported);
        drop(imported);
        let again = GemImage::import(&there, &image).unwrap();
        drop(again);
        assert_no_handles(&here);
    }),
    ("file descriptors close on exec and are written on request", || {
        let node = primary("vkms");
        let first = DumbBuffer::create(&node, 64, 64, 32).unwrap();
        let second = DumbBuffer::create(&node, 64, 64, 32).unwrap();
        let read_only = first.handle().export(PrimeFlags::empty()).unwrap();
        let read_write = second.handle().export(PrimeFlags::READ_WRITE).unwrap();
        for (fd, mode) in [(&read_only, OFlags::RDONLY), (&read_write, OFlags::RDWR)] {
            assert!(rustix::io::fcntl_getfd(fd).unwrap().contains(FdFlags::CLOEXEC));
            assert_eq!(rustix::fs::fcntl_getfl(fd).unwrap() & OFlags::RWMODE, mode);
        }
        // The first export decides.
        let later = first.handle().export(PrimeFlags::READ_WRITE).unwrap();
        assert_eq!(rustix::fs::fcntl_getfl(&later).unwrap() & OFlags::RWMODE, OFlags::RDONLY);
    }),
    ("vkms takes the buffers of vgem, udmabuf and the heap", || {
        let node = primary("vkms");
        let udmabuf = Udmabuf::open().unwrap().allocate(&request()).unwrap();
        let heap = DmaHeap::open(DmaHeap::SYSTEM).unwrap().allocate(&request()).unwrap();
        for image in [dumb(&primary("vgem")), udmabuf, heap] {
            let imported = GemImage::import(&node, &image).unwrap();
            assert_same_pixels(&image, &imported);
        }
        assert_no_handles(&node);
    }),
    ("vgem takes the buffers of vkms, udmabuf and the heap", || {
        let node = render("vgem");
        let udmabuf = Udmabuf::open().unwrap().allocate(&request()).unwrap();
        let heap = DmaHeap::open(DmaHeap::SYSTEM).unwrap().allocate(&request()).unwrap();
        for image in [dumb(&primary("vkms")), udmabuf, heap] {
            let imported = GemImage::import(&node, &image).unwrap();
            assert_same_pixels(&image, &imported);
        }
    }),
    ("a memfd is refused with what it is", || {
        let (node, image) = (primary("vkms"), Memfd::new().allocate(&request()).unwrap());
        let refused = GemImage::import(&node, &image).unwrap_err();
        assert_eq!(refused, ImportError::NotADmaBuf { what: "memfd" });
        assert!(refused.to_string().contains("allocate with udmabuf"), "{refused}");
        assert_no_handles(&node);
    }),
    ("what is no buffer at all is refused with what it is", || {
        let node = primary("vkms");
        for fd in [common::buffer::dev_null(), common::buffer::pipe(), common::buffer::directory()]
        {
            let refused = GemHandle::import(&node, fd.as_fd()).unwrap_err();
            assert!(matches!(refused, ImportError::NotADmaBuf { .. }), "{refused}");
        }
        let refused = GemHandle::import(&node, node.as_fd()).unwrap_err();
        assert!(matches!(refused, ImportError::NotADmaBuf { .. }), "{refused}");
    }),
    ("an image half of which cannot be imported leaves nothing behind", || {
        let node = primary("vkms");
        let nv12 = Request::new(64, 64, Fourcc::NV12).separate_planes();
        let good = Udmabuf::open().unwrap().allocate(&nv12).unwrap();
        let bad = Memfd::new().allocate(&nv12).unwrap();
        let before = dma_bufs();
        let planes =
            [&good.planes()[0], &bad.planes()[1]].map(|plane| dmashare::dmabuf::PlaneDescriptor {
                fd: plane.shared_fd(),
                offset_bytes: plane.offset_bytes(),
                stride_bytes: plane.stride_bytes(),
            });
        let claim = dmashare::dmabuf::Descriptor {
            width: 64,
            height: 64,
            fourcc: Fourcc::NV12,
            modifier: good.modifier(),
            planes: planes.into(),
        };
        let mixed = Dmabuf::new(claim).unwrap();
        let refused = GemImage::import(&node, &mixed).unwrap_err();
        assert_eq!(refused, ImportError::NotADmaBuf { what: "memfd" });
        assert_no_handles(&node);
        drop((mixed, good));
        assert_eq!(dma_bufs(), before - 2);
    }),
];

#[test]
#[ignore = "lab: needs vkms, vgem, /dev/udmabuf and a dma-heap"]
fn buffers_go_from_device_to_device() {
    child::run_cases("buffers_go_from_device_to_device", CASES);
}

const VIRTIO_GPU: &[Case] = &[
    ("virtio-gpu refuses the buffers of others", || {
        for node in [primary("virtio_gpu"), render("virtio_gpu")] {
            let udmabuf = Udmabuf::open().unwrap().allocate(&request()).unwrap();
            for image in [dumb(&primary("vgem")), dumb(&primary("vkms")), udmabuf] {
                let refused = GemImage::import(&node, &image).unwrap_err();
                let ImportError::Unreachable { driver, .. } = &refused else { panic!("{refused}") };
                assert_eq!(driver, "virtio_gpu");
            }
        }
    }),
    ("virtio-gpu takes its own across its nodes, and others take them", || {
        let image = dumb(&primary("virtio_gpu"));
        for node in [render("virtio_gpu"), primary("vkms"), render("vgem")] {
            GemImage::import(&node, &image).unwrap();
        }
    }),
];

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_shares_what_it_can() {
    child::run_cases("virtio_gpu_shares_what_it_can", VIRTIO_GPU);
}
