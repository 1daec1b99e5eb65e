//! A consumer of a stream: shows the frames that another process draws, from that process's memory.
//!
//! It holds the frame that it shows until the next one has come, and gives it back when it is drawn.
//! Nothing is copied, and each buffer is imported once.
//!
//! Needs `stream_producer` in another terminal, and an X server or a Wayland compositor, or neither
//! with `--headless`. Run it with
//!
//! ```text
//! cargo run --features window --example stream_consumer
//! cargo run --features window --example stream_consumer -- --headless seen.png --frames 60
//! ```
//!
//! You should see a window with coloured squares that move to the left. Any key closes it. Without a
//! window, each pixel of each frame is compared with the pattern, and the last frame is written.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use clap::Parser;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::format::Usage;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::NextError;
use dmashare::stream::ReceivedFrame;
use dmashare::sync::Ready;

use crate::common::hand_over::PATIENCE;
use crate::common::hand_over::STREAM_NAME;
use crate::common::live_window;
use crate::common::live_window::News;
use crate::common::live_window::Pictures;
use crate::common::pattern;
use crate::common::picture;
use crate::common::place::Place;
use crate::common::report::Report;

/// Shows frames that another process draws.
#[derive(Parser)]
struct Arguments {
    /// Write the last frame to this PNG file, without a window
    #[arg(long, value_name = "FILE.png", requires = "frames")]
    headless: Option<PathBuf>,
    /// End after so many frames
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frames: Option<u64>,
    /// The path where the producer waits, instead of one in `XDG_RUNTIME_DIR`
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

fn main() -> Result<(), Report> {
    let Arguments { headless, frames, socket } = Arguments::parse();
    let channel = match socket {
        Some(path) => Channel::connect(path)?,
        None => Channel::connect_name(STREAM_NAME)?,
    };
    let Some(file) = headless else {
        return live_window::run(frames, |stage| {
            let (consumer, frame) = receive(channel, stage.display())?;
            let size = [frame.image().width(), frame.image().height()];
            let window = stage.window("dmashare: a stream of another process", size, true)?;
            window.make_current()?;
            let screen = Screen::new(&Gl::new(window.context())?, consumer, frame)?;
            Ok((window, screen))
        });
    };
    let display = Display::surfaceless()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    let (mut consumer, mut frame) = receive(channel, &display)?;
    let mut textures = TextureCache::new(&gl);
    let size = [frame.image().width(), frame.image().height()];
    for left in (0..frames.unwrap_or(1)).rev() {
        frame.wait_for_pixels(PATIENCE)?;
        let (number, pixels) = (frame.user_serial(), read(textures.texture(frame.image())?)?);
        let count = pattern::compare(size, &pixels, &pattern::moved_pixels(size, number))?;
        println!("frame {number}: all {count} pixels as expected");
        consumer.release(frame, Ready::Finished)?;
        if left == 0 {
            return picture::write(&file, size, &pixels);
        }
        frame = consumer.next_frame(PATIENCE)?;
    }
    Ok(())
}

/// Says what this display can sample, and waits for the first frame.
fn receive(channel: Channel, display: &Display) -> Result<(Consumer, ReceivedFrame), Report> {
    let settings = ConsumerSettings::new(Usage::Sample, display.formats().sample().clone())
        .frames(2)
        .allow_kernel_checked(!display.importer().maps_memory());
    let mut consumer = Consumer::on_channel(channel, &settings)?;
    let frame = consumer.next_frame(PATIENCE)?;
    Ok((consumer, frame))
}

/// Red, green, blue and alpha of each pixel, as GL samples them. The context is current.
fn read(texture: &Texture<External>) -> Result<Vec<u8>, Report> {
    let size = [texture.width(), texture.height()];
    let copy = RenderTarget::new(&Texture::<TwoD>::new(texture.gl(), size, PixelType::Rgba8)?)?;
    copy.draw(&Program::blit_external(texture.gl())?, texture)?;
    Ok(copy.read_rgba8()?)
}

/// What the window shows: a frame that is held until the next one has come.
struct Screen {
    textures: TextureCache<External>,
    texture: Texture<External>,
    shown: Option<ReceivedFrame>,
    consumer: Consumer,
}

impl Screen {
    fn new(gl: &Gl, consumer: Consumer, first: ReceivedFrame) -> Result<Self, Report> {
        let mut textures = TextureCache::new(gl);
        first.wait_for_pixels(PATIENCE)?;
        let texture = textures.texture(first.image())?.clone();
        Ok(Self { textures, texture, shown: Some(first), consumer })
    }

    fn show(&mut self, frame: ReceivedFrame) -> Result<(), Report> {
        let gl = self.textures.gl().clone();
        // A GPU waits by itself, and this thread goes on.
        if let Some(fence) = frame.fence() {
            gl.wait(fence, PATIENCE)?;
        }
        self.texture = self.textures.texture(frame.image())?.clone();
        let Some(before) = self.shown.replace(frame) else { return Ok(()) };
        // GL may still be reading the frame before: it is free when that is done.
        gl.finish()?;
        Ok(self.consumer.release(before, Ready::Finished)?)
    }
}

impl Pictures for Screen {
    fn take(&mut self) -> Result<News, Report> {
        self.consumer.dispatch()?;
        while let Some(event) = self.consumer.next_event() {
            match event {
                ConsumerEvent::Frame(frame) => {
                    self.show(frame)?;
                    return Ok(News::Picture);
                }
                ConsumerEvent::Gone { image, .. } => {
                    self.textures.forget(&image);
                }
                ConsumerEvent::Ended(end) => {
                    println!("{}", NextError::Ended(end));
                    return Ok(News::Over);
                }
                _ => {}
            }
        }
        Ok(News::Nothing)
    }

    fn texture(&self) -> &Texture<External> {
        &self.texture
    }
}

impl AsFd for Screen {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.consumer.as_fd()
    }
}
