//! The first of two processes with one image: draws it, and sends it over a socket.
//!
//! It waits for `share_consumer`, sends the image, and gets it back when the consumer has looked at
//! it. Then it draws one more pixel, white, at the top left, into the memory that the other process
//! has long imported.
//!
//! Needs nothing but Mesa. Run it first, then `share_consumer` in another terminal:
//!
//! ```text
//! cargo run --example share_producer
//! ```
//!
//! You should see the same inode here and there: a file descriptor has another number in every
//! process, the memory behind it has one inode.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;

use clap::Parser;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::ipc::Listener;
use dmashare::ipc::Ready;

use crate::common::description;
use crate::common::hand_over;
use crate::common::hand_over::SOCKET_NAME;
use crate::common::report::Report;
use crate::common::size::Size;

/// Draws the first pixel of the first row, and no other.
const ONE_WHITE_PIXEL: &str = "#version 100
precision highp float;
void main() {
    if (gl_FragCoord.x > 1.0 || gl_FragCoord.y > 1.0) discard;
    gl_FragColor = vec4(1.0);
}";

/// Draws an image for another process.
#[derive(Parser)]
struct Arguments {
    /// Wait at this path, instead of one in `XDG_RUNTIME_DIR`
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Width and height of the image in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256")]
    size: Size,
}

fn main() -> Result<(), Report> {
    let Arguments { socket, size: Size([width, height]) } = Arguments::parse();
    let listener = match socket {
        Some(path) => Listener::bind_path(path)?,
        None => Listener::bind(SOCKET_NAME)?,
    };
    let display = Display::surfaceless()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;

    let request = Request::new(width, height, Fourcc::ARGB8888).usage(Usage::Render);
    let choice = choose(display.importer(), display.formats().render(), &request)?;
    let image = choice.allocator.allocate(&choice.request)?;
    println!("{} made {}", choice.allocator.kind(), description::of_image(&image));
    let texture = Texture::<TwoD>::from_image(&gl, &Image::import(&display, &image)?)?;
    let target = RenderTarget::new(&texture)?;
    target.fill(&Program::xor_pattern(&gl)?)?;
    gl.finish()?;
    println!("{} drew the XOR pattern", gl.renderer());

    println!("waiting for share_consumer at {}", listener.path().display());
    let channel = listener.accept()?;
    channel.send(&image, Ready::Finished)?;
    let back = hand_over::receive(&channel)?;
    if !back.is_same_memory(&image) {
        return Err(Report::new("the consumer sent another image back"));
    }
    println!("sent it, and got it back: {}", description::of_image(&back));

    target.fill(&Program::new(&gl, ONE_WHITE_PIXEL)?)?;
    gl.finish()?;
    channel.send(&image, Ready::Finished)?;
    println!("drew one white pixel at the top left");
    Ok(())
}
