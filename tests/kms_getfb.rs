#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Framebuffers are read back: by whoever may, with handles of their own that are closed again.

mod common;

use std::os::fd::AsFd;

use dmashare::allocator::Allocator;
use dmashare::allocator::DmaHeap;
use dmashare::allocator::Request;
use dmashare::device::DumbBuffer;
use dmashare::device::GemHandle;
use dmashare::device::Node;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::kms::Alpha;
use dmashare::kms::Framebuffer;
use dmashare::kms::FramebufferInfo;
use dmashare::kms::ReadBackError;
use dmashare::kms::Topology;
use rustix::io::Errno;
use rustix::thread::CapabilitySet;

use common::display;
use common::display::Inventory;
use common::leaks;

fn allocate(request: &Request) -> Dmabuf {
    DmaHeap::open(DmaHeap::SYSTEM).unwrap().allocate(request).unwrap()
}

fn vkms() -> (Node, Topology) {
    let node = display::open("vkms");
    let topology = Topology::read(&node).unwrap();
    (node, topology)
}

fn show(node: &Node, topology: &Topology, request: &Request) -> Framebuffer {
    Framebuffer::new(node, topology, &allocate(request), Alpha::Blend).unwrap()
}

fn handle(info: &FramebufferInfo, plane: usize) -> GemHandle {
    info.planes[plane].handle.clone().unwrap()
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn what_is_read_back_is_what_was_stated() {
    let (node, topology) = vkms();
    let before = Inventory::of(&node);
    for name in ["XR24", "RG16", "NV12", "P010", "YU12"] {
        let fourcc: Fourcc = name.parse().unwrap();
        let framebuffer = show(&node, &topology, &Request::new(250, 130, fourcc));
        let info = FramebufferInfo::read(&node, framebuffer.handle()).unwrap();
        assert_eq!((info.size, info.fourcc), ([250, 130], fourcc));
        assert_eq!(info.modifier, Modifier::LINEAR);
        assert!(info.has_buffers());
        let numbers: Vec<_> =
            info.planes.iter().map(|plane| (plane.offset_bytes, plane.stride_bytes)).collect();
        let stated = framebuffer.image().planes().iter();
        let stated: Vec<_> =
            stated.map(|plane| (plane.offset_bytes(), plane.stride_bytes())).collect();
        assert_eq!(numbers, stated, "{name}");
    }
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn planes_of_one_buffer_have_one_handle() {
    let (node, topology) = vkms();
    let one = show(&node, &topology, &Request::new(64, 64, Fourcc::NV12));
    let info = FramebufferInfo::read(&node, one.handle()).unwrap();
    assert_eq!(handle(&info, 0), handle(&info, 1));
    let request = Request::new(64, 64, Fourcc::NV12).separate_planes();
    let two = show(&node, &topology, &request);
    let info = FramebufferInfo::read(&node, two.handle()).unwrap();
    assert_ne!(handle(&info, 0), handle(&info, 1));
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn handles_are_new_each_time_and_closed_with_their_owner() {
    let (node, topology) = vkms();
    let framebuffer = show(&node, &topology, &Request::new(64, 64, Fourcc::NV12));
    let before = Inventory::of(&node);
    leaks::assert_no_fds(|| {
        let imported = GemHandle::import(&node, framebuffer.image().planes()[0].fd()).unwrap();
        let first = FramebufferInfo::read(&node, framebuffer.handle()).unwrap();
        let second = FramebufferInfo::read(&node, framebuffer.handle()).unwrap();
        assert_ne!(handle(&first, 0), handle(&second, 0));
        assert_ne!(handle(&first, 0), imported);
        drop(first);
        // The second one's is another, and still good.
        assert!(second.export().unwrap().is_some());
    });
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn what_was_read_back_becomes_an_image_and_a_framebuffer_again() {
    let (node, topology) = vkms();
    let before = Inventory::of(&node);
    leaks::assert_no_fds(|| {
        for request in [
            Request::new(64, 64, Fourcc::XRGB8888),
            Request::new(64, 64, Fourcc::NV12),
            Request::new(64, 64, Fourcc::NV12).separate_planes(),
        ] {
            let framebuffer = show(&node, &topology, &request);
            let info = FramebufferInfo::read(&node, framebuffer.handle()).unwrap();
            let image = Dmabuf::new(info.export().unwrap().unwrap()).unwrap();
            assert!(image.is_same_memory(framebuffer.image()));
            let again = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
            assert_ne!(again.handle(), framebuffer.handle());
        }
    });
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn oldest_call_does_not_know_more_than_one_plane() {
    let (node, topology) = vkms();
    let planar = show(&node, &topology, &Request::new(64, 64, Fourcc::NV12));
    let refused = drm_ffi::mode::get_framebuffer(node.as_fd(), planar.handle().into());
    assert_eq!(Errno::from_io_error(&refused.unwrap_err()), Some(Errno::INVAL));
    let packed = show(&node, &topology, &Request::new(64, 64, Fourcc::XRGB8888));
    let answer = drm_ffi::mode::get_framebuffer(node.as_fd(), packed.handle().into()).unwrap();
    assert_eq!((answer.width, answer.height, answer.bpp, answer.depth), (64, 64, 32, 24));
    drm_ffi::gem::close(node.as_fd(), answer.handle).unwrap();
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn framebuffer_that_is_gone_is_missing() {
    let (node, topology) = vkms();
    let framebuffer = show(&node, &topology, &Request::new(64, 64, Fourcc::XRGB8888));
    let id = framebuffer.handle();
    drop(framebuffer);
    assert_eq!(FramebufferInfo::read(&node, id), Err(ReadBackError::Missing));
    let crtc = u32::from(topology.crtcs[0].handle);
    let no_framebuffer = drm::control::from_u32(crtc).unwrap();
    assert_eq!(FramebufferInfo::read(&node, no_framebuffer), Err(ReadBackError::Missing));
}

/// Privileges are those of a thread, so that one without them is enough.
#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn who_is_neither_master_nor_privileged_is_shown_no_buffers() {
    let (master, topology) = vkms();
    let framebuffer = show(&master, &topology, &Request::new(64, 64, Fourcc::NV12));
    let before = Inventory::of(&master);
    let other = display::open("vkms");
    let privileged = FramebufferInfo::read(&other, framebuffer.handle()).unwrap();
    assert!(privileged.has_buffers());
    drop(privileged);
    let thread = std::thread::spawn({
        let id = framebuffer.handle();
        move || {
            let mut sets = rustix::thread::capabilities(None).unwrap();
            sets.effective.remove(CapabilitySet::SYS_ADMIN);
            rustix::thread::set_capabilities(None, sets).unwrap();
            let info = FramebufferInfo::read(&other, id).unwrap();
            (info, other)
        }
    });
    let (info, other) = thread.join().unwrap();
    assert!(!info.has_buffers());
    assert_eq!((info.fourcc, info.planes.len()), (Fourcc::NV12, 2));
    assert!(info.export().unwrap().is_none());
    assert_eq!(display::next_handle(&other), 1);
    drop((info, other));
    before.assert_nothing_new(&master);
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_framebuffer_is_read_back_without_a_modifier() {
    let node = display::open("virtio_gpu");
    let topology = Topology::read(&node).unwrap();
    let before = Inventory::of(&node);
    let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
    let image = buffer.export_image(Fourcc::XRGB8888).unwrap();
    let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
    let info = FramebufferInfo::read(&node, framebuffer.handle()).unwrap();
    assert_eq!(info.modifier, Modifier::Implicit);
    assert!(info.has_buffers());
    assert_eq!(info.planes[0].stride_bytes, buffer.stride_bytes());
    drop((info, framebuffer, image, buffer));
    before.assert_nothing_new(&node);
}
