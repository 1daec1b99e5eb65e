//! Pictures in files.
//!
//! Spec: Portable Network Graphics, third edition, <https://www.w3.org/TR/png-3/>. Numbers of 16 bits
//! are big-endian there.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use dmashare::dmabuf::Dmabuf;
use dmashare::format::Layout;
use png::BitDepth;
use png::ColorType;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::size::Size;

/// Writes rows without padding, row 0 on top.
pub(crate) fn write(
    file: &Path,
    size: Size,
    (colours, depth): (ColorType, BitDepth),
    bytes: &[u8],
) -> Result<(), Failure> {
    let attempt = || format!("{} cannot be written", file.display());
    let writer = BufWriter::new(File::create(file).attempt(attempt())?);
    let mut encoder = png::Encoder::new(writer, size.width, size.height);
    encoder.set_color(colours);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().attempt(attempt())?;
    writer.write_image_data(bytes).attempt(attempt())?;
    writer.finish().attempt(attempt())
}

/// Pixels of R, G, B, A with 8 bits each.
pub(crate) fn write_rgba8(file: &Path, size: Size, rgba: &[u8]) -> Result<(), Failure> {
    write(file, size, (ColorType::Rgba, BitDepth::Eight), rgba)
}

/// The pixels of an image as R, G, B, A of this depth, without alpha where its format has none.
pub(crate) fn write_colours(
    file: &Path,
    image: &Dmabuf,
    depth: BitDepth,
    rgba: &[u8],
) -> Result<(), Failure> {
    let size = Size { width: image.width(), height: image.height() };
    if image.fourcc().layout().is_some_and(Layout::has_alpha) {
        return write(file, size, (ColorType::Rgba, depth), rgba);
    }
    let channel_bytes = if depth == BitDepth::Sixteen { 2 } else { 1 };
    let pixels = rgba.chunks_exact(4 * channel_bytes);
    let rgb: Vec<u8> =
        pixels.flat_map(|pixel| pixel.iter().take(3 * channel_bytes)).copied().collect();
    write(file, size, (ColorType::Rgb, depth), &rgb)
}
