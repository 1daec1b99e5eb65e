//! What there is to see, before and after the change; both processes work it out for themselves.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::size::Size;
use crate::xor_pattern;

/// The colour of the change.
pub(in crate::demo) const CHANGED: [u8; 4] = [255, 140, 0, 255];

/// What the producer changes after the first look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::demo) enum Change {
    /// The CPU writes a rectangle in the middle.
    Rectangle,
    /// GL fills everything: for images that the CPU cannot map.
    Everything,
}

impl Change {
    /// Whether a pixel belongs to it.
    pub(in crate::demo) fn covers(self, size: Size, x: u32, y: u32) -> bool {
        match self {
            Self::Rectangle => {
                let middle = |length: u32| length / 4..(length - length / 4).max(1);
                middle(size.width).contains(&x) && middle(size.height).contains(&y)
            }
            Self::Everything => true,
        }
    }

    /// The picture after the change, as R, G, B, A.
    pub(in crate::demo) fn colour(self, size: Size, x: u32, y: u32) -> [u8; 4] {
        if self.covers(size, x, y) { CHANGED } else { xor_pattern::at(x, y) }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rectangle => "rectangle",
            Self::Everything => "everything",
        })
    }
}

/// The text is no change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected rectangle or everything")]
pub(in crate::demo) struct ParseChangeError;

impl FromStr for Change {
    type Err = ParseChangeError;

    fn from_str(text: &str) -> Result<Self, ParseChangeError> {
        [Self::Rectangle, Self::Everything]
            .into_iter()
            .find(|change| change.to_string() == text)
            .ok_or(ParseChangeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangle_is_the_middle_and_never_empty() {
        let size = Size { width: 512, height: 256 };
        assert!(Change::Rectangle.covers(size, 128, 64));
        assert!(Change::Rectangle.covers(size, 383, 191));
        assert!(!Change::Rectangle.covers(size, 127, 64));
        assert!(!Change::Rectangle.covers(size, 384, 191));
        for length in 1..8 {
            let size = Size { width: length, height: 1 };
            assert!((0..length).any(|x| Change::Rectangle.covers(size, x, 0)), "{length}");
        }
    }
}
