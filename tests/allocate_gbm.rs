#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The promise: what is no graphics device is refused before GBM sees it, and what GBM makes is an
//! image that can be shared.

use std::os::fd::OwnedFd;
use std::path::Path;

use dmashare::allocator::AllocateError;
use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Gbm;
use dmashare::allocator::OpenError;
use dmashare::allocator::Request;
use dmashare::allocator::probe;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Importer;
use dmashare::dmabuf::MapError;
use dmashare::dmabuf::Refusal;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use rustix::fs::MemfdFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::FdFlags;

fn file(path: &Path, flags: OFlags) -> OwnedFd {
    rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).unwrap()
}

#[test]
fn open_what_is_no_node_is_refused() {
    for path in ["/dev/null", "/dev/zero"] {
        let expected = OpenError::NotDrm { device: path.to_owned() };
        assert_eq!(Gbm::open(path).unwrap_err(), expected);
    }
    let missing = Gbm::open("/dev/dri/renderD9999").unwrap_err();
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing:?}");
    assert!(missing.to_string().starts_with("/dev/dri/renderD9999 is not there"), "{missing}");
}

#[test]
fn from_fd_of_other_files_is_refused() {
    let files = [
        file(Path::new("/dev/null"), OFlags::RDWR),
        file(Path::new("/"), OFlags::RDONLY),
        file(Path::new("/proc/self/exe"), OFlags::RDONLY),
        rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap(),
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap().0,
    ];
    for fd in files {
        let text = format!("{fd:?}");
        let refused = Gbm::from_fd(fd).unwrap_err();
        assert!(matches!(refused, OpenError::NotDrm { .. }), "{text}: {refused:?}");
    }
}

#[test]
fn probe_without_a_node_says_so() {
    match (probe(AllocatorKind::Gbm), Gbm::nodes().is_empty()) {
        (Err(error), true) => assert_eq!(error, OpenError::NoNode),
        (found, _) => eprintln!("with the nodes {:?}: {found:?}", Gbm::nodes()),
    }
}

/// The nodes that make images, each with its allocator.
fn devices() -> Vec<(std::path::PathBuf, Gbm)> {
    let request = Request::new(64, 64, Fourcc::XRGB8888);
    Gbm::nodes()
        .into_iter()
        .filter_map(|node| Some((node.clone(), Gbm::open(&node).ok()?)))
        .filter(|(node, gbm)| match gbm.allocate(&request) {
            Ok(_image) => true,
            Err(error) => {
                eprintln!("{} ({}): {error}", node.display(), gbm.driver());
                false
            }
        })
        .collect()
}

#[test]
#[ignore = "lab: needs a DRM node"]
fn allocate_gbm_is_a_dma_buf_that_can_be_written() {
    let devices = devices();
    assert!(!devices.is_empty(), "no node makes images");
    for (node, gbm) in &devices {
        for modifiers in [&[Modifier::LINEAR][..], &[Modifier::Implicit]] {
            let request = Request::new(257, 65, Fourcc::XRGB8888)
                .modifiers(modifiers.iter().copied())
                .usage(Usage::Render);
            let image = gbm.allocate(&request).unwrap();
            eprintln!("{} ({}): {image:?}", node.display(), gbm.driver());
            assert!(image.is_dma_buf() && image.is_writable());
            let flags = image.distinct_fds().map(|fd| rustix::io::fcntl_getfd(fd).unwrap());
            assert!(flags.into_iter().all(|flags| flags.contains(FdFlags::CLOEXEC)));
            // Only virtio-gpu is trusted with images that are larger than their file descriptors.
            assert!(image.bounds() == Bounds::Proven || gbm.driver() == "virtio_gpu");
        }
    }
}

/// The image outlives the buffer of GBM, the device and the allocator.
#[test]
#[ignore = "lab: needs a DRM node"]
fn allocate_gbm_outlives_its_device() {
    for (node, gbm) in devices() {
        let request = Request::new(64, 64, Fourcc::XRGB8888).usage(Usage::Cpu);
        let images = [gbm.allocate(&request).unwrap(), gbm.allocate(&request).unwrap()];
        drop(gbm);
        if images[0].bounds() == Bounds::KernelChecked {
            assert_eq!(images[0].map(Access::Read).unwrap_err(), MapError::OutOfReach);
            continue;
        }
        for (image, byte) in images.iter().zip([0x11, 0x22]) {
            let mut mapping = image.map(Access::ReadWrite).unwrap();
            let mut access = mapping.begin(Access::Write).unwrap();
            access.write_plane(0, &[byte; 64 * 64 * 4]).unwrap();
            access.finish().unwrap();
        }
        for (image, byte) in images.iter().zip([0x11, 0x22]) {
            let mut mapping = image.map(Access::Read).unwrap();
            let access = mapping.begin(Access::Read).unwrap();
            let bytes = access.read_plane(0).unwrap();
            assert!(bytes.iter().all(|found| *found == byte), "{}", node.display());
        }
    }
}

#[test]
#[ignore = "lab: needs a DRM node"]
fn allocate_gbm_with_a_foreign_modifier_is_unsupported() {
    let foreign = Modifier::from_raw(0x7700_0000_0000_0001);
    for (node, gbm) in devices() {
        let request = Request::new(64, 64, Fourcc::XRGB8888).modifiers([foreign]);
        let refused = gbm.allocate(&request).unwrap_err();
        assert!(
            refused.is_unsupported() || matches!(refused, AllocateError::WrongModifier { .. }),
            "{}: {refused:?}",
            node.display()
        );
    }
}

#[test]
#[ignore = "lab: needs a primary node without 3D (vkms, vgem) and /dev/udmabuf"]
fn kms_swrast_accepts_buffers_of_its_own_device_alone() {
    let software = ["vkms", "vgem", "bochs-drm"];
    let is_primary = |node: &Path| node.to_string_lossy().contains("card");
    let devices: Vec<_> = devices()
        .into_iter()
        .filter(|(node, gbm)| is_primary(node) && software.contains(&gbm.driver()))
        .collect();
    assert!(!devices.is_empty(), "no such node");
    let request = Request::new(64, 64, Fourcc::XRGB8888);
    let udmabuf = probe(AllocatorKind::Udmabuf).unwrap().allocate(&request).unwrap();
    for (node, gbm) in &devices {
        let display = Importer::from_driver_name(Some("kms_swrast")).on_node(node);
        assert_eq!(display.accepts(&gbm.allocate(&request).unwrap()), Ok(()));
        let refused = display.accepts(&udmabuf);
        let exporter = String::from("udmabuf");
        let driver = String::from("kms_swrast");
        assert_eq!(refused, Err(Refusal::ForeignDevice { driver, exporter }));
        for (other_node, other) in devices.iter().filter(|(other_node, _)| other_node != node) {
            let refused = display.accepts(&other.allocate(&request).unwrap());
            assert!(
                matches!(&refused, Err(Refusal::ForeignDevice { .. })),
                "{} on {}: {refused:?}",
                other_node.display(),
                node.display()
            );
        }
    }
}
