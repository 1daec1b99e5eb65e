//! The attribute list of an import, on the stack.
//!
//! Spec: [`EGL_EXT_image_dma_buf_import`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import.txt)
//! and `EGL_EXT_image_dma_buf_import_modifiers`.

use std::os::fd::AsRawFd;

use crate::dmabuf::Dmabuf;
use crate::egl::sys;
use crate::egl::yuv::Hint;
use crate::format::Colorimetry;
use crate::format::Model;

/// Three attributes of the image, ten numbers of each plane, four hints and the end.
const MOST: usize = 2 * 3 + 10 * 4 + 2 * 4 + 1;

/// Names and values, ended by `EGL_NONE`.
pub(in crate::egl) struct Attributes {
    list: [i32; MOST],
    used: usize,
}

impl Attributes {
    /// An empty list. Filled where it lies: it is long for a move.
    #[inline]
    pub(in crate::egl) fn new() -> Self {
        Self { list: [sys::NONE; MOST], used: 0 }
    }

    /// Adds what a driver is told of a checked image. The modifier is stated for every plane or for
    /// none: implicit images have none, and LINEAR is stated like any other, unless the driver lists no
    /// modifier for the format.
    pub(in crate::egl) fn describe(
        &mut self,
        image: &Dmabuf,
        colorimetry: Colorimetry,
        with_modifiers: bool,
    ) {
        // Checked images are below `i32::MAX` in each of these numbers.
        let [width, height, fourcc] =
            [image.width(), image.height(), image.fourcc().0].map(u32::cast_signed);
        self.push([sys::WIDTH, width, sys::HEIGHT, height, sys::LINUX_DRM_FOURCC, fourcc]);
        let modifier = image.modifier().explicit().filter(|_| with_modifiers);
        let modifier = modifier.map(|modifier| halves(modifier.get()));
        let names = sys::PLANE_FD
            .into_iter()
            .zip(sys::PLANE_OFFSET)
            .zip(sys::PLANE_PITCH)
            .zip(sys::PLANE_MODIFIER_LO.into_iter().zip(sys::PLANE_MODIFIER_HI));
        for (plane, (((fd, offset), pitch), (low, high))) in image.planes().iter().zip(names) {
            let fd_value = plane.fd().as_raw_fd();
            let (offset_bytes, stride_bytes) = (plane.offset_bytes(), plane.stride_bytes());
            let [offset_value, pitch_value] = [offset_bytes, stride_bytes].map(u32::cast_signed);
            self.push([fd, fd_value, offset, offset_value, pitch, pitch_value]);
            if let Some([low_half, high_half]) = modifier {
                self.push([low, low_half, high, high_half]);
            }
        }
        if image.layout().model() == Model::Yuv {
            self.push([sys::YUV_COLOR_SPACE_HINT, colorimetry.matrix.to_egl()]);
            self.push([sys::SAMPLE_RANGE_HINT, colorimetry.range.to_egl()]);
            let [across, down] = [colorimetry.horizontal_siting, colorimetry.vertical_siting];
            self.push([sys::YUV_CHROMA_HORIZONTAL_SITING_HINT, across.to_egl()]);
            self.push([sys::YUV_CHROMA_VERTICAL_SITING_HINT, down.to_egl()]);
        }
    }

    /// Names, each with its value behind it.
    fn push<const N: usize>(&mut self, numbers: [i32; N]) {
        let free = self.list.get_mut(self.used..).and_then(<[i32]>::first_chunk_mut);
        if let Some(free) = free {
            *free = numbers;
            self.used += N;
        }
    }

    /// The list with its end.
    pub(in crate::egl) fn as_slice(&self) -> &[i32] {
        &self.list
    }
}

/// The halves of a modifier as EGL's signed numbers: their bits, not their values.
fn halves(modifier: u64) -> [i32; 2] {
    let (low, high) = (modifier & u64::from(u32::MAX), modifier >> 32);
    [low, high].map(|half| u32::try_from(half).map_or(0, u32::cast_signed))
}
