#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Images in dumb buffers: every linear format, in one buffer, writable by the CPU and taken by the
//! display they were made on.

mod common;

use dmashare::allocator::AllocateError;
use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Dumb;
use dmashare::allocator::OpenError;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::device::GemImage;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Importer;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use drm::control::Device as _;
use drm::control::FbCmd2Flags;

use common::child;
use common::child::Case;
use common::drm_node::assert_no_handles;
use common::drm_node::primary;
use common::drm_node::render;

fn on(driver: &str) -> Dumb {
    Dumb::open(primary(driver).path().unwrap()).unwrap()
}

const CASES: &[Case] = &[
    ("every linear format is allocated in one buffer and written", || {
        let dumb = on("vkms");
        let formats = dumb.formats(Usage::ScanOut);
        assert!(formats.contains(Fourcc::NV12, Modifier::LINEAR));
        for entry in formats.entries() {
            let image = dumb.allocate(&Request::new(101, 77, entry.fourcc)).unwrap();
            assert_eq!(image.distinct_fds().count(), 1, "{}", entry.fourcc);
            let mut mapping = image.map(Access::ReadWrite).unwrap();
            let mut access = mapping.begin(Access::ReadWrite).unwrap();
            for plane in 0..image.planes().len() {
                let bytes = vec![0xa5; access.read_plane(plane).unwrap().len()];
                access.write_plane(plane, &bytes).unwrap();
                assert_eq!(access.read_plane(plane).unwrap(), bytes);
            }
            access.finish().unwrap();
        }
        assert_no_handles(dumb.node());
    }),
    ("the display takes what was allocated on it", || {
        let dumb = on("vkms");
        for fourcc in [Fourcc::XRGB8888, Fourcc::ARGB8888, Fourcc::RGB565, Fourcc::NV12] {
            let image = dumb.allocate(&Request::new(640, 480, fourcc)).unwrap();
            let imported = GemImage::import(dumb.node(), &image).unwrap();
            let view = imported.as_planar_buffer().unwrap();
            let node = dumb.node();
            let framebuffer = node.add_planar_framebuffer(&view, FbCmd2Flags::MODIFIERS).unwrap();
            node.destroy_framebuffer(framebuffer).unwrap();
        }
    }),
    ("planes have buffers of their own on request", || {
        let request = Request::new(64, 64, Fourcc::YUV420).separate_planes();
        assert_eq!(on("vgem").allocate(&request).unwrap().distinct_fds().count(), 3);
    }),
    ("nobody is kept from being master", || {
        let node = primary("vkms");
        let path = node.path().unwrap();
        drop(node);
        let dumb = Dumb::open(path).unwrap();
        assert!(!dumb.node().is_master());
        assert!(primary("vkms").is_master());
    }),
    ("a render node leads to the primary one", || {
        let dumb = Dumb::open(render("vgem").path().unwrap()).unwrap();
        assert_eq!(dumb.node().kind(), NodeKind::Primary);
        let refused = Dumb::on(render("vgem")).unwrap_err();
        assert!(matches!(refused, OpenError::NoBuffers { .. }), "{refused}");
        let refused = Dumb::open("/dev/null").unwrap_err();
        assert!(matches!(refused, OpenError::NotDrm { .. }), "{refused}");
    }),
    ("numbers that are too large are refused", || {
        let dumb = on("vkms");
        let refused = dumb.allocate(&Request::new(1 << 15, 1 << 15, Fourcc::XRGB8888)).unwrap_err();
        assert!(matches!(refused, AllocateError::TooLarge { .. }), "{refused}");
        let refused = dumb.allocate(&Request::new(0, 1, Fourcc::XRGB8888)).unwrap_err();
        assert!(matches!(refused, AllocateError::Layout(_)), "{refused}");
        assert_no_handles(dumb.node());
    }),
    ("a display without a GPU has them after GBM", || {
        let path = primary("vkms").path().unwrap();
        let importer = Importer::from_driver_name(Some("kms_swrast")).on_node(path);
        let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
        let request = Request::new(64, 64, Fourcc::XRGB8888).usage(Usage::ScanOut);
        let choice = choose(&importer, &formats, &request).unwrap();
        let expected = if cfg!(feature = "gbm") { AllocatorKind::Gbm } else { AllocatorKind::Dumb };
        assert_eq!(choice.allocator.kind(), expected, "{choice}");
    }),
];

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn dumb_images_are_allocated() {
    child::run_cases("dumb_images_are_allocated", CASES);
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_has_dumb_images_of_every_size() {
    let node = Node::open_driver("virtio_gpu", NodeKind::Primary).unwrap();
    let dumb = Dumb::on(node).unwrap();
    for fourcc in [Fourcc::XRGB8888, Fourcc::NV12, Fourcc::RGB565] {
        let image = dumb.allocate(&Request::new(641, 479, fourcc)).unwrap();
        GemImage::import(dumb.node(), &image).unwrap();
    }
}
