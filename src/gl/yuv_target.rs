//! Drawing colours into an image of luma and chroma.

use crate::dmabuf::Dmabuf;
use crate::dmabuf::PlaneAsImageError;
use crate::egl::Image;
use crate::egl::ImportError;
use crate::format::Colorimetry;
use crate::format::Fourcc;
use crate::gl::BindError;
use crate::gl::Gl;
use crate::gl::GlError;
use crate::gl::NotCurrent;
use crate::gl::ProgramError;
use crate::gl::RenderTarget;
use crate::gl::RgbView;
use crate::gl::TargetError;
use crate::gl::Texture;
use crate::gl::TwoD;
use crate::gl::arrangement::Arrangement;
use crate::gl::sampling::PlaneNumbers;
use crate::gl::view_program::Fragment;

/// An image of luma and chroma that colours are drawn into, for an encoder or a display: `NV12`, `P010`
/// and all others whose planes hold one kind of sample each.
///
/// Each plane is a render target of its own (`R8`, `GR88`, `R16`, `GR32`) in the image's memory. Numbers
/// are rounded to the nearest code value. A sample of chroma is the mean of the colours around its
/// place: of an area as large as the pixels that share it, as far as that is inside the image.
#[derive(Debug)]
#[doc(alias = "encode")]
pub struct YuvTarget {
    gl: Gl,
    arrangement: &'static Arrangement,
    planes: Vec<RenderTarget>,
    luma: PlaneNumbers,
    chroma: PlaneNumbers,
}

impl YuvTarget {
    /// Imports the planes of an image and makes them targets. The context must be current.
    ///
    /// # Errors
    /// - [`YuvTargetError::Unsupported`]: no format of luma and chroma, or one whose planes are no
    ///   targets of their own, as those of packed formats and of `NV15`.
    /// - [`YuvTargetError::Plane`], [`YuvTargetError::Import`], [`YuvTargetError::Bind`],
    ///   [`YuvTargetError::Target`]: the driver does not take a plane, or cannot draw into it; `Bind`
    ///   as well if the context is not current.
    pub fn new(gl: &Gl, image: &Dmabuf, colorimetry: Colorimetry) -> Result<Self, YuvTargetError> {
        gl.current()?;
        let fourcc = image.fourcc();
        let arrangement = Arrangement::of(fourcc)
            .filter(|arrangement| !arrangement.written.is_empty())
            .ok_or(YuvTargetError::Unsupported { fourcc })?;
        let mut planes = Vec::with_capacity(arrangement.views.len());
        for view in arrangement.views {
            let of_plane = |source| YuvTargetError::Plane { plane: view.plane, source };
            let part = image.plane_as_image(view.plane, view.fourcc).map_err(of_plane)?;
            let imported = Image::import(gl.context().display(), &part)?;
            planes.push(RenderTarget::new(&Texture::<TwoD>::from_image(gl, &imported)?)?);
        }
        let size = [image.width(), image.height()];
        let [luma, chroma] = PlaneNumbers::of(size, arrangement, colorimetry);
        Ok(Self { gl: gl.clone(), arrangement, planes, luma, chroma })
    }

    /// Draws an image over the whole of this one, row 0 on row 0; sizes that differ are scaled to the
    /// nearest pixel. Both must be of one context, which must be current. What is drawn is in memory
    /// when the drawing is finished ([`Gl::finish`]).
    ///
    /// # Errors
    /// [`YuvTargetError::Program`]; [`YuvTargetError::Bind`] if the context is not current or GL refused.
    pub fn draw(&self, source: &RgbView) -> Result<(), YuvTargetError> {
        for (index, target) in self.planes.iter().enumerate() {
            let fragment =
                Fragment { sampler: source.sampler(), into: Some((self.arrangement, index)) };
            let current = self.gl.current()?;
            let program = self.gl.shared().view_programs.get(current, fragment)?;
            let numbers = if index == 0 { &self.luma } else { &self.chroma };
            target.draw_plane(&program, source, numbers)?;
        }
        Ok(())
    }

    /// The functions of its context.
    pub fn gl(&self) -> &Gl {
        &self.gl
    }
}

/// Why colours cannot be drawn into an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YuvTargetError {
    /// The format has no luma, or planes that hold more than one kind of sample.
    #[error(
        "the planes of {fourcc} cannot be drawn into: use NV12, P010 or another with a plane for luma"
    )]
    Unsupported {
        /// The pixel format.
        fourcc: Fourcc,
    },
    /// A plane is no image of its own.
    #[error("plane {plane} cannot be drawn into")]
    Plane {
        /// The plane, counted from 0.
        plane: usize,
        /// Why.
        source: PlaneAsImageError,
    },
    /// The driver does not import a plane.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The context is not current, a plane cannot be a texture, or GL refused.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A plane cannot be drawn into.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The driver's compiler rejected the shader.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

impl From<NotCurrent> for YuvTargetError {
    fn from(error: NotCurrent) -> Self {
        Self::Bind(error.into())
    }
}

impl From<GlError> for YuvTargetError {
    fn from(error: GlError) -> Self {
        Self::Bind(error.into())
    }
}
