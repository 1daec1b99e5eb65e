//! Why a camera cannot write into an image.

use crate::format::Fourcc;
use crate::format::Modifier;

/// What is different between an image and what the camera writes. Planes are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum Misfit {
    /// Width and height in pixels.
    #[error("it has {}x{} pixels, not {}x{}", found[0], found[1], needed[0], needed[1])]
    Size { needed: [u32; 2], found: [u32; 2] },
    /// The pixel format.
    #[error("it is {found}, not {needed}")]
    Fourcc { needed: Fourcc, found: Fourcc },
    /// Cameras write rows one after the other.
    #[error("its modifier is {found}: allocate LINEAR")]
    NotLinear { found: Modifier },
    /// Its planes share a buffer, or do not.
    #[error("it has {found} buffers, not {needed}")]
    Buffers { needed: usize, found: usize },
    /// Drivers take dma-bufs alone.
    #[error("plane {plane} is a memfd: allocate with udmabuf, a heap or a device")]
    Memfd { plane: usize },
    /// In bytes.
    #[error("the stride of plane {plane} is {found}, not {needed}")]
    Stride { plane: usize, needed: u32, found: u32 },
    /// In bytes.
    #[error("the offset of plane {plane} is {found}, not {needed}")]
    Offset { plane: usize, needed: u32, found: u32 },
    /// Bytes in the buffer.
    #[error("the buffer of plane {plane} has {found} bytes, and the driver writes up to {needed}")]
    TooSmall { plane: usize, needed: u64, found: u64 },
}
