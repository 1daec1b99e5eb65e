//! What the driver at hand is known to make of an image that it converts itself.

use crate::dmabuf::Dmabuf;
use crate::format::ChromaSiting;
use crate::format::Colorimetry;
use crate::format::Fourcc;
use crate::gl::DirectQuirk;
use crate::gl::Gl;
use crate::gl::arrangement::Arrangement;

/// What matters about a driver of Mesa.
#[derive(Clone, Copy, Debug)]
struct Mesa {
    major: u32,
    is_llvmpipe: bool,
}

/// The first of the quirks that an image would meet; none for drivers that are not Mesa's.
pub(in crate::gl) fn of(
    gl: &Gl,
    image: &Dmabuf,
    arrangement: &Arrangement,
    colorimetry: Colorimetry,
) -> Option<DirectQuirk> {
    let major = mesa_major(gl.version())?;
    let is_llvmpipe = gl.context().display().importer().maps_memory();
    of_mesa(Mesa { major, is_llvmpipe }, [image.width(), image.height()], arrangement, colorimetry)
}

/// 25 in `OpenGL ES 3.2 Mesa 25.0.7-2`.
fn mesa_major(version: &str) -> Option<u32> {
    let (_, version) = version.split_once("Mesa ")?;
    version.split('.').next()?.parse().ok()
}

fn of_mesa(
    mesa: Mesa,
    size: [u32; 2],
    arrangement: &Arrangement,
    colorimetry: Colorimetry,
) -> Option<DirectQuirk> {
    let sharing = arrangement.sharing;
    if mesa.major >= 26 && is_never_read(arrangement.fourcc) {
        return Some(DirectQuirk::NeverRead);
    }
    if arrangement.depth.bits > 8 && !arrangement.depth.is_in_lower_bits() {
        return Some(DirectQuirk::MoreThan8Bits);
    }
    if sharing.into_iter().zip(size).any(|(sharing, pixels)| !pixels.is_multiple_of(sharing)) {
        return Some(DirectQuirk::ChromaStretched);
    }
    let mut sitings = sharing.into_iter().zip(colorimetry.siting());
    if sitings.any(|(sharing, siting)| sharing > 1 && siting == ChromaSiting::Cosited) {
        return Some(DirectQuirk::SitingIgnored);
    }
    let is_coarse = mesa.is_llvmpipe && arrangement.depth.bits == 8 && arrangement.shares_chroma();
    is_coarse.then_some(DirectQuirk::CoarseFilter)
}

fn is_never_read(fourcc: Fourcc) -> bool {
    matches!(fourcc, Fourcc::Y210 | Fourcc::Y216 | Fourcc::NV15 | Fourcc::NV20)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GPU: Mesa = Mesa { major: 26, is_llvmpipe: false };
    const LLVMPIPE: Mesa = Mesa { major: 25, is_llvmpipe: true };

    fn quirk(mesa: Mesa, fourcc: Fourcc, size: [u32; 2], it: Colorimetry) -> Option<DirectQuirk> {
        of_mesa(mesa, size, Arrangement::of(fourcc).unwrap(), it)
    }

    #[test]
    fn versions_of_others_are_not_mesas() {
        assert_eq!(mesa_major("OpenGL ES 3.2 Mesa 25.0.7-2~bpo12+1"), Some(25));
        assert_eq!(mesa_major("OpenGL ES 3.1 Mesa 26.2.6-1 (git-abc)"), Some(26));
        assert_eq!(mesa_major("OpenGL ES 3.2 NVIDIA 550.54.14"), None);
        assert_eq!(mesa_major("OpenGL ES 3.2 Mesa"), None);
    }

    #[test]
    fn gpu_takes_even_sizes_with_chroma_in_the_middle() {
        assert_eq!(quirk(GPU, Fourcc::NV12, [1920, 1080], Colorimetry::JPEG), None);
        let cosited = quirk(GPU, Fourcc::NV12, [1920, 1080], Colorimetry::HD_VIDEO);
        assert_eq!(cosited, Some(DirectQuirk::SitingIgnored));
        let odd = quirk(GPU, Fourcc::NV12, [1919, 1080], Colorimetry::JPEG);
        assert_eq!(odd, Some(DirectQuirk::ChromaStretched));
    }

    #[test]
    fn axis_on_which_nothing_is_shared_does_not_matter() {
        let cosited_down =
            Colorimetry { vertical_siting: ChromaSiting::Cosited, ..Colorimetry::JPEG };
        assert_eq!(quirk(GPU, Fourcc::NV16, [64, 63], cosited_down), None);
        assert_eq!(quirk(LLVMPIPE, Fourcc::AYUV, [63, 63], Colorimetry::UHD_VIDEO), None);
    }

    #[test]
    fn more_bits_are_right_where_they_are_the_lower_ones() {
        let of = |fourcc| quirk(LLVMPIPE, fourcc, [64, 64], Colorimetry::JPEG);
        assert_eq!(of(Fourcc::S010), None);
        assert_eq!(of(Fourcc::S412), None);
        for fourcc in [Fourcc::P010, Fourcc::Y410, Fourcc::S016, Fourcc::Y412] {
            assert_eq!(of(fourcc), Some(DirectQuirk::MoreThan8Bits), "{fourcc}");
        }
    }

    #[test]
    fn formats_that_are_never_read_are_those_of_mesa_26() {
        let of = |mesa| quirk(mesa, Fourcc::Y210, [64, 64], Colorimetry::JPEG);
        assert_eq!(of(GPU), Some(DirectQuirk::NeverRead));
        assert_eq!(of(LLVMPIPE), Some(DirectQuirk::MoreThan8Bits));
    }
}
