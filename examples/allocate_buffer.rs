//! Memory for an image: which allocator suits this machine, and why.
//!
//! The image is filled by the CPU through one file descriptor, and read back through another one.
//!
//! Needs nothing but Mesa, which is asked what it can import. Run it with
//!
//! ```text
//! cargo run --example allocate_buffer
//! cargo run --example allocate_buffer -- --fourcc NV12 --size 640x480 --allocator memfd
//! ```
//!
//! You should see one line for each allocator, with what speaks against it, then the planes of the
//! image. On a machine without a graphics device the choice is memfd, sealed memory.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use clap::Parser;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::allocator::probe;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Display;
use dmashare::format::Fourcc;
use dmashare::format::Usage;

use crate::common::description;
use crate::common::report::Report;
use crate::common::size::Size;

/// Allocates an image and writes to it.
#[derive(Parser)]
struct Arguments {
    /// memfd, udmabuf, dma-heap, dumb or gbm, instead of the one that suits the display best
    #[arg(long, value_name = "NAME")]
    allocator: Option<AllocatorKind>,
    /// The pixel format
    #[arg(long, value_name = "FOURCC", default_value = "AR24")]
    fourcc: Fourcc,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256")]
    size: Size,
}

fn main() -> Result<(), Report> {
    let Arguments { allocator, fourcc, size: Size([width, height]) } = Arguments::parse();
    let request = Request::new(width, height, fourcc).usage(Usage::Cpu);
    let allocator = if let Some(kind) = allocator {
        probe(kind)?
    } else {
        let display = Display::surfaceless()?;
        let choice = choose(display.importer(), display.formats().sample(), &request)?;
        println!("{choice}");
        choice.allocator
    };
    let image = allocator.allocate(&request)?;
    println!("{} made {}", allocator.kind(), description::of_image(&image));

    let written = write(&image)?;
    let read = read(&image.duplicate()?)?;
    if read != written {
        return Err(Report::new("the second file descriptor has other bytes than the first"));
    }
    let bytes: usize = written.iter().map(Vec::len).sum();
    println!("wrote {bytes} bytes, and read the same through another file descriptor");
    Ok(())
}

/// Fills each plane with a ramp. What is written is returned, plane by plane.
fn write(image: &Dmabuf) -> Result<Vec<Vec<u8>>, Report> {
    let mut mapping = image.map(Access::ReadWrite)?;
    let mut access = mapping.begin(Access::ReadWrite)?;
    let mut written = Vec::new();
    for plane in 0..image.planes().len() {
        let size_bytes = access.read_plane(plane)?.len();
        let ramp: Vec<u8> = (0..=u8::MAX).cycle().take(size_bytes).collect();
        access.write_plane(plane, &ramp)?;
        written.push(ramp);
    }
    access.finish()?;
    Ok(written)
}

/// The bytes of each plane, without the padding between rows.
fn read(image: &Dmabuf) -> Result<Vec<Vec<u8>>, Report> {
    let mut mapping = image.map(Access::Read)?;
    let access = mapping.begin(Access::Read)?;
    let planes = 0..image.planes().len();
    Ok(planes.map(|plane| access.read_plane(plane)).collect::<Result<_, _>>()?)
}
