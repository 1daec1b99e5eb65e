#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What becomes of the picture when its framebuffer is dropped, removed, or its open file closed.

mod common;

use std::os::fd::AsFd;

use dmashare::allocator::Allocator;
use dmashare::allocator::DmaHeap;
use dmashare::allocator::Request;
use dmashare::device::DumbBuffer;
use dmashare::device::Node;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::DirtyError;
use dmashare::kms::Framebuffer;
use dmashare::kms::Pipeline;
use dmashare::kms::Rectangle;
use dmashare::kms::RemoveError;
use dmashare::kms::Topology;

use common::display;
use common::display::Inventory;

fn image(way: &Pipeline) -> Dmabuf {
    let [width, height] = way.mode.size();
    let request = Request::new(width, height, Fourcc::XRGB8888);
    DmaHeap::open(DmaHeap::SYSTEM).unwrap().allocate(&request).unwrap()
}

/// Puts a framebuffer on the screen with the oldest call, or turns the screen off.
fn set(node: &Node, way: &Pipeline, framebuffer: Option<u32>) {
    let connectors = [way.connector.into()];
    let connectors = if framebuffer.is_some() { &connectors[..] } else { &[] };
    let mode = framebuffer.map(|_| *way.mode.raw());
    let id = framebuffer.unwrap_or(0);
    drm_ffi::mode::set_crtc(node.as_fd(), way.crtc.into(), id, 0, 0, connectors, mode).unwrap();
}

/// The framebuffer that the primary plane shows, and whether its CRTC is on.
fn shown(node: &Node, way: &Pipeline) -> (Option<u32>, bool) {
    let topology = Topology::read_known(node).unwrap();
    let framebuffer = topology.plane(way.primary).unwrap().framebuffer;
    (framebuffer.map(u32::from), topology.crtc(way.crtc).unwrap().mode.is_some())
}

