#![warn(clippy::arithmetic_side_effects)]
//! What a camera writes, and where: the numbers of a driver as an image.
//!
//! Drivers state one stride for a buffer. Where a buffer has several planes, they follow each other
//! without gaps, and the stride of a plane relates to the stated one as its samples to those of the
//! first plane.
//!
//! Spec: <https://docs.kernel.org/userspace-api/media/v4l/pixfmt-yuv-planar.html>,
//! `v4l2_fill_pixfmt()` in `drivers/media/v4l2-core/v4l2-common.c`.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::dmabuf::BackingKind;
use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::InvalidDescriptor;
use crate::dmabuf::PlaneDescriptor;
use crate::dmabuf::layout;
use crate::dmabuf::layout::LayoutError;
use crate::format::Colorimetry;
use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::Model;
use crate::format::Modifier;
use crate::format::PlaneLayout;
use crate::v4l2::ColorFields;
use crate::v4l2::FormatError;
use crate::v4l2::Misfit;
use crate::v4l2::PixelFormat;
use crate::v4l2::sys;
use crate::v4l2::sys::RawFormat;

/// Where one plane of the image lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlacedPlane {
    /// Which buffer of the frame it is in, counted from 0.
    pub buffer: usize,
    /// Bytes from the beginning of the buffer to the first row.
    pub offset_bytes: u32,
    /// Bytes from the beginning of one row to the next.
    pub stride_bytes: u32,
}

/// What a camera writes: a linear image in one buffer, or in one for each plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    width: u32,
    height: u32,
    code: PixelFormat,
    layout: &'static Layout,
    planes: Vec<PlacedPlane>,
    buffers_bytes: Vec<u32>,
    is_interlaced: bool,
    colors: ColorFields,
}

impl Format {
    /// Checks and lays out what a driver has said.
    pub(in crate::v4l2) fn of_driver(raw: &RawFormat) -> Result<Self, FormatError> {
        let pixel_format = PixelFormat(raw.pixel_format);
        let no_image = FormatError::NoImage { pixel_format };
        let layout = pixel_format.fourcc().and_then(Fourcc::layout).ok_or(no_image)?;
        let is_interlaced = match raw.field {
            sys::FIELD_NONE => false,
            sys::FIELD_INTERLACED | sys::FIELD_INTERLACED_TB | sys::FIELD_INTERLACED_BT => true,
            field => return Err(FormatError::Fields { field }),
        };
        let (width, height) = (raw.width, raw.height);
        let malformed = FormatError::Malformed { width, height, pixel_format };
        if pixel_format.buffers() != Some(raw.buffers.len()) {
            return Err(malformed);
        }
        let planes = place(layout, [width, height], &raw.buffers).ok_or(malformed)?;
        let colors = ColorFields {
            colorspace: raw.colorspace,
            encoding: raw.encoding,
            quantization: raw.quantization,
            transfer: raw.transfer,
        };
        let mut format = Self {
            width,
            height,
            code: pixel_format,
            layout,
            planes,
            buffers_bytes: raw.buffers.iter().map(|[_, size_bytes]| *size_bytes).collect(),
            is_interlaced,
            colors: colors.resolved(layout.model() == Model::Yuv),
        };
        format.stretch().ok_or(malformed)?;
        Ok(format)
    }

