//! One buffer, two devices: made by vgem, written by the CPU, and known to the display vkms.
//!
//! Needs a kernel with vgem and vkms (`modprobe vgem vkms`) and the right to open their nodes; other
//! drivers are named by `--from` and `--to`. Run it with
//!
//! ```text
//! cargo run --features drm --example prime_share
//! cargo run --features drm --example prime_share -- --size 640x480 --from virtio_gpu --to vkms
//! ```
//!
//! You should see the handle that each device has for the buffer, one inode for both, and that all
//! pixels are as expected.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use clap::Parser;
use dmashare::device::DumbBuffer;
use dmashare::device::GemImage;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::device::PrimeFlags;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;

use crate::common::description;
use crate::common::pattern;
use crate::common::report::Report;
use crate::common::size::Size;

/// Makes a buffer on one device and shows that another one has it.
#[derive(Parser)]
struct Arguments {
    /// The driver that makes the buffer
    #[arg(long, value_name = "DRIVER", default_value = "vgem")]
    from: String,
    /// The driver that imports it
    #[arg(long, value_name = "DRIVER", default_value = "vkms")]
    to: String,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256")]
    size: Size,
}

fn main() -> Result<(), Report> {
    let Arguments { from, to, size: Size(size) } = Arguments::parse();
    let [width, height] = size;
    let maker = Node::open_driver(&from, NodeKind::Primary)?;
    let buffer = DumbBuffer::create(&maker, width, height, 32)?;
    let pixels = pattern::pixels(size);
    write(&buffer, &pixels)?;
    let handle = u32::from(buffer.handle().raw());
    println!("{from} made a buffer, whose handle is {handle}, and the CPU wrote to it");

    let image = buffer.export_image(Fourcc::ABGR8888)?;
    println!("exported: {}", description::of_image(&image));
    drop(buffer);

    let display = Node::open_driver(&to, NodeKind::Primary)?;
    let imported = GemImage::import(&display, &image)?;
    drop(image);
    for (plane, handle) in imported.handles().iter().enumerate() {
        println!("{to} has handle {} for plane {plane}", u32::from(handle.raw()));
    }

    // What comes out of the display's handle is what vgem made, if it was shared and not copied.
    let [handle] = imported.handles() else { return Err(Report::new("one plane")) };
    let [stride_bytes, ..] = imported.strides_bytes();
    let fd = handle.export(PrimeFlags::READ_WRITE)?;
    let shared = Dmabuf::new(Descriptor::packed(size, Fourcc::ABGR8888, fd, stride_bytes))
        .map_err(|rejected| *rejected.reason())?;
    println!("exported by {to}: {}", description::of_image(&shared));
    let count = pattern::compare(size, &read(&shared)?, &pixels)?;
    println!("{to} has the buffer of {from}: all {count} pixels as expected");
    Ok(())
}

fn write(buffer: &DumbBuffer, pixels: &[u8]) -> Result<(), Report> {
    let mapping = buffer.map()?;
    for (row, bytes) in (0..buffer.height()).zip(pixels.chunks_exact(buffer.row_bytes())) {
        mapping.write_row(row, bytes)?;
    }
    Ok(())
}

fn read(image: &Dmabuf) -> Result<Vec<u8>, Report> {
    let mut mapping = image.map(Access::Read)?;
    Ok(mapping.begin(Access::Read)?.read_plane(0)?)
}
