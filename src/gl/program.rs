//! Shaders, ready to draw.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::gl::External;
use crate::gl::Gl;
use crate::gl::Kind;
use crate::gl::NotCurrent;
use crate::gl::TwoD;
use crate::gl::garbage::Dropped;
use crate::gl::quad::Uniforms;

pub(in crate::gl) const QUAD: &str = include_str!("../../shaders/quad.vert");
const BLIT: &str = include_str!("../../shaders/blit.frag");
const BLIT_EXTERNAL: &str = include_str!("../../shaders/blit_external.frag");
const XOR: &str = include_str!("../../shaders/xor.frag");
pub(in crate::gl) const RGB_FROM_TEXTURE: &str =
    include_str!("../../shaders/rgb_from_texture.frag");
pub(in crate::gl) const RGB_FROM_EXTERNAL: &str =
    include_str!("../../shaders/rgb_from_external.frag");
pub(in crate::gl) const RGB_FROM_PLANES: &str = include_str!("../../shaders/rgb_from_planes.frag");
pub(in crate::gl) const PLANE_FROM_RGB: &str = include_str!("../../shaders/plane_from_rgb.frag");

/// A program that draws a quad, from a texture of one kind or from none. Cloning is cheap.
#[derive(Debug)]
pub struct Program<K: Kind> {
    inner: Arc<Inner>,
    kind: PhantomData<K>,
}

#[derive(Debug)]
struct Inner {
    gl: Gl,
    name: glow::Program,
    uniforms: Uniforms,
}

impl Program<TwoD> {
    /// Copies a 2D texture as it is (`shaders/blit.frag`). The context must be current.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn blit(gl: &Gl) -> Result<Self, ProgramError> {
        Self::new(gl, BLIT)
    }

    /// The XOR pattern: red = x ^ y, green = x ^ 2y, blue = 2x ^ y, each modulo 256, opaque, where
    /// (0, 0) is the first pixel in memory (`shaders/xor.frag`). The uniform `shift` moves it to the
    /// left by so many pixels ([`Program::uniform`]). It reads no texture. The context must be
    /// current.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn xor_pattern(gl: &Gl) -> Result<Self, ProgramError> {
        Self::new(gl, XOR)
    }
}

impl Program<External> {
    /// Copies an external texture; the driver converts YUV (`shaders/blit_external.frag`). The
    /// context must be current.
    ///
    /// # Errors
    /// [`ProgramError`]; among them, a driver without external textures.
    pub fn blit_external(gl: &Gl) -> Result<Self, ProgramError> {
        Self::new(gl, BLIT_EXTERNAL)
    }
}

impl<K: Kind> Program<K> {
    /// A fragment shader of your own behind this crate's vertex shader (`shaders/quad.vert`), which
    /// hands it `varying highp vec2 coordinates`. Its texture is `uniform ... source`. The context
    /// must be current.
    ///
    /// # Errors
    /// [`ProgramError::Rejected`] with the compiler's log.
    pub fn new(gl: &Gl, fragment: &str) -> Result<Self, ProgramError> {
        let current = gl.current()?;
        let (name, uniforms) =
            current.build_program(QUAD, fragment).map_err(|log| ProgramError::Rejected { log })?;
        let inner = Inner { gl: gl.clone(), name, uniforms };
        Ok(Self { inner: Arc::new(inner), kind: PhantomData })
    }

    pub(in crate::gl) fn gl(&self) -> &Gl {
        &self.inner.gl
    }

    /// The program's name, for calls that this crate does not make. It stays this program's.
    pub fn name(&self) -> glow::Program {
        self.inner.name
    }

    pub(in crate::gl) fn uniforms(&self) -> &Uniforms {
        &self.inner.uniforms
    }
}

impl<K: Kind> Clone for Program<K> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), kind: PhantomData }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.gl.discard(Dropped::Program(self.name));
    }
}

/// Why a program cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The context is not current.
    #[error(transparent)]
    NotCurrent(#[from] NotCurrent),
    /// The driver's compiler said no.
    #[error("the driver rejected the shaders: {log}")]
    Rejected {
        /// What it said.
        log: String,
    },
}
