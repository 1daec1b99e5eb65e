#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Framebuffers of good and of bad images: what is refused here is what the kernel refuses, and what
//! it would take is taken. Where the API cannot express a mistake the kernel is asked directly, so
//! that the rule behind the API is known to hold.
//!
//! Spec: `framebuffer_check()` of the Linux kernel.

mod common;

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use dmashare::allocator::Allocator;
use dmashare::allocator::DmaHeap;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::device::DumbBuffer;
use dmashare::device::GemHandle;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::kms::Alpha;
use dmashare::kms::Framebuffer;
use dmashare::kms::FramebufferError;
use dmashare::kms::Topology;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rustix::io::Errno;

use common::display;
use common::display::Inventory;
use common::drm_node;
use common::leaks;

/// A tiling that no virtual display has (`I915_FORMAT_MOD_X_TILED`).
const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);
const STATED: u32 = drm_ffi::DRM_MODE_FB_MODIFIERS;

/// The kernel's own words, whatever they are.
#[derive(Clone, Copy, Debug)]
struct Words {
    size: [u32; 2],
    fourcc: Fourcc,
    handles: [u32; 4],
    pitches: [u32; 4],
    offsets: [u32; 4],
    modifiers: [u64; 4],
    flags: u32,
}

impl Words {
    /// 1024x1024 pixels of `XR24` without a mistake.
    fn good(handle: u32) -> Self {
        Self {
            size: [1024, 1024],
            fourcc: Fourcc::XRGB8888,
            handles: [handle, 0, 0, 0],
            pitches: [4096, 0, 0, 0],
            offsets: [0; 4],
            modifiers: [0; 4],
            flags: STATED,
        }
    }

    /// What the kernel says. A framebuffer that is made is removed again.
    fn verdict(&self, node: &Node) -> Result<(), Errno> {
        let [width, height] = self.size;
        let answer = drm_ffi::mode::add_fb2(
            node.as_fd(),
            width,
            height,
            self.fourcc.0,
            &self.handles,
            &self.pitches,
            &self.offsets,
            &self.modifiers,
            self.flags,
        );
        let made = answer.map_err(|error| Errno::from_io_error(&error).unwrap())?;
        drm_ffi::mode::rm_fb(node.as_fd(), made.fb_id).unwrap();
        Ok(())
    }
}

fn heap(size: [u32; 2], fourcc: Fourcc) -> Dmabuf {
    let [width, height] = size;
    let heap = DmaHeap::open(DmaHeap::SYSTEM).unwrap();
    heap.allocate(&Request::new(width, height, fourcc)).unwrap()
}

/// A dma-buf of this many bytes.
fn memory(size_bytes: u32) -> Arc<OwnedFd> {
    heap([4096, size_bytes / 4096], Fourcc::R8).planes()[0].shared_fd()
}

/// One plane at the beginning of the memory.
fn claim(fd: &Arc<OwnedFd>, size: [u32; 2], fourcc: Fourcc, stride_bytes: u32) -> Descriptor {
    let [width, height] = size;
    let planes = vec![PlaneDescriptor { fd: Arc::clone(fd), offset_bytes: 0, stride_bytes }];
    Descriptor { width, height, fourcc, modifier: Modifier::LINEAR, planes }
}

fn vkms() -> (Node, Topology) {
    let node = display::open("vkms");
    let topology = Topology::read(&node).unwrap();
    (node, topology)
}

/// 4 MiB and their handle.
fn four_mebibytes(node: &Node) -> (Arc<OwnedFd>, GemHandle) {
    let fd = memory(4 << 20);
    let handle = GemHandle::import(node, fd.as_fd()).unwrap();
    (fd, handle)
}

