//! An image that samples as red, green and blue, whatever its format.

mod import;

use std::sync::Arc;

use crate::dmabuf::Dmabuf;
use crate::egl::Image;
use crate::format::Colorimetry;
use crate::format::Model;
use crate::gl::BindError;
use crate::gl::External;
use crate::gl::Gl;
use crate::gl::GlError;
use crate::gl::Kind;
use crate::gl::Orientation;
use crate::gl::Policy;
use crate::gl::Reason;
use crate::gl::RgbViewError;
use crate::gl::Texture;
use crate::gl::TwoD;
use crate::gl::Way;
use crate::gl::current::Current;
use crate::gl::sampling::Sampling;
use crate::gl::state::SavedState;
use crate::gl::state::SavedUnits;
use crate::gl::view_program::Sampler;
use crate::gl::view_program::SamplingUniforms;
use crate::gl::view_program::ViewProgram;

/// An image that samples as red, green and blue: of any format that has a linear arrangement, RGB or
/// YUV, planar or packed.
///
/// It shares the image's memory; nothing is copied or converted until it is sampled, and what is
/// written into the image later is what is sampled then (after [`RgbView::refresh`]).
///
/// What is sampled is the pixel at the coordinates, unfiltered. Where pixels share chroma, it is
/// interpolated at the middle of the pixel from the samples around it, each at the place where the
/// [`Colorimetry`] says that it lies. Luma and chroma that no colour has make numbers below 0 and above
/// 1, which a target without floats limits.
///
/// A driver's own conversion is the shortest way and often not the right one. [`RgbView::way`] says
/// which way was taken and [`RgbView::reason`] why.
///
/// ```
/// use dmashare::allocator::{Request, choose};
/// use dmashare::egl::{Context, Display};
/// use dmashare::format::{Colorimetry, Fourcc};
/// use dmashare::gl::{Gl, PixelType, Policy, RenderTarget, RgbView, Texture, YuvTarget};
///
/// let display = Display::surfaceless()?;
/// let context = Context::new(&display)?;
/// context.make_current()?;
/// let gl = Gl::new(&context)?;
///
/// // A frame, as a decoder or a camera hands it over. Here it is drawn: all of it white.
/// let request = Request::new(64, 64, Fourcc::NV12);
/// let choice = choose(display.importer(), display.formats().sample(), &request)?;
/// let frame = choice.allocator.allocate(&choice.request)?;
/// let target = || Texture::new(&gl, [64, 64], PixelType::Rgba8);
/// let white = RenderTarget::new(&target()?)?;
/// white.clear([1.0; 4])?;
/// let colours = RgbView::of_texture(white.texture())?;
/// YuvTarget::new(&gl, &frame, Colorimetry::HD_VIDEO)?.draw(&colours)?;
///
/// // The one call.
/// let view = RgbView::new(&gl, &frame, Colorimetry::HD_VIDEO, Policy::PreferDirect)?;
/// println!("{}: {}", view.way(), view.reason());
/// let seen = RenderTarget::new(&target()?)?;
/// seen.draw_view(&view)?;
/// assert_eq!(seen.read_rgba8()?[..4], [255; 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Spec: `GL_OES_EGL_image_external`; ITU-R BT.601-7, BT.709-6 and BT.2020-2.
#[derive(Debug)]
pub struct RgbView {
    gl: Gl,
    source: Source,
    program: Arc<ViewProgram>,
    sampler: Sampler,
    sampling: Sampling,
    reason: Reason,
    images: Vec<Image>,
    size: [u32; 2],
}

/// The textures that the pixels are in.
#[derive(Debug)]
enum Source {
    Plain(Texture<TwoD>),
    External(Texture<External>),
    Planes(Vec<Texture<TwoD>>),
}

impl RgbView {
    /// Imports an image so that it can be sampled as colours. The context must be current, and the
    /// image is imported into its display. RGB images ignore the colorimetry.
    ///
    /// # Errors
    /// - [`RgbViewError::Unsupported`]: the format cannot become colours that way; with a policy that
    ///   leaves both ways, by neither.
    /// - [`RgbViewError::Import`], [`RgbViewError::Bind`]: the driver does not take the image, or one
    ///   of its planes; `Bind` as well if the context is not current.
    /// - [`RgbViewError::Plane`]: a plane is no image of its own, because it is tiled.
    /// - [`RgbViewError::Program`]: the driver's compiler said no.
    pub fn new(
        gl: &Gl,
        image: &Dmabuf,
        colorimetry: Colorimetry,
        policy: Policy,
    ) -> Result<Self, RgbViewError> {
        gl.current()?;
        if image.layout().model() == Model::Rgb {
            return Self::plain(gl, image);
        }
        match policy {
            Policy::RequireDirect => Self::direct(gl, image, colorimetry, Reason::Required),
            Policy::RequireExact => Self::by_plane(gl, image, colorimetry, Reason::Required),
            Policy::PreferDirect => Self::preferring_direct(gl, image, colorimetry),
        }
    }

    /// A texture of colours that is there already. Its context must be current.
    ///
    /// # Errors
    /// [`RgbViewError::Program`]; [`RgbViewError::Bind`] if the context is not current.
    pub fn of_texture(texture: &Texture<TwoD>) -> Result<Self, RgbViewError> {
        let size = [texture.width(), texture.height()];
        let (source, sampling) = (Source::Plain(texture.clone()), Sampling::of_colours(size));
        Self::assemble(texture.gl(), source, sampling, Reason::Colours, Vec::new(), size)
    }