    /// Where a driver states less than its image takes, buffers need what the image takes.
    fn stretch(&mut self) -> Option<()> {
        for index in 0..self.buffers_bytes.len() {
            let needed = u32::try_from(self.content_bytes(index)?).ok()?;
            let size_bytes = self.buffers_bytes.get_mut(index)?;
            *size_bytes = needed.max(*size_bytes);
        }
        Some(())
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The camera's name of the pixel format.
    pub fn pixel_format(&self) -> PixelFormat {
        self.code
    }

    /// The pixel format of the images.
    pub fn fourcc(&self) -> Fourcc {
        self.layout.fourcc()
    }

    /// Where the planes lie, in the order of the format.
    pub fn planes(&self) -> &[PlacedPlane] {
        &self.planes
    }

    /// How large each buffer of a frame has to be, in bytes.
    pub fn buffers_bytes(&self) -> &[u32] {
        &self.buffers_bytes
    }

    /// Whether the rows are of two fields, captured one after the other.
    pub fn is_interlaced(&self) -> bool {
        self.is_interlaced
    }

    /// What the driver says of its colours, with nothing left open.
    pub fn colors(&self) -> ColorFields {
        self.colors
    }

    /// How luma and chroma become colours: what [`ColorFields::colorimetry`] says. Formats of red, green
    /// and blue ignore it.
    pub fn colorimetry(&self) -> Option<Colorimetry> {
        self.colors.colorimetry()
    }

    /// An image of this format in memory from anywhere: one dma-buf for each of
    /// [`Format::buffers_bytes`], and at least as large.
    ///
    /// Where no allocator has the strides of the camera, this describes plain memory as it needs it.
    ///
    /// # Errors
    /// [`InvalidDescriptor`], as for every claim: too few buffers, or too small.
    pub fn image_in(&self, buffers: &[Arc<OwnedFd>]) -> Result<Dmabuf, InvalidDescriptor> {
        self.image_at(buffers, &[])
    }

    /// As [`Format::image_in`], with so many bytes left free at the beginning of each buffer.
    pub(in crate::v4l2) fn image_at(
        &self,
        buffers: &[Arc<OwnedFd>],
        starts_bytes: &[u32],
    ) -> Result<Dmabuf, InvalidDescriptor> {
        let mut planes = Vec::with_capacity(self.planes.len());
        for (index, place) in self.planes.iter().enumerate() {
            let Some(fd) = buffers.get(place.buffer) else { break };
            let start = starts_bytes.get(place.buffer).copied().unwrap_or(0);
            let offset_bytes = place
                .offset_bytes
                .checked_add(start)
                .ok_or(LayoutError::Overflow { plane: index })?;
            let stride_bytes = place.stride_bytes;
            planes.push(PlaneDescriptor { fd: Arc::clone(fd), offset_bytes, stride_bytes });
        }
        let descriptor = Descriptor {
            width: self.width,
            height: self.height,
            fourcc: self.fourcc(),
            modifier: Modifier::LINEAR,
            planes,
        };
        Ok(Dmabuf::new(descriptor)?)
    }

    /// Whether the camera's frames are images like this one.
    ///
    /// # Errors
    /// [`Misfit`] says what is different.
    pub fn check(&self, image: &Dmabuf) -> Result<(), Misfit> {
        let (format, found) = ([self.width, self.height], [image.width(), image.height()]);
        if format != found {
            return Err(Misfit::Size { needed: format, found });
        }
        if image.fourcc() != self.fourcc() {
            return Err(Misfit::Fourcc { needed: self.fourcc(), found: image.fourcc() });
        }
        if !image.modifier().is_linear() {
            return Err(Misfit::NotLinear { found: image.modifier() });
        }
        let (needed, found) = (self.buffers_bytes.len(), image.distinct_fds().count());
        if needed != found {
            return Err(Misfit::Buffers { needed, found });
        }
        self.planes.iter().enumerate().try_for_each(|(index, _)| self.check_plane(index, image))
    }

    fn check_plane(&self, index: usize, image: &Dmabuf) -> Result<(), Misfit> {
        let (Some(written), Some(plane)) = (self.planes.get(index), image.planes().get(index))
        else {
            return Ok(());
        };
        if plane.backing().kind() != BackingKind::DmaBuf {
            return Err(Misfit::Memfd { plane: index });
        }
        let (needed, found) = (written.stride_bytes, plane.stride_bytes());
        if needed != found {
            return Err(Misfit::Stride { plane: index, needed, found });
        }
        let (needed, found) = (written.offset_bytes, plane.offset_bytes());
        if needed != found {
            return Err(Misfit::Offset { plane: index, needed, found });
        }
        let needed = self.buffers_bytes.get(written.buffer).copied().map_or(0, u64::from);
        let found = plane.backing().size_bytes();
        if found < needed {
            return Err(Misfit::TooSmall { plane: index, needed, found });
        }
        Ok(())
    }

    /// Bytes of a buffer up to the end of the last row in it; `None` if there are too many.
    pub(in crate::v4l2) fn content_bytes(&self, buffer: usize) -> Option<u64> {
        let mut end = 0;
        for (place, shape) in self.planes.iter().zip(self.layout.planes()) {
            if place.buffer == buffer {
                let size = [self.width, self.height];
                let bytes = layout::plane_bytes(*shape, size, place.stride_bytes)?;
                end = bytes.checked_add(u64::from(place.offset_bytes))?.max(end);
            }
        }
        Some(end)
    }
}

/// Where the planes lie in buffers whose strides and sizes a driver has stated; `None` if the numbers
/// make no image.
fn place(
    layout: &Layout,
    [width, height]: [u32; 2],
    buffers: &[[u32; 2]],
) -> Option<Vec<PlacedPlane>> {
    let shapes = layout.planes();
    let first = shapes.first()?;
    let mut planes = Vec::with_capacity(shapes.len());
    let mut end = 0_u32;
    for (index, shape) in shapes.iter().enumerate() {
        let buffer = if buffers.len() == 1 { 0 } else { index };
        let [stated, _] = *buffers.get(buffer)?;
        // A driver may leave it to its user where rows follow each other without gaps.
        let stride_bytes = match stated {
            0 => u32::try_from(shape.row_bytes(width)).ok()?,
            stated if buffer == index => stated,
            stated => related_stride(stated, *first, *shape)?,
        };
        let offset_bytes = if buffer == index { 0 } else { end };
        planes.push(PlacedPlane { buffer, offset_bytes, stride_bytes });
        end = stride_bytes.checked_mul(shape.rows(height))?.checked_add(offset_bytes)?;
    }
    Some(planes)
}

/// The stride of another plane in the buffer of the first; `None` if it is no whole number.
fn related_stride(stride_bytes: u32, first: PlaneLayout, plane: PlaneLayout) -> Option<u32> {
    // Bits that a plane takes for one pixel of a row are these two numbers, divided.
    let bits = |it: PlaneLayout| u64::from(it.bits_per_block());
    let pixels = |it: PlaneLayout| {
        u64::from(it.block_width()).checked_mul(u64::from(it.horizontal_subsampling()))
    };
    let dividend = u64::from(stride_bytes).checked_mul(bits(plane))?.checked_mul(pixels(first)?)?;
    let divisor = bits(first).checked_mul(pixels(plane)?)?;
    let is_whole = dividend.checked_rem(divisor)? == 0;
    is_whole.then(|| dividend.checked_div(divisor))?.and_then(|bytes| u32::try_from(bytes).ok())
}

#[cfg(test)]
mod tests;
