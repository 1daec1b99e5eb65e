//! A picture in a window: the CPU writes it into an image, GL shows it from there.
//!
//! Needs an X server or a Wayland compositor. Run it with
//!
//! ```text
//! cargo run --features window --example show_window
//! cargo run --features window --example show_window -- picture.png
//! ```
//!
//! You should see the picture, or coloured squares within squares. Any key closes the window.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;

use clap::Parser;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::description;
use crate::common::event_loop;
use crate::common::event_loop::Scene;
use crate::common::pattern;
use crate::common::picture;
use crate::common::place::Place;
use crate::common::report::Report;

/// Shows a picture.
#[derive(Parser)]
struct Arguments {
    /// The picture, instead of the XOR pattern
    #[arg(value_name = "FILE.png")]
    file: Option<PathBuf>,
    /// Close the window after so many frames
    #[arg(long, value_name = "N")]
    frames: Option<u32>,
}

fn main() -> Result<(), Report> {
    let Arguments { file, frames } = Arguments::parse();
    let (size, pixels) = match file {
        Some(file) => picture::read(&file)?,
        None => ([256, 256], pattern::pixels([256, 256])),
    };
    event_loop::run(frames, |stage| {
        let window = stage.window("dmashare: a picture", size, true)?;
        window.make_current()?;
        let gl = Gl::new(window.context())?;
        let dmabuf = image_of(stage.display(), size, &pixels)?;
        println!("the picture is in {}", description::of_image(&dmabuf));
        let image = Image::import(stage.display(), &dmabuf)?;
        let texture = Texture::<TwoD>::from_image(&gl, &image)?;
        Scene::new(window, None, &texture)
    })
}

/// An image with these pixels of red, green, blue and alpha, that the display can import.
fn image_of(display: &Display, size: [u32; 2], pixels: &[u8]) -> Result<Dmabuf, Report> {
    let [width, height] = size;
    let request = Request::new(width, height, Fourcc::ABGR8888).usage(Usage::Cpu);
    let choice = choose(display.importer(), display.formats().sample(), &request)?;
    let dmabuf = choice.allocator.allocate(&choice.request)?;
    let mut mapping = dmabuf.map(Access::Write)?;
    let mut access = mapping.begin(Access::Write)?;
    access.write_plane(0, pixels)?;
    access.finish()?;
    Ok(dmabuf)
}
