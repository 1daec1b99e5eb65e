//! Where a plane lies in the picture.

use std::fmt;

/// Where a plane lies in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "drm_plane_type")]
pub enum PlaneKind {
    /// Between the other two; the only kind that a client without universal planes is shown.
    Overlay,
    /// The background, which most CRTCs need before they can be on.
    Primary,
    /// On top, small, and moved cheaply.
    Cursor,
}

impl PlaneKind {
    /// From the value of the property `type`.
    pub(in crate::kms) fn from_raw(raw: u64) -> Self {
        match raw {
            1 => Self::Primary,
            2 => Self::Cursor,
            _ => Self::Overlay,
        }
    }
}

impl fmt::Display for PlaneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Overlay => "overlay",
            Self::Primary => "primary",
            Self::Cursor => "cursor",
        })
    }
}
