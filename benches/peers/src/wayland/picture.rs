//! Screenshots.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::wayland::pattern::BLOCKS;

/// What was on the output.
pub(crate) struct Picture {
    size: [u32; 2],
    /// Row by row, each pixel as red, green, blue and perhaps alpha.
    bytes: Vec<u8>,
    pixel_bytes: usize,
}

impl Picture {
    /// Reads a PNG file of 8 bits per channel.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let mut reader = png::Decoder::new(BufReader::new(File::open(file)?)).read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().context("a picture of this size")?];
        let frame = reader.next_frame(&mut bytes)?;
        ensure!(frame.bit_depth == png::BitDepth::Eight, "a screenshot with other channels");
        let pixel_bytes = frame.color_type.samples();
        Ok(Self { size: [frame.width, frame.height], bytes, pixel_bytes })
    }

    /// # Errors
    /// When the pixel in the middle of any block has another colour.
    pub(crate) fn ensure_shows(&self, colour: impl Fn([u32; 2]) -> [u8; 3]) -> Result<()> {
        let [across, down] = BLOCKS;
        for place in (0..down).flat_map(|y| (0..across).map(move |x| [x, y])) {
            let (shown, expected) = (self.block(place), colour(place));
            ensure!(
                shown == Some(&expected),
                "weston shows {shown:?} in block {place:?}, and not {expected:?}"
            );
        }
        Ok(())
    }

    /// Red, green and blue in the middle of a block.
    fn block(&self, [x, y]: [u32; 2]) -> Option<&[u8]> {
        let [width, height] = self.size;
        let [across, down] = BLOCKS;
        let x = (2 * x + 1) * width / (2 * across);
        let y = (2 * y + 1) * height / (2 * down);
        let start = (y * width + x) as usize * self.pixel_bytes;
        self.bytes.get(start..start + 3)
    }
}
