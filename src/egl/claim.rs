//! An import as C programs state it: a list of EGL attributes.
//!
//! Spec: [`EGL_EXT_image_dma_buf_import`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import.txt)
//! and `EGL_EXT_image_dma_buf_import_modifiers`.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::io::Errno;

use crate::dmabuf::Descriptor;
use crate::dmabuf::DescriptorBuilder;
use crate::dmabuf::DescriptorError;
use crate::dmabuf::PlaneClaim;
use crate::egl::ErrorCode;
use crate::egl::sys;
use crate::egl::yuv::Hint;
use crate::format::ChromaSiting;
use crate::format::Colorimetry;
use crate::format::Fourcc;
use crate::format::Matrix;
use crate::format::Range;

/// What a list of EGL attributes says: a descriptor and the hints for YUV.
///
/// For code that has such a list already, from a C program or a protocol. New code builds a
/// [`Descriptor`].
#[derive(Debug)]
pub struct ImportClaim {
    /// The image that is claimed, with duplicates of the file descriptors of the list.
    pub descriptor: Descriptor,
    /// How its hints say that luma and chroma become colours, if it has them.
    pub colorimetry: Colorimetry,
}

impl ImportClaim {
    /// Reads a list of names and values that ends with `EGL_NONE`, or with the slice.
    ///
    /// The file descriptors of the list are borrowed, as EGL borrows them: they stay the caller's
    /// and stay open, and the claim owns duplicates.
    ///
    /// ```
    /// use dmashare::egl::{AttributeError, ImportClaim};
    ///
    /// let width_and_height_alone = [0x3057, 64, 0x3056, 64, 0x3038];
    /// let refused = ImportClaim::from_attributes(&width_and_height_alone, |_| None);
    /// assert!(matches!(refused, Err(AttributeError::Missing { name: "EGL_LINUX_DRM_FOURCC_EXT" })));
    /// ```
    ///
    /// `lend` finds the file descriptor for a number of the list. In a C program all numbers are
    /// file descriptors of the process, and the caller vouches for them there; a test or a protocol
    /// handler looks them up in what it holds.
    ///
    /// # Errors
    /// [`AttributeError`]; each names the attribute, and [`AttributeError::code`] is what EGL would
    /// have said.
    pub fn from_attributes<'fd>(
        attributes: &[i32],
        lend: impl Fn(i32) -> Option<BorrowedFd<'fd>>,
    ) -> Result<Self, AttributeError> {
        let mut stated = Stated::default();
        for pair in attributes.chunks(2) {
            match *pair {
                [sys::NONE] | [sys::NONE, _] => break,
                [name, value] => stated.take(name, value)?,
                _ => return Err(AttributeError::Unpaired),
            }
        }
        stated.finish(lend)
    }
}

/// The five numbers of a plane, as far as they were stated.
#[derive(Clone, Copy, Debug, Default)]
struct StatedPlane {
    fd: Option<i32>,
    offset: Option<i32>,
    pitch: Option<i32>,
    modifier_low: Option<i32>,
    modifier_high: Option<i32>,
}

#[derive(Debug, Default)]
struct Stated {
    width: Option<i32>,
    height: Option<i32>,
    fourcc: Option<i32>,
    planes: [StatedPlane; 4],
    colorimetry: Colorimetry,
}

impl Stated {
    fn take(&mut self, name: i32, value: i32) -> Result<(), AttributeError> {
        let bad = AttributeError::BadValue { name, value };
        match name {
            sys::WIDTH => self.width = Some(value),
            sys::HEIGHT => self.height = Some(value),
            sys::LINUX_DRM_FOURCC => self.fourcc = Some(value),
            // It is always so for dma-bufs: their content is never lost at an import.
            sys::IMAGE_PRESERVED => {}
            sys::YUV_COLOR_SPACE_HINT => {
                self.colorimetry.matrix = Matrix::from_egl(value).ok_or(bad)?;
            }
            sys::SAMPLE_RANGE_HINT => self.colorimetry.range = Range::from_egl(value).ok_or(bad)?,
            sys::YUV_CHROMA_HORIZONTAL_SITING_HINT => {
                self.colorimetry.horizontal_siting = ChromaSiting::from_egl(value).ok_or(bad)?;
            }
            sys::YUV_CHROMA_VERTICAL_SITING_HINT => {
                self.colorimetry.vertical_siting = ChromaSiting::from_egl(value).ok_or(bad)?;
            }
            _ => *self.plane_number(name).ok_or(AttributeError::Unknown { name })? = Some(value),
        }
        Ok(())
    }

    fn plane_number(&mut self, name: i32) -> Option<&mut Option<i32>> {
        let at = |names: [i32; 4]| names.iter().position(|known| *known == name);
        if let Some(plane) = at(sys::PLANE_FD) {
            return self.planes.get_mut(plane).map(|plane| &mut plane.fd);
        }
        if let Some(plane) = at(sys::PLANE_OFFSET) {
            return self.planes.get_mut(plane).map(|plane| &mut plane.offset);
        }
        if let Some(plane) = at(sys::PLANE_PITCH) {
            return self.planes.get_mut(plane).map(|plane| &mut plane.pitch);
        }
        if let Some(plane) = at(sys::PLANE_MODIFIER_LO) {
            return self.planes.get_mut(plane).map(|plane| &mut plane.modifier_low);
        }
        let plane = at(sys::PLANE_MODIFIER_HI)?;
        self.planes.get_mut(plane).map(|plane| &mut plane.modifier_high)
    }

