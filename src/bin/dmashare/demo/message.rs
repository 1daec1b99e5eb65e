//! What the consumer tells the producer, one line of JSON each.

use std::path::PathBuf;

use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Plane;
use serde::Deserialize;
use serde::Serialize;

use crate::comparison::Comparison;

/// After the first look.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::demo) struct FirstLook {
    pub(in crate::demo) pid: u32,
    pub(in crate::demo) driver: Option<String>,
    pub(in crate::demo) gl_renderer: String,
    pub(in crate::demo) import_us: u64,
    /// The buffers of the image, plane by plane.
    pub(in crate::demo) buffers: Vec<Buffer>,
    pub(in crate::demo) comparison: Comparison,
    pub(in crate::demo) picture: PathBuf,
}

/// After the second look.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::demo) struct SecondLook {
    /// How often the image was imported until now.
    pub(in crate::demo) imports: u32,
    /// Whether the image came a second time as the one that is known.
    pub(in crate::demo) is_known: bool,
    pub(in crate::demo) comparison: Comparison,
}

/// Which memory a plane is in, as the kernel names it in every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::demo) struct Buffer {
    pub(in crate::demo) device: u64,
    pub(in crate::demo) inode: u64,
}

impl Buffer {
    pub(in crate::demo) fn all_of(image: &Dmabuf) -> Vec<Self> {
        let identities = image.planes().iter().map(Plane::identity);
        identities
            .map(|identity| Self { device: identity.device(), inode: identity.inode() })
            .collect()
    }
}
