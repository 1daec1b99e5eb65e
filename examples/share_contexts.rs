//! One dma-buf behind the textures of two GL contexts: what B draws, A shows.
//!
//! Contexts A and B share nothing (neither is the other's share context), and neither texture is
//! ever copied. texA is exported as a dma-buf if the driver can do that; else the allocator that
//! suits the display makes the dma-buf, and both contexts import it. B, whose window stays hidden,
//! fills texB with the XOR pattern. A draws texA into its window.
//!
//! Needs an X server or a Wayland compositor, or neither with `--headless`. Run it with
//!
//! ```text
//! cargo run --features window --example share_contexts
//! cargo run --features window --example share_contexts -- --headless seen.png
//! ```
//!
//! You should see a window with coloured squares within squares, black in the top left corner, and
//! "all 65536 pixels as expected". Any key closes the window.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;

use clap::Parser;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::description;
use crate::common::event_loop;
use crate::common::event_loop::Scene;
use crate::common::pattern;
use crate::common::picture;
use crate::common::place::Place;
use crate::common::report::Report;
use crate::common::size::Size;

/// Shows in one GL context what another one draws.
#[derive(Parser)]
struct Arguments {
    /// Write what A sees to this PNG file, without a window
    #[arg(long, value_name = "FILE.png")]
    headless: Option<PathBuf>,
    /// Close the window after so many frames
    #[arg(long, value_name = "N", conflicts_with = "headless")]
    frames: Option<u32>,
    /// Width and height of the image and of the window, in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256")]
    size: Size,
}

fn main() -> Result<(), Report> {
    let Arguments { headless, frames, size: Size(size) } = Arguments::parse();
    let Some(file) = headless else {
        return event_loop::run(frames, |stage| {
            let a = stage.window("dmashare: A shows texA", size, true)?;
            let b = stage.window("dmashare: B is hidden", size, false)?;
            println!("A has a window, and B has one too, which stays hidden");
            let seen = share(&a, &b, size)?;
            Scene::new(a, Some(b), &seen.tex_a)
        });
    };
    let display = Display::surfaceless()?;
    let (a, b) = (Context::new(&display)?, Context::new(&display)?);
    println!("neither A nor B has a window");
    let seen = share(&a, &b, size)?;
    picture::write(&file, size, &seen.pixels)
}

/// What A has in the end.
struct Seen {
    tex_a: Texture<TwoD>,
    /// Red, green, blue and alpha of each pixel.
    pixels: Vec<u8>,
}

/// The experiment itself. The display of both contexts is the same.
fn share(a: &dyn Place, b: &dyn Place, size: [u32; 2]) -> Result<Seen, Report> {
    a.make_current()?;
    let gl_a = Gl::new(a.context())?;
    println!("A draws with {}", gl_a.renderer());
    let (tex_a, dmabuf) = texture_and_dmabuf(&gl_a, size)?;
    println!("one dma-buf behind texA and texB: {}", description::of_image(&dmabuf));

    b.make_current()?;
    let gl_b = Gl::new(b.context())?;
    let img_b = Image::import(b.context().display(), &dmabuf)?;
    let tex_b = Texture::<TwoD>::from_image(&gl_b, &img_b)?;
    RenderTarget::new(&tex_b)?.fill(&Program::xor_pattern(&gl_b)?)?;
    gl_b.finish()?;
    println!("B filled texB with the XOR pattern");

    a.make_current()?;
    let copy = RenderTarget::new(&Texture::<TwoD>::new(&gl_a, size, PixelType::Rgba8)?)?;
    copy.draw(&Program::blit(&gl_a)?, &tex_a)?;
    let pixels = copy.read_rgba8()?;
    let count = pattern::compare(size, &pixels, &pattern::pixels(size))?;
    println!("A sees texA: all {count} pixels as expected");
    Ok(Seen { tex_a, pixels })
}

/// texA and the dma-buf behind it: exported from the texture, or allocated and imported.
fn texture_and_dmabuf(gl: &Gl, size: [u32; 2]) -> Result<(Texture<TwoD>, Dmabuf), Report> {
    let texture = Texture::<TwoD>::new(gl, size, PixelType::Rgba8)?;
    match texture.to_image()?.export() {
        Ok(dmabuf) => {
            println!("texA was exported");
            return Ok((texture, dmabuf));
        }
        Err(error) => println!("texA cannot be exported, so it is imported: {error}"),
    }
    let (display, [width, height]) = (gl.context().display(), size);
    let request = Request::new(width, height, Fourcc::ARGB8888).usage(Usage::Render);
    let choice = choose(display.importer(), display.formats().render(), &request)?;
    println!("{choice}");
    let dmabuf = choice.allocator.allocate(&choice.request)?;
    let texture = Texture::<TwoD>::from_image(gl, &Image::import(display, &dmabuf)?)?;
    Ok((texture, dmabuf))
}
