//! What a child process can be asked.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::allocator_name::AllocatorName;
use crate::display_name::DisplayName;
use crate::probe::proof::Question;

/// One question.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub(crate) enum Task {
    /// Which devices does EGL list? [`DeviceFacts`](crate::probe::DeviceFacts).
    Devices,
    /// What can this display do? [`DisplayFacts`](crate::probe::DisplayFacts).
    Display {
        /// The display.
        display: DisplayName,
    },
    /// Which formats does this display list? [`Advertised`](crate::probe::Advertised), several.
    Formats {
        /// The display.
        display: DisplayName,
    },
    /// Which kernel driver is behind this DRM node? Its name.
    Node {
        /// The node.
        path: PathBuf,
    },
    /// Does this allocator make images? Nothing, or why not.
    Allocator {
        /// The allocator.
        allocator: AllocatorName,
    },
    /// Do the images of this allocator work on this display? [`Trial`](crate::probe::Trial).
    Trial {
        /// The allocator.
        allocator: AllocatorName,
        /// The display.
        display: DisplayName,
    },
    /// Can this format really be used like this? [`Proof`](crate::probe::Proof).
    Proof(Question),
}
