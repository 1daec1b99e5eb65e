//! A claim about an image, before it is checked.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::dmabuf::Backing;
use crate::dmabuf::BackingKind;
use crate::dmabuf::InvalidDescriptor;
use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::layout::Extent;
use crate::dmabuf::layout::Geometry;
use crate::dmabuf::layout::PlaneGeometry;
use crate::dmabuf::layout::Seen;
use crate::format::Fourcc;
use crate::format::Modifier;

/// Where one plane is said to lie.
#[derive(Clone, Debug)]
pub struct PlaneDescriptor {
    /// The buffer. Planes of one buffer may share the handle or hold duplicates.
    pub fd: Arc<OwnedFd>,
    /// Bytes from the beginning of the buffer to the first row.
    pub offset_bytes: u32,
    /// Bytes from the beginning of one row to the next.
    pub stride_bytes: u32,
}

/// A claim about an image: what a peer sent or a caller knows. It owns its file descriptors.
///
/// Turn it into a [`Dmabuf`](crate::dmabuf::Dmabuf) with
/// [`Dmabuf::new`](crate::dmabuf::Dmabuf::new), which checks it. Where the numbers come from a
/// C-like interface (signed, plane by plane, the modifier in halves), [`DescriptorBuilder`] takes
/// them as they are.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixel format.
    pub fourcc: Fourcc,
    /// The tiling, common to all planes.
    pub modifier: Modifier,
    /// The planes, in the order of the format.
    pub planes: Vec<PlaneDescriptor>,
}

impl Descriptor {
    /// A linear image in one plane at the beginning of a buffer.
    pub fn packed(size: [u32; 2], fourcc: Fourcc, fd: OwnedFd, stride_bytes: u32) -> Self {
        let [width, height] = size;
        Self {
            width,
            height,
            fourcc,
            modifier: Modifier::LINEAR,
            planes: vec![PlaneDescriptor { fd: Arc::new(fd), offset_bytes: 0, stride_bytes }],
        }
    }

    /// Checks the claim without giving it up.
    pub(in crate::dmabuf) fn validate(&self, extent: Extent) -> Result<Valid, InvalidDescriptor> {
        let mut backings: Vec<Backing> = Vec::with_capacity(self.planes.len().min(MAX_PLANES));
        let mut planes = [PlaneGeometry { offset_bytes: 0, stride_bytes: 0, buffer_bytes: 0 }; 5];
        // One plane more than can be right is enough to be told which one is too many.
        for (index, (plane, geometry)) in self.planes.iter().zip(&mut planes).enumerate() {
            let backing = self.backing_of(index, plane, &backings)?;
            if extent == Extent::Beginning && backing.kind() != BackingKind::DmaBuf {
                return Err(InvalidDescriptor::NotKernelChecked { plane: index });
            }
            *geometry = PlaneGeometry {
                offset_bytes: plane.offset_bytes,
                stride_bytes: plane.stride_bytes,
                buffer_bytes: backing.size_bytes(),
            };
            backings.push(backing);
        }
        let geometry = Geometry {
            width: self.width,
            height: self.height,
            fourcc: self.fourcc,
            modifier: self.modifier,
            planes: planes.get(..backings.len()).unwrap_or_default(),
        };
        let seen = geometry.look_at(extent)?;
        Ok(Valid { seen, backings })
    }

    /// Planes that share a handle are asked about once.
    fn backing_of(
        &self,
        index: usize,
        plane: &PlaneDescriptor,
        known: &[Backing],
    ) -> Result<Backing, InvalidDescriptor> {
        let earlier =
            self.planes.iter().zip(known).find(|(other, _)| Arc::ptr_eq(&other.fd, &plane.fd));
        match earlier {
            Some((_, backing)) => Ok(*backing),
            None => Backing::inspect(plane.fd.as_fd())
                .map_err(|source| InvalidDescriptor::Backing { plane: index, source }),
        }
    }
}

/// What is known of a claim that holds.
pub(in crate::dmabuf) struct Valid {
    pub(in crate::dmabuf) seen: Seen,
    /// Of the planes, in order.
    pub(in crate::dmabuf) backings: Vec<Backing>,
}

/// One plane as C interfaces state it: signed numbers and a modifier in two halves.
#[derive(Clone, Debug)]
pub struct PlaneClaim {
    /// Which plane, from 0.
    pub index: u32,
    /// The buffer.
    pub fd: Arc<OwnedFd>,
    /// Bytes to the first row. Negative numbers are refused.
    pub offset_bytes: i64,
    /// Bytes from row to row. Negative numbers are refused.
    pub stride_bytes: i64,
    /// The upper half of the modifier; both halves or none.
    pub modifier_high: Option<u32>,
    /// The lower half of the modifier; both halves or none.
    pub modifier_low: Option<u32>,
}

