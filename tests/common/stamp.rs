//! A picture that says in each of its pixels which frame it is, so that one that is torn, stale or
//! another one's is seen.

use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;

/// The numbers of one row: `number * 0x01000193 ^ (y << 16 | x)`.
fn row(number: u64, y: u32, width: u32) -> impl Iterator<Item = u32> {
    let color = u32::try_from(number & 0xffff_ffff).unwrap().wrapping_mul(0x0100_0193);
    (0..width).map(move |x| color ^ (y << 16 | x))
}

/// Draws the picture of this number into an image of 32 bits per pixel.
pub(crate) fn draw(image: &Dmabuf, number: u64) {
    let mut mapping = image.map(Access::Write).unwrap();
    let mut access = mapping.begin(Access::Write).unwrap();
    let mut bytes = Vec::with_capacity(4 * image.width() as usize);
    for y in 0..image.height() {
        bytes.clear();
        bytes.extend(row(number, y, image.width()).flat_map(u32::to_le_bytes));
        access.write_row(0, y, &bytes).unwrap();
    }
    access.finish().unwrap();
}

/// Fails unless each pixel is that of the picture of this number.
pub(crate) fn check(image: &Dmabuf, number: u64) {
    let mut mapping = image.map(Access::Read).unwrap();
    let access = mapping.begin(Access::Read).unwrap();
    let mut bytes = vec![0; 4 * image.width() as usize];
    for y in 0..image.height() {
        access.read_row(0, y, &mut bytes).unwrap();
        let found = bytes.chunks_exact(4).map(|it| u32::from_le_bytes(it.try_into().unwrap()));
        for (x, (found, expected)) in found.zip(row(number, y, image.width())).enumerate() {
            assert_eq!(found, expected, "frame {number} at ({x}, {y})");
        }
    }
}
