//! How many bits per channel a PNG needs.

use dmashare::format::Fourcc;
use dmashare::format::Model;
use png::BitDepth;

/// 16 bits for formats with channels of more than 8 bits, also for floats of which those from 0 to 1
/// are kept.
pub(in crate::dump) fn of(fourcc: Fourcc) -> BitDepth {
    if is_deep(fourcc).unwrap_or(false) { BitDepth::Sixteen } else { BitDepth::Eight }
}

fn is_deep(fourcc: Fourcc) -> Option<bool> {
    let layout = fourcc.layout()?;
    let luma = layout.planes().first()?;
    // Planar YUV has one sample of luma in each block, or several of the same width.
    if layout.model() == Model::Yuv && layout.planes().len() > 1 {
        return Some(luma.bits_per_block() / luma.block_width() > 8);
    }
    // The kernel's names of all others state their widths, but for those of 8 bits in an order that
    // the name spells (`YUYV`, `AYUV`).
    let deep_widths = ["10", "12", "16", "32"];
    Some(deep_widths.iter().any(|width| layout.name().contains(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_of_each_kind_of_format() {
        let deep = [
            Fourcc::ARGB2101010,
            Fourcc::ABGR16161616F,
            Fourcc::R16,
            Fourcc::R32F,
            Fourcc::P010,
            Fourcc::NV15,
            Fourcc::P030,
            Fourcc::S012,
            Fourcc::Y210,
            Fourcc::Y412,
            Fourcc::XVYU2101010,
        ];
        for fourcc in deep {
            assert_eq!(of(fourcc), BitDepth::Sixteen, "{fourcc}");
        }
        let shallow = [
            Fourcc::ARGB8888,
            Fourcc::RGB565,
            Fourcc::XRGB1555,
            Fourcc::R8,
            Fourcc::GR88,
            Fourcc::NV12,
            Fourcc::NV16,
            Fourcc::YUV420,
            Fourcc::YUV410,
            Fourcc::YUYV,
            Fourcc::AYUV,
            Fourcc(7),
        ];
        for fourcc in shallow {
            assert_eq!(of(fourcc), BitDepth::Eight, "{fourcc}");
        }
    }
}
