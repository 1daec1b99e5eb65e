//! Pixels that the CPU wrote, sampled by GL out of the same memory.
//!
//! Needs nothing but Mesa. Run it with
//!
//! ```text
//! cargo run --example import_texture -- sampled.png
//! ```
//!
//! You should see "all 65536 pixels as expected", and in the PNG file coloured squares within
//! squares, black in the top left corner.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;

use clap::Parser;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::dmabuf::Access;
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
use crate::common::pattern;
use crate::common::picture;
use crate::common::report::Report;
use crate::common::size::Size;

/// Samples in GL what the CPU wrote.
#[derive(Parser)]
struct Arguments {
    /// Where to write what GL sampled
    #[arg(value_name = "FILE.png")]
    file: PathBuf,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256")]
    size: Size,
}

fn main() -> Result<(), Report> {
    let Arguments { file, size: Size(size) } = Arguments::parse();
    let display = Display::surfaceless()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;

    // The bytes of this format are red, green, blue, alpha, in this order.
    let [width, height] = size;
    let request = Request::new(width, height, Fourcc::ABGR8888).usage(Usage::Cpu);
    let choice = choose(display.importer(), display.formats().sample(), &request)?;
    let dmabuf = choice.allocator.allocate(&choice.request)?;
    println!("{} made {}", choice.allocator.kind(), description::of_image(&dmabuf));

    let expected = pattern::pixels(size);
    let mut mapping = dmabuf.map(Access::Write)?;
    let mut access = mapping.begin(Access::Write)?;
    access.write_plane(0, &expected)?;
    access.finish()?;
    println!("the CPU wrote the XOR pattern");

    let texture = Texture::<TwoD>::from_image(&gl, &Image::import(&display, &dmabuf)?)?;
    let target = RenderTarget::new(&Texture::<TwoD>::new(&gl, size, PixelType::Rgba8)?)?;
    target.draw(&Program::blit(&gl)?, &texture)?;
    let sampled = target.read_rgba8()?;
    let count = pattern::compare(size, &sampled, &expected)?;
    println!("{} sampled it: all {count} pixels as expected", gl.renderer());
    picture::write(&file, size, &sampled)
}
