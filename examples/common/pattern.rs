//! The XOR pattern, computed by the CPU: what `Program::xor_pattern` must have drawn.

use crate::common::report::Report;

/// Red, green, blue and alpha of one pixel. (0, 0) is the top left one.
pub(crate) fn pixel(x: u32, y: u32) -> [u8; 4] {
    let low_byte = |value: u32| value.to_le_bytes()[0];
    [low_byte(x ^ y), low_byte(x ^ (2 * y)), low_byte((2 * x) ^ y), 255]
}

/// All pixels of an image of this size, row by row without gaps.
pub(crate) fn pixels([width, height]: [u32; 2]) -> Vec<u8> {
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

/// The same for frame `number` of a stream, in which the pattern has gone so many pixels to the left.
/// It repeats itself every 256 pixels.
pub(crate) fn moved_pixels([width, height]: [u32; 2], number: u64) -> Vec<u8> {
    let shift = u32::from(number.to_le_bytes()[0]);
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x + shift, y))).collect()
}

/// Compares all pixels, and says how many there are.
///
/// # Errors
/// How many differ, and the first of them.
pub(crate) fn compare(
    [width, _]: [u32; 2],
    found: &[u8],
    expected: &[u8],
) -> Result<usize, Report> {
    let (found, _) = found.as_chunks::<4>();
    let (expected, _) = expected.as_chunks::<4>();
    if found.len() != expected.len() {
        let text = format!("{} pixels instead of {}", found.len(), expected.len());
        return Err(Report::new(text));
    }
    let pairs = || found.iter().zip(expected).enumerate();
    let different = pairs().filter(|(_, (found, expected))| found != expected).count();
    match pairs().find(|(_, (found, expected))| found != expected) {
        None => Ok(expected.len()),
        Some((index, (found, expected))) => {
            let (x, y) = (index % width as usize, index / width as usize);
            Err(Report::new(format!(
                "{different} of {} pixels differ; the first at ({x}, {y}): {found:?} instead of \
                 {expected:?}",
                pairs().len()
            )))
        }
    }
}
