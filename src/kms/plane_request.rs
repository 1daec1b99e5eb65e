//! Which plane shows an image: a pure choice.

use drm::control::crtc;
use drm::control::plane;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Alpha;
use crate::kms::NoPlane;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::PlaneReason;
use crate::kms::PlaneRefusal;
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

#[cfg(test)]
mod tests;
