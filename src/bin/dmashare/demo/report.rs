//! What `demo` showed, in the shape in which `--json` prints it.
//!
//! The names of the fields are stable within one `schema`; fields may be added to it.

use std::path::PathBuf;

use serde::Serialize;

use crate::comparison::Comparison;
use crate::demo::scene::Change;

/// The version of the shape.
pub(in crate::demo) const SCHEMA: u32 = 1;

/// Everything.
#[derive(Debug, Serialize)]
pub(in crate::demo) struct Report {
    /// The version of the shape: 1.
    pub(in crate::demo) schema: u32,
    /// Whether both sides have the same memory and all pixels were as expected, twice.
    pub(in crate::demo) works: bool,
    /// What the consumer saw, as a PNG.
    pub(in crate::demo) picture: PathBuf,
    /// Width and height in pixels.
    pub(in crate::demo) size: [u32; 2],
    /// `AR24`.
    pub(in crate::demo) fourcc: String,
    /// `LINEAR`, or another tiling.
    pub(in crate::demo) modifier: String,
    /// Where the pixels are.
    pub(in crate::demo) planes: Vec<PlaneReport>,
    /// Who made the image.
    pub(in crate::demo) allocator: String,
    /// Why that one: one line for each allocator that was considered.
    pub(in crate::demo) reasons: Vec<String>,
    /// How the consumer knew that the picture was finished: `finished` or `fence`.
    pub(in crate::demo) readiness: &'static str,
    /// The process that drew.
    pub(in crate::demo) producer: ProducerReport,
    /// The process that looked.
    pub(in crate::demo) consumer: ConsumerReport,
    /// What the producer changed afterwards.
    pub(in crate::demo) change: Change,
    /// The first look: the XOR pattern.
    pub(in crate::demo) first: Comparison,
    /// The second look: the XOR pattern and the change.
    pub(in crate::demo) later: Comparison,
}

/// One plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::demo) struct PlaneReport {
    /// Bytes to the first row.
    pub(in crate::demo) offset_bytes: u32,
    /// Bytes from row to row.
    pub(in crate::demo) stride_bytes: u32,
    /// The inode of the buffer, as the producer sees it.
    pub(in crate::demo) inode: u64,
}

/// The process that drew.
#[derive(Debug, Serialize)]
pub(in crate::demo) struct ProducerReport {
    /// Its process id.
    pub(in crate::demo) pid: u32,
    /// The driver, where it tells its name.
    pub(in crate::demo) driver: Option<String>,
    /// `GL_RENDERER`.
    pub(in crate::demo) gl_renderer: String,
}

/// The process that looked.
#[derive(Debug, Serialize)]
pub(in crate::demo) struct ConsumerReport {
    /// Its process id.
    pub(in crate::demo) pid: u32,
    /// The driver, where it tells its name.
    pub(in crate::demo) driver: Option<String>,
    /// `GL_RENDERER`.
    pub(in crate::demo) gl_renderer: String,
    /// How long the import took, in microseconds.
    pub(in crate::demo) import_us: u64,
    /// How often the image was imported: once, for both looks.
    pub(in crate::demo) imports: u32,
    /// The inodes of the buffers, as the consumer sees them.
    pub(in crate::demo) inodes: Vec<u64>,
    /// Whether these are the producer's.
    pub(in crate::demo) is_same_memory: bool,
}
