//! PNG files.

use std::fs::File;
use std::io::BufReader;
use std::io::BufWriter;
use std::path::Path;

use crate::common::report::Report;

/// Writes pixels of red, green, blue and alpha, row by row without gaps, the top row first.
pub(crate) fn write(path: &Path, [width, height]: [u32; 2], rgba: &[u8]) -> Result<(), Report> {
    let named = |error: &dyn std::error::Error| Report::new(format!("{}: {error}", path.display()));
    let file = File::create(path).map_err(|error| named(&error))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| named(&error))?;
    writer.write_image_data(rgba).map_err(|error| named(&error))?;
    writer.finish().map_err(|error| named(&error))
}

/// Reads a picture of any kind as red, green, blue and alpha of 8 bits, and its size in pixels.
pub(crate) fn read(path: &Path) -> Result<([u32; 2], Vec<u8>), Report> {
    let named = |error: &dyn std::error::Error| Report::new(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(|error| named(&error))?;
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(
        png::Transformations::normalize_to_color8() | png::Transformations::ALPHA,
    );
    let mut reader = decoder.read_info().map_err(|error| named(&error))?;
    let bytes = reader.output_buffer_size().ok_or_else(|| Report::new("too large a picture"))?;
    let mut pixels = vec![0; bytes];
    let frame = reader.next_frame(&mut pixels).map_err(|error| named(&error))?;
    pixels.truncate(frame.buffer_size());
    let rgba = match frame.color_type {
        png::ColorType::GrayscaleAlpha => {
            let (pixels, _) = pixels.as_chunks::<2>();
            pixels.iter().flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha]).collect()
        }
        _ => pixels,
    };
    Ok(([frame.width, frame.height], rgba))
}
