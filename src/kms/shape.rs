//! What has to be known of an image to find a plane for it.

use crate::dmabuf::Dmabuf;
use crate::format::Fourcc;
use crate::format::Modifier;

/// What has to be known of an image to find a plane for it: no pixels, no file descriptors.
///
/// So a plane can be looked for before there is an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// The pixel format.
    pub fourcc: Fourcc,
    /// The tiling.
    pub modifier: Modifier,
}

impl Shape {
    /// A shape with this width and height in pixels.
    pub const fn new(size: [u32; 2], fourcc: Fourcc, modifier: Modifier) -> Self {
        Self { size, fourcc, modifier }
    }
}

impl From<&Dmabuf> for Shape {
    fn from(image: &Dmabuf) -> Self {
        Self::new([image.width(), image.height()], image.fourcc(), image.modifier())
    }
}