    fn finish<'fd>(
        self,
        lend: impl Fn(i32) -> Option<BorrowedFd<'fd>>,
    ) -> Result<ImportClaim, AttributeError> {
        let missing = |name| AttributeError::Missing { name };
        let width = self.width.ok_or(missing("EGL_WIDTH"))?;
        let height = self.height.ok_or(missing("EGL_HEIGHT"))?;
        let fourcc = self.fourcc.ok_or(missing("EGL_LINUX_DRM_FOURCC_EXT"))?;
        let fourcc = Fourcc(fourcc.cast_unsigned());
        self.check_surplus(fourcc)?;
        let mut builder = DescriptorBuilder::new(width.into(), height.into(), fourcc);
        for (index, plane) in (0..).zip(&self.planes) {
            if index == 0 || plane.is_stated() {
                builder.plane(plane.claim(index, &lend)?)?;
            }
        }
        Ok(ImportClaim { descriptor: builder.build()?, colorimetry: self.colorimetry })
    }

    /// A modifier may add planes to those of the format; nothing else may.
    fn check_surplus(&self, fourcc: Fourcc) -> Result<(), AttributeError> {
        let Some(layout) = fourcc.layout() else { return Ok(()) };
        let has_modifier = self.planes.iter().any(StatedPlane::has_modifier);
        let surplus = (0..).zip(&self.planes).skip(layout.planes().len()).find(|(_, plane)| {
            let is_added = has_modifier && plane.fd.is_some();
            plane.is_placed() && !is_added
        });
        match surplus {
            Some((plane, _)) => Err(AttributeError::SurplusPlane { plane, fourcc }),
            None => Ok(()),
        }
    }
}

impl StatedPlane {
    fn is_stated(&self) -> bool {
        self.is_placed() || self.has_modifier()
    }

    fn is_placed(&self) -> bool {
        [self.fd, self.offset, self.pitch].iter().any(Option::is_some)
    }

    fn has_modifier(&self) -> bool {
        [self.modifier_low, self.modifier_high].iter().any(Option::is_some)
    }

    fn claim<'fd>(
        &self,
        index: u32,
        lend: impl Fn(i32) -> Option<BorrowedFd<'fd>>,
    ) -> Result<PlaneClaim, AttributeError> {
        let missing = |name| AttributeError::MissingOfPlane { name, plane: index };
        let fd = self.fd.ok_or(missing("FD"))?;
        let offset = self.offset.ok_or(missing("OFFSET"))?;
        let pitch = self.pitch.ok_or(missing("PITCH"))?;
        let borrowed = lend(fd).ok_or(AttributeError::NotOpen { fd, plane: index })?;
        let owned = rustix::io::fcntl_dupfd_cloexec(borrowed, 0).map_err(|errno| match errno {
            Errno::BADF => AttributeError::NotOpen { fd, plane: index },
            errno => AttributeError::Duplicate { errno },
        })?;
        Ok(PlaneClaim {
            index,
            fd: Arc::new(owned),
            offset_bytes: offset.into(),
            stride_bytes: pitch.into(),
            modifier_high: self.modifier_high.map(i32::cast_unsigned),
            modifier_low: self.modifier_low.map(i32::cast_unsigned),
        })
    }
}

/// Why a list of attributes makes no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum AttributeError {
    /// An attribute of the image that must be there is not.
    #[error("{name} is missing")]
    Missing { name: &'static str },
    /// An attribute of a plane that must be there is not.
    #[error("EGL_DMA_BUF_PLANE{plane}_{name}_EXT is missing")]
    MissingOfPlane { name: &'static str, plane: u32 },
    /// An attribute of a plane that the format does not have, and that no modifier adds.
    #[error("plane {plane} is stated, which {fourcc} does not have")]
    SurplusPlane { plane: u32, fourcc: Fourcc },
    /// Not an attribute of an import.
    #[error("attribute {name:#06x} is not one of an import")]
    Unknown { name: i32 },
    /// Not a value of this attribute.
    #[error("attribute {name:#06x} cannot have the value {value:#06x}")]
    BadValue { name: i32, value: i32 },
    /// The list ends after a name.
    #[error("the last attribute has no value")]
    Unpaired,
    /// The number belongs to no open file.
    #[error("file descriptor {fd} of plane {plane} is not open")]
    NotOpen { fd: i32, plane: u32 },
    /// A file descriptor could not be duplicated.
    #[error("a file descriptor could not be duplicated: {errno}")]
    Duplicate { errno: Errno },
    /// The attributes contradict each other.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
}

impl AttributeError {
    /// The code that EGL's specification has for this, and drivers give.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::SurplusPlane { .. } | Self::BadValue { .. } => ErrorCode::BAD_ATTRIBUTE,
            Self::NotOpen { .. } | Self::Duplicate { .. } => ErrorCode::BAD_ALLOC,
            Self::Descriptor(error) if is_about_rows(error) => ErrorCode::BAD_ACCESS,
            Self::Missing { .. }
            | Self::MissingOfPlane { .. }
            | Self::Unknown { .. }
            | Self::Unpaired
            | Self::Descriptor(_) => ErrorCode::BAD_PARAMETER,
        }
    }
}

/// Offsets and strides that no hardware can have.
fn is_about_rows(error: &DescriptorError) -> bool {
    match error {
        DescriptorError::Negative { plane, .. } | DescriptorError::TooLarge { plane, .. } => {
            plane.is_some()
        }
        _ => false,
    }
}
