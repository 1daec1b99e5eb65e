//! A part of an image.

/// A part of an image, in pixels from its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rectangle {
    /// Pixels to the left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

impl Rectangle {
    /// A rectangle of this width and height in pixels, in the upper left corner.
    pub const fn of_size([width, height]: [u32; 2]) -> Self {
        Self { x: 0, y: 0, width, height }
    }
}
