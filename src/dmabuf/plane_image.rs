#![warn(clippy::arithmetic_side_effects)]
//! One plane of an image as an image of its own.

use crate::dmabuf::Bounds;
use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::InvalidDescriptor;
use crate::dmabuf::PlaneDescriptor;
use crate::format::Fourcc;
use crate::format::Modifier;

/// The plane of an image, with its bytes taken for those of a format of one plane.
pub(in crate::dmabuf) fn of(
    image: &Dmabuf,
    plane: usize,
    fourcc: Fourcc,
) -> Result<Dmabuf, PlaneAsImageError> {
    let unknown = PlaneAsImageError::Format { fourcc, of: image.fourcc() };
    let Some(part) = fourcc.layout() else { return Err(unknown) };
    let whole = image.layout();
    let (Some(shape), [pixels]) = (whole.planes().get(plane), part.planes()) else {
        return Err(unknown);
    };
    let (sample_bits, pixel_bits) = (shape.bits_per_block(), pixels.bits_per_block());
    let is_same_size = sample_bits == pixel_bits && shape.block_width() == pixels.block_width();
    let is_linear = image.modifier() == Modifier::LINEAR;
    if !whole.has_linear() || pixel_bits == 0 || pixels.block_width() != 1 {
        return Err(unknown);
    }
    // Tiles are made of whole pixels, and metadata of compression lies in planes of its own.
    let has_more = image.planes().len() != whole.planes().len();
    if !is_linear && (!is_same_size || has_more) {
        return Err(PlaneAsImageError::Tiled { modifier: image.modifier() });
    }
    let row_bits = shape.row_bytes(image.width()).saturating_mul(8);
    let width = row_bits.checked_div(u64::from(pixel_bits)).and_then(|it| u32::try_from(it).ok());
    let source = image.planes().get(plane).ok_or(unknown)?;
    let descriptor = Descriptor {
        width: width.unwrap_or(0),
        height: shape.rows(image.height()),
        fourcc,
        modifier: image.modifier(),
        planes: vec![PlaneDescriptor {
            fd: source.shared_fd(),
            offset_bytes: source.offset_bytes(),
            stride_bytes: source.stride_bytes(),
        }],
    };
    let checked = match image.bounds() {
        Bounds::Proven | Bounds::Beginnings => Dmabuf::new(descriptor),
        Bounds::KernelChecked => Dmabuf::new_kernel_checked(descriptor),
    };
    Ok(checked.map_err(InvalidDescriptor::from)?)
}

/// Why a plane cannot be taken for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaneAsImageError {
    /// The image has no such plane, or one of the formats is not known, or the new one has several
    /// planes or several pixels in a word.
    #[error("no plane of {of} can be taken for {fourcc}")]
    Format {
        /// What the plane was to be taken for.
        fourcc: Fourcc,
        /// The format of the image.
        of: Fourcc,
    },
    /// Where the bytes are depends on the size of the pixels, or there is more than the pixels.
    #[error(
        "with modifier {modifier} the bytes of a plane are not in rows of their own: use LINEAR"
    )]
    Tiled {
        /// The tiling of the image.
        modifier: Modifier,
    },
    /// The plane is no image, which cannot be for one that the whole was checked with, unless its file
    /// descriptor has changed since.
    #[error("the plane is no image")]
    Invalid(#[from] InvalidDescriptor),
}
