//! An image in words.

use dmashare::dmabuf::Dmabuf;

/// `256x256 AR24 LINEAR; plane 0: inode 1046, offset 0, stride 1024 bytes`.
pub(crate) fn of_image(image: &Dmabuf) -> String {
    let (width, height) = (image.width(), image.height());
    let format = format!("{width}x{height} {} {}", image.fourcc(), image.modifier());
    let planes = image.planes().iter().enumerate().map(|(index, plane)| {
        let (inode, offset) = (plane.identity().inode(), plane.offset_bytes());
        let stride = plane.stride_bytes();
        format!("plane {index}: inode {inode}, offset {offset}, stride {stride} bytes")
    });
    std::iter::once(format).chain(planes).collect::<Vec<_>>().join("; ")
}
