//! What each class refuses, with the buffers that need no device.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::MemfdFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::SealFlags;

use super::*;
use crate::dmabuf::Descriptor;
use crate::dmabuf::PlaneDescriptor;
use crate::format::Fourcc;
use crate::format::Modifier;

const SWRAST: &str = "swrast";
const KMS_SWRAST: &str = "kms_swrast";
const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);

fn memory(bytes: u64, seals: SealFlags) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = rustix::fs::memfd_create("test", flags).unwrap();
    rustix::fs::ftruncate(&fd, bytes).unwrap();
    rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | seals).unwrap();
    fd
}

/// An image in one plane, of 8 bits for each pixel.
fn image([width, height]: [u32; 2], stride_bytes: u32, modifier: Modifier, fd: OwnedFd) -> Dmabuf {
    let plane = PlaneDescriptor { fd: Arc::new(fd), offset_bytes: 0, stride_bytes };
    let (fourcc, planes) = (Fourcc::R8, vec![plane]);
    Dmabuf::new(Descriptor { width, height, fourcc, modifier, planes }).unwrap()
}

fn linear(fd: OwnedFd) -> Dmabuf {
    image([64, 64], 64, Modifier::LINEAR, fd)
}

fn importer(driver: &str) -> Importer {
    Importer::from_driver_name(Some(driver))
}

#[test]
fn from_driver_name_tells_the_classes_apart() {
    let cases = [
        (Some("swrast"), ImporterClass::MapsMemory, true),
        (Some("kms_swrast"), ImporterClass::KmsSoftware, true),
        (Some("virtio_gpu"), ImporterClass::Hardware, false),
        (Some("iris"), ImporterClass::Hardware, false),
        (None, ImporterClass::Hardware, false),
    ];
    for (name, class, maps_memory) in cases {
        let importer = Importer::from_driver_name(name);
        assert_eq!((importer.class(), importer.maps_memory()), (class, maps_memory), "{name:?}");
    }
    let importer = importer("iris");
    assert_eq!((importer.driver(), importer.node()), ("iris", None));
    let importer = importer.on_node("/dev/dri/card0");
    assert_eq!(importer.node(), Some(Path::new("/dev/dri/card0")));
    assert_eq!(importer.to_string(), "iris on /dev/dri/card0");
}

#[test]
fn no_kernel_is_asked_about_memory_that_is_mapped() {
    let importer = importer(SWRAST).on_node("/there/is/no/such/node");
    let fits = linear(memory(4096, SealFlags::empty()));
    assert_eq!(importer.accepts_in_kernel(&fits, false), Ok(()));
    assert_eq!(importer.accepts_in_kernel(&fits, true), Ok(()));
    let exact = image([4096, 1], 4096, Modifier::LINEAR, memory(4096, SealFlags::empty()));
    assert_eq!(importer.accepts_in_kernel(&exact, false), Ok(()));
    let refused = importer.accepts_in_kernel(&exact, true);
    assert!(matches!(refused, Err(Refusal::NoRoomForBlocks { .. })), "{refused:?}");
}

#[test]
fn accepts_memfd_for_renderers_that_map_memory_alone() {
    let image = linear(memory(4096, SealFlags::empty()));
    assert_eq!(importer(SWRAST).accepts(&image), Ok(()));
    for driver in [KMS_SWRAST, "virtio_gpu"] {
        let expected = Refusal::Memfd { driver: driver.to_owned(), plane: 0 };
        assert_eq!(importer(driver).accepts(&image), Err(expected));
    }
}

#[test]
fn accepts_implicit_image_whose_rows_fit() {
    let image = image([64, 64], 64, Modifier::Implicit, memory(4096, SealFlags::empty()));
    assert_eq!(importer(SWRAST).accepts(&image), Ok(()));
}

