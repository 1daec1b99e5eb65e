//! A picture of what a display shows, taken where the monitor would be.
//!
//! The CPU writes a pattern into a dumb buffer, the display scans it out, and its writeback
//! connector puts what a monitor would get back into memory. The picture is compared with the
//! pattern.
//!
//! Needs a display with a writeback connector that nobody else uses, such as the virtual one
//! (`modprobe vkms`). Run it with
//!
//! ```text
//! cargo run --features drm --example capture -- seen.png
//! ```
//!
//! You should see coloured squares within squares in `seen.png`, as large as the monitor, and "all
//! ... pixels as expected".

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::PathBuf;

use clap::Parser;
use dmashare::device::DumbBuffer;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Output;

use crate::common::monitor::Monitor;
use crate::common::pattern;
use crate::common::photograph;
use crate::common::picture;
use crate::common::report::Report;

/// Shows a pattern on a monitor, and writes what the monitor gets to a PNG file.
#[derive(Parser)]
struct Arguments {
    /// The driver of the display
    #[arg(long, value_name = "DRIVER", default_value = "vkms")]
    driver: String,
    /// The picture
    #[arg(value_name = "FILE.png")]
    file: PathBuf,
}

fn main() -> Result<(), Report> {
    let Arguments { driver, file } = Arguments::parse();
    let Monitor { node, topology, way } = Monitor::find(Some(&driver))?;
    let [width, height] = way.mode.size();
    println!("{driver}: {}", way.mode);

    let pixels = pattern::pixels([width, height]);
    let buffer = DumbBuffer::create(&node, width, height, 32)?;
    let mapping = buffer.map()?;
    for (y, row) in (0..height).zip(pixels.chunks(4 * width as usize)) {
        mapping.write_row(y, &in_memory(row))?;
    }
    let image = buffer.export_image(Fourcc::XRGB8888)?;
    let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Ignore)?;
    let mut output = Output::new(&node, way.connector, way.crtc)?;
    output.enable(&way.mode, &Layer::new(&framebuffer))?;

    let (size, seen) = photograph::take(&mut output, &topology)?;
    picture::write(&file, size, &seen)?;
    let count = pattern::compare(size, &seen, &pixels)?;
    println!("{}: all {count} pixels as expected", file.display());
    Ok(())
}

/// Red, green, blue and alpha as the bytes of `XR24`: blue, green, red, and one unused.
fn in_memory(rgba: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgba.as_chunks::<4>();
    pixels.iter().flat_map(|[red, green, blue, _]| [*blue, *green, *red, 0]).collect()
}
