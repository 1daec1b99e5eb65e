//! The size of an image on the command line.

use std::fmt;
use std::str::FromStr;

/// Width and height in pixels: `512x512`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Size {
    /// What every GL driver takes as a texture, or says so.
    const LIMIT: u32 = 16384;
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// The text is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no size: expected WIDTHxHEIGHT in pixels, each from 1 to {}", Size::LIMIT)]
pub(crate) struct ParseSizeError {
    text: String,
}

impl FromStr for Size {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, ParseSizeError> {
        let number = |digits: &str| digits.parse().ok().filter(|n| (1..=Self::LIMIT).contains(n));
        text.split_once('x')
            .and_then(|(width, height)| {
                Some(Self { width: number(width)?, height: number(height)? })
            })
            .ok_or_else(|| ParseSizeError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_back_and_others_refused() {
        assert_eq!("640x480".parse(), Ok(Size { width: 640, height: 480 }));
        for text in ["", "640", "640x", "x480", "0x480", "640x-1", "640x16385", "640x480x1"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
