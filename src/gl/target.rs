//! A 2D texture to draw into and read back.

use crate::gl::Gl;
use crate::gl::GlError;
use crate::gl::Kind;
use crate::gl::Orientation;
use crate::gl::Program;
use crate::gl::RgbView;
use crate::gl::TargetError;
use crate::gl::Texture;
use crate::gl::TwoD;
use crate::gl::garbage::Dropped;
use crate::gl::sampling::PlaneNumbers;
use crate::gl::state::SavedState;
use crate::gl::state::SavedUnits;
use crate::gl::view_program::ViewProgram;

/// A 2D texture with a framebuffer around it. What is drawn into it arrives in the texture's
/// memory, and in the image that it shares, when the drawing is finished ([`Gl::finish`]).
///
/// External textures cannot be render targets: there is no constructor for them.
#[derive(Debug)]
#[doc(alias = "framebuffer object")]
pub struct RenderTarget {
    framebuffer: glow::Framebuffer,
    texture: Texture<TwoD>,
}

impl RenderTarget {
    /// Makes a texture a target. Its context must be current.
    ///
    /// # Errors
    /// - [`TargetError::Refused`]: the driver would write beyond the image's buffer.
    /// - [`TargetError::Gl`]: the format cannot be rendered into ([`GlError::Incomplete`]), the
    ///   context is not current, or GL refused.
    pub fn new(texture: &Texture<TwoD>) -> Result<Self, TargetError> {
        texture.accepts_drawing()?;
        let current = texture.gl().current().map_err(GlError::from)?;
        let framebuffer = current.create_framebuffer()?;
        let target = Self { framebuffer, texture: texture.clone() };
        let _saved = SavedState::take(current, texture.gl().has_external_textures());
        current.bind_framebuffer(Some(framebuffer));
        current.attach_texture(texture.name())?;
        Ok(target)
    }

    /// The texture that is drawn into.
    pub fn texture(&self) -> &Texture<TwoD> {
        &self.texture
    }

    /// The framebuffer, to bind for calls that this crate does not make. It stays this target's.
    ///
    /// Row 0 of the image is at the bottom for GL (`gl_Position.y` is -1): whoever draws for a monitor
    /// turns the picture over.
    #[doc(alias = "glBindFramebuffer")]
    pub fn framebuffer(&self) -> glow::Framebuffer {
        self.framebuffer
    }

    /// Fills the target with a colour: red, green, blue, alpha from 0 to 1.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn clear(&self, colour: [f32; 4]) -> Result<(), GlError> {
        let current = self.gl().current()?;
        let _saved = SavedState::take(current, self.gl().has_external_textures());
        current.bind_framebuffer(Some(self.framebuffer));
        current.checked("glClear", || current.clear(colour))
    }

    /// Runs a program that reads no texture over the whole target.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn fill(&self, program: &Program<TwoD>) -> Result<(), GlError> {
        let current = self.gl().current()?;
        let _saved = SavedState::take(current, self.gl().has_external_textures());
        current.bind_framebuffer(Some(self.framebuffer));
        current.draw_quad(program.name(), program.uniforms(), self.size(), Orientation::Image)
    }

    /// Draws a texture over the whole target, row 0 on row 0.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn draw<K: Kind>(&self, program: &Program<K>, texture: &Texture<K>) -> Result<(), GlError> {
        let current = self.gl().current()?;
        let _saved = SavedState::take(current, self.gl().has_external_textures());
        current.bind_framebuffer(Some(self.framebuffer));
        current.draw_texture(program, texture, self.size(), Orientation::Image)
    }

    /// Draws an image in any format over the whole target, row 0 on row 0. Both must be of one context,
    /// which must be current.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn draw_view(&self, view: &RgbView) -> Result<(), GlError> {
        let current = self.gl().current()?;
        let _saved = SavedState::take(current, self.gl().has_external_textures());
        current.bind_framebuffer(Some(self.framebuffer));
        view.draw_over(current, self.size(), Orientation::Image)
    }

    /// Makes a plane of luma or of chroma of an image's colours.
    pub(in crate::gl) fn draw_plane(
        &self,
        program: &ViewProgram,
        view: &RgbView,
        numbers: &PlaneNumbers,
    ) -> Result<(), GlError> {
        let current = self.gl().current()?;
        let _saved = SavedState::take(current, self.gl().has_external_textures());
        let _units = SavedUnits::take(current);
        current.bind_framebuffer(Some(self.framebuffer));
        current.use_program(program.name);
        view.bind_and_set(current, &program.sampling, 0);
        program.planes.set(current, numbers);
        let drawn = current.draw_quad(program.name, &program.quad, self.size(), Orientation::Image);
        view.unbind_external(current);
        drawn
    }

    /// Reads the target back: R, G, B, A of 8 bits for each pixel, row 0 first, no padding. Waits
    /// for the drawing.
    ///
    /// # Errors
    /// [`GlError`].
    #[doc(alias = "glReadPixels")]
    pub fn read_rgba8(&self) -> Result<Vec<u8>, GlError> {
        self.read(glow::UNSIGNED_BYTE, 4)
    }

    /// Reads the target back: R, G, B, A as floats for each pixel, row 0 first, no padding. Waits
    /// for the drawing. For targets of floats, or of more than 8 bits where the driver allows it.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn read_rgba32f(&self) -> Result<Vec<f32>, GlError> {
        let bytes = self.read(glow::FLOAT, 16)?;
        let (floats, _) = bytes.as_chunks::<4>();
        Ok(floats.iter().map(|float| f32::from_ne_bytes(*float)).collect())
    }

    fn read(&self, number: u32, pixel_bytes: usize) -> Result<Vec<u8>, GlError> {
        let current = self.gl().current()?;
        let _saved = SavedState::take(current, self.gl().has_external_textures());
        current.bind_framebuffer(Some(self.framebuffer));
        let [width, height] = self.size();
        let mut bytes = vec![0; width as usize * height as usize * pixel_bytes];
        current.read_pixels([width, height], number, &mut bytes)?;
        Ok(bytes)
    }

    fn gl(&self) -> &Gl {
        self.texture.gl()
    }

    fn size(&self) -> [u32; 2] {
        [self.texture.width(), self.texture.height()]
    }
}

impl Drop for RenderTarget {
    fn drop(&mut self) {
        self.gl().discard(Dropped::Framebuffer(self.framebuffer));
    }
}
