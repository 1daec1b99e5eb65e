//! An animated XOR pattern, drawn with GL and scanned out by the display, without a window system.
//!
//! GL draws into the buffers of a swap chain, and the display reads the same memory: no pixel is
//! copied. Each frame is shown with a vertical blank, and the display's own events are counted.
//!
//! Needs a display that no display server uses: a free virtual terminal, or a virtual display
//! (`modprobe vkms`). Run it with
//!
//! ```text
//! cargo run --features drm,gbm --example scanout -- --frames 300
//! cargo run --features drm,gbm --example scanout -- --driver vkms --capture seen.png
//! ```
//!
//! You should see coloured squares that move to the left on the monitor, which is put back as it was
//! at the end, and the frame rate of the monitor's mode.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use dmashare::egl::Context;
use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::kms::Connector;
use dmashare::kms::Output;
use dmashare::kms::event::Event;
use dmashare::kms::event::EventReader;
use dmashare::present::Scanout;
use dmashare::present::ScanoutOptions;

use crate::common::description;
use crate::common::monitor;
use crate::common::monitor::Monitor;
use crate::common::photograph;
use crate::common::picture;
use crate::common::rate::Rate;
use crate::common::report::Report;

const PATIENCE: Duration = Duration::from_secs(30);

/// Shows an animated XOR pattern on a monitor.
#[derive(Parser)]
struct Arguments {
    /// The driver of the display; without it, the first device that has a monitor
    #[arg(long, value_name = "DRIVER")]
    driver: Option<String>,
    /// Stop after so many frames
    #[arg(long, value_name = "N", default_value_t = 600)]
    frames: u32,
    /// How many buffers: 2 or more
    #[arg(long, value_name = "N", default_value_t = 3)]
    buffers: usize,
    /// Write what the monitor shows in the end to this PNG file, where the display can capture it
    #[arg(long, value_name = "FILE.png")]
    capture: Option<PathBuf>,
}

fn main() -> Result<(), Report> {
    let Arguments { driver, frames, buffers, capture } = Arguments::parse();
    let Monitor { node, topology, way } = Monitor::find(driver.as_deref())?;
    let name = topology.connector(way.connector).map(Connector::name).unwrap_or_default();
    println!("{}: {name}, {}", node.driver(), way.mode);

    let display = monitor::renderer(&node)?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    println!("GL draws with {}", gl.renderer());

    let output = Output::new(&node, way.connector, way.crtc)?;
    let mut events = EventReader::new(&node)?;
    let options = ScanoutOptions::new().buffers(buffers);
    let mut scanout = Scanout::new(output, &way.mode, &gl, &options)?;
    for image in scanout.images() {
        println!("buffer: {}", description::of_image(image));
    }
    println!("the display waits by {:?}", scanout.synchronisation());

    let xor = Program::xor_pattern(&gl)?;
    let shift = xor.uniform("shift")?.ok_or_else(|| Report::new("no uniform `shift`"))?;
    let mut rate = Rate::default();
    for number in 0..frames {
        // A buffer is free when the flip that replaces it is over, which is an event of the display.
        while scanout.try_frame().is_none() {
            rate.count(scanout.accept(&next_event(&mut events)?)?);
        }
        let frame = scanout.frame(&mut events, PATIENCE)?;
        shift.set(f32::from(u8::try_from(number % 256)?))?;
        frame.target().fill(&xor)?;
        frame.present(&[])?;
    }
    while scanout.is_busy() {
        rate.count(scanout.accept(&next_event(&mut events)?)?);
    }
    println!("{} frames were shown; {rate}", scanout.frames());
    match capture {
        Some(file) => {
            let (size, seen) = photograph::take(scanout.output_mut(), &topology)?;
            picture::write(&file, size, &seen)
        }
        None => Ok(()),
    }
}

fn next_event(events: &mut EventReader) -> Result<Event, Report> {
    events.wait(PATIENCE)?.ok_or_else(|| Report::new("no flip was over in time"))
}