    /// How it becomes colours.
    pub fn way(&self) -> Way {
        match (&self.source, &self.reason) {
            (Source::Planes(_), _) => Way::ByPlane,
            (Source::External(_), Reason::Colours) | (Source::Plain(_), _) => Way::Plain,
            (Source::External(_), _) => Way::Direct,
        }
    }

    /// Why it is that way.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.size[0]
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.size[1]
    }

    /// The functions of its context.
    pub fn gl(&self) -> &Gl {
        &self.gl
    }

    /// Makes what others wrote into the image visible here, as
    /// [`Texture::refresh`](crate::gl::Texture::refresh) does. The context must be current.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn refresh(&self) -> Result<(), BindError> {
        let images = self.images.iter();
        match &self.source {
            Source::Plain(texture) => images.take(1).try_for_each(|image| texture.refresh(image)),
            Source::External(texture) => {
                images.take(1).try_for_each(|image| texture.refresh(image))
            }
            Source::Planes(textures) => {
                images.zip(textures).try_for_each(|(image, texture)| texture.refresh(image))
            }
        }
    }

    /// The beginning of a fragment shader (GLSL ES 1.00): what declares
    /// `vec4 sample_rgb(highp vec2 place)` for coordinates from 0 to 1, with row 0 of the image at 0.
    /// Put a `main` behind it; the vertex shader hands it `varying highp vec2 coordinates`, as that of
    /// [`Program::new`](crate::gl::Program::new) does. It is the same for all images of a format that go
    /// the same way. Other names that it takes are those of `shaders/rgb_from_planes.frag`.
    ///
    /// [`RgbView::bind`] gives such a program its pixels.
    ///
    /// ```
    /// # use dmashare::egl::{Context, Display};
    /// # use dmashare::gl::{Gl, PixelType, Program, RenderTarget, RgbView, Texture, TwoD};
    /// # let display = Display::surfaceless()?;
    /// # let context = Context::new(&display)?;
    /// # context.make_current()?;
    /// # let gl = Gl::new(&context)?;
    /// # let texture = || Texture::<TwoD>::new(&gl, [64, 64], PixelType::Rgba8);
    /// # let view = RgbView::of_texture(&texture()?)?;
    /// # let target = RenderTarget::new(&texture()?)?;
    /// let negative = "void main() { gl_FragColor = 1.0 - sample_rgb(coordinates); }";
    /// let program = Program::<TwoD>::new(&gl, &(view.glsl() + negative))?;
    /// view.bind(program.name(), 1)?;
    /// target.fill(&program)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn glsl(&self) -> String {
        self.sampler.source(false)
    }

    /// Binds the textures to texture units, `first_unit` and up to two more, uses a program that was
    /// made with [`RgbView::glsl`] and sets the uniforms of `sample_rgb`. For an engine's own drawing:
    /// nothing is put back. The context must be current.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn bind(&self, program: glow::Program, first_unit: u32) -> Result<(), GlError> {
        let current = self.gl.current()?;
        current.checked("glUseProgram", || {
            current.use_program(program);
            let uniforms = SamplingUniforms::of(current, program);
            self.bind_and_set(current, &uniforms, first_unit);
        })
    }

    /// The textures on their units, and the uniforms of the program in use.
    pub(in crate::gl) fn bind_and_set(
        &self,
        current: Current<'_>,
        uniforms: &SamplingUniforms,
        first_unit: u32,
    ) {
        match &self.source {
            Source::Plain(texture) => {
                current.bind_texture_to(first_unit, TwoD::TARGET, texture.name());
            }
            Source::External(texture) => {
                current.bind_texture_to(first_unit, External::TARGET, texture.name());
            }
            Source::Planes(textures) => {
                for (texture, unit) in textures.iter().zip(first_unit..) {
                    current.bind_texture_to(unit, TwoD::TARGET, texture.name());
                }
            }
        }
        uniforms.set(current, &self.sampling, first_unit);
    }

    /// What samples it.
    pub(in crate::gl) fn sampler(&self) -> Sampler {
        self.sampler
    }

    /// Draws it over the whole of the bound framebuffer.
    pub(in crate::gl) fn draw_over(
        &self,
        current: Current<'_>,
        size: [u32; 2],
        orientation: Orientation,
    ) -> Result<(), GlError> {
        let _units = SavedUnits::take(current);
        current.use_program(self.program.name);
        self.bind_and_set(current, &self.program.sampling, 0);
        let drawn = current.draw_quad(self.program.name, &self.program.quad, size, orientation);
        self.unbind_external(current);
        drawn
    }

    /// Whoever drew before had none bound, or has it put back.
    pub(in crate::gl) fn unbind_external(&self, current: Current<'_>) {
        if let Source::External(_) = self.source {
            current.bind_texture(External::TARGET, None);
        }
    }
}

impl Gl {
    /// Draws an image in any format over the whole of the window, as [`Gl::draw`] does a texture. The
    /// view must be of this context, which must be current.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn draw_view(
        &self,
        view: &RgbView,
        size: [u32; 2],
        orientation: Orientation,
    ) -> Result<(), GlError> {
        let current = self.current()?;
        let _saved = SavedState::take(current, self.has_external_textures());
        view.draw_over(current, size, orientation)
    }
}
