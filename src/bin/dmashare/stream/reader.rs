//! What the pixels of frames are.

use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Colorimetry;
use dmashare::format::FormatSet;
use dmashare::format::Layout;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::ReceivedFrame;
use dmashare::stream::wire::MAX_ENTRIES;

use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::picture::Picture;
use crate::renderer::Renderer;

/// How frames are read.
#[derive(Debug, clap::Args)]
pub(in crate::stream) struct ReaderArgs {
    /// surfaceless, device:N, gbm:PATH, x11 or wayland: where GL samples the frames.
    #[arg(long, value_name = "NAME", default_value = "surfaceless")]
    display: DisplayName,
    /// Needs no GL: the frames have to be what a CPU can read, linear and RGB.
    #[arg(long, conflicts_with = "display")]
    cpu: bool,
}

impl ReaderArgs {
    pub(in crate::stream) fn open(&self) -> Result<Reader, Failure> {
        if self.cpu {
            return Ok(Reader::Cpu);
        }
        let opened = Renderer::open(&self.display).and_then(GlReader::new);
        let opened = opened.map_err(|failure| match failure.next_step() {
            Some(_) => failure,
            None => failure.advise("--cpu reads without GL"),
        });
        Ok(Reader::Gl(Box::new(opened?)))
    }
}

/// Turns frames into R, G, B, A.
#[derive(Debug)]
pub(in crate::stream) enum Reader {
    Gl(Box<GlReader>),
    Cpu,
}

impl Reader {
    /// What can be read, for the producer.
    pub(in crate::stream) fn settings(&self) -> ConsumerSettings {
        match self {
            Self::Gl(reader) => {
                let display = reader.renderer.display();
                sampling(display.formats().sample())
                    .allow_kernel_checked(!display.importer().maps_memory())
            }
            Self::Cpu => ConsumerSettings::new(Usage::Cpu, linear_rgb()),
        }
    }

    /// R, G, B, A with 8 bits each, row 0 first.
    pub(in crate::stream) fn rgba8(&mut self, frame: &ReceivedFrame) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Gl(reader) => reader.rgba8(frame),
            Self::Cpu => read(frame.image()),
        }
    }

    /// A buffer has gone.
    pub(in crate::stream) fn forget(&mut self, image: &Dmabuf) {
        if let Self::Gl(reader) = self {
            reader.textures.forget(image);
        }
    }
}

/// For somebody who samples. What a driver lists may be more than can be sent: the best come first.
pub(in crate::stream) fn sampling(formats: &FormatSet) -> ConsumerSettings {
    let formats = formats.entries().take(MAX_ENTRIES).collect();
    ConsumerSettings::new(Usage::Sample, formats).frames(2)
}

/// What the producer says, and what is usual where it says nothing or something unusual.
pub(in crate::stream) fn colorimetry(frame: &ReceivedFrame) -> Colorimetry {
    frame.colour().colorimetry(Colorimetry::default()).unwrap_or_default()
}

fn linear_rgb() -> FormatSet {
    let fourccs = Layout::all().iter().map(Layout::fourcc);
    let rgb = fourccs.filter(|fourcc| matches!(Picture::of(*fourcc), Some(Picture::Words(_))));
    rgb.map(|fourcc| (fourcc, Modifier::LINEAR)).collect()
}

fn read(image: &Dmabuf) -> Result<Vec<u8>, Failure> {
    let attempt = "the CPU cannot read the frame";
    let mut mapping = image.map(Access::Read).attempt(attempt)?;
    let access = mapping.begin(Access::Read).attempt(attempt)?;
    let bytes = access.read_plane(0).attempt(attempt)?;
    access.finish().attempt(attempt)?;
    let decoded = Picture::of(image.fourcc()).and_then(|picture| picture.decode(&bytes));
    decoded.ok_or_else(|| {
        Failure::new(format!("the CPU does not read {}: leave --cpu out", image.fourcc()))
    })
}

/// Samples frames, each buffer imported once.
#[derive(Debug)]
pub(in crate::stream) struct GlReader {
    textures: TextureCache<External>,
    program: Program<External>,
    target: Option<RenderTarget>,
    renderer: Renderer,
}

impl GlReader {
    fn new(renderer: Renderer) -> Result<Self, Failure> {
        let program =
            Program::blit_external(renderer.gl()).attempt("the shaders cannot be built")?;
        let textures = TextureCache::new(renderer.gl());
        Ok(Self { textures, program, target: None, renderer })
    }

    fn rgba8(&mut self, frame: &ReceivedFrame) -> Result<Vec<u8>, Failure> {
        let image = frame.image();
        let size = [image.width(), image.height()];
        let fits =
            |target: &RenderTarget| [target.texture().width(), target.texture().height()] == size;
        let target = match self.target.take().filter(fits) {
            Some(target) => target,
            None => target_of(self.renderer.gl(), size)?,
        };
        let texture = self.textures.texture_with(image, colorimetry(frame));
        let texture = texture.attempt("the frame cannot be imported")?;
        target.draw(&self.program, texture).attempt("the frame cannot be sampled")?;
        let pixels = target.read_rgba8().attempt("the pixels cannot be read back");
        self.target = Some(target);
        pixels
    }
}

fn target_of(gl: &Gl, size: [u32; 2]) -> Result<RenderTarget, Failure> {
    let texture = Texture::<TwoD>::new(gl, size, PixelType::Rgba8);
    let texture = texture.attempt("no texture to sample into")?;
    RenderTarget::new(&texture).attempt("no target to sample into")
}
