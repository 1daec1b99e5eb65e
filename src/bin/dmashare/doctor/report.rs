//! What `doctor` found out, in the shape in which `--json` prints it.
//!
//! The names of the fields are stable within one `schema`; fields may be added to it. What is not
//! known, or not so, is `null`.

use std::path::PathBuf;

use serde::Serialize;

use crate::allocator_name::AllocatorName;
use crate::display_name::DisplayName;
use crate::finding::Finding;
use crate::probe::DeviceFacts;
use crate::probe::DisplayFacts;
use crate::probe::Trial;

/// The version of the shape.
pub(in crate::doctor) const SCHEMA: u32 = 1;

/// Everything.
#[derive(Debug, Serialize)]
pub(in crate::doctor) struct Report {
    /// The version of the shape: 1.
    pub(in crate::doctor) schema: u32,
    /// The kernel's name and release (`Linux 6.12.48`).
    pub(in crate::doctor) kernel: String,
    /// Whether at least one allocator works with one display.
    pub(in crate::doctor) works: bool,
    /// What it all means, in one sentence.
    pub(in crate::doctor) verdict: String,
    /// The displays that there could be.
    pub(in crate::doctor) displays: Vec<DisplayEntry>,
    /// The devices that EGL lists; `device:N` is the one at place N.
    pub(in crate::doctor) devices: Vec<DeviceFacts>,
    /// The allocators that there could be.
    pub(in crate::doctor) allocators: Vec<AllocatorEntry>,
    /// The files in `/dev/dri`.
    pub(in crate::doctor) drm_nodes: Vec<NodeEntry>,
    /// Each allocator that is there with each display that is there.
    pub(in crate::doctor) matrix: Vec<Cell>,
}

/// One display.
#[derive(Debug, Serialize)]
pub(in crate::doctor) struct DisplayEntry {
    /// `surfaceless`, `device:N`, `gbm:PATH`, `x11` or `wayland`, as `--display` takes it.
    pub(in crate::doctor) name: DisplayName,
    /// What it can do; `null` if it cannot be opened.
    pub(in crate::doctor) facts: Option<DisplayFacts>,
    /// Why it cannot be opened; `null` if it can.
    pub(in crate::doctor) problem: Option<Finding>,
}

/// One allocator.
#[derive(Debug, Serialize)]
pub(in crate::doctor) struct AllocatorEntry {
    /// `memfd`, `udmabuf`, `dma-heap`, `gbm` or `gbm:PATH`, as `--allocator` takes it.
    pub(in crate::doctor) name: AllocatorName,
    /// Why it makes no images; `null` if it does.
    pub(in crate::doctor) problem: Option<Finding>,
}

/// One file in `/dev/dri`.
#[derive(Debug, Serialize)]
pub(in crate::doctor) struct NodeEntry {
    /// Where it is.
    pub(in crate::doctor) path: PathBuf,
    /// `primary` (`card0`: can show pictures) or `render` (`renderD128`: can draw).
    pub(in crate::doctor) kind: &'static str,
    /// The kernel's driver.
    pub(in crate::doctor) driver: Option<String>,
    /// Whether this user may read and write it.
    pub(in crate::doctor) is_accessible: bool,
    /// What is wrong with it; `null` if nothing is.
    pub(in crate::doctor) problem: Option<Finding>,
}

/// One allocator with one display.
#[derive(Debug, Serialize)]
pub(in crate::doctor) struct Cell {
    /// The allocator's name.
    pub(in crate::doctor) allocator: AllocatorName,
    /// The display's name.
    pub(in crate::doctor) display: DisplayName,
    /// What became of it.
    pub(in crate::doctor) outcome: Outcome,
    /// The word for it in a table: `crash (signal 11)`.
    pub(in crate::doctor) text: String,
    /// Why it does not work; `null` if it does.
    pub(in crate::doctor) problem: Option<Finding>,
    /// What was compared; `null` if it did not come to that.
    pub(in crate::doctor) trial: Option<Trial>,
}

/// What became of an allocator's image on a display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::doctor) enum Outcome {
    /// All pixels were as expected.
    Works,
    /// A typed error.
    Refused,
    /// Pixels were not as expected.
    Wrong,
    /// The driver ended the child process.
    Crash,
    /// The driver did not come back.
    Hang,
    /// The child process ended without an answer.
    Lost,
}
