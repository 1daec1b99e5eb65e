//! Width and height as people type them.

use std::fmt;
use std::str::FromStr;

/// Width and height in pixels, each at least 1: `640x480`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) [u32; 2]);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is no size: write it like 640x480");
        let (width, height) = text.split_once('x').ok_or_else(refused)?;
        match (width.parse(), height.parse()) {
            (Ok(width @ 1..), Ok(height @ 1..)) => Ok(Self([width, height])),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([width, height]) = self;
        write!(f, "{width}x{height}")
    }
}
