//! What the paths are run on.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use rustix::fs::MemfdFlags;
use rustix::fs::SealFlags;

/// Intel's tiling with compressed media: two planes of pixels and two of compression state.
const FOUR_PLANES: Modifier = Modifier::from_raw(0x0100_0000_0000_0007);

/// Sealed memory of so many bytes, of which none is touched.
fn memory(bytes: u64) -> Arc<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = rustix::fs::memfd_create("image", flags).expect("a memfd");
    rustix::fs::ftruncate(&fd, bytes).expect("the size of a memfd");
    rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW).expect("seals");
    Arc::new(fd)
}

/// The claim of an image with this many planes, each in a buffer of its own.
///
/// # Panics
/// When no format has so many planes.
pub(crate) fn descriptor(planes: usize, [width, height]: [u32; 2]) -> Descriptor {
    let (fourcc, modifier) = match planes {
        1 => (Fourcc::ARGB8888, Modifier::LINEAR),
        2 => (Fourcc::NV12, Modifier::LINEAR),
        3 => (Fourcc::YUV420, Modifier::LINEAR),
        _ => (Fourcc::NV12, FOUR_PLANES),
    };
    let bytes_per_pixel = if planes == 1 { 4 } else { 1 };
    let stride_bytes = (width * bytes_per_pixel).next_multiple_of(256);
    let bytes = u64::from(stride_bytes) * u64::from(height.next_multiple_of(4));
    let plane = || PlaneDescriptor { fd: memory(bytes), offset_bytes: 0, stride_bytes };
    let planes = std::iter::repeat_with(plane).take(planes).collect();
    Descriptor { width, height, fourcc, modifier, planes }
}

/// A checked image with this many planes.
pub(crate) fn image(planes: usize, size: [u32; 2]) -> Dmabuf {
    Dmabuf::new(descriptor(planes, size)).expect("an image")
}

/// A set of made-up formats, each with the same modifiers. `LINEAR` is the last, as with drivers.
pub(crate) fn formats(formats: u32, modifiers: u64) -> FormatSet {
    let tiled = |number| Modifier::from_raw(0x0100_0000_0000_0000 | number);
    let modifiers = move || (1..modifiers).map(tiled).chain([Modifier::LINEAR]);
    let fourccs = (0..formats).map(|number| Fourcc(0x2020_2041 + number));
    fourccs.flat_map(|fourcc| modifiers().map(move |modifier| (fourcc, modifier))).collect()
}
