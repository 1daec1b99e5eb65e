//! How luma and chroma become colours.
//!
//! EGL leaves the defaults to the driver, so an import of a YUV image always states them. The values
//! are types of their own: a hint that EGL would refuse cannot be written down.
//!
//! Spec: [`EGL_EXT_image_dma_buf_import`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import.txt),
//! "hints"; ITU-R BT.601, BT.709 and BT.2020.

use crate::egl::sys;

/// The matrix from luma and chroma to red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601: standard definition, JPEG, most webcams.
    #[default]
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance: ultra high definition.
    Bt2020,
}

/// Which code values stand for black and white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Range {
    /// 16 to 235 for luma and 16 to 240 for chroma, at 8 bits: television and video.
    #[default]
    Narrow,
    /// 0 to 255, at 8 bits: JPEG.
    Full,
}

/// Where a chroma sample lies relative to the pixels that share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChromaSiting {
    /// At the first of the pixels.
    Cosited,
    /// In the middle of the pixels.
    #[default]
    Centered,
}

/// What an import says about a YUV image. RGB images have no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hints {
    /// The matrix.
    pub matrix: Matrix,
    /// The range.
    pub range: Range,
    /// From left to right.
    pub horizontal_siting: ChromaSiting,
    /// From top to bottom.
    pub vertical_siting: ChromaSiting,
}

impl Matrix {
    pub(in crate::egl) const fn to_egl(self) -> i32 {
        match self {
            Self::Bt601 => sys::ITU_REC601,
            Self::Bt709 => sys::ITU_REC709,
            Self::Bt2020 => sys::ITU_REC2020,
        }
    }

    pub(in crate::egl) const fn from_egl(value: i32) -> Option<Self> {
        match value {
            sys::ITU_REC601 => Some(Self::Bt601),
            sys::ITU_REC709 => Some(Self::Bt709),
            sys::ITU_REC2020 => Some(Self::Bt2020),
            _ => None,
        }
    }
}

impl Range {
    pub(in crate::egl) const fn to_egl(self) -> i32 {
        match self {
            Self::Narrow => sys::YUV_NARROW_RANGE,
            Self::Full => sys::YUV_FULL_RANGE,
        }
    }

    pub(in crate::egl) const fn from_egl(value: i32) -> Option<Self> {
        match value {
            sys::YUV_NARROW_RANGE => Some(Self::Narrow),
            sys::YUV_FULL_RANGE => Some(Self::Full),
            _ => None,
        }
    }
}

impl ChromaSiting {
    pub(in crate::egl) const fn to_egl(self) -> i32 {
        match self {
            Self::Cosited => sys::YUV_CHROMA_SITING_0,
            Self::Centered => sys::YUV_CHROMA_SITING_0_5,
        }
    }

    pub(in crate::egl) const fn from_egl(value: i32) -> Option<Self> {
        match value {
            sys::YUV_CHROMA_SITING_0 => Some(Self::Cosited),
            sys::YUV_CHROMA_SITING_0_5 => Some(Self::Centered),
            _ => None,
        }
    }
}
