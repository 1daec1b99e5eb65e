//! The second of two processes with one image: receives it over a socket, and shows it.
//!
//! The image is imported once. When its pixels are checked it goes back to the producer, which draws
//! one more, white, at the top left; that pixel is seen here without another import, because both
//! processes have the same memory.
//!
//! Needs `share_producer` in another terminal, and an X server or a Wayland compositor, or neither
//! with `--headless`. Run it with
//!
//! ```text
//! cargo run --features window --example share_consumer
//! cargo run --features window --example share_consumer -- --headless seen.png
//! ```
//!
//! You should see the inode that the producer prints, and a window with coloured squares within
//! squares whose top left pixel is white. Any key closes it. The producer is gone by then: the image
//! lives on.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;

use clap::Parser;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;

use crate::common::description;
use crate::common::event_loop;
use crate::common::event_loop::Scene;
use crate::common::hand_over;
use crate::common::hand_over::SOCKET_NAME;
use crate::common::pattern;
use crate::common::picture;
use crate::common::place::Place;
use crate::common::report::Report;

/// Shows an image that another process draws.
#[derive(Parser)]
struct Arguments {
    /// Write the image to this PNG file, without a window
    #[arg(long, value_name = "FILE.png")]
    headless: Option<PathBuf>,
    /// Close the window after so many frames
    #[arg(long, value_name = "N", conflicts_with = "headless")]
    frames: Option<u32>,
    /// The path where the producer waits, instead of one in `XDG_RUNTIME_DIR`
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

fn main() -> Result<(), Report> {
    let Arguments { headless, frames, socket } = Arguments::parse();
    let channel = match socket {
        Some(path) => Channel::connect(path)?,
        None => Channel::connect_name(SOCKET_NAME)?,
    };
    let image = hand_over::receive(&channel)?;
    let sender = channel.peer_credentials()?.pid;
    println!("process {} sent {}", sender.unwrap_or(0), description::of_image(&image));
    let Some(file) = headless else {
        return event_loop::run(frames, |stage| {
            let size = [image.width(), image.height()];
            let window = stage.window("dmashare: another process drew this", size, true)?;
            let texture = consume(&window, &channel, &image)?;
            Scene::new(window, None, &texture)
        });
    };
    let context = Context::new(&Display::surfaceless()?)?;
    let texture = consume(&context, &channel, &image)?;
    picture::write(&file, [texture.width(), texture.height()], &read(&texture)?)
}

/// Imports the image, and takes turns with the producer.
fn consume(place: &dyn Place, channel: &Channel, dmabuf: &Dmabuf) -> Result<Texture<TwoD>, Report> {
    place.make_current()?;
    let gl = Gl::new(place.context())?;
    let image = Image::import(place.context().display(), dmabuf)?;
    let texture = Texture::<TwoD>::from_image(&gl, &image)?;
    let size = [texture.width(), texture.height()];
    let mut expected = pattern::pixels(size);
    let count = pattern::compare(size, &read(&texture)?, &expected)?;
    println!("{} sees the XOR pattern: all {count} pixels as expected", gl.renderer());

    channel.send(dmabuf, Ready::Finished)?;
    let again = hand_over::receive(channel)?;
    if !again.is_same_memory(dmabuf) {
        return Err(Report::new("the producer sent another image"));
    }
    texture.refresh(&image)?;
    expected.iter_mut().take(4).for_each(|channel| *channel = 255);
    let count = pattern::compare(size, &read(&texture)?, &expected)?;
    println!("the producer drew a white pixel: all {count} pixels as expected, with one import");
    Ok(texture)
}

/// Red, green, blue and alpha of each pixel, as GL samples them. The context is current.
fn read(texture: &Texture<TwoD>) -> Result<Vec<u8>, Report> {
    let size = [texture.width(), texture.height()];
    let copy = RenderTarget::new(&Texture::<TwoD>::new(texture.gl(), size, PixelType::Rgba8)?)?;
    copy.draw(&Program::blit(texture.gl())?, texture)?;
    Ok(copy.read_rgba8()?)
}