#[test]
fn accepts_memory_that_cannot_be_written_is_read_only() {
    let expected = Err(Refusal::ReadOnly { driver: SWRAST.to_owned() });
    let sealed = linear(memory(4096, SealFlags::WRITE));
    assert_eq!(importer(SWRAST).accepts(&sealed), expected);
    let writable = memory(4096, SealFlags::empty());
    let path = format!("/proc/self/fd/{}", writable.as_fd().as_raw_fd());
    let read_only = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    assert_eq!(importer(SWRAST).accepts(&linear(read_only.unwrap())), expected);
}

#[test]
fn accepts_tiled_image_is_not_linear() {
    let tiled = image([64, 64], 64, TILED, memory(4096, SealFlags::empty()));
    let expected = Refusal::NotLinear { driver: SWRAST.to_owned(), modifier: TILED };
    assert_eq!(importer(SWRAST).accepts(&tiled), Err(expected));
}

#[test]
fn accepts_small_image_in_an_endless_buffer_is_refused() {
    let endless = linear(memory(1 << 50, SealFlags::empty()));
    let (driver, plane) = (SWRAST.to_owned(), 0);
    let expected = Refusal::NoAddressSpace { driver, plane, buffer_bytes: 1 << 50 };
    assert_eq!(importer(SWRAST).accepts(&endless), Err(expected));
    let large = linear(memory(1 << 36, SealFlags::empty()));
    assert_eq!(importer(SWRAST).accepts(&large), Ok(()));
}

/// An image in as many planes as its format has, each of 4096 bytes.
fn planar(fourcc: Fourcc, [width, height]: [u32; 2]) -> Dmabuf {
    let fd = Arc::new(memory(4 * 4096, SealFlags::empty()));
    let planes = (0..).take(fourcc.layout().unwrap().planes().len()).map(|index| {
        let fd = Arc::clone(&fd);
        PlaneDescriptor { fd, offset_bytes: index * 4096, stride_bytes: 256 }
    });
    let (modifier, planes) = (Modifier::LINEAR, planes.collect());
    Dmabuf::new(Descriptor { width, height, fourcc, modifier, planes }).unwrap()
}

#[test]
fn accepts_less_than_one_sample_of_chroma_is_refused() {
    let cases = [
        (Fourcc::YUYV, [1, 8], [2, 1]),
        (Fourcc::NV12, [8, 1], [2, 2]),
        (Fourcc::NV12, [1, 8], [2, 2]),
        (Fourcc::YUV420, [1, 1], [2, 2]),
        (Fourcc::YUV410, [8, 3], [4, 4]),
    ];
    for (fourcc, [width, height], [least_width, least_height]) in cases {
        let driver = SWRAST.to_owned();
        let refusal =
            Refusal::TooSmall { driver, fourcc, width, height, least_width, least_height };
        let small = planar(fourcc, [width, height]);
        assert_eq!(importer(SWRAST).accepts(&small), Err(refusal));
        let least = planar(fourcc, [least_width, least_height]);
        assert_eq!(importer(SWRAST).accepts(&least), Ok(()), "{fourcc}");
    }
}

#[test]
fn accepts_format_whose_rows_are_read_as_longer_ones_is_refused() {
    let expected = Refusal::Misread { driver: SWRAST.to_owned(), fourcc: Fourcc::P030 };
    assert_eq!(importer(SWRAST).accepts(&planar(Fourcc::P030, [6, 2])), Err(expected));
    assert_eq!(importer(SWRAST).accepts(&planar(Fourcc::P010, [6, 2])), Ok(()));
}

#[test]
fn accepts_pixels_of_128_bits_off_a_vector_is_refused() {
    let fourcc = Fourcc::ABGR32323232F;
    let image = |offset_bytes, stride_bytes| {
        let fd = Arc::new(memory(8192, SealFlags::empty()));
        let planes = vec![PlaneDescriptor { fd, offset_bytes, stride_bytes }];
        let (modifier, width, height) = (Modifier::LINEAR, 8, 8);
        Dmabuf::new(Descriptor { width, height, fourcc, modifier, planes }).unwrap()
    };
    assert_eq!(importer(SWRAST).accepts(&image(16, 144)), Ok(()));
    for (offset_bytes, stride_bytes) in [(8, 144), (16, 136)] {
        let expected = Refusal::Misaligned { plane: 0, offset_bytes, stride_bytes };
        assert_eq!(importer(SWRAST).accepts(&image(offset_bytes, stride_bytes)), Err(expected));
    }
}

