//! Which formats a driver lists, and which it really takes.
//!
//! A list is a claim. Here every pair of format and modifier that the display lists for import is
//! proved: an image is allocated and imported, then sampled by a shader, and drawn into where that
//! is allowed. ("External" formats can be sampled through `samplerExternalOES` alone.)
//!
//! Needs nothing but Mesa. Run it with
//!
//! ```text
//! cargo run --example probe_formats
//! cargo run --example probe_formats -- NV12
//! ```
//!
//! You should see a line for each pair, a sum, and why there was no memory for a format. Mesa 25's
//! software renderer lists NV12 and the other formats of more than one plane, and then refuses them
//! with `EGL_BAD_ALLOC`; Mesa 26's takes them.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use clap::Parser;
use dmashare::allocator::ChooseError;
use dmashare::allocator::Reason;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::egl::ImportError;
use dmashare::format::Entry;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::report::Report;

/// Width and height in pixels of the images.
const SIZE: [u32; 2] = [64, 64];

/// Proves the formats that the driver lists.
#[derive(Parser)]
struct Arguments {
    /// Prove these formats alone, named like AR24
    #[arg(value_name = "FOURCC")]
    only: Vec<Fourcc>,
}

fn main() -> Result<(), Report> {
    let Arguments { only } = Arguments::parse();
    let display = Display::surfaceless()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    println!("{} ({})", gl.renderer(), gl.version());
    println!("{:8}{:22}{:26}render", "format", "modifier", "sample");
    let (mut listed, mut proved) = (0, 0);
    let mut notes = Vec::new();
    for entry in display.formats().sample().entries() {
        // Implicit stands for a buffer of the same driver, whose tiling only that driver knows.
        let is_asked_for = only.is_empty() || only.contains(&entry.fourcc);
        if entry.modifier.explicit().is_none() || !is_asked_for {
            continue;
        }
        let (sample, render) = match import(&display, entry) {
            Ok(image) => (answer(&sample(&gl, &image)), answer(&render(&gl, &image))),
            Err(NoImage { word, note }) => {
                notes.extend(note.map(|note| format!("{}: {note}", entry.fourcc)));
                (word, "-".to_owned())
            }
        };
        listed += 1;
        proved += u32::from(sample == "yes");
        let sample = if entry.external_only { format!("external: {sample}") } else { sample };
        println!("{:8}{:22}{sample:26}{render}", entry.fourcc, entry.modifier);
    }
    println!("{proved} of {listed} pairs can be sampled");
    for note in notes {
        println!("{note}");
    }
    Ok(())
}

/// Why there is no image, in a word for the table, and at length where that word is not all.
struct NoImage {
    word: String,
    note: Option<String>,
}

impl NoImage {
    fn explained(word: &str, error: &impl std::error::Error) -> Self {
        Self { word: word.to_owned(), note: Some(error.to_string()) }
    }
}

/// An image in the memory that suits the display best, or why there is none.
fn import(display: &Display, entry: Entry) -> Result<Image, NoImage> {
    let [width, height] = SIZE;
    let request = Request::new(width, height, entry.fourcc)
        .modifiers([entry.modifier])
        .usage(if entry.external_only { Usage::Sample } else { Usage::Render });
    let choice = choose(display.importer(), display.formats().sample(), &request);
    let choice = choice.map_err(|error| match error {
        ChooseError::NoAllocator { driver, reasons } => NoImage {
            word: "no memory".to_owned(),
            note: Some(indented(&format!("no allocator suits `{driver}`"), &reasons)),
        },
        error => NoImage::explained("no memory", &error),
    })?;
    let dmabuf = choice.allocator.allocate(&choice.request);
    let dmabuf = dmabuf.map_err(|error| NoImage::explained("no memory", &error))?;
    Image::import(display, &dmabuf).map_err(|error| match error {
        ImportError::Driver { source, .. } => NoImage { word: source.code.to_string(), note: None },
        error => NoImage::explained("no image", &error),
    })
}

fn indented(title: &str, reasons: &[Reason]) -> String {
    reasons.iter().fold(title.to_owned(), |text, reason| format!("{text}\n  {reason}"))
}

/// Draws with the image as a texture.
fn sample(gl: &Gl, image: &Image) -> Result<(), Report> {
    let target = RenderTarget::new(&Texture::<TwoD>::new(gl, SIZE, PixelType::Rgba8)?)?;
    if image.is_external_only() {
        let texture = Texture::<External>::from_image(gl, image)?;
        target.draw(&Program::blit_external(gl)?, &texture)?;
    } else {
        target.draw(&Program::blit(gl)?, &Texture::<TwoD>::from_image(gl, image)?)?;
    }
    Ok(gl.finish()?)
}

/// Draws into the image.
fn render(gl: &Gl, image: &Image) -> Result<(), Report> {
    RenderTarget::new(&Texture::<TwoD>::from_image(gl, image)?)?.clear([0.5; 4])?;
    Ok(gl.finish()?)
}

fn answer(result: &Result<(), Report>) -> String {
    if result.is_ok() { "yes" } else { "no" }.to_owned()
}
