//! How EGL is told what luma and chroma mean.
//!
//! EGL leaves the defaults to the driver, so an import of a YUV image always states them. A hint that
//! EGL would refuse cannot be written down as a [`Colorimetry`](crate::format::Colorimetry).
//!
//! Spec: [`EGL_EXT_image_dma_buf_import`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import.txt),
//! "hints".

use crate::egl::sys;
use crate::format::ChromaSiting;
use crate::format::Matrix;
use crate::format::Range;

/// A value of one hint.
pub(in crate::egl) trait Hint: Sized {
    /// EGL's number for it.
    fn to_egl(self) -> i32;

    /// What EGL's number stands for.
    fn from_egl(value: i32) -> Option<Self>;
}

impl Hint for Matrix {
    fn to_egl(self) -> i32 {
        match self {
            Self::Bt601 => sys::ITU_REC601,
            Self::Bt709 => sys::ITU_REC709,
            Self::Bt2020 => sys::ITU_REC2020,
        }
    }

    fn from_egl(value: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.to_egl() == value)
    }
}

impl Hint for Range {
    fn to_egl(self) -> i32 {
        match self {
            Self::Narrow => sys::YUV_NARROW_RANGE,
            Self::Full => sys::YUV_FULL_RANGE,
        }
    }

    fn from_egl(value: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.to_egl() == value)
    }
}

impl Hint for ChromaSiting {
    fn to_egl(self) -> i32 {
        match self {
            Self::Cosited => sys::YUV_CHROMA_SITING_0,
            Self::Centered => sys::YUV_CHROMA_SITING_0_5,
        }
    }

    fn from_egl(value: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.to_egl() == value)
    }
}
