//! A plane of an image is an image of its own, in the same memory and within its bounds.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is how a test fails"
)]

use dmashare::allocator::Allocator;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneAsImageError;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;

fn image(fourcc: Fourcc) -> Dmabuf {
    Memfd::new().allocate(&Request::new(37, 23, fourcc)).unwrap()
}

/// The same image with another modifier.
fn with_modifier(image: &Dmabuf, modifier: Modifier) -> Dmabuf {
    let planes = image.planes().iter().map(|plane| PlaneDescriptor {
        fd: plane.shared_fd(),
        offset_bytes: plane.offset_bytes(),
        stride_bytes: plane.stride_bytes(),
    });
    let (width, height, fourcc) = (image.width(), image.height(), image.fourcc());
    let planes = planes.collect();
    Dmabuf::new(Descriptor { width, height, fourcc, modifier, planes }).unwrap()
}

#[test]
fn width_is_what_the_rows_hold() {
    let cases = [
        (Fourcc::NV12, 0, Fourcc::R8, [37, 23]),
        (Fourcc::NV12, 1, Fourcc::GR88, [19, 12]),
        (Fourcc::YUV410, 2, Fourcc::R8, [10, 6]),
        (Fourcc::YUYV, 0, Fourcc::GR88, [38, 23]),
        (Fourcc::YUYV, 0, Fourcc::ABGR8888, [19, 23]),
        (Fourcc::NV15, 0, Fourcc::R8, [50, 23]),
        (Fourcc::P030, 1, Fourcc::ABGR2101010, [14, 12]),
        (Fourcc::ARGB8888, 0, Fourcc::R8, [148, 23]),
    ];
    for (fourcc, plane, part, size) in cases {
        let whole = image(fourcc);
        let found = whole.plane_as_image(plane, part).unwrap();
        assert_eq!([found.width(), found.height()], size, "{fourcc} as {part}");
        assert_eq!((found.fourcc(), found.modifier()), (part, Modifier::LINEAR));
        let [from, to] = [&whole.planes()[plane], &found.planes()[0]];
        assert_eq!(from.offset_bytes(), to.offset_bytes());
        assert_eq!(from.stride_bytes(), to.stride_bytes());
        assert_eq!(from.identity(), to.identity());
        assert_eq!(found.bounds(), Bounds::Proven);
    }
}

#[test]
fn what_is_written_into_the_plane_is_in_the_image() {
    let whole = image(Fourcc::NV12);
    let chroma = whole.plane_as_image(1, Fourcc::GR88).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(19 * 2 * 12).collect();
    let mut mapping = chroma.map(Access::Write).unwrap();
    let mut access = mapping.begin(Access::Write).unwrap();
    access.write_plane(0, &bytes).unwrap();
    access.finish().unwrap();
    let mut mapping = whole.map(Access::Read).unwrap();
    let access = mapping.begin(Access::Read).unwrap();
    assert!(access.read_plane(1).unwrap() == bytes);
    assert!(access.read_plane(0).unwrap().iter().all(|byte| *byte == 0));
}

#[test]
fn plane_outlives_the_image() {
    let whole = image(Fourcc::NV12);
    let luma = whole.plane_as_image(0, Fourcc::R8).unwrap();
    drop(whole);
    assert_eq!(
        luma.map(Access::Read).unwrap().begin(Access::Read).unwrap().read_plane(0).unwrap().len(),
        37 * 23
    );
}

#[test]
fn plane_that_is_not_there_or_has_planes_is_refused() {
    let whole = image(Fourcc::NV12);
    for (plane, fourcc) in [(2, Fourcc::R8), (0, Fourcc::NV12), (0, Fourcc::YUYV), (0, Fourcc(7))] {
        let refused = whole.plane_as_image(plane, fourcc).unwrap_err();
        assert_eq!(refused, PlaneAsImageError::Format { fourcc, of: Fourcc::NV12 });
    }
}

#[test]
fn plane_of_tiles_is_taken_for_pixels_of_the_same_size_alone() {
    let tiled = Modifier::from_raw(0x0100_0000_0000_0002);
    for modifier in [tiled, Modifier::Implicit] {
        let semi_planar = with_modifier(&image(Fourcc::NV12), modifier);
        let chroma = semi_planar.plane_as_image(1, Fourcc::GR88).unwrap();
        assert_eq!((chroma.modifier(), chroma.width()), (modifier, 19));
        let bytes = semi_planar.plane_as_image(1, Fourcc::R8).unwrap_err();
        assert_eq!(bytes, PlaneAsImageError::Tiled { modifier });
        let packed = with_modifier(&image(Fourcc::YUYV), modifier);
        let words = packed.plane_as_image(0, Fourcc::ABGR8888).unwrap_err();
        assert_eq!(words, PlaneAsImageError::Tiled { modifier });
    }
}
