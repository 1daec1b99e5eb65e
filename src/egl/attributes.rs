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
    /// The list for a checked image. The modifier is stated for every plane or for none: implicit
    /// images have none, and LINEAR is stated like any other, unless the driver lists no modifier for
    /// the format.
    pub(in crate::egl) fn of(
        image: &Dmabuf,
        colorimetry: Colorimetry,
        with_modifiers: bool,
    ) -> Self {
        let mut list = Self { list: [sys::NONE; MOST], used: 0 };
        // Checked images are below `i32::MAX` in each of these numbers.
        list.push(sys::WIDTH, image.width().cast_signed());
        list.push(sys::HEIGHT, image.height().cast_signed());
        list.push(sys::LINUX_DRM_FOURCC, image.fourcc().0.cast_signed());
        let names = sys::PLANE_FD
            .into_iter()
            .zip(sys::PLANE_OFFSET)
            .zip(sys::PLANE_PITCH)
            .zip(sys::PLANE_MODIFIER_LO.into_iter().zip(sys::PLANE_MODIFIER_HI));
        for (plane, (((fd, offset), pitch), (low, high))) in image.planes().iter().zip(names) {
            list.push(fd, plane.fd().as_raw_fd());
            list.push(offset, plane.offset_bytes().cast_signed());
            list.push(pitch, plane.stride_bytes().cast_signed());
            if let Some(modifier) = image.modifier().explicit().filter(|_| with_modifiers) {
                let [low_half, high_half] = halves(modifier.get());
                list.push(low, low_half);
                list.push(high, high_half);
            }
        }
        if image.layout().model() == Model::Yuv {
            list.push(sys::YUV_COLOR_SPACE_HINT, colorimetry.matrix.to_egl());
            list.push(sys::SAMPLE_RANGE_HINT, colorimetry.range.to_egl());
            list.push(
                sys::YUV_CHROMA_HORIZONTAL_SITING_HINT,
                colorimetry.horizontal_siting.to_egl(),
            );
            list.push(sys::YUV_CHROMA_VERTICAL_SITING_HINT, colorimetry.vertical_siting.to_egl());
        }
        list
    }

    fn push(&mut self, name: i32, value: i32) {
        if let Some([to_name, to_value]) = self.list.get_mut(self.used..self.used + 2) {
            *to_name = name;
            *to_value = value;
            self.used += 2;
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
