//! Which plane shows an image: a pure choice.

use std::fmt;

use drm::control::crtc;
use drm::control::plane;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Alpha;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Shape;
use crate::kms::Topology;

/// What a plane is wanted for.
///
/// ```no_run
/// # fn find(topology: &dmashare::kms::Topology, crtc: drm::control::crtc::Handle)
/// # -> Result<(), dmashare::kms::NoPlane> {
/// use dmashare::format::{Fourcc, Modifier};
/// use dmashare::kms::{PlaneKind, PlaneRequest, Shape};
///
/// let video = Shape::new([1920, 1080], Fourcc::NV12, Modifier::LINEAR);
/// let choice = PlaneRequest::new(crtc, video)
///     .kinds(&[PlaneKind::Overlay, PlaneKind::Primary])
///     .choose(topology)?;
/// println!("{:?} shows it as {}", choice.plane, choice.fourcc);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PlaneRequest<'a> {
    crtc: crtc::Handle,
    shape: Shape,
    alpha: Alpha,
    kinds: &'a [PlaneKind],
    taken: &'a [plane::Handle],
}

/// A plane that shows an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneChoice {
    /// The plane.
    pub plane: plane::Handle,
    /// Where it lies in the picture.
    pub kind: PlaneKind,
    /// The format that the image is shown as.
    pub fourcc: Fourcc,
}

impl<'a> PlaneRequest<'a> {
    /// A plane of this CRTC for this image: the primary one, with the image's alpha.
    pub const fn new(crtc: crtc::Handle, shape: Shape) -> Self {
        Self { crtc, shape, alpha: Alpha::Blend, kinds: &[PlaneKind::Primary], taken: &[] }
    }

    /// What becomes of the image's alpha.
    #[must_use]
    pub const fn alpha(mut self, alpha: Alpha) -> Self {
        self.alpha = alpha;
        self
    }

    /// The kinds of planes that will do, the best first.
    #[must_use]
    pub const fn kinds(mut self, kinds: &'a [PlaneKind]) -> Self {
        self.kinds = kinds;
        self
    }

    /// Planes that the caller has given to other images.
    #[must_use]
    pub const fn taken(mut self, taken: &'a [plane::Handle]) -> Self {
        self.taken = taken;
        self
    }

    /// The best plane: by kind, then one that belongs to the CRTC already, then one that reaches the
    /// fewest other CRTCs, then the first of the kernel's order.
    ///
    /// Pure. What the driver says to the whole of a commit (bandwidth, scaling, how many planes at
    /// once) only a commit with `TEST_ONLY` shows.
    ///
    /// # Errors
    /// [`NoPlane`] says of every plane of the CRTC why not, and what would do.
    pub fn choose(&self, topology: &Topology) -> Result<PlaneChoice, NoPlane> {
        let mut refusals = Vec::new();
        let mut fitting = Vec::new();
        for plane in topology.planes_of(self.crtc) {
            match self.check(topology, plane) {
                Ok(choice) => fitting.push((self.merit(plane), choice)),
                Err(reason) => {
                    refusals.push(PlaneRefusal { plane: plane.handle, kind: plane.kind, reason });
                }
            }
        }
        let best = fitting.into_iter().min_by_key(|(merit, _)| *merit);
        best.map(|(_, choice)| choice).ok_or(NoPlane { shape: self.shape, refusals })
    }

    /// What planes are ordered by, the best first.
    fn merit(&self, plane: &Plane) -> (usize, bool, usize) {
        let kind = self.kinds.iter().position(|kind| *kind == plane.kind);
        let is_elsewhere = plane.crtc != Some(self.crtc);
        (kind.unwrap_or(usize::MAX), is_elsewhere, plane.possible_crtcs.len())
    }

    fn check(&self, topology: &Topology, plane: &Plane) -> Result<PlaneChoice, PlaneReason> {
        if !self.kinds.contains(&plane.kind) {
            return Err(PlaneReason::Kind);
        }
        if self.taken.contains(&plane.handle) {
            return Err(PlaneReason::Taken);
        }
        if let Some(crtc) = plane.crtc.filter(|crtc| *crtc != self.crtc) {
            return Err(PlaneReason::InUse { crtc });
        }
        let fourcc = self.check_format(plane)?;
        if plane.kind == PlaneKind::Cursor {
            check_cursor_size(topology, plane, self.shape.size)?;
        }
        Ok(PlaneChoice { plane: plane.handle, kind: plane.kind, fourcc })
    }

    fn check_format(&self, plane: &Plane) -> Result<Fourcc, PlaneReason> {
        let Shape { fourcc, modifier, .. } = self.shape;
        if modifier == Modifier::Implicit {
            return Err(PlaneReason::Implicit);
        }
        let shown = self.alpha.shown_as(fourcc).ok_or(PlaneReason::NoOpaqueFormat)?;
        if plane.formats.contains(shown, modifier) {
            return Ok(shown);
        }
        let has: Vec<_> = plane.formats.modifiers_of(shown).collect();
        if !has.is_empty() {
            return Err(PlaneReason::Modifier { fourcc: shown, has });
        }
        let opaque = Alpha::Ignore.shown_as(fourcc).filter(|opaque| *opaque != shown);
        let opaque = opaque.filter(|opaque| plane.formats.contains(*opaque, modifier));
        Err(PlaneReason::Format { fourcc: shown, opaque })
    }
}

/// A cursor has one of the sizes that the driver names, or is no larger than the one that it names
/// for all.
fn check_cursor_size(
    topology: &Topology,
    plane: &Plane,
    size: [u32; 2],
) -> Result<(), PlaneReason> {
    if !plane.size_hints.is_empty() {
        let is_named = plane.size_hints.contains(&size);
        return if is_named {
            Ok(())
        } else {
            Err(PlaneReason::CursorSize { takes: plane.size_hints.clone() })
        };
    }
    let most = topology.capabilities.cursor_size;
    let fits = size.iter().zip(most).all(|(side, most)| *side <= most);
    if fits { Ok(()) } else { Err(PlaneReason::CursorSize { takes: vec![most] }) }
}

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
        /// What it reads instead: the same bytes with [`Alpha::Ignore`].
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

#[cfg(test)]
mod tests;
