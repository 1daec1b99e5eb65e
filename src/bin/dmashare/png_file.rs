//! Pictures in files.
//!
//! Spec: Portable Network Graphics, third edition, <https://www.w3.org/TR/png-3/>. Numbers of 16 bits
//! are big-endian there.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

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
