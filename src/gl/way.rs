//! Which way an image becomes colours, and why that one.

use std::fmt;

use crate::gl::RgbViewError;

/// Which ways an image may become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The driver's own conversion, unless it refuses the image or is known to be off by more than a
    /// code value (see [`DirectQuirk`]); then plane by plane.
    #[default]
    PreferDirect,
    /// The driver's own conversion, whatever it makes of it.
    RequireDirect,
    /// Plane by plane, with the conversion of this crate.
    RequireExact,
}

/// How an image becomes colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Way {
    /// It has colours: one 2D texture.
    Plain,
    /// As an external texture: the driver converts.
    Direct,
    /// Each plane as a 2D texture: a shader of this crate converts.
    ByPlane,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::Direct => "direct",
            Self::ByPlane => "by plane",
        })
    }
}

/// Why it is that way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is nothing to convert.
    Colours,
    /// The policy leaves no other.
    Required,
    /// The driver takes it, and is not known to be wrong.
    Accepted,
    /// The driver would take it and be off by more than a code value.
    Quirk(DirectQuirk),
    /// The driver does not take it as a whole.
    Refused(Box<RgbViewError>),
    /// The driver is known to be off, and there is no other way.
    NotByPlane {
        /// What it does.
        quirk: DirectQuirk,
        /// Why its planes cannot be textures.
        error: Box<RgbViewError>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Colours => f.write_str("it has colours"),
            Self::Required => f.write_str("the policy requires it"),
            Self::Accepted => f.write_str("the driver takes it"),
            Self::Quirk(quirk) => quirk.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::NotByPlane { quirk, error } => write!(f, "{quirk}, and by plane: {error}"),
        }
    }
}

/// What drivers are known to make of luma and chroma, where it is off by more than a code value.
///
/// Measured with llvmpipe of Mesa 25.0.7 and 26.2.6. All but the last come from code that the drivers
/// of Mesa share, so they are taken to hold for each of them; other drivers are taken at their word.
///
/// Spec: `nir_lower_tex()` in `src/compiler/nir` of Mesa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirectQuirk {
    /// The hint for the place of chroma is ignored: it is taken to be in the middle.
    SitingIgnored,
    /// The samples of chroma are counted by rounding down, and stretched over the image.
    ChromaStretched,
    /// 16, 235 and 128 of 255 are taken for black, white and grey, where it is 64, 940 and 512 of
    /// 1023: up to 9 of 1023. Numbers of 10 and 12 bits in the lower bits of 16 (`S010`) are right.
    MoreThan8Bits,
    /// The memory is never read: `Y210`, `Y216`, `NV15` and `NV20` (Mesa 26).
    NeverRead,
    /// Chroma of 8 bits is interpolated in 8 bits: up to 2.1 of 255 in blue (llvmpipe).
    CoarseFilter,
}

impl fmt::Display for DirectQuirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SitingIgnored => "the driver takes chroma to be in the middle",
            Self::ChromaStretched => "the driver stretches the chroma of odd sizes",
            Self::MoreThan8Bits => "the driver converts more than 8 bits as if they were 8",
            Self::NeverRead => "the driver never reads its memory",
            Self::CoarseFilter => "the driver interpolates chroma in 8 bits",
        })
    }
}
