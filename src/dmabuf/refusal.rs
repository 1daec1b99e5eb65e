//! Why a driver must not be given an image.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::dmabuf::raster::DRAW_BLOCK_PIXELS;
use crate::dmabuf::raster::VECTOR_BYTES;
use crate::format::Fourcc;
use crate::format::Modifier;

/// Why a driver must not be given an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The renderer reads rows one after the other.
    #[error("`{driver}` draws with the CPU and cannot read modifier {modifier}: allocate LINEAR")]
    NotLinear {
        /// The driver.
        driver: String,
        /// The image's modifier.
        modifier: Modifier,
    },
    /// The renderer maps the buffer, which does not hold the pixels.
    #[error("`{driver}` maps the buffer, whose pixels are in the memory of another device")]
    OutOfReach {
        /// The driver.
        driver: String,
    },
    /// The driver keeps pixels elsewhere, and the image says that they are in its buffer.
    #[error(
        "`{driver}` keeps pixels in the memory of another device, and does not see those in the \
         buffer: allocate with GBM on its node"
    )]
    NotShown {
        /// The driver.
        driver: String,
    },
    /// The renderer maps the buffer for reading and writing, even if it only reads.
    #[error("`{driver}` maps the buffer for writing, but a file descriptor of it is read-only")]
    ReadOnly {
        /// The driver.
        driver: String,
    },
    /// The renderer maps the buffer, which its exporter lets nobody do.
    #[error("`{driver}` maps the buffer of plane {plane}, which cannot be mapped: {errno}")]
    NotMappable {
        /// The driver.
        driver: String,
        /// The plane, counted from 0.
        plane: usize,
        /// What the kernel answers.
        errno: Errno,
    },
    /// The renderer maps all of the buffer, and there is no room for that.
    #[error(
        "`{driver}` maps all {buffer_bytes} bytes of plane {plane}'s buffer, which do not fit the \
         address space"
    )]
    NoAddressSpace {
        /// The driver.
        driver: String,
        /// The plane, counted from 0.
        plane: usize,
        /// Bytes in the buffer.
        buffer_bytes: u64,
    },
    /// The renderer takes the rows for longer ones than they are.
    #[error("`{driver}` takes {fourcc} for another format and reads beyond its rows")]
    Misread {
        /// The driver.
        driver: String,
        /// The pixel format.
        fourcc: Fourcc,
    },
    /// The renderer rounds the samples of chroma down to none, and reads what lies before them.
    #[error(
        "`{driver}` finds no chroma in {width}x{height} pixels of {fourcc} and reads what lies \
         before it: the least it can read is {least_width}x{least_height}"
    )]
    TooSmall {
        /// The driver.
        driver: String,
        /// The pixel format.
        fourcc: Fourcc,
        /// The image's width in pixels.
        width: u32,
        /// The image's height in pixels.
        height: u32,
        /// The width in pixels that it needs at least.
        least_width: u32,
        /// The height in pixels that it needs at least.
        least_height: u32,
    },
    /// The renderer takes planes of whole rows alone, and loses a file descriptor over others.
    #[error(
        "`{driver}` takes the last row of plane {plane} to be as long as its stride, which makes \
         {needed_bytes} bytes of a buffer of {buffer_bytes}: allocate more"
    )]
    ShortLastRow {
        /// The driver.
        driver: String,
        /// The plane, counted from 0.
        plane: usize,
        /// Bytes up to the end of the last row with its padding.
        needed_bytes: u64,
        /// Bytes in the buffer.
        buffer_bytes: u64,
    },
    /// The driver takes dma-bufs alone.
    #[error("`{driver}` takes dma-bufs alone, and plane {plane} is a memfd")]
    Memfd {
        /// The driver.
        driver: String,
        /// The plane, counted from 0.
        plane: usize,
    },
    /// The driver maps the buffers of its own device alone, and this is another's.
    #[error(
        "`{driver}` takes buffers of its own device alone, and this one comes from `{exporter}`"
    )]
    ForeignDevice {
        /// The driver.
        driver: String,
        /// Who made the buffer, as the kernel names it (`udmabuf`, `system`, `drm`).
        exporter: String,
    },
    /// The driver maps the buffers of its own device alone, and nobody said which device that is.
    #[error("`{driver}` takes buffers of its own device alone: state its node with `on_node`")]
    UnknownDevice {
        /// The driver.
        driver: String,
    },
    /// The kernel driver of the display takes no such buffer.
    #[error("the kernel driver behind {} takes no such buffer for `{driver}`", node.display())]
    NotTaken {
        /// The driver.
        driver: String,
        /// The display's node.
        node: PathBuf,
    },
    /// The display is on a render node, through which the driver can map nothing.
    #[error("`{driver}` cannot map buffers through {}: open the display on the primary node", node.display())]
    RenderNode {
        /// The driver.
        driver: String,
        /// The display's node.
        node: PathBuf,
    },
    /// The driver maps the buffers of its own device alone, and the kernel does not tell whose this
    /// one is.
    #[error(
        "`{driver}` takes buffers of its own device alone, and this one's is not known: {errno}"
    )]
    UnknownExporter {
        /// The driver.
        driver: String,
        /// Why it is not known.
        errno: Errno,
    },
    /// The renderer accesses vectors at aligned addresses: to draw pixels of 32 bits and more, and to
    /// read those of 128.
    #[error(
        "the rows of plane {plane} must begin at multiples of {VECTOR_BYTES} bytes: its offset is \
         {offset_bytes} and its stride {stride_bytes}"
    )]
    Misaligned {
        /// The plane, counted from 0.
        plane: usize,
        /// Bytes from the beginning of the buffer to the first row.
        offset_bytes: u32,
        /// Bytes from the beginning of one row to the next.
        stride_bytes: u32,
    },
    /// Drawing would go into the next row, where other threads of the renderer draw.
    #[error(
        "drawing into plane {plane} in blocks takes rows of {needed_bytes} bytes, and its stride is \
         {stride_bytes}: allocate longer rows"
    )]
    OverlappingRows {
        /// The plane, counted from 0.
        plane: usize,
        /// Bytes of a row up to the end of its last block.
        needed_bytes: u64,
        /// Bytes from the beginning of one row to the next.
        stride_bytes: u32,
    },
    /// Drawing would go beyond the end of the buffer.
    #[error(
        "drawing into plane {plane} in blocks of {DRAW_BLOCK_PIXELS}x{DRAW_BLOCK_PIXELS} pixels \
         takes {needed_bytes} bytes of a buffer of {buffer_bytes}: allocate more rows"
    )]
    NoRoomForBlocks {
        /// The plane, counted from 0.
        plane: usize,
        /// Bytes up to the end of the last block.
        needed_bytes: u64,
        /// Bytes in the buffer.
        buffer_bytes: u64,
    },
}