fn show(node: &Node, topology: &Topology, way: &Pipeline) -> Framebuffer {
    let framebuffer = Framebuffer::new(node, topology, &image(way), Alpha::Blend).unwrap();
    set(node, way, Some(framebuffer.handle().into()));
    assert_eq!(shown(node, way), (Some(framebuffer.handle().into()), true));
    // A way that is lit is chosen again.
    assert_eq!(display::monitor(node).1, *way);
    framebuffer
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn dropped_framebuffer_stays_on_the_screen_until_it_is_replaced() {
    let node = display::open("vkms");
    let (topology, way) = display::monitor(&node);
    let before = Inventory::of(&node);
    let first = show(&node, &topology, &way);
    let id = u32::from(first.handle());
    drop(first);
    assert_eq!(shown(&node, &way), (Some(id), true));
    assert_eq!(display::framebuffers(&node).len(), 1);
    let second = show(&node, &topology, &way);
    let left: Vec<_> = display::framebuffers(&node).into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, [u32::from(second.handle())]);
    set(&node, &way, None);
    drop(second);
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn clones_share_one_framebuffer() {
    let node = display::open("vkms");
    let (topology, way) = display::monitor(&node);
    let framebuffer = show(&node, &topology, &way);
    let clone = framebuffer.clone();
    assert_eq!(clone, framebuffer);
    assert_eq!(clone.image().width(), way.mode.size()[0]);
    drop(framebuffer);
    assert_eq!(display::framebuffers(&node).len(), 1);
    set(&node, &way, None);
    assert_eq!(display::framebuffers(&node).len(), 1);
    drop(clone);
    assert!(display::framebuffers(&node).is_empty());
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn removed_framebuffer_leaves_the_plane_that_showed_it() {
    let node = display::open("vkms");
    let (topology, way) = display::monitor(&node);
    let before = Inventory::of(&node);
    let framebuffer = show(&node, &topology, &way);
    let clone = framebuffer.clone();
    let Err(RemoveError::Shared(framebuffer)) = framebuffer.remove() else {
        panic!("it has two owners")
    };
    assert_eq!(shown(&node, &way), (Some(framebuffer.handle().into()), true));
    drop(clone);
    framebuffer.remove().unwrap();
    // The CRTC of vkms runs without a primary plane; others would be off.
    assert_eq!(shown(&node, &way), (None, true));
    set(&node, &way, None);
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn framebuffer_on_no_screen_can_be_removed_too() {
    let node = display::open("vkms");
    let (topology, way) = display::monitor(&node);
    let before = Inventory::of(&node);
    let framebuffer = Framebuffer::new(&node, &topology, &image(&way), Alpha::Blend).unwrap();
    framebuffer.remove().unwrap();
    before.assert_nothing_new(&node);
}

/// A `Framebuffer` holds its open file; what the kernel does to one that does not is the reason.
#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn closed_file_takes_its_framebuffers_off_the_screen() {
    let observer = display::open("vkms");
    observer.drop_master().unwrap();
    let node = display::open("vkms");
    let (_, way) = display::monitor(&node);
    let (width, height) = (way.mode.size()[0], way.mode.size()[1]);
    let buffer = DumbBuffer::create(&node, width, height, 32).unwrap();
    let (stride, handle) = (buffer.stride_bytes(), buffer.handle().raw().into());
    let made = drm_ffi::mode::add_fb(node.as_fd(), width, height, stride, 32, 24, handle).unwrap();
    set(&node, &way, Some(made.fb_id));
    assert_eq!(shown(&observer, &way), (Some(made.fb_id), true));
    drop((buffer, node));
    assert_eq!(shown(&observer, &way), (None, true));
    assert!(display::framebuffers(&observer).is_empty());
    observer.become_master().unwrap();
    set(&observer, &way, None);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn picture_stays_when_framebuffer_and_file_are_dropped_in_any_order() {
    let observer = display::open("vkms");
    observer.drop_master().unwrap();
    let node = display::open("vkms");
    let (topology, way) = display::monitor(&node);
    let framebuffer = show(&node, &topology, &way);
    let id = u32::from(framebuffer.handle());
    drop(node);
    drop(framebuffer);
    assert_eq!(shown(&observer, &way), (Some(id), true));
    observer.become_master().unwrap();
    set(&observer, &way, None);
    assert!(display::framebuffers(&observer).is_empty());
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn display_that_reads_every_frame_has_no_use_for_damage() {
    let node = display::open("vkms");
    let (topology, way) = display::monitor(&node);
    let framebuffer = Framebuffer::new(&node, &topology, &image(&way), Alpha::Blend).unwrap();
    let refused = framebuffer.mark_dirty(&[]);
    assert!(matches!(refused, Err(DirtyError::Unsupported { .. })), "{refused:?}");
    let other = display::open("vkms");
    let framebuffer = Framebuffer::new(&other, &topology, framebuffer.image(), Alpha::Blend);
    assert_eq!(framebuffer.unwrap().mark_dirty(&[]), Err(DirtyError::NotMaster));
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_is_told_what_has_changed() {
    let node = display::open("virtio_gpu");
    let (topology, way) = display::monitor(&node);
    let before = Inventory::of(&node);
    let [width, height] = way.mode.size();
    let buffer = DumbBuffer::create(&node, width, height, 32).unwrap();
    let image = buffer.export_image(Fourcc::XRGB8888).unwrap();
    let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
    set(&node, &way, Some(framebuffer.handle().into()));
    let part = Rectangle { x: 8, y: 8, width: 16, height: 16 };
    for parts in [&[][..], &[part], &[part; 256], &[part; 257]] {
        assert_eq!(framebuffer.mark_dirty(parts), Ok(()), "{} parts", parts.len());
    }
    let id = u32::from(framebuffer.handle());
    drop(framebuffer);
    assert_eq!(shown(&node, &way), (Some(id), true));
    set(&node, &way, None);
    drop((image, buffer));
    before.assert_nothing_new(&node);
}
