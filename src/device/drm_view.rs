//! This crate's images for the functions of `drm`.
//!
//! `drm`'s traits name formats by a closed list and have no place for "not in it", so an image is
//! not a buffer of `drm` by itself: it has a view that is one, where its numbers allow that.

use drm::buffer::DrmFourcc;
use drm::buffer::DrmModifier;
use drm::buffer::Handle;

use crate::device::GemHandle;
use crate::device::GemImage;
use crate::format::Fourcc;
use crate::format::Modifier;

impl GemImage {
    /// The image for `drm`'s functions that take a [`PlanarBuffer`](drm::buffer::PlanarBuffer).
    ///
    /// `drm`'s `add_planar_framebuffer` panics unless `FbCmd2Flags::MODIFIERS` is passed exactly
    /// for images with an explicit modifier, [`Modifier::LINEAR`] among them.
    ///
    /// # Errors
    /// [`DrmViewError::UnknownFourcc`] for a format that is newer than `drm-fourcc`'s list.
    pub fn as_planar_buffer(&self) -> Result<PlanarView<'_>, DrmViewError> {
        Ok(PlanarView { image: self, format: known(self.fourcc())? })
    }

    /// The image for `drm`'s functions that take a [`Buffer`](drm::buffer::Buffer), which has one
    /// plane at the beginning of its buffer and says nothing of a modifier.
    ///
    /// # Errors
    /// - [`DrmViewError::UnknownFourcc`] for a format that is newer than `drm-fourcc`'s list.
    /// - [`DrmViewError::NotSimple`] for more planes, an offset, or a tiling that would go unsaid.
    pub fn as_buffer(&self) -> Result<BufferView<'_>, DrmViewError> {
        let format = known(self.fourcc())?;
        let is_tiled = !self.modifier().is_linear() && self.modifier() != Modifier::Implicit;
        match self.handles() {
            [handle] if self.offsets_bytes() == [0; 4] && !is_tiled => {
                Ok(BufferView { image: self, format, handle })
            }
            _ => Err(DrmViewError::NotSimple),
        }
    }
}

fn known(fourcc: Fourcc) -> Result<DrmFourcc, DrmViewError> {
    DrmFourcc::try_from(fourcc).map_err(|_unrecognized| DrmViewError::UnknownFourcc(fourcc))
}

/// A [`GemImage`] as a [`PlanarBuffer`](drm::buffer::PlanarBuffer).
#[derive(Clone, Copy, Debug)]
pub struct PlanarView<'image> {
    image: &'image GemImage,
    format: DrmFourcc,
}

impl drm::buffer::PlanarBuffer for PlanarView<'_> {
    fn size(&self) -> (u32, u32) {
        (self.image.width(), self.image.height())
    }

    fn format(&self) -> DrmFourcc {
        self.format
    }

    /// `None` for an implicit modifier, never `DrmModifier::Invalid`.
    fn modifier(&self) -> Option<DrmModifier> {
        self.image.modifier().explicit().map(|code| DrmModifier::from(code.get()))
    }

    fn pitches(&self) -> [u32; 4] {
        self.image.strides_bytes()
    }

    fn handles(&self) -> [Option<Handle>; 4] {
        let mut handles = [None; 4];
        for (to, handle) in handles.iter_mut().zip(self.image.handles()) {
            *to = Some(handle.raw());
        }
        handles
    }

    fn offsets(&self) -> [u32; 4] {
        self.image.offsets_bytes()
    }
}

/// A [`GemImage`] as a [`Buffer`](drm::buffer::Buffer).
#[derive(Clone, Copy, Debug)]
pub struct BufferView<'image> {
    image: &'image GemImage,
    format: DrmFourcc,
    handle: &'image GemHandle,
}

impl drm::buffer::Buffer for BufferView<'_> {
    fn size(&self) -> (u32, u32) {
        (self.image.width(), self.image.height())
    }

    fn format(&self) -> DrmFourcc {
        self.format
    }

    fn pitch(&self) -> u32 {
        let [pitch, ..] = self.image.strides_bytes();
        pitch
    }

    fn handle(&self) -> Handle {
        self.handle.raw()
    }
}

/// Why an image cannot be shown to `drm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrmViewError {
    /// The format is not in `drm-fourcc`'s list, which is closed.
    #[error("`drm` has no name for the format {0}")]
    UnknownFourcc(Fourcc),
    /// A `drm::buffer::Buffer` cannot say what this image is like.
    #[error("the image has several planes, an offset or a tiling: use `as_planar_buffer`")]
    NotSimple,
}