#[test]
fn accepts_last_row_shorter_than_its_stride_is_refused() {
    let seals = SealFlags::empty();
    let whole = image([60, 64], 64, Modifier::LINEAR, memory(64 * 64, seals));
    assert_eq!(importer(SWRAST).accepts(&whole), Ok(()));
    for buffer_bytes in [63 * 64 + 60, 64 * 64 - 1] {
        let short = image([60, 64], 64, Modifier::LINEAR, memory(buffer_bytes, seals));
        let (driver, needed_bytes) = (SWRAST.to_owned(), 64 * 64);
        let expected = Refusal::ShortLastRow { driver, plane: 0, needed_bytes, buffer_bytes };
        assert_eq!(importer(SWRAST).accepts(&short), Err(expected));
    }
}

#[test]
fn accepts_as_target_needs_room_for_the_last_blocks() {
    // Four rows of 1024 bytes are one page; one row of 4096 is one page too, and its block is four.
    let enough = image([1024, 1], 1024, Modifier::LINEAR, memory(4096, SealFlags::empty()));
    assert_eq!(importer(SWRAST).accepts_as_target(&enough), Ok(()));
    let exact = image([4096, 1], 4096, Modifier::LINEAR, memory(4096, SealFlags::empty()));
    assert_eq!(importer(SWRAST).accepts(&exact), Ok(()));
    let needed_bytes = 4 * 4096;
    let expected = Refusal::NoRoomForBlocks { plane: 0, needed_bytes, buffer_bytes: 4096 };
    assert_eq!(importer(SWRAST).accepts_as_target(&exact), Err(expected));
}

#[test]
fn accepts_as_target_counts_the_rest_of_the_last_page() {
    let page_bytes = rustix::param::page_size() as u64;
    let short = image([16, 1], 16, Modifier::LINEAR, memory(16, SealFlags::empty()));
    assert!(short.planes()[0].backing().size_bytes() < page_bytes);
    assert_eq!(importer(SWRAST).accepts_as_target(&short), Ok(()));
}

#[test]
fn refusals_say_what_to_do() {
    let exact = image([4096, 1], 4096, Modifier::LINEAR, memory(4096, SealFlags::empty()));
    let refusal = importer(SWRAST).accepts_as_target(&exact).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "drawing into plane 0 in blocks of 4x4 pixels takes 16384 bytes of a buffer of 4096: \
         allocate more rows"
    );
}

/// Rows of blocks of four pixels, which do not fit rows of five.
#[test]
fn rows_that_a_block_would_leave_are_not_for_drawing() {
    let display = importer(SWRAST);
    let drawable = |width, stride_bytes| {
        let fd = memory(4096, SealFlags::empty());
        let image = image([width, 16], stride_bytes, Modifier::LINEAR, fd);
        assert_eq!(display.accepts(&image), Ok(()));
        display.accepts_as_target(&image)
    };
    let refused = Refusal::OverlappingRows { plane: 0, needed_bytes: 8, stride_bytes: 5 };
    assert_eq!(drawable(5, 5), Err(refused));
    assert_eq!(drawable(5, 8), Ok(()));
    assert_eq!(drawable(4, 4), Ok(()));
    // A GPU's own business.
    let fd = memory(4096, SealFlags::empty());
    let image = image([5, 16], 5, Modifier::LINEAR, fd);
    let refused = importer("iris").accepts_in_kernel(&image, true);
    assert_eq!(refused, Err(Refusal::Memfd { driver: "iris".to_owned(), plane: 0 }));
}
