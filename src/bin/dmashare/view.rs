//! An image as a GL sampler sees it.

use dmashare::egl::Image;
use dmashare::gl::External;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::renderer::Renderer;

/// An imported image, sampled into a target of its own as often as asked for; it is imported once.
#[derive(Debug)]
pub(crate) struct View<'a> {
    image: &'a Image,
    source: Source,
    target: RenderTarget,
}

/// What can be sampled in which way is for the driver to say.
#[derive(Debug)]
enum Source {
    TwoD(Texture<TwoD>, Program<TwoD>),
    External(Texture<External>, Program<External>),
}

impl<'a> View<'a> {
    /// What is seen has 8 bits per channel, or is in floats where the format is deeper.
    pub(crate) fn new(
        renderer: &Renderer,
        image: &'a Image,
        pixel: PixelType,
    ) -> Result<Self, Failure> {
        let gl = renderer.gl();
        let (no_texture, no_program) =
            ("the image cannot become a texture", "the shaders cannot be built");
        let source = if image.is_external_only() {
            let texture = Texture::<External>::from_image(gl, image).attempt(no_texture)?;
            Source::External(texture, Program::blit_external(gl).attempt(no_program)?)
        } else {
            let texture = Texture::<TwoD>::from_image(gl, image).attempt(no_texture)?;
            Source::TwoD(texture, Program::blit(gl).attempt(no_program)?)
        };
        let size = [image.width(), image.height()];
        let target = Texture::<TwoD>::new(gl, size, pixel).attempt("no texture to sample into")?;
        let target = RenderTarget::new(&target).attempt("no target to sample into")?;
        Ok(Self { image, source, target })
    }

    /// R, G, B, A with 8 bits each, row 0 first.
    pub(crate) fn rgba8(&self) -> Result<Vec<u8>, Failure> {
        self.sample()?;
        self.target.read_rgba8().attempt("the pixels cannot be read back")
    }

    /// R, G, B, A as floats, row 0 first.
    pub(crate) fn rgba32f(&self) -> Result<Vec<f32>, Failure> {
        self.sample()?;
        self.target.read_rgba32f().attempt("the pixels cannot be read back")
    }

    /// What others wrote meanwhile is seen; nothing is imported again.
    fn sample(&self) -> Result<(), Failure> {
        let (unseen, undrawn) =
            ("the image cannot be looked at again", "the image cannot be sampled");
        match &self.source {
            Source::TwoD(texture, program) => {
                texture.refresh(self.image).attempt(unseen)?;
                self.target.draw(program, texture).attempt(undrawn)
            }
            Source::External(texture, program) => {
                texture.refresh(self.image).attempt(unseen)?;
                self.target.draw(program, texture).attempt(undrawn)
            }
        }
    }
}
