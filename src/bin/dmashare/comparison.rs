//! All pixels of a picture against what they should be.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::size::Size;

/// What came of comparing all pixels. Part of what `--json` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// Pixels that were compared.
    pub(crate) pixels: u64,
    /// Pixels that were not as expected.
    pub(crate) differing: u64,
    /// The first of them, row by row from the top; `null` if there is none.
    pub(crate) first_difference: Option<Difference>,
}

/// A pixel that is not as expected; colours are R, G, B, A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// Pixels from the left.
    pub(crate) x: u32,
    /// Pixels from the top.
    pub(crate) y: u32,
    /// What should be there.
    pub(crate) expected: [u8; 4],
    /// What is there.
    pub(crate) found: [u8; 4],
}

impl Comparison {
    /// Compares pixels of R, G, B, A, row 0 first, with what `expected` says of each. A channel may
    /// be off by its `tolerance`. Pixels that are missing from `found` differ.
    pub(crate) fn of(
        size: Size,
        found: &[u8],
        tolerance: [u8; 4],
        expected: impl Fn(u32, u32) -> [u8; 4],
    ) -> Self {
        let (pixels, _rest) = found.as_chunks::<4>();
        let mut pixels = pixels.iter();
        let mut comparison = Self { pixels: 0, differing: 0, first_difference: None };
        for (x, y) in (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y))) {
            let expected = expected(x, y);
            let found = pixels.next().copied();
            comparison.pixels += 1;
            if !found.is_some_and(|found| is_near(expected, found, tolerance)) {
                comparison.differing += 1;
                let found = found.unwrap_or_default();
                let difference = Difference { x, y, expected, found };
                comparison.first_difference.get_or_insert(difference);
            }
        }
        comparison
    }

    /// Compares the bytes of all planes. A byte that differs counts for a pixel that does.
    pub(crate) fn of_planes(size: Size, expected: &[Vec<u8>], found: &[Vec<u8>]) -> Self {
        let pixels = u64::from(size.width) * u64::from(size.height);
        let (expected, found) = (expected.concat(), found.concat());
        let differing = expected.iter().zip(&found).filter(|(one, other)| one != other).count();
        let missing = expected.len().abs_diff(found.len());
        let differing = u64::try_from(differing + missing).unwrap_or(u64::MAX).min(pixels);
        Self { pixels, differing, first_difference: None }
    }

    /// Whether all pixels, and at least one, are as expected.
    pub(crate) const fn is_equal(&self) -> bool {
        self.differing == 0 && self.pixels > 0
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first_difference {
            None if self.is_equal() => write!(f, "all {} pixels are as expected", self.pixels),
            None => write!(f, "{} of {} pixels differ", self.differing, self.pixels),
            Some(Difference { x, y, expected, found }) => write!(
                f,
                "{} of {} pixels differ, the first at ({x}, {y}): expected {expected:?}, found \
                 {found:?}",
                self.differing, self.pixels
            ),
        }
    }
}

fn is_near(expected: [u8; 4], found: [u8; 4], tolerance: [u8; 4]) -> bool {
    let channels = expected.into_iter().zip(found).zip(tolerance);
    channels.into_iter().all(|((expected, found), tolerance)| expected.abs_diff(found) <= tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 2, height: 2 };

    fn grey(x: u32, y: u32) -> [u8; 4] {
        let value = if x == 1 && y == 1 { 200 } else { 100 };
        [value, value, value, 255]
    }

    #[test]
    fn equal_pixels_are_counted() {
        let found: Vec<u8> = [grey(0, 0), grey(1, 0), grey(0, 1), grey(1, 1)].concat();
        let comparison = Comparison::of(SIZE, &found, [0; 4], grey);
        assert!(comparison.is_equal());
        assert_eq!(comparison.to_string(), "all 4 pixels are as expected");
    }

    #[test]
    fn difference_beyond_the_tolerance_is_named() {
        let mut found: Vec<u8> = [grey(0, 0), grey(1, 0), grey(0, 1), grey(1, 1)].concat();
        found[13] -= 2;
        assert!(Comparison::of(SIZE, &found, [2; 4], grey).is_equal());
        let comparison = Comparison::of(SIZE, &found, [1; 4], grey);
        assert_eq!(
            comparison.to_string(),
            "1 of 4 pixels differ, the first at (1, 1): expected [200, 200, 200, 255], found \
             [200, 198, 200, 255]"
        );
    }

    #[test]
    fn bytes_of_planes_are_compared_one_by_one() {
        let expected = [vec![1, 2, 3, 4], vec![5, 6]];
        assert!(Comparison::of_planes(SIZE, &expected, &expected).is_equal());
        let differing = |found: &[Vec<u8>]| Comparison::of_planes(SIZE, &expected, found).differing;
        assert_eq!(differing(&[vec![1, 0, 3, 4], vec![5, 0]]), 2);
        assert_eq!(differing(&[vec![1, 2, 3, 4], vec![5]]), 1);
    }

    #[test]
    fn missing_pixels_differ() {
        let comparison = Comparison::of(SIZE, &[100, 100, 100, 255], [0; 4], grey);
        assert_eq!((comparison.pixels, comparison.differing), (4, 3));
        assert!(!comparison.is_equal());
    }
}
