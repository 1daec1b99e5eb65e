//! A chequerboard for YUV formats.
//!
//! The bytes of a cell are all 0, or all as large as they can be: then luma, chroma and alpha are,
//! wherever in the word they lie.
//!
//! Spec: ITU-R BT.601 in narrow range, what an import without hints is read as.

use dmashare::format::Layout;
use dmashare::format::PlaneLayout;

use crate::size::Size;

/// Width and height of a cell in pixels: a multiple of every subsampling and of every block.
const CELL_PIXELS: u32 = 24;

/// Red, green and blue of Y = Cb = Cr = 0: 1.164 * -16 - 0.392 * -128 - 0.813 * -128 for green, and
/// less than nothing for the others.
const SMALLEST: [u8; 3] = [0, 136, 0];

/// Red, green and blue of Y = Cb = Cr = 255: 1.164 * 239 - 0.392 * 127 - 0.813 * 127 for green, and
/// more than there is for the others.
const LARGEST: [u8; 3] = [255, 125, 255];

/// Red, green and blue of the same luma without chroma.
const GREY: [[u8; 3]; 2] = [[0; 3], [255; 3]];

/// The chequerboard of one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cells {
    planes: &'static [PlaneLayout],
    has_alpha: bool,
    has_chroma: bool,
    /// What bytes with the largest number are, over and over.
    largest: [u8; 2],
}

impl Cells {
    pub(in crate::picture) fn of(layout: &'static Layout) -> Self {
        Self {
            planes: layout.planes(),
            has_alpha: layout.has_alpha(),
            has_chroma: !matches!(layout.name(), "Y8" | "XYYY2101010"),
            largest: largest(layout.name()),
        }
    }

    pub(in crate::picture) fn planes(&self, size: Size) -> Vec<Vec<u8>> {
        self.planes.iter().map(|plane| self.plane(*plane, size)).collect()
    }

    fn plane(&self, plane: PlaneLayout, size: Size) -> Vec<u8> {
        let block_width = plane.block_width() * plane.horizontal_subsampling();
        let block_height = plane.block_height() * plane.vertical_subsampling();
        let block_bytes = usize::try_from(plane.bits_per_block() / 8).unwrap_or(0);
        let blocks = size.width.div_ceil(block_width);
        let rows = (0..plane.rows(size.height)).map(|row| row * block_height);
        rows.flat_map(|y| (0..blocks).map(move |block| (block * block_width, y)))
            .flat_map(|(x, y)| {
                let bytes = if is_large(x, y) { self.largest } else { [0; 2] };
                bytes.into_iter().cycle().take(block_bytes)
            })
            .collect()
    }

    pub(in crate::picture) fn colour(&self, x: u32, y: u32) -> [u8; 4] {
        let [small, large] = if self.has_chroma { [SMALLEST, LARGEST] } else { GREY };
        let [red, green, blue] = if is_large(x, y) { large } else { small };
        let alpha = if self.has_alpha && !is_large(x, y) { 0 } else { 255 };
        [red, green, blue, alpha]
    }
}

const fn is_large(x: u32, y: u32) -> bool {
    (x / CELL_PIXELS + y / CELL_PIXELS) % 2 == 1
}

/// `S010` and its kin keep 10 or 12 bits at the lower end of 16, and the rest must be 0.
fn largest(name: &str) -> [u8; 2] {
    let digits = name.strip_prefix('S').and_then(|digits| digits.get(1..));
    match digits.and_then(|bits| bits.parse::<u32>().ok()) {
        Some(bits @ 8..16) => (u16::MAX >> (16 - bits)).to_le_bytes(),
        _ => [u8::MAX; 2],
    }
}

#[cfg(test)]
mod tests {
    use dmashare::format::Fourcc;
    use dmashare::format::Model;

    use super::*;

    const SIZE: Size = Size { width: 96, height: 96 };

    #[test]
    fn planes_have_the_bytes_of_the_layout_and_whole_cells() {
        for layout in Layout::all().iter().filter(|one| one.model() == Model::Yuv) {
            if !layout.has_linear() {
                continue;
            }
            let planes = Cells::of(layout).planes(SIZE);
            assert_eq!(planes.len(), layout.planes().len());
            for (bytes, plane) in planes.iter().zip(layout.planes()) {
                let expected = plane.row_bytes(SIZE.width) * u64::from(plane.rows(SIZE.height));
                assert_eq!(bytes.len() as u64, expected, "{}", layout.name());
                let large = bytes.iter().filter(|byte| **byte != 0).count();
                assert_eq!(large * 2, bytes.len(), "{}", layout.name());
            }
        }
    }

    #[test]
    fn largest_numbers_at_the_lower_end_leave_the_rest_alone() {
        assert_eq!(largest("S010"), [0xff, 0x03]);
        assert_eq!(largest("S412"), [0xff, 0x0f]);
        assert_eq!(largest("S016"), [0xff, 0xff]);
        assert_eq!(largest("NV12"), [0xff, 0xff]);
    }

    #[test]
    fn cells_alternate() {
        let cells = Cells::of(Fourcc::NV12.layout().unwrap());
        assert_eq!(cells.colour(0, 23), [0, 136, 0, 255]);
        assert_eq!(cells.colour(24, 23), [255, 125, 255, 255]);
        assert_eq!(cells.colour(24, 24), [0, 136, 0, 255]);
    }
}