/// Collects a claim plane by plane, in any order, from an interface that states them so: EGL
/// attributes, `zwp_linux_buffer_params_v1`, a file.
///
/// ```
/// use std::sync::Arc;
/// use dmashare::dmabuf::{DescriptorBuilder, DescriptorError, PlaneClaim};
/// use dmashare::format::Fourcc;
/// # let fd = Arc::new(std::os::fd::OwnedFd::from(std::fs::File::open("/dev/null")?));
///
/// let mut builder = DescriptorBuilder::new(64, 64, Fourcc::ARGB8888);
/// let refused = builder.plane(PlaneClaim {
///     index: 0,
///     fd,
///     offset_bytes: -4096,
///     stride_bytes: 256,
///     modifier_high: Some(0),
///     modifier_low: Some(0),
/// });
/// let expected = DescriptorError::Negative { what: "offset", plane: Some(0), value: -4096 };
/// assert_eq!(refused.err(), Some(expected));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DescriptorBuilder {
    width: i64,
    height: i64,
    fourcc: Fourcc,
    modifier: Option<Modifier>,
    planes: [Option<PlaneDescriptor>; MAX_PLANES],
}

impl DescriptorBuilder {
    /// Begins a claim. Width and height are in pixels; negative ones are refused at the end.
    pub fn new(width: i64, height: i64, fourcc: Fourcc) -> Self {
        Self { width, height, fourcc, modifier: None, planes: [const { None }; MAX_PLANES] }
    }

    /// Adds one plane. Nothing is changed when it is refused.
    ///
    /// # Errors
    /// [`DescriptorError`]: an index above 3, a plane set twice, a negative number, half a
    /// modifier, or a modifier that differs from an earlier plane's.
    pub fn plane(&mut self, claim: PlaneClaim) -> Result<&mut Self, DescriptorError> {
        let index = usize::try_from(claim.index).unwrap_or(usize::MAX);
        let modifier = claim.modifier(index)?;
        let offset_bytes = non_negative("offset", Some(index), claim.offset_bytes)?;
        let stride_bytes = non_negative("stride", Some(index), claim.stride_bytes)?;
        let slot =
            self.planes.get_mut(index).ok_or(DescriptorError::PlaneIndex { plane: claim.index })?;
        if slot.is_some() {
            return Err(DescriptorError::DuplicatePlane { plane: index });
        }
        if self.modifier.is_some_and(|earlier| earlier != modifier) {
            return Err(DescriptorError::UnequalModifiers { plane: index });
        }
        self.modifier = Some(modifier);
        *slot = Some(PlaneDescriptor { fd: claim.fd, offset_bytes, stride_bytes });
        Ok(self)
    }

    /// The claim as a whole.
    ///
    /// # Errors
    /// [`DescriptorError`]: a negative size, no plane at all, or a gap between the planes.
    pub fn build(self) -> Result<Descriptor, DescriptorError> {
        let width = non_negative("width", None, self.width)?;
        let height = non_negative("height", None, self.height)?;
        let count = self.planes.iter().rposition(Option::is_some).map_or(1, |last| last + 1);
        let planes = self
            .planes
            .into_iter()
            .take(count)
            .enumerate()
            .map(|(plane, slot)| slot.ok_or(DescriptorError::MissingPlane { plane }))
            .collect::<Result<Vec<_>, _>>()?;
        let modifier = self.modifier.unwrap_or(Modifier::Implicit);
        Ok(Descriptor { width, height, fourcc: self.fourcc, modifier, planes })
    }
}

impl PlaneClaim {
    fn modifier(&self, plane: usize) -> Result<Modifier, DescriptorError> {
        match (self.modifier_high, self.modifier_low) {
            (None, None) => Ok(Modifier::Implicit),
            (Some(high), Some(low)) => {
                Ok(Modifier::from_raw((u64::from(high) << 32) | u64::from(low)))
            }
            _ => Err(DescriptorError::HalfModifier { plane }),
        }
    }
}

fn non_negative(
    what: &'static str,
    plane: Option<usize>,
    value: i64,
) -> Result<u32, DescriptorError> {
    if value < 0 {
        return Err(DescriptorError::Negative { what, plane, value });
    }
    u32::try_from(value).map_err(|_overflow| DescriptorError::TooLarge { what, plane, value })
}

/// Why numbers do not even make a claim. Planes are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum DescriptorError {
    /// A size, an offset or a stride is negative.
    #[error("{what} {value} is negative")]
    Negative { what: &'static str, plane: Option<usize>, value: i64 },
    /// A size, an offset or a stride does not fit 32 bits.
    #[error("{what} {value} does not fit 32 bits")]
    TooLarge { what: &'static str, plane: Option<usize>, value: i64 },
    /// No image has a plane of this number.
    #[error("there is no plane {plane}: an image has at most 4")]
    PlaneIndex { plane: u32 },
    /// The plane was stated twice.
    #[error("plane {plane} is stated twice")]
    DuplicatePlane { plane: usize },
    /// A plane below a stated one is missing, or there is none at all.
    #[error("plane {plane} is missing")]
    MissingPlane { plane: usize },
    /// One half of the modifier without the other.
    #[error("plane {plane} states one half of a modifier")]
    HalfModifier { plane: usize },
    /// All planes of an image have the same modifier.
    #[error("plane {plane} states another modifier than the planes before it")]
    UnequalModifiers { plane: usize },
}
