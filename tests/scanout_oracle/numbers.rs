//! What must be seen, worked out on the CPU from whole numbers.

use crate::common::pixels::PlaneBytes;

/// Width and height of every picture here, in pixels: divisible by what any format shares.
pub(crate) const SIZE: [u32; 2] = [64, 48];

/// Red, green, blue and alpha of 8 bits that the first process draws. Colours are premultiplied.
pub(crate) fn drawn(x: u32, y: u32) -> [u32; 4] {
    let alpha = (4 * x + y) % 256;
    let [red, green, blue] = [x ^ y, x ^ (2 * y), (2 * x) ^ y].map(|colour| (4 * colour) % 256);
    let scaled = |colour: u32| (2 * colour * alpha + 255) / 510;
    [scaled(red), scaled(green), scaled(blue), alpha]
}

/// The picture in 5, 6 and 5 bits, the upper ones of the 8.
pub(crate) fn sixteen_bits() -> PlaneBytes {
    let word = |x, y| {
        let [red, green, blue, _alpha] = drawn(x, y);
        let word = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3;
        vec![word & 0xff, word >> 8]
    };
    plane(SIZE, 0, &word)
}

/// The plane of luma: red of the first process' picture. `shift` is 8 where a number has 16 bits.
pub(crate) fn luma(shift: u32) -> PlaneBytes {
    let [width, height] = SIZE;
    plane([width, height], shift, &|x, y| vec![drawn(x, y)[0]])
}

/// The plane of both chromas: green and blue of every second pixel of every second row.
pub(crate) fn chroma(shift: u32) -> PlaneBytes {
    let [width, height] = SIZE;
    plane([width / 2, height / 2], shift, &|x, y| drawn(2 * x, 2 * y)[1..3].to_vec())
}

fn plane(
    [width, height]: [u32; 2],
    shift: u32,
    numbers: &dyn Fn(u32, u32) -> Vec<u32>,
) -> PlaneBytes {
    let bytes_each = if shift == 0 { 1 } else { 2 };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let of_number = |number: u32| (number << shift).to_le_bytes().into_iter().take(bytes_each);
    let bytes: Vec<u8> = pixels.flat_map(|(x, y)| numbers(x, y)).flat_map(of_number).collect();
    let rows = height as usize;
    PlaneBytes { row_bytes: bytes.len() / rows, rows, bytes }
}

/// Colours from 0 to 1 without alpha, as numbers of 8 bits.
pub(crate) fn in_eight_bits(colour: [f64; 3]) -> [f64; 3] {
    colour.map(|part| (255.0 * part.clamp(0.0, 1.0)).round())
}
