#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The promise: an allocator hands out the image that was asked for, in memory that nobody can pull
//! away, or says why not.

use std::os::fd::BorrowedFd;
use std::path::Path;

use dmashare::allocator::AllocateError;
use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::DmaHeap;
use dmashare::allocator::Memfd;
use dmashare::allocator::OpenError;
use dmashare::allocator::Request;
use dmashare::allocator::probe;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::format::Fourcc;
use dmashare::format::Layout;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use rustix::fs::SealFlags;
use rustix::io::Errno;
use rustix::io::FdFlags;

const SIZES: [[u32; 2]; 4] = [[1, 1], [3, 5], [257, 257], [640, 480]];
const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);

fn linear_layouts() -> impl Iterator<Item = &'static Layout> {
    Layout::all().iter().filter(|layout| layout.has_linear())
}

fn memfd(request: &Request) -> Dmabuf {
    Memfd::new().allocate(request).unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

/// Each plane gets bytes of its own; after all were written, all must still be there.
fn assert_planes_are_apart(image: &Dmabuf) {
    let mut mapping = image.map(Access::ReadWrite).unwrap();
    let mut access = mapping.begin(Access::ReadWrite).unwrap();
    let byte = |plane: usize| u8::try_from(0x11 * (plane + 1)).unwrap();
    let zeroes: Vec<Vec<u8>> =
        (0..image.planes().len()).map(|plane| access.read_plane(plane).unwrap()).collect();
    for (plane, zeroes) in zeroes.iter().enumerate() {
        assert!(!zeroes.is_empty() && zeroes.iter().all(|byte| *byte == 0), "plane {plane}");
        access.write_plane(plane, &vec![byte(plane); zeroes.len()]).unwrap();
    }
    for plane in 0..zeroes.len() {
        let bytes = access.read_plane(plane).unwrap();
        assert!(bytes.iter().all(|found| *found == byte(plane)), "plane {plane} of {image:?}");
    }
    access.finish().unwrap();
}

fn assert_is_as_asked(image: &Dmabuf, layout: &Layout, [width, height]: [u32; 2]) {
    assert_eq!([image.width(), image.height()], [width, height]);
    assert_eq!((image.fourcc(), image.modifier()), (layout.fourcc(), Modifier::LINEAR));
    assert_eq!((image.bounds(), image.is_writable()), (Bounds::Proven, true));
    assert_eq!(image.planes().len(), layout.planes().len(), "{}", layout.name());
    for plane in image.planes() {
        assert_eq!(plane.stride_bytes() % 256, 0, "{image:?}");
        assert_eq!(plane.offset_bytes() as usize % rustix::param::page_size(), 0, "{image:?}");
        assert_eq!(plane.backing().size_bytes() % 4096, 0, "{image:?}");
    }
}

#[test]
fn allocate_every_format_and_size_is_as_asked() {
    assert!(linear_layouts().count() > 30, "the layout table");
    for layout in linear_layouts() {
        for [width, height] in SIZES {
            let image = memfd(&Request::new(width, height, layout.fourcc()));
            assert_is_as_asked(&image, layout, [width, height]);
            assert_eq!(image.distinct_fds().count(), 1);
            assert_planes_are_apart(&image);
        }
    }
}

#[test]
fn allocate_separate_planes_has_a_buffer_for_each() {
    for layout in linear_layouts() {
        let image = memfd(&Request::new(257, 257, layout.fourcc()).separate_planes());
        assert_is_as_asked(&image, layout, [257, 257]);
        assert_eq!(image.distinct_fds().count(), layout.planes().len());
        assert!(image.planes().iter().all(|plane| plane.offset_bytes() == 0));
        assert_planes_are_apart(&image);
    }
}

/// A format and a size in pixels, and the numbers that were worked out by hand for them: offset and
/// stride of each plane, and the size of the buffer.
type Known = (Fourcc, [u32; 2], &'static [[u32; 2]], u64);

#[test]
fn allocate_known_images_has_known_numbers() {
    let cases: [Known; 5] = [
        (Fourcc::ARGB8888, [640, 480], &[[0, 2560]], 2560 * 480),
        (Fourcc::ARGB8888, [7680, 4320], &[[0, 30_720]], 30_720 * 4320),
        (Fourcc::NV12, [640, 480], &[[0, 768], [368_640, 768]], 368_640 + 184_320),
        // 257 pixels have 129 samples of chroma; 260 rows of 512 bytes end within a page.
        (Fourcc::YUV420, [257, 257], &[[0, 512], [135_168, 256], [172_032, 256]], 208_896),
        // A single pixel is drawn as a block of 4x4.
        (Fourcc::R8, [1, 1], &[[0, 256]], 4096),
    ];
    for (fourcc, [width, height], expected, size_bytes) in cases {
        let image = memfd(&Request::new(width, height, fourcc));
        let planes: Vec<[u32; 2]> = image
            .planes()
            .iter()
            .map(|plane| [plane.offset_bytes(), plane.stride_bytes()])
            .collect();
        assert_eq!(planes, expected, "{fourcc}");
        assert_eq!(image.planes()[0].backing().size_bytes(), size_bytes, "{fourcc}");
    }
}

fn assert_size_is_final(fd: BorrowedFd<'_>, size_bytes: u64) {
    let seals = rustix::fs::fcntl_get_seals(fd).unwrap();
    assert!(seals.contains(SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL), "{seals:?}");
    assert!(!seals.intersects(SealFlags::WRITE | SealFlags::FUTURE_WRITE), "{seals:?}");
    for other in [0, size_bytes - 1, size_bytes + 1] {
        assert_eq!(rustix::fs::ftruncate(fd, other), Err(Errno::PERM));
    }
    assert_eq!(rustix::fs::ftruncate(fd, size_bytes), Ok(()));
}

#[test]
fn allocate_memfd_is_sealed_and_closed_on_exec() {
    let image = memfd(&Request::new(257, 257, Fourcc::NV12).separate_planes());
    for plane in image.planes() {
        assert_size_is_final(plane.fd(), plane.backing().size_bytes());
        assert_eq!(rustix::io::fcntl_getfd(plane.fd()), Ok(FdFlags::CLOEXEC));
    }
}

#[test]
fn allocate_what_is_no_image_is_refused() {
    let refused = |request: &Request| Memfd::new().allocate(request).unwrap_err();
    let size = |width, height| Request::new(width, height, Fourcc::ARGB8888);
    let layout = |error| AllocateError::Layout(error);
    assert_eq!(refused(&size(0, 480)), layout(LayoutError::Empty { width: 0, height: 480 }));
    assert_eq!(refused(&size(640, 0)), layout(LayoutError::Empty { width: 640, height: 0 }));
    let (width, height) = (u32::MAX, 480);
    assert_eq!(refused(&size(width, height)), layout(LayoutError::TooLarge { width, height }));
    let (width, height, fourcc) = (i32::MAX.unsigned_abs(), 1 << 30, Fourcc::ARGB8888);
    let too_large = AllocateError::TooLarge { width, height, fourcc };
    assert_eq!(refused(&size(width, height)), too_large);
    assert_eq!(
        too_large.to_string(),
        "an image of 2147483647x1073741824 pixels in AR24 is too large for one buffer"
    );
    assert!(!too_large.is_unsupported());
    // The numbers fit 31 bits, and the kernel would hand out the memory; nobody could map it.
    let (width, height, fourcc) = (1 << 30, 1 << 30, Fourcc::NV12);
    let found = refused(&Request::new(width, height, fourcc).separate_planes());
    assert_eq!(found, AllocateError::TooLarge { width, height, fourcc });
}

#[test]
fn allocate_what_memory_cannot_be_is_unsupported() {
    let fourcc = Fourcc::XRGB8888;
    let request =
        |modifiers: &[Modifier]| Request::new(64, 64, fourcc).modifiers(modifiers.iter().copied());
    for (modifiers, text) in [
        (&[TILED][..], "memfd has no XR24 with 0x0100000000000001"),
        (&[TILED, Modifier::Implicit], "memfd has no XR24 with 0x0100000000000001, implicit"),
        (&[], "memfd has no XR24 with no modifier at all"),
    ] {
        let error = Memfd::new().allocate(&request(modifiers)).unwrap_err();
        assert!(error.is_unsupported(), "{error:?}");
        assert_eq!(error.to_string(), text);
    }
    let unknown = Memfd::new().allocate(&Request::new(64, 64, Fourcc(0x0102_0304)));
    assert!(unknown.unwrap_err().is_unsupported());
    for layout in Layout::all().iter().filter(|layout| !layout.has_linear()) {
        let error = Memfd::new().allocate(&Request::new(64, 64, layout.fourcc())).unwrap_err();
        assert_eq!(error, AllocateError::Layout(LayoutError::NoLinearLayout(layout.fourcc())));
        assert!(error.is_unsupported());
    }
}

#[test]
fn check_answers_as_allocate_does() {
    for request in [
        Request::new(64, 64, Fourcc::NV12),
        Request::new(0, 64, Fourcc::NV12),
        Request::new(1 << 30, 1 << 30, Fourcc::NV12),
        Request::new(64, 64, Fourcc::NV12).modifiers([TILED]),
    ] {
        let allocated = Memfd::new().allocate(&request).map(|_image| ());
        assert_eq!(Memfd::new().check(&request), allocated, "{request:?}");
    }
}

#[test]
fn formats_of_memfd_are_all_linear_ones() {
    for usage in [Usage::Sample, Usage::Render, Usage::ScanOut, Usage::Cpu] {
        let formats = Memfd::new().formats(usage);
        assert_eq!(formats.len(), linear_layouts().count());
        assert!(linear_layouts().all(|one| formats.contains(one.fourcc(), Modifier::LINEAR)));
    }
}

#[test]
fn probe_finds_what_the_machine_has() {
    for (kind, path) in
        [(AllocatorKind::Udmabuf, "/dev/udmabuf"), (AllocatorKind::DmaHeap, "/dev/dma_heap/system")]
    {
        match (probe(kind), Path::new(path).exists()) {
            (Ok(allocator), true) => assert_eq!(allocator.kind(), kind),
            (Err(OpenError::Missing { path: missing, .. }), false) => {
                assert_eq!(missing, Path::new(path));
            }
            (Err(OpenError::Denied { path: denied, .. }), true) => {
                assert_eq!(denied, Path::new(path));
                assert!(!rustix::process::geteuid().is_root(), "root may open everything");
            }
            (found, exists) => panic!("{path} exists: {exists}, and yet {found:?}"),
        }
    }
    assert_eq!(probe(AllocatorKind::Memfd).unwrap().kind(), AllocatorKind::Memfd);
}

#[test]
fn probe_gbm_without_the_feature_says_so() {
    let found = probe(AllocatorKind::Gbm);
    if cfg!(feature = "gbm") {
        assert!(!matches!(found, Err(OpenError::NotBuilt { .. })), "{found:?}");
    } else {
        assert_eq!(found.unwrap_err().to_string(), "not built in (enable the feature `gbm`)");
    }
}

#[test]
fn open_dma_heap_with_a_path_for_a_name_is_refused() {
    for name in ["", ".", "..", "../null", "/dev/null", "a\0b"] {
        let expected = OpenError::HeapName { name: name.to_owned() };
        assert_eq!(DmaHeap::open(name).unwrap_err(), expected);
    }
    let missing = DmaHeap::open("no such heap").unwrap_err();
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing:?}");
}

/// What a real dma-buf of plain memory must be like.
fn assert_allocates_dma_bufs(allocator: &dyn Allocator) {
    for layout in linear_layouts() {
        for [width, height] in [[3, 5], [67, 35]] {
            for request in [
                Request::new(width, height, layout.fourcc()),
                Request::new(width, height, layout.fourcc()).separate_planes(),
            ] {
                let image = allocator.allocate(&request).unwrap();
                assert_is_as_asked(&image, layout, [width, height]);
                assert!(image.is_dma_buf());
                assert_planes_are_apart(&image);
                let flags = image.distinct_fds().map(|fd| rustix::io::fcntl_getfd(fd).unwrap());
                assert!(flags.into_iter().all(|flags| flags.contains(FdFlags::CLOEXEC)));
            }
        }
    }
}

#[test]
#[ignore = "lab: needs /dev/udmabuf"]
fn allocate_udmabuf_every_format_and_size_is_as_asked() {
    let allocator = probe(AllocatorKind::Udmabuf).unwrap();
    assert_allocates_dma_bufs(allocator.as_ref());
}

/// Linux 7.3 has no limit by default: it would take all memory for such an image.
#[test]
#[ignore = "lab: needs /dev/udmabuf, and sets its limit"]
fn allocate_udmabuf_above_the_limit_is_refused() {
    const LIMIT: &str = "/sys/module/udmabuf/parameters/size_limit_mb";
    let before = std::fs::read_to_string(LIMIT).unwrap();
    std::fs::write(LIMIT, "64").unwrap();
    let allocator = probe(AllocatorKind::Udmabuf).unwrap();
    let refused = allocator.allocate(&Request::new(1 << 15, 1 << 15, Fourcc::ARGB8888));
    let largest = allocator.allocate(&Request::new(1 << 12, 1 << 12, Fourcc::ARGB8888));
    std::fs::write(LIMIT, before).unwrap();
    let refused = refused.unwrap_err();
    assert!(matches!(refused, AllocateError::OverLimit { .. }), "{refused:?}");
    assert!(largest.is_ok(), "{largest:?}");
}

#[test]
#[ignore = "lab: needs /dev/dma_heap/system"]
fn allocate_dma_heap_every_format_and_size_is_as_asked() {
    assert_allocates_dma_bufs(probe(AllocatorKind::DmaHeap).unwrap().as_ref());
}
