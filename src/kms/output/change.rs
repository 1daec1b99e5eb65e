//! What to change, and what came of it.

use drm::control::plane;

use crate::kms::Layer;
use crate::kms::Rectangle;
use crate::kms::Sequence;
use crate::kms::Timestamp;
use crate::sync::SyncFile;

/// What becomes of one plane. Planes that no change speaks of stay as they are.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// It shows this.
    Show {
        /// The plane, one of [`Output::planes`](crate::kms::Output::planes).
        plane: plane::Handle,
        /// What it shows, where and how.
        layer: &'a Layer,
        /// What the kernel waits for before it reads the pixels. Borrowed for the call.
        ///
        /// Without a fence the kernel waits for those that are attached to the buffer (implicit
        /// synchronisation), as far as the drivers attach them.
        in_fence: Option<&'a SyncFile>,
        /// The parts of the framebuffer that differ from what the plane showed before, so that a
        /// driver need not read the rest. None at all means all of it. A hint: drivers may read
        /// more, and many pass over it.
        damage: &'a [Rectangle],
    },
    /// It shows nothing.
    Hide {
        /// The plane.
        plane: plane::Handle,
    },
}

impl<'a> Change<'a> {
    /// This plane shows this layer, whose pixels are ready.
    pub const fn show(plane: plane::Handle, layer: &'a Layer) -> Self {
        Self::Show { plane, layer, in_fence: None, damage: &[] }
    }

    /// The plane.
    pub const fn plane(&self) -> plane::Handle {
        match *self {
            Self::Show { plane, .. } | Self::Hide { plane } => plane,
        }
    }
}

/// How a flip is made. The default waits for the vertical blank and gives no fence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flip<'a> {
    /// Comes back with [`Flipped`].
    pub user_data: u64,
    /// What the kernel waits for before it reads the pixels, for [`Output::flip`], which has no
    /// [`Change`] to say it in. Borrowed for the call.
    ///
    /// [`Output::flip`]: crate::kms::Output::flip
    pub in_fence: Option<&'a SyncFile>,
    /// What differs from the last frame, for [`Output::flip`](crate::kms::Output::flip); see
    /// [`Change::Show`].
    pub damage: &'a [Rectangle],
    /// Ask for a fence that signals when the flip is complete: a new file descriptor.
    #[doc(alias = "OUT_FENCE_PTR")]
    pub out_fence: bool,
    /// Do not wait for the vertical blank: the picture changes at once, and may tear.
    #[doc(alias = "DRM_MODE_PAGE_FLIP_ASYNC")]
    pub asynchronous: bool,
}

/// A flip is complete: what it replaced is free to be drawn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flipped {
    /// What was given with the [`Flip`].
    pub user_data: u64,
    /// The first frame that shows the new picture.
    pub sequence: Sequence,
    /// When its first pixel left.
    pub time: Timestamp,
}
