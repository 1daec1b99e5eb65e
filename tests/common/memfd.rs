//! Images in plain memory, made without the crate's own allocators.
//!
//! Software renderers import them without a copy. Strides are multiples of 256 bytes, rows are padded
//! to a multiple of 4, and the last row is padded like the others, so that they can be drawn into.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use dmashare::dmabuf::Access;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;

use crate::common::buffer;
use crate::common::pixels::PlaneBytes;

/// Enough for every driver that states one.
const STRIDE_ALIGNMENT_BYTES: u64 = 256;

/// Rows that a software renderer draws at once.
const ROWS_AT_ONCE: u32 = 4;

/// A linear image with its planes one after the other in one memfd, all bytes 0.
pub(crate) fn image(fourcc: Fourcc, size: [u32; 2]) -> Dmabuf {
    Dmabuf::new(descriptor(fourcc, size)).unwrap()
}

/// What [`image`] is made from.
pub(crate) fn descriptor(fourcc: Fourcc, size: [u32; 2]) -> Descriptor {
    let mut end_bytes = 0;
    let starts: Vec<_> = shapes(fourcc, size)
        .map(|[stride_bytes, rows]| {
            let offset_bytes = end_bytes;
            end_bytes += stride_bytes * rows;
            (offset_bytes, stride_bytes)
        })
        .collect();
    let fd = Arc::new(buffer::sealed_memfd(end_bytes.into()));
    let planes = starts.into_iter().map(|start| plane(&fd, start)).collect();
    linear(fourcc, size, planes)
}

/// A linear image with each plane in a memfd of its own, all bytes 0.
pub(crate) fn image_in_parts(fourcc: Fourcc, size: [u32; 2]) -> Dmabuf {
    let planes = shapes(fourcc, size)
        .map(|[stride_bytes, rows]| {
            let fd = Arc::new(buffer::sealed_memfd((stride_bytes * rows).into()));
            plane(&fd, (0, stride_bytes))
        })
        .collect();
    Dmabuf::new(linear(fourcc, size, planes)).unwrap()
}

/// One plane of an image as an image of its own, in the same memory.
pub(crate) fn plane_as_image(
    image: &Dmabuf,
    plane: usize,
    fourcc: Fourcc,
    size: [u32; 2],
) -> Dmabuf {
    let plane = &image.planes()[plane];
    let start = (plane.offset_bytes(), plane.stride_bytes());
    Dmabuf::new(linear(fourcc, size, vec![self::plane(&plane.shared_fd(), start)])).unwrap()
}

/// The same image without the statement that it is linear.
pub(crate) fn without_modifier(image: &Dmabuf) -> Dmabuf {
    let planes = image.planes().iter().map(|plane| PlaneDescriptor {
        fd: plane.shared_fd(),
        offset_bytes: plane.offset_bytes(),
        stride_bytes: plane.stride_bytes(),
    });
    let mut claim = linear(image.fourcc(), [image.width(), image.height()], planes.collect());
    claim.modifier = Modifier::Implicit;
    Dmabuf::new(claim).unwrap()
}

/// Copies the rows of all planes into an image.
pub(crate) fn write(image: &Dmabuf, planes: &[PlaneBytes]) {
    let mut mapping = image.map(Access::Write).unwrap();
    let mut access = mapping.begin(Access::Write).unwrap();
    assert_eq!(planes.len(), image.planes().len());
    for (index, plane) in planes.iter().enumerate() {
        access.write_plane(index, &plane.bytes).unwrap();
    }
    access.finish().unwrap();
}

/// Copies the rows of all planes out of an image.
pub(crate) fn read(image: &Dmabuf) -> Vec<PlaneBytes> {
    let mut mapping = image.map(Access::Read).unwrap();
    let access = mapping.begin(Access::Read).unwrap();
    let shapes = image.fourcc().layout().unwrap().planes().iter().enumerate();
    let planes = shapes.map(|(plane, shape)| PlaneBytes {
        row_bytes: usize::try_from(shape.row_bytes(image.width())).unwrap(),
        rows: shape.rows(image.height()) as usize,
        bytes: access.read_plane(plane).unwrap(),
    });
    planes.collect()
}

/// Sets every byte of the first plane's buffer.
pub(crate) fn fill(image: &Dmabuf, byte: u8) {
    let plane = &image.planes()[0];
    let bytes = vec![byte; usize::try_from(plane.backing().size_bytes()).unwrap()];
    assert_eq!(rustix::io::pwrite(plane.fd(), &bytes, 0), Ok(bytes.len()));
}

/// The bytes of an image in one plane that belong to no pixel: behind each row, and behind the last.
pub(crate) fn padding(image: &Dmabuf) -> impl Iterator<Item = u8> {
    let [plane] = image.planes() else { panic!("{} has planes", image.fourcc()) };
    let shape = image.fourcc().layout().unwrap().planes()[0];
    let mut bytes = vec![0; usize::try_from(plane.backing().size_bytes()).unwrap()];
    assert_eq!(rustix::io::pread(plane.fd(), &mut bytes, 0), Ok(bytes.len()));
    let row_bytes = usize::try_from(shape.row_bytes(image.width())).unwrap();
    let (stride_bytes, rows) = (plane.stride_bytes() as usize, shape.rows(image.height()) as usize);
    bytes.into_iter().enumerate().filter_map(move |(index, byte)| {
        let is_pixel = index % stride_bytes < row_bytes && index / stride_bytes < rows;
        (!is_pixel).then_some(byte)
    })
}

/// The stride in bytes and the rows in memory of each plane.
fn shapes(fourcc: Fourcc, [width, height]: [u32; 2]) -> impl Iterator<Item = [u32; 2]> {
    let layout = fourcc.layout().unwrap();
    layout.planes().iter().map(move |plane| {
        let stride_bytes = plane.row_bytes(width).next_multiple_of(STRIDE_ALIGNMENT_BYTES);
        let rows = plane.rows(height).next_multiple_of(ROWS_AT_ONCE);
        [u32::try_from(stride_bytes).unwrap(), rows]
    })
}

fn plane(fd: &Arc<OwnedFd>, (offset_bytes, stride_bytes): (u32, u32)) -> PlaneDescriptor {
    PlaneDescriptor { fd: Arc::clone(fd), offset_bytes, stride_bytes }
}

fn linear(fourcc: Fourcc, [width, height]: [u32; 2], planes: Vec<PlaneDescriptor>) -> Descriptor {
    Descriptor { width, height, fourcc, modifier: Modifier::LINEAR, planes }
}
