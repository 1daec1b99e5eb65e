//! What there is to see in a stream that this tool sends.

use clap::ValueEnum;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Display;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::gl::Completion;
use dmashare::gl::Program;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::gl::Uniform;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::picture::Picture;
use crate::picture::Word;
use crate::renderer::Renderer;
use crate::xor_pattern;

/// A moving picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::stream) enum Motif {
    /// The XOR pattern, which goes to the left by a pixel with each frame.
    Xor,
    /// Waves of colour, an animated shader.
    Waves,
}

/// Frames until the waves begin again.
const WAVES_PERIOD: u16 = 240;

/// Draws frames.
#[derive(Debug)]
pub(in crate::stream) enum Painter {
    Gl(Box<GlPainter>),
    Cpu(Word),
}

impl Painter {
    /// GL draws into whatever the display can.
    pub(in crate::stream) fn gl(renderer: Renderer, motif: Motif) -> Result<Self, Failure> {
        GlPainter::new(renderer, motif).map(|painter| Self::Gl(Box::new(painter)))
    }

    /// The CPU writes RGB.
    pub(in crate::stream) fn cpu(fourcc: Fourcc, motif: Motif) -> Result<Self, Failure> {
        if motif != Motif::Xor {
            return Err(Failure::new("the CPU draws the XOR pattern alone: leave --cpu out"));
        }
        match Picture::of(fourcc) {
            Some(Picture::Words(word)) => Ok(Self::Cpu(word)),
            _ => Err(Failure::new(format!("the CPU does not draw {fourcc}"))
                .advise("dmashare formats --fourcc lists what GL draws")),
        }
    }

    /// What of a format can be drawn into.
    pub(in crate::stream) fn formats(&self, fourcc: Fourcc) -> FormatSet {
        match self {
            Self::Gl(painter) => {
                let formats = painter.renderer.display().formats().render();
                formats.entries_of(fourcc).collect()
            }
            Self::Cpu(_) => FormatSet::from_iter([(fourcc, Modifier::LINEAR)]),
        }
    }

    /// Draws frame `number`.
    pub(in crate::stream) fn paint(
        &mut self,
        image: &Dmabuf,
        number: u64,
    ) -> Result<Completion, Failure> {
        match self {
            Self::Gl(painter) => painter.paint(image, number),
            Self::Cpu(word) => {
                write(word, image, number)?;
                Ok(Completion::Finished)
            }
        }
    }

    /// Where GL draws; `None` if the CPU does.
    pub(in crate::stream) fn display(&self) -> Option<&Display> {
        match self {
            Self::Gl(painter) => Some(painter.renderer.display()),
            Self::Cpu(_) => None,
        }
    }

    /// A buffer has gone.
    pub(in crate::stream) fn forget(&mut self, image: &Dmabuf) {
        if let Self::Gl(painter) = self {
            painter.targets.forget(image);
        }
    }
}

/// Draws frames with GL, each buffer imported once.
#[derive(Debug)]
pub(in crate::stream) struct GlPainter {
    targets: TextureCache<TwoD>,
    motif: Motif,
    movement: Uniform<TwoD>,
    program: Program<TwoD>,
    renderer: Renderer,
}

impl GlPainter {
    fn new(renderer: Renderer, motif: Motif) -> Result<Self, Failure> {
        let gl = renderer.gl();
        let (program, name) = match motif {
            Motif::Xor => (Program::xor_pattern(gl), "shift"),
            Motif::Waves => (Program::new(gl, include_str!("waves.frag")), "phase"),
        };
        let program = program.attempt("the shaders cannot be built")?;
        let movement = program.uniform(name).attempt("the shader cannot be moved")?;
        let movement = movement.ok_or_else(|| Failure::new("the shader does not move"))?;
        Ok(Self { targets: TextureCache::new(gl), motif, movement, program, renderer })
    }

    fn paint(&mut self, image: &Dmabuf, number: u64) -> Result<Completion, Failure> {
        let moved = match self.motif {
            Motif::Xor => f32::from(shift(number)),
            Motif::Waves => phase(number),
        };
        self.movement.set(moved).attempt("the picture cannot be moved")?;
        let target = self.targets.target(image).attempt("the image cannot be drawn into")?;
        target.fill(&self.program).attempt("the picture cannot be drawn")?;
        self.renderer.gl().fence_or_finish().attempt("the drawing cannot be waited for")
    }
}

/// How far the XOR pattern has gone, which repeats itself every 256 pixels.
fn shift(number: u64) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low
}

/// Where the waves are, from 0 to 1.
fn phase(number: u64) -> f32 {
    let step = u16::try_from(number % u64::from(WAVES_PERIOD)).unwrap_or(0);
    f32::from(step) / f32::from(WAVES_PERIOD)
}

fn write(word: &Word, image: &Dmabuf, number: u64) -> Result<(), Failure> {
    let attempt = "the CPU cannot write the frame";
    let mut mapping = image.map(Access::Write).attempt(attempt)?;
    let mut access = mapping.begin(Access::Write).attempt(attempt)?;
    let shift = u32::from(shift(number));
    let mut row = Vec::new();
    for y in 0..image.height() {
        let pixels = (0..image.width()).map(|x| xor_pattern::at(x + shift, y));
        row.clear();
        row.extend(pixels.flat_map(|rgba| word.encode(rgba)));
        access.write_row(0, y, &row).attempt(attempt)?;
    }
    access.finish().attempt(attempt)
}

#[cfg(test)]
mod tests {
    use dmashare::allocator::Allocator;
    use dmashare::allocator::Memfd;
    use dmashare::allocator::Request;

    use super::*;

    #[test]
    fn cpu_draws_each_frame_a_pixel_further() {
        let mut painter = Painter::cpu(Fourcc::XRGB8888, Motif::Xor).unwrap();
        let image = Memfd::new().allocate(&Request::new(3, 2, Fourcc::XRGB8888)).unwrap();
        assert!(matches!(painter.paint(&image, 256 + 5), Ok(Completion::Finished)));
        let mut mapping = image.map(Access::Read).unwrap();
        let bytes = mapping.begin(Access::Read).unwrap().read_plane(0).unwrap();
        // Blue, green, red of (2, 1), which shows (7, 1): 14 ^ 1, 7 ^ 2, 7 ^ 1.
        assert_eq!(bytes.chunks(4).nth(5).map(|pixel| &pixel[..3]), Some(&[15, 5, 6][..]));
    }

    #[test]
    fn cpu_refuses_what_it_cannot_draw() {
        assert!(Painter::cpu(Fourcc::NV12, Motif::Xor).is_err());
        assert!(Painter::cpu(Fourcc::XRGB8888, Motif::Waves).is_err());
    }

    #[test]
    fn waves_begin_again_where_they_began() {
        assert_eq!((phase(0), phase(120), phase(240)), (0.0, 0.5, 0.0));
    }
}
