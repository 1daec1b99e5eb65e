//! Why no plane shows an image.

use std::fmt;

use drm::control::crtc;
use drm::control::plane;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::PlaneKind;
use crate::kms::Shape;

/// No plane of the CRTC shows the image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no plane shows {}x{} {} ({}): {}", shape.size[0], shape.size[1], shape.fourcc, shape.modifier, List(refusals))]
pub struct NoPlane {
    /// What was to be shown.
    pub shape: Shape,
    /// Why not, for each plane that reaches the CRTC.
    pub refusals: Vec<PlaneRefusal>,
}

/// Why one plane does not show an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneRefusal {
    /// The plane.
    pub plane: plane::Handle,
    /// Where it lies in the picture.
    pub kind: PlaneKind,
    /// Why not.
    pub reason: PlaneReason,
}

/// Why a plane does not show an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaneReason {
    /// Another kind was asked for.
    Kind,
    /// The caller has given it to another image.
    Taken,
    /// It belongs to another CRTC now.
    InUse {
        /// That CRTC.
        crtc: crtc::Handle,
    },
    /// The image does not state its modifier, and nobody but its driver knows it.
    Implicit,
    /// The image's alpha was to be passed over, and no format has the same bytes without it.
    NoOpaqueFormat,
    /// It does not read the format.
    Format {
        /// The format that the image was to be shown as.
        fourcc: Fourcc,
        /// What it reads instead: the same bytes with [`Alpha::Ignore`](crate::kms::Alpha::Ignore).
        opaque: Option<Fourcc>,
    },
    /// It reads the format with other modifiers.
    Modifier {
        /// The format that the image was to be shown as.
        fourcc: Fourcc,
        /// The modifiers that it reads.
        has: Vec<Modifier>,
    },
    /// A cursor of this size is not sure to be shown.
    CursorSize {
        /// Widths and heights in pixels; of one size, anything up to it.
        takes: Vec<[u32; 2]>,
    },
}

impl fmt::Display for PlaneRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} plane {} {}", self.kind, u32::from(self.plane), self.reason)
    }
}

impl fmt::Display for PlaneReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind => f.write_str("is of a kind that was not asked for"),
            Self::Taken => f.write_str("is given to another image"),
            Self::InUse { crtc } => write!(f, "belongs to CRTC {} now", u32::from(*crtc)),
            Self::Implicit => f.write_str("needs a stated modifier"),
            Self::NoOpaqueFormat => f.write_str("cannot pass over this alpha"),
            Self::Format { fourcc, opaque: None } => write!(f, "lacks {fourcc}"),
            Self::Format { fourcc, opaque: Some(opaque) } => {
                write!(f, "lacks {fourcc}, but has {opaque}: pass over the alpha")
            }
            Self::Modifier { fourcc, has } => {
                write!(f, "has {fourcc} only with")?;
                list(f, has.iter(), |f, modifier| write!(f, "{modifier}"))
            }
            Self::CursorSize { takes } => {
                f.write_str("takes cursors of")?;
                list(f, takes.iter(), |f, [width, height]| write!(f, "{width}x{height}"))
            }
        }
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (nth, item) in items.enumerate() {
        f.write_str(if nth > 0 { ", " } else { " " })?;
        write(f, item)?;
    }
    Ok(())
}

struct List<'a>(&'a [PlaneRefusal]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the CRTC has no planes");
        }
        for (nth, refusal) in self.0.iter().enumerate() {
            write!(f, "{}{refusal}", if nth > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}
