//! The memory of a GL texture as a dma-buf.
//!
//! A texture of GL's own is drawn into and exported; another context, which shares nothing with the
//! first, imports the dma-buf and reads the pixels.
//!
//! Needs a driver with `EGL_MESA_image_dma_buf_export`: those of GPUs have it, and the software
//! renderer where there is `/dev/udmabuf`. Run it with
//!
//! ```text
//! cargo run --example export_texture
//! ```
//!
//! You should see the layout that the driver chose and "all 65536 pixels as expected"; or why this
//! driver cannot export, and what to do instead.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use clap::Parser;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::ExportError;
use dmashare::egl::Image;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::description;
use crate::common::pattern;
use crate::common::report::Report;
use crate::common::size::Size;

/// Exports a texture.
#[derive(Parser)]
struct Arguments {
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256")]
    size: Size,
}

fn main() -> Result<(), Report> {
    let Arguments { size: Size(size) } = Arguments::parse();
    let display = Display::surfaceless()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    let texture = Texture::<TwoD>::new(&gl, size, PixelType::Rgba8)?;
    RenderTarget::new(&texture)?.fill(&Program::xor_pattern(&gl)?)?;
    gl.finish()?;
    println!("{} drew the XOR pattern", gl.renderer());

    match texture.to_image()?.export() {
        Ok(dmabuf) => {
            println!("exported {}", description::of_image(&dmabuf));
            let pixels = read(&display, &dmabuf)?;
            let count = pattern::compare(size, &pixels, &pattern::pixels(size))?;
            println!("another context sees it: all {count} pixels as expected");
            Ok(())
        }
        Err(ExportError::Unsupported { extension }) => {
            println!("the driver {} does not have {extension}", display.importer().driver());
            println!("instead, allocate the image and import it: see allocate_buffer.rs and");
            println!("import_texture.rs, and share_contexts.rs for both ways in one program");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Red, green, blue and alpha of each pixel, in a context of its own.
fn read(display: &Display, dmabuf: &Dmabuf) -> Result<Vec<u8>, Report> {
    let context = Context::new(display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    let texture = Texture::<TwoD>::from_image(&gl, &Image::import(display, dmabuf)?)?;
    let size = [texture.width(), texture.height()];
    let target = RenderTarget::new(&Texture::<TwoD>::new(&gl, size, PixelType::Rgba8)?)?;
    target.draw(&Program::blit(&gl)?, &texture)?;
    Ok(target.read_rgba8()?)
}
