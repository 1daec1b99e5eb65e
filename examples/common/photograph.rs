//! What a monitor shows, as a picture.

use std::time::Duration;

use dmashare::device::DumbBuffer;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Framebuffer;
use dmashare::kms::Output;
use dmashare::kms::Topology;
use dmashare::kms::Writeback;

use crate::common::report::Report;

const PATIENCE: Duration = Duration::from_secs(5);

/// Red, green, blue and alpha of each pixel on the monitor, row by row, and the size in pixels.
pub(crate) fn take(
    output: &mut Output,
    topology: &Topology,
) -> Result<([u32; 2], Vec<u8>), Report> {
    let mode = output.mode().ok_or_else(|| Report::new("the monitor is off"))?;
    let [width, height] = mode.size();
    let writeback = Writeback::new(output)?;
    let memory = DumbBuffer::create(output.node(), width, height, 32)?;
    let memory = memory.export_image(Fourcc::XRGB8888)?;
    let target = Framebuffer::new(output.node(), topology, &memory, Alpha::Ignore)?;
    let image = writeback.capture(output, &target, PATIENCE)?;
    Ok(([width, height], rgba(&image)?))
}

fn rgba(image: &Dmabuf) -> Result<Vec<u8>, Report> {
    let mut mapping = image.map(Access::Read)?;
    let access = mapping.begin(Access::Read)?;
    let bytes = access.read_plane(0)?;
    access.finish()?;
    let (pixels, _) = bytes.as_chunks::<4>();
    Ok(pixels.iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue, 255]).collect())
}
