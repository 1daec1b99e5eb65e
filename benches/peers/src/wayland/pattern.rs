//! What frames look like.

/// Blocks of a frame in each direction. The sides of frames and outputs are multiples.
pub(crate) const BLOCKS: [u32; 2] = [32, 18];

/// A frame of equal blocks, so that a few pixels show all of it. No two blocks have the same colour,
/// and no block has the same in both frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern {
    /// Which frame it is, 0 or 1.
    pub(crate) frame: u8,
}

impl Pattern {
    /// Red, green and blue of a block.
    pub(crate) fn colour(self, [x, y]: [u32; 2]) -> [u8; 3] {
        let byte = |number: u32| u8::try_from(number).expect("less than 256");
        [byte(4 * x + 128 * u32::from(self.frame)), byte(8 * y), byte(5 * (x ^ y))]
    }

    /// The bytes of a frame of `size` pixels in `XRGB8888`, without padding.
    pub(crate) fn bytes(self, [width, height]: [u32; 2]) -> Vec<u8> {
        let [across, down] = BLOCKS;
        let pixel = move |x, y| {
            let [red, green, blue] = self.colour([x * across / width, y * down / height]);
            [blue, green, red, 0xff]
        };
        (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::BLOCKS;
    use super::Pattern;

    #[test]
    fn every_block_of_both_frames_has_a_colour_of_its_own() {
        let [width, height] = BLOCKS;
        let places = || (0..height).flat_map(|y| (0..width).map(move |x| [x, y]));
        let colours = |frame| places().map(move |place| Pattern { frame }.colour(place));
        let different: HashSet<_> = colours(0).chain(colours(1)).collect();
        assert_eq!(different.len(), 2 * 32 * 18);
    }

    #[test]
    fn blocks_of_a_larger_frame_have_more_pixels() {
        let bytes = Pattern { frame: 1 }.bytes([128, 72]);
        let pixel = |x: usize, y: usize| bytes[4 * (y * 128 + x)..][..4].to_vec();
        assert_eq!(bytes.len(), 4 * 128 * 72);
        assert_eq!(pixel(0, 0), [0, 0, 128, 0xff]);
        assert_eq!(pixel(3, 3), pixel(0, 0));
        assert_eq!(pixel(127, 71), [5 * (31 ^ 17), 8 * 17, 128 + 4 * 31, 0xff]);
    }
}
