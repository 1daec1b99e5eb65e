//! The producer of a stream: draws frame after frame with GL, and sends them to all who connect.
//!
//! Each buffer is announced to a consumer once. A frame is then a small message that names its
//! buffer, and the consumer's answer gives the buffer back. Who is slow misses frames, and holds
//! nobody up.
//!
//! Needs nothing but Mesa. Run it first, then `stream_consumer` in other terminals, as often as you
//! like:
//!
//! ```text
//! cargo run --example stream_producer
//! ```
//!
//! You should see who comes and goes. It ends with the last frame, or with Ctrl-C.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use clap::Parser;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::ipc::Listener;
use dmashare::stream::Fencing;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire;
use dmashare::sync::Ready;

use crate::common::hand_over::PATIENCE;
use crate::common::hand_over::STREAM_NAME;
use crate::common::report::Report;
use crate::common::size::Size;

/// Draws a moving pattern for other processes.
#[derive(Parser)]
struct Arguments {
    /// Wait at this path, instead of one in `XDG_RUNTIME_DIR`
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Width and height of the frames in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256")]
    size: Size,
    /// End after so many frames
    #[arg(long, value_name = "N")]
    frames: Option<u64>,
}

/// From one frame to the next.
const PERIOD: Duration = Duration::from_nanos(16_666_667);

fn main() -> Result<(), Report> {
    let Arguments { socket, size: Size([width, height]), frames } = Arguments::parse();
    let display = Display::surfaceless()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;

    // What this side can draw into. What each consumer can sample it says when it connects; the
    // producer finds what all of them have in common, and asks the allocator for that.
    let formats = display.formats().render();
    let request = Request::new(width, height, Fourcc::XRGB8888).usage(Usage::Render);
    let choice = choose(display.importer(), formats, &request)?;
    let size = wire::Size::new(width, height).ok_or_else(|| Report::new("too large a size"))?;
    let settings = ProducerSettings::new(size)
        .usage(Usage::Render, formats.entries_of(Fourcc::XRGB8888).collect());
    let mut producer = Producer::new(choice.allocator, settings)?;
    let listener = match socket {
        Some(path) => Listener::bind_path(path)?,
        None => Listener::bind(STREAM_NAME)?,
    };
    println!("waiting for stream_consumer at {}", listener.path().display());
    producer.add_listener(listener)?;

    let pattern = Program::xor_pattern(&gl)?;
    let shift = pattern.uniform("shift")?.ok_or_else(|| Report::new("no uniform `shift`"))?;
    let mut targets = TextureCache::<TwoD>::new(&gl);
    let mut due = Instant::now();
    for number in 1..=frames.unwrap_or(u64::MAX) {
        // Nobody needs a frame as long as nobody is there.
        while producer.served().next().is_none() {
            producer.dispatch_timeout(PATIENCE)?;
            tell(&mut producer, &mut targets);
        }
        // A buffer that nobody reads any more: of who has released it, no GPU does either.
        let acquired = producer.acquire_timeout(PATIENCE)?;
        producer.wait_for_readers(&acquired, PATIENCE)?;

        // Imported once; from the next time on this is a look into a table.
        let target = targets.target(acquired.image())?;
        shift.set(f32::from(number.to_le_bytes()[0]))?;
        target.fill(&pattern)?;
        // A fence where the driver has one and all consumers can wait for it, else glFinish.
        let drawn = match producer.fencing() {
            Fencing::Finished => {
                gl.finish()?;
                None
            }
            _ => gl.fence_or_finish()?.into_fence(),
        };
        let ready = drawn.as_ref().map_or(Ready::Finished, Ready::Fence);
        let picture = Picture { user_serial: number, ..Picture::default() };
        producer.submit(acquired, ready, picture)?;

        due = (due + PERIOD).max(Instant::now());
        while Instant::now() < due {
            producer.dispatch_timeout(due.saturating_duration_since(Instant::now()))?;
            tell(&mut producer, &mut targets);
        }
    }
    Ok(())
}

/// Says what has happened.
fn tell(producer: &mut Producer, targets: &mut TextureCache<TwoD>) {
    while let Some(event) = producer.next_event() {
        match event {
            ProducerEvent::Joined { peer, credentials } => {
                println!("consumer {peer} is process {}", credentials.pid.unwrap_or(0));
            }
            ProducerEvent::Left { peer, end } => println!("consumer {peer} left: {end}"),
            ProducerEvent::NegotiationFailed(error) => println!("a consumer had to go: {error}"),
            ProducerEvent::Configured(format) => {
                println!("frames are {} {} {}", format.size, format.fourcc, format.modifier);
            }
            ProducerEvent::Retired { image, .. } => {
                targets.forget(&image);
            }
            _ => {}
        }
    }
}