fn refusal(node: &Node, topology: &Topology, image: &Dmabuf) -> FramebufferError {
    Framebuffer::new(node, topology, image, Alpha::Blend).unwrap_err()
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn every_format_becomes_a_framebuffer_with_its_own_numbers() {
    let (node, topology) = vkms();
    let before = Inventory::of(&node);
    for name in ["XR24", "AR24", "RG16", "NV12", "P010", "YU12"] {
        let image = heap([250, 130], name.parse().unwrap());
        let free_handle = display::next_handle(&node);
        let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
        // The framebuffer holds the buffers, so that no handle has to.
        assert_eq!(display::next_handle(&node), free_handle, "{name}");
        let (id, text) = display::framebuffers(&node).pop().unwrap();
        assert_eq!(id, u32::from(framebuffer.handle()));
        assert!(text.contains(&format!("format={name}")), "{text}");
        assert!(text.contains("size=250x130") && text.contains("modifier=0x0"), "{text}");
        for (index, plane) in image.planes().iter().enumerate() {
            let pitch = format!("pitch[{index}]={}\n", plane.stride_bytes());
            let offset = format!("offset[{index}]={}\n", plane.offset_bytes());
            assert!(text.contains(&pitch) && text.contains(&offset), "{name}: {text}");
            assert!(!text.contains("(null)"), "{text}");
        }
        assert!(!text.contains(&format!("pitch[{}]", image.planes().len())), "{text}");
    }
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn deep_colour_is_a_framebuffer_where_a_plane_lists_it() {
    let (node, topology) = vkms();
    let image = heap([64, 64], Fourcc::XRGB2101010);
    let listed = topology
        .planes
        .iter()
        .any(|plane| plane.formats.contains(Fourcc::XRGB2101010, Modifier::LINEAR));
    let made = Framebuffer::new(&node, &topology, &image, Alpha::Blend);
    assert_eq!(made.is_ok(), listed);
    let handle = GemHandle::import(&node, image.planes()[0].fd()).unwrap();
    let words = Words {
        size: [64, 64],
        fourcc: Fourcc::XRGB2101010,
        pitches: [image.planes()[0].stride_bytes(), 0, 0, 0],
        ..Words::good(handle.raw().into())
    };
    assert_eq!(words.verdict(&node).is_ok(), listed);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn planes_in_buffers_of_their_own_become_a_framebuffer() {
    let (node, topology) = vkms();
    let before = Inventory::of(&node);
    for fourcc in [Fourcc::NV12, Fourcc::YUV420] {
        let heap = DmaHeap::open(DmaHeap::SYSTEM).unwrap();
        let image = heap.allocate(&Request::new(64, 64, fourcc).separate_planes()).unwrap();
        assert_eq!(image.distinct_fds().count(), image.planes().len());
        let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
        assert_eq!(framebuffer.image().planes().len(), image.planes().len());
    }
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn kernel_holds_the_buffer_of_a_framebuffer() {
    let (node, topology) = vkms();
    let before = drm_node::dma_bufs();
    let image = heap([64, 64], Fourcc::XRGB8888);
    let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
    let clone = framebuffer.clone();
    drop((image, framebuffer));
    assert_eq!(drm_node::dma_bufs(), before + 1);
    assert_eq!(display::framebuffers(&node).len(), 1);
    drop(clone);
    assert_eq!(drm_node::dma_bufs(), before);
    assert!(display::framebuffers(&node).is_empty());
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn alpha_is_passed_over_by_another_format_of_the_same_buffer() {
    let (node, topology) = vkms();
    let image = heap([64, 64], Fourcc::ARGB8888);
    let blended = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
    let opaque = Framebuffer::new(&node, &topology, &image, Alpha::Ignore).unwrap();
    assert_ne!(blended.handle(), opaque.handle());
    assert_eq!((blended.fourcc(), opaque.fourcc()), (Fourcc::ARGB8888, Fourcc::XRGB8888));
    let (_, text) = display::framebuffers(&node).into_iter().next_back().unwrap();
    let texts: String = display::framebuffers(&node).into_iter().map(|(_, text)| text).collect();
    assert!(texts.contains("format=AR24") && texts.contains("format=XR24"), "{text}");
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn numbers_of_planes_that_are_not_there_must_be_zero() {
    let (node, _) = vkms();
    let (_fd, handle) = four_mebibytes(&node);
    let handle = handle.raw().into();
    let good = Words::good(handle);
    assert_eq!(good.verdict(&node), Ok(()));
    for unused in 1..4 {
        let with = |change: fn(&mut Words, usize)| {
            let mut words = good;
            change(&mut words, unused);
            words.verdict(&node)
        };
        assert_eq!(with(|words, it| words.handles[it] = words.handles[0]), Err(Errno::INVAL));
        assert_eq!(with(|words, it| words.pitches[it] = 4096), Err(Errno::INVAL));
        assert_eq!(with(|words, it| words.offsets[it] = 4096), Err(Errno::INVAL));
        assert_eq!(with(|words, it| words.modifiers[it] = TILED.to_raw()), Err(Errno::INVAL));
    }
    let nowhere = Words { handles: [0; 4], ..good };
    assert_eq!(nowhere.verdict(&node), Err(Errno::INVAL));
    let unknown = Words { handles: [9999, 0, 0, 0], ..good };
    assert_eq!(unknown.verdict(&node), Err(Errno::NOENT));
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn bad_strides_are_refused_here_and_by_the_kernel() {
    let (node, _) = vkms();
    let (fd, handle) = four_mebibytes(&node);
    for stride_bytes in [0, 32, 63, 128, 256, 1024, 999, 65536] {
        let size = [1024, 1024];
        assert!(Dmabuf::new(claim(&fd, size, Fourcc::XRGB8888, stride_bytes)).is_err());
        for flags in [0, STATED] {
            let pitches = [stride_bytes, 0, 0, 0];
            let words = Words { pitches, flags, ..Words::good(handle.raw().into()) };
            assert_eq!(words.verdict(&node), Err(Errno::INVAL), "{stride_bytes}");
        }
    }
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn buffer_that_is_too_small_is_refused_here_and_by_the_kernel() {
    let (node, topology) = vkms();
    let (fd, handle) = four_mebibytes(&node);
    let verdicts = |size, offset_bytes| {
        let mut claim = claim(&fd, size, Fourcc::XRGB8888, 4096);
        claim.planes[0].offset_bytes = offset_bytes;
        let ours = Dmabuf::new(claim)
            .is_ok_and(|image| Framebuffer::new(&node, &topology, &image, Alpha::Blend).is_ok());
        let offsets = [offset_bytes, 0, 0, 0];
        let words = Words { size, offsets, ..Words::good(handle.raw().into()) };
        (ours, words.verdict(&node))
    };
    assert_eq!(verdicts([1024, 1024], 0), (true, Ok(())));
    assert_eq!(verdicts([1024, 1025], 0), (false, Err(Errno::INVAL)));
    assert_eq!(verdicts([1025, 1024], 0), (false, Err(Errno::INVAL)));
    assert_eq!(verdicts([1024, 1024], 4), (false, Err(Errno::INVAL)));
    assert_eq!(verdicts([1023, 1024], 4), (true, Ok(())));
    assert_eq!(verdicts([1024, 1023], 4096), (true, Ok(())));
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn sizes_reach_as_far_as_the_device_says() {
    let (node, topology) = vkms();
    let [most_width, most_height] = topology.most_size;
    let [least_width, least_height] = topology.least_size;
    let fd = memory(2 << 20);
    let handle = GemHandle::import(&node, fd.as_fd()).unwrap();
    let check = |size: [u32; 2], fits: bool| {
        let stride_bytes = size[0] * 4;
        let image = Dmabuf::new(claim(&fd, size, Fourcc::XRGB8888, stride_bytes)).unwrap();
        let made = Framebuffer::new(&node, &topology, &image, Alpha::Blend);
        let pitches = [stride_bytes, 0, 0, 0];
        let words = Words { size, pitches, ..Words::good(handle.raw().into()) };
        let verdict = words.verdict(&node);
        if fits {
            assert!(made.is_ok() && verdict.is_ok(), "{size:?}: {made:?}, {verdict:?}");
        } else {
            let refused = made.unwrap_err();
            assert!(matches!(refused, FramebufferError::Size { .. }), "{refused}");
            assert_eq!(verdict, Err(Errno::INVAL));
        }
    };
    check([most_width, 16], true);
    check([16, most_height], true);
    check([least_width, least_height], true);
    check([most_width + 1, 16], false);
    check([16, most_height + 1], false);
    check([least_width - 1, 16], false);
    check([16, least_height - 1], false);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn modifiers_are_stated_and_known_or_refused() {
    let (node, topology) = vkms();
    let (fd, handle) = four_mebibytes(&node);
    let good = Words::good(handle.raw().into());
    let tiled = [TILED.to_raw(), 0, 0, 0];
    assert_eq!(Words { modifiers: tiled, flags: 0, ..good }.verdict(&node), Err(Errno::INVAL));
    assert_eq!(Words { modifiers: tiled, ..good }.verdict(&node), Err(Errno::INVAL));
    // LINEAR is the number 0, which is also that of no modifier.
    assert_eq!(Words { flags: 0, ..good }.verdict(&node), Ok(()));
    let with = |modifier| {
        let image = claim(&fd, [1024, 1024], Fourcc::XRGB8888, 4096);
        Dmabuf::new(Descriptor { modifier, ..image }).unwrap()
    };
    assert_eq!(
        refusal(&node, &topology, &with(Modifier::Implicit)),
        FramebufferError::ImplicitModifier
    );
    match refusal(&node, &topology, &with(TILED)) {
        FramebufferError::Format { fourcc, modifier, offered } => {
            assert_eq!((fourcc, modifier), (Fourcc::XRGB8888, TILED));
            assert!(offered.contains(Fourcc::XRGB8888, Modifier::LINEAR));
        }
        other => panic!("{other}"),
    }
    let unequal = Words {
        size: [64, 64],
        fourcc: Fourcc::NV12,
        handles: [good.handles[0], good.handles[0], 0, 0],
        pitches: [64, 64, 0, 0],
        offsets: [0, 4096, 0, 0],
        modifiers: [0, TILED.to_raw(), 0, 0],
        flags: STATED,
    };
    assert_eq!(unequal.verdict(&node), Err(Errno::INVAL));
}

#[test]
#[ignore = "lab: needs vkms, vgem and a dma-heap"]
fn images_that_no_display_reads_are_refused_before_the_kernel() {
    let (node, topology) = vkms();
    let before = Inventory::of(&node);
    leaks::assert_no_fds(|| {
        let memfd = Memfd::new().allocate(&Request::new(64, 64, Fourcc::XRGB8888)).unwrap();
        let refused = refusal(&node, &topology, &memfd);
        assert_eq!(refused, FramebufferError::NotADmaBuf { plane: 0 });
        let render = Node::open_driver("vgem", NodeKind::Render).unwrap();
        let image = heap([64, 64], Fourcc::XRGB8888);
        let refused = refusal(&render, &topology, &image);
        assert_eq!(refused, FramebufferError::NotPrimary { kind: NodeKind::Render });
        let deep = heap([64, 64], Fourcc::ABGR16161616F);
        let refused = refusal(&node, &topology, &deep);
        assert!(matches!(refused, FramebufferError::Format { .. }), "{refused}");
    });
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn legacy_call_takes_the_formats_that_are_known_of_it() {
    let (node, _) = vkms();
    let (_fd, handle) = four_mebibytes(&node);
    let mut taken = Vec::new();
    for bits_per_pixel in 0..=65 {
        for depth in 0..=65 {
            let answer = drm_ffi::mode::add_fb(
                node.as_fd(),
                64,
                64,
                4096,
                bits_per_pixel,
                depth,
                handle.raw().into(),
            );
            match answer {
                Ok(made) => {
                    drm_ffi::mode::rm_fb(node.as_fd(), made.fb_id).unwrap();
                    taken.push((bits_per_pixel, depth));
                }
                Err(error) => assert_eq!(Errno::from_io_error(&error), Some(Errno::INVAL)),
            }
        }
    }
    // The other two of the table, XR15 and XR30, are what no plane of vkms lists.
    assert_eq!(taken, [(16, 16), (24, 24), (32, 24), (32, 32)]);
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn framebuffer_of_one_open_file_is_not_another_ones_to_close() {
    let (node, topology) = vkms();
    let image = heap([64, 64], Fourcc::XRGB8888);
    let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Blend).unwrap();
    let other = display::open("vkms");
    let refused = drm_ffi::mode::rm_fb(other.as_fd(), framebuffer.handle().into()).unwrap_err();
    assert_eq!(Errno::from_io_error(&refused), Some(Errno::NOENT));
    assert_eq!(display::framebuffers(&node).len(), 1);
    // Anybody who can open the node can make framebuffers, and needs not be master.
    let made = Framebuffer::new(&other, &topology, &image, Alpha::Blend).unwrap();
    drop((framebuffer, other));
    assert_eq!(display::framebuffers(&node).len(), 1);
    drop(made);
    assert!(display::framebuffers(&node).is_empty());
}

/// A claim over one buffer of 64 KiB, which may be right.
fn any_claim() -> impl Strategy<Value = ([u32; 2], &'static str, [(u32, u32); 3], bool)> {
    let formats = &["XR24", "RG16", "RG24", "NV12", "NV16", "P010", "YU12", "R8", "XR30"][..];
    let stride = || prop_oneof![0_u32..300, select(&[256_u32, 260, 512, 1000, 4096, 65536][..])];
    let plane = || (prop_oneof![0_u32..200, 0_u32..70_000], stride());
    ([1_u32..140, 1_u32..140], select(formats), [plane(), plane(), plane()], any::<bool>())
}

#[test]
#[ignore = "lab: needs vkms and a dma-heap"]
fn what_is_taken_here_is_what_the_kernel_takes() {
    let (node, topology) = vkms();
    let fd = memory(64 << 10);
    let handle = GemHandle::import(&node, fd.as_fd()).unwrap();
    let mut runner = TestRunner::deterministic();
    let mut taken = 0;
    for _ in 0..5000 {
        let (size, name, planes, states_modifiers) =
            any_claim().new_tree(&mut runner).unwrap().current();
        let fourcc: Fourcc = name.parse().unwrap();
        let planes = &planes[..fourcc.layout().unwrap().planes().len()];
        let flags = if states_modifiers { STATED } else { 0 };
        let mut words = Words {
            size,
            fourcc,
            handles: [0; 4],
            pitches: [0; 4],
            flags,
            ..Words::good(handle.raw().into())
        };
        let mut image = Descriptor { planes: Vec::new(), ..claim(&fd, size, fourcc, 0) };
        for (index, (offset_bytes, stride_bytes)) in planes.iter().copied().enumerate() {
            words.handles[index] = handle.raw().into();
            (words.offsets[index], words.pitches[index]) = (offset_bytes, stride_bytes);
            let fd = Arc::clone(&fd);
            image.planes.push(PlaneDescriptor { fd, offset_bytes, stride_bytes });
        }
        let text = format!("{image:?}");
        let ours = Dmabuf::new(image)
            .is_ok_and(|image| Framebuffer::new(&node, &topology, &image, Alpha::Blend).is_ok());
        assert_eq!(ours, words.verdict(&node).is_ok(), "{text}");
        taken += u32::from(ours);
    }
    assert!((500..4500).contains(&taken), "{taken} of 5000 were right");
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_takes_linear_framebuffers_without_a_modifier() {
    let node = display::open("virtio_gpu");
    let topology = Topology::read(&node).unwrap();
    let before = Inventory::of(&node);
    let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
    for (fourcc, alpha, shown) in [
        (Fourcc::XRGB8888, Alpha::Blend, "XR24"),
        (Fourcc::ARGB8888, Alpha::Blend, "AR24"),
        (Fourcc::ARGB8888, Alpha::Ignore, "XR24"),
    ] {
        let image = buffer.export_image(fourcc).unwrap();
        let framebuffer = Framebuffer::new(&node, &topology, &image, alpha).unwrap();
        let (id, text) = display::framebuffers(&node).pop().unwrap();
        assert_eq!(id, u32::from(framebuffer.handle()));
        assert!(text.contains(&format!("format={shown}")), "{text}");
    }
    drop(buffer);
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_framebuffers_of_other_kinds_are_refused_before_the_kernel() {
    let node = display::open("virtio_gpu");
    let topology = Topology::read(&node).unwrap();
    let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
    let handle: u32 = buffer.handle().raw().into();
    let good = Words {
        size: [64, 64],
        pitches: [buffer.stride_bytes(), 0, 0, 0],
        flags: 0,
        ..Words::good(handle)
    };
    assert_eq!(good.verdict(&node), Ok(()));
    assert_eq!(Words { flags: STATED, ..good }.verdict(&node), Err(Errno::INVAL));
    let fourcc = Fourcc::RGB565;
    assert_eq!(Words { fourcc, ..good }.verdict(&node), Err(Errno::NOENT));
    let fd = Arc::new(buffer.export().unwrap());
    let image = |fourcc, modifier| {
        let claim = claim(&fd, [64, 64], fourcc, 256);
        Dmabuf::new(Descriptor { modifier, ..claim }).unwrap()
    };
    let refused = refusal(&node, &topology, &image(fourcc, Modifier::LINEAR));
    assert!(matches!(refused, FramebufferError::Format { .. }), "{refused}");
    let refused = refusal(&node, &topology, &image(Fourcc::XRGB8888, TILED));
    assert_eq!(refused, FramebufferError::ModifiersUnsupported { modifier: TILED });
    let refused = refusal(&node, &topology, &image(Fourcc::XRGB8888, Modifier::Implicit));
    assert_eq!(refused, FramebufferError::ImplicitModifier);
}

/// Linux 7.3's driver looks at the size of the buffer only when the picture is shown, so that the
/// check of the image is the only one there is.
#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_makes_framebuffers_larger_than_their_buffer() {
    let node = display::open("virtio_gpu");
    let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
    let fd = Arc::new(buffer.export().unwrap());
    let stride_bytes = buffer.stride_bytes();
    let words = Words {
        size: [64, 4096],
        pitches: [stride_bytes, 0, 0, 0],
        flags: 0,
        ..Words::good(buffer.handle().raw().into())
    };
    assert_eq!(words.verdict(&node), Ok(()));
    let beyond = claim(&fd, [64, 4096], Fourcc::XRGB8888, stride_bytes);
    assert!(Dmabuf::new(beyond).is_err());
}
