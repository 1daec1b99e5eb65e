//! The ways from an image to textures, and which of them is taken.

use std::sync::Arc;

use crate::dmabuf::Dmabuf;
use crate::egl::Image;
use crate::format::Colorimetry;
use crate::gl::DirectQuirk;
use crate::gl::External;
use crate::gl::Gl;
use crate::gl::Kind;
use crate::gl::Reason;
use crate::gl::RgbView;
use crate::gl::RgbViewError;
use crate::gl::Texture;
use crate::gl::TwoD;
use crate::gl::Way;
use crate::gl::arrangement::Arrangement;
use crate::gl::direct_quirk;
use crate::gl::rgb_view::Source;
use crate::gl::sampling::Sampling;
use crate::gl::view_program::Fragment;
use crate::gl::view_program::Sampler;
use crate::gl::view_program::ViewProgram;

impl RgbView {
    pub(in crate::gl::rgb_view) fn preferring_direct(
        gl: &Gl,
        image: &Dmabuf,
        colorimetry: Colorimetry,
    ) -> Result<Self, RgbViewError> {
        let (fourcc, modifier) = (image.fourcc(), image.modifier());
        let is_listed = gl.context().display().formats().sample().contains(fourcc, modifier);
        let arrangement = Arrangement::of(fourcc).filter(|_| is_listed);
        let quirk = arrangement.and_then(|it| direct_quirk::of(gl, image, it, colorimetry));
        if let Some(quirk) = quirk {
            return match Self::by_plane(gl, image, colorimetry, Reason::Quirk(quirk)) {
                Err(error) if quirk != DirectQuirk::NeverRead => {
                    let reason = Reason::NotByPlane { quirk, error: Box::new(error.clone()) };
                    Self::direct(gl, image, colorimetry, reason).map_err(|_refused| error)
                }
                other => other,
            };
        }
        let refused = match Self::direct(gl, image, colorimetry, Reason::Accepted) {
            Err(refused) => Box::new(refused),
            done => return done,
        };
        match Self::by_plane(gl, image, colorimetry, Reason::Refused(refused.clone())) {
            // Without a way by plane, what the driver said is what there is to know.
            Err(RgbViewError::Unsupported { .. }) => Err(*refused),
            other => other,
        }
    }

    /// Colours in one plane, or in tiles that are external-only.
    pub(in crate::gl::rgb_view) fn plain(gl: &Gl, image: &Dmabuf) -> Result<Self, RgbViewError> {
        let imported = Image::import(gl.context().display(), image)?;
        let source = if imported.is_external_only() {
            Source::External(Texture::<External>::from_image(gl, &imported)?)
        } else {
            Source::Plain(Texture::<TwoD>::from_image(gl, &imported)?)
        };
        let size = [image.width(), image.height()];
        let sampling = Sampling::of_colours(size);
        Self::assemble(gl, source, sampling, Reason::Colours, vec![imported], size)
    }

    pub(in crate::gl::rgb_view) fn direct(
        gl: &Gl,
        image: &Dmabuf,
        colorimetry: Colorimetry,
        reason: Reason,
    ) -> Result<Self, RgbViewError> {
        let imported = Image::import_with(gl.context().display(), image, colorimetry)?;
        let texture = Texture::<External>::from_image(gl, &imported)?;
        let shares_chroma = Arrangement::of(image.fourcc()).is_none_or(Arrangement::shares_chroma);
        if shares_chroma {
            let current = gl.current()?;
            current.filter_linearly(External::TARGET, texture.name())?;
        }
        let size = [image.width(), image.height()];
        let (source, sampling) = (Source::External(texture), Sampling::of_colours(size));
        Self::assemble(gl, source, sampling, reason, vec![imported], size)
    }

    pub(in crate::gl::rgb_view) fn by_plane(
        gl: &Gl,
        image: &Dmabuf,
        colorimetry: Colorimetry,
        reason: Reason,
    ) -> Result<Self, RgbViewError> {
        let fourcc = image.fourcc();
        let arrangement = Arrangement::of(fourcc)
            .ok_or(RgbViewError::Unsupported { fourcc, way: Way::ByPlane })?;
        let display = gl.context().display();
        let mut images = Vec::with_capacity(arrangement.views.len());
        let mut textures = Vec::with_capacity(arrangement.views.len());
        for view in arrangement.views {
            let of_plane = |source| RgbViewError::Plane { plane: view.plane, source };
            let part = image.plane_as_image(view.plane, view.fourcc).map_err(of_plane)?;
            let imported = Image::import(display, &part)?;
            textures.push(Texture::<TwoD>::from_image(gl, &imported)?);
            images.push(imported);
        }
        let size = [image.width(), image.height()];
        let sampling = Sampling::of_planes(size, arrangement, colorimetry, &textures);
        let (program, sampler) = Self::program(gl, Sampler::Planes(arrangement))?;
        let (gl, source) = (gl.clone(), Source::Planes(textures));
        Ok(Self { gl, source, program, sampler, sampling, reason, images, size })
    }

    pub(in crate::gl::rgb_view) fn assemble(
        gl: &Gl,
        source: Source,
        sampling: Sampling,
        reason: Reason,
        images: Vec<Image>,
        size: [u32; 2],
    ) -> Result<Self, RgbViewError> {
        let sampler = match source {
            Source::External(_) => Sampler::External,
            _ => Sampler::Texture,
        };
        let (program, sampler) = Self::program(gl, sampler)?;
        let gl = gl.clone();
        Ok(Self { gl, source, program, sampler, sampling, reason, images, size })
    }

    fn program(gl: &Gl, sampler: Sampler) -> Result<(Arc<ViewProgram>, Sampler), RgbViewError> {
        let fragment = Fragment { sampler, into: None };
        let program = gl.shared().view_programs.get(gl.current()?, fragment)?;
        Ok((program, sampler))
    }
}
