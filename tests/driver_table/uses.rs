//! What is done with a buffer on a display, and what came of it.

use std::fmt;

use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Mapping;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::sources::Source;

pub(crate) const SIZE: [u32; 2] = [256, 64];

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All pixels were right; with what was done.
    Works(String),
    /// The source makes no such buffer.
    NotMade(String),
    /// A typed error.
    Refused(String),
    /// Pixels were not as they should be.
    Wrong(String),
    /// The process is gone.
    Lost(String),
}

impl Outcome {
    pub(crate) fn parse(text: &str) -> Self {
        let (word, rest) = text.split_once(": ").unwrap();
        let rest = rest.to_owned();
        match word {
            "works" => Self::Works(rest),
            "not made" => Self::NotMade(rest),
            "refused" => Self::Refused(rest),
            _ => Self::Wrong(rest),
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Wrong(_) | Self::Lost(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match self {
            Self::Works(text) => ("works", text),
            Self::NotMade(text) => ("not made", text),
            Self::Refused(text) => ("refused", text),
            Self::Wrong(text) => ("WRONG", text),
            Self::Lost(text) => ("LOST", text),
        };
        write!(f, "{word}: {}", text.replace('\n', " "))
    }
}

/// A context of a display with the programs, which take an emulated machine seconds to build.
pub(crate) struct Painter {
    gl: Gl,
    blit: Program<TwoD>,
    xor_pattern: Program<TwoD>,
}

impl Painter {
    pub(crate) fn new(display: &Display) -> Self {
        let context = Context::new(display).unwrap();
        context.make_current().unwrap();
        let gl = Gl::new(&context).unwrap();
        let blit = Program::blit(&gl).unwrap();
        Self { xor_pattern: Program::xor_pattern(&gl).unwrap(), blit, gl }
    }
}

pub(crate) fn try_out(source: &Source, painter: &Painter) -> Outcome {
    let display = painter.gl.context().display();
    let image = match source.make(display) {
        Ok(image) => image,
        Err(error) => return Outcome::NotMade(error),
    };
    let imported = match Image::import(display, &image) {
        Ok(imported) => imported,
        Err(error) => return Outcome::Refused(chain(&error)),
    };
    // Sources may have had a context of their own.
    painter.gl.context().make_current().unwrap();
    match used(painter, &image, &imported) {
        Ok(done) => Outcome::Works(done),
        Err(outcome) => outcome,
    }
}

fn used(painter: &Painter, image: &Dmabuf, imported: &Image) -> Result<String, Outcome> {
    let gl = &painter.gl;
    let mut done = vec!["sample"];
    let texture = Texture::<TwoD>::from_image(gl, imported).unwrap();
    let mut mapping = image.map(Access::ReadWrite);
    match &mut mapping {
        Ok(mapping) => {
            write(mapping, image.fourcc());
            compare("written by the CPU and sampled", &sampled(painter, &texture), negative)?;
        }
        // Its content is undefined, but reading it must end.
        Err(_) => drop(sampled(painter, &texture)),
    }
    let target = RenderTarget::new(&texture).map_err(|error| Outcome::Refused(chain(&error)))?;
    target.fill(&painter.xor_pattern).unwrap();
    gl.finish().unwrap();
    done.push("render");
    compare("drawn and sampled", &sampled(painter, &texture), pattern)?;
    let again = Image::import(gl.context().display(), image).unwrap();
    let second = Texture::<TwoD>::from_image(gl, &again).unwrap();
    compare("drawn and imported again", &sampled(painter, &second), pattern)?;
    if let Ok(mapping) = &mut mapping {
        compare("drawn and read by the CPU", &read(mapping, image.fourcc()), pattern)?;
        done.push("cpu");
    }
    Ok(done.join(" "))
}

fn sampled(painter: &Painter, texture: &Texture<TwoD>) -> Vec<u8> {
    let own = Texture::<TwoD>::new(&painter.gl, SIZE, PixelType::Rgba8).unwrap();
    let target = RenderTarget::new(&own).unwrap();
    target.draw(&painter.blit, texture).unwrap();
    target.read_rgba8().unwrap()
}

/// Red = x ^ y, green = x ^ 2y, blue = 2x ^ y.
fn pattern(x: u32, y: u32) -> [u8; 4] {
    let byte = |number: u32| u8::try_from(number & 0xff).unwrap();
    [byte(x ^ y), byte(x ^ (2 * y)), byte((2 * x) ^ y), 255]
}

/// Another picture than the one that is drawn.
fn negative(x: u32, y: u32) -> [u8; 4] {
    pattern(x, y).map(|byte| 255 - byte)
}

fn compare(what: &str, found: &[u8], at: fn(u32, u32) -> [u8; 4]) -> Result<(), Outcome> {
    let (pixels, _) = found.as_chunks::<4>();
    let places = (0..SIZE[1]).flat_map(|y| (0..SIZE[0]).map(move |x| (x, y)));
    let wrong = places.clone().zip(pixels).filter(|((x, y), found)| at(*x, *y) != **found).count();
    if wrong == 0 && pixels.len() == places.count() {
        return Ok(());
    }
    Err(Outcome::Wrong(format!("{what}: {wrong} pixels, the first is {:?}", pixels[0])))
}

/// The place of R, G, B and A in the bytes of a pixel.
fn places(fourcc: Fourcc) -> [usize; 4] {
    if fourcc == Fourcc::ABGR8888 { [0, 1, 2, 3] } else { [2, 1, 0, 3] }
}

fn write(mapping: &mut Mapping, fourcc: Fourcc) {
    let mut bytes = Vec::new();
    for y in 0..SIZE[1] {
        for x in 0..SIZE[0] {
            let mut pixel = [0; 4];
            for (byte, place) in negative(x, y).into_iter().zip(places(fourcc)) {
                pixel[place] = byte;
            }
            bytes.extend(pixel);
        }
    }
    let mut access = mapping.begin(Access::Write).unwrap();
    access.write_plane(0, &bytes).unwrap();
    access.finish().unwrap();
}

fn read(mapping: &mut Mapping, fourcc: Fourcc) -> Vec<u8> {
    let access = mapping.begin(Access::Read).unwrap();
    let bytes = access.read_plane(0).unwrap();
    access.finish().unwrap();
    let (pixels, _) = bytes.as_chunks::<4>();
    pixels.iter().flat_map(|pixel| places(fourcc).map(|place| pixel[place])).collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
