//! Where the numbers of luma and chroma are, for a shader: which textures the bytes of a format make,
//! and which parts of their texels are what.
//!
//! Each plane is seen through formats of one to four channels that every driver samples, in the same
//! memory: `GR88` for pairs of 8 bits, `AB30` for three numbers of 10. The last columns of the table
//! are expressions of `shaders/rgb_from_planes.frag`, which says what they are made of.
//!
//! Spec: `drm_fourcc.h` of the Linux kernel.

use crate::format::Fourcc;

/// How a texel's number, 0 to 1, stands for a code value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::gl) struct Depth {
    /// Bits of a code value.
    pub(in crate::gl) bits: u32,
    /// The code value of a texel that is 1.
    pub(in crate::gl) full_texel: f64,
}

impl Depth {
    /// Whether the upper bits of a texel are unused.
    pub(in crate::gl) fn is_in_lower_bits(self) -> bool {
        self.full_texel >= f64::from(self.bits).exp2()
    }
}

const EIGHT: Depth = Depth { bits: 8, full_texel: 255.0 };
const TEN: Depth = Depth { bits: 10, full_texel: 1023.0 };
/// In the upper bits of 16. What is in the lower ones counts as a fraction.
const TEN_UPPER: Depth = Depth { bits: 10, full_texel: 65535.0 / 64.0 };
const TWELVE_UPPER: Depth = Depth { bits: 12, full_texel: 65535.0 / 16.0 };
/// In the lower bits of 16.
const TEN_LOWER: Depth = Depth { bits: 10, full_texel: 65535.0 };
const TWELVE_LOWER: Depth = Depth { bits: 12, full_texel: 65535.0 };
const SIXTEEN: Depth = Depth { bits: 16, full_texel: 65535.0 };
/// The shader makes the code value itself.
const TEN_UNPACKED: Depth = Depth { bits: 10, full_texel: 1.0 };

/// A plane of an image, seen as another format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gl) struct View {
    /// The plane, counted from 0.
    pub(in crate::gl) plane: usize,
    /// What its bytes are taken for.
    pub(in crate::gl) fourcc: Fourcc,
}

/// What a shader reads of a format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::gl) struct Arrangement {
    pub(in crate::gl) fourcc: Fourcc,
    /// The textures, one to three.
    pub(in crate::gl) views: &'static [View],
    pub(in crate::gl) depth: Depth,
    /// Pixels that share a sample of chroma, across and down.
    pub(in crate::gl) sharing: [u32; 2],
    /// The number of luma of the pixel `at`.
    pub(in crate::gl) luma: &'static str,
    /// The numbers of blue and red difference of the sample `at`.
    pub(in crate::gl) chroma: &'static str,
    /// From 0 to 1, of the pixel `at`.
    pub(in crate::gl) alpha: &'static str,
    /// What each plane takes of `codes`, where each is a texture of whole samples; else nothing.
    pub(in crate::gl) written: &'static [&'static str],
}

impl Arrangement {
    /// `None` for formats without luma, for those that this crate does not know, and for those that
    /// have no linear arrangement.
    pub(in crate::gl) fn of(fourcc: Fourcc) -> Option<&'static Self> {
        ARRANGEMENTS.iter().find(|it| it.fourcc == fourcc)
    }

    /// Whether pixels share chroma, so that it has to be filtered.
    pub(in crate::gl) fn shares_chroma(&self) -> bool {
        self.sharing != [1, 1]
    }
}

const OPAQUE: &str = "1.0";

const fn view(plane: usize, fourcc: Fourcc) -> View {
    View { plane, fourcc }
}

/// Pairs of chroma in the order of the first letters of the format's name, or the other way round.
const CB_FIRST: [&str; 2] = ["P1(at).rg", "vec4(codes.yz, 0.0, 1.0)"];
const CR_FIRST: [&str; 2] = ["P1(at).gr", "vec4(codes.zy, 0.0, 1.0)"];
const SINGLE: &str = "vec4(codes.x, 0.0, 0.0, 1.0)";

macro_rules! arrangements {
    ($($name:ident $depth:ident [$($plane:literal $view:ident),*] [$across:literal, $down:literal]
        $luma:expr, $chroma:expr, $alpha:expr, [$($written:expr),*];)*) => {
        &[$(Arrangement {
            fourcc: Fourcc::$name,
            views: &[$(view($plane, Fourcc::$view)),*],
            depth: $depth,
            sharing: [$across, $down],
            luma: $luma,
            chroma: $chroma,
            alpha: $alpha,
            written: &[$($written),*],
        }),*]
    };
}

/// Luma in the first texture; chroma of `YU` in the second and third, and of `YV` the other way.
const LUMA: &str = "P0(at).r";
const CB_CR: &str = "vec2(P1(at).r, P2(at).r)";
const CR_CB: &str = "vec2(P2(at).r, P1(at).r)";
const SECOND: &str = "vec4(codes.y, 0.0, 0.0, 1.0)";
const THIRD: &str = "vec4(codes.z, 0.0, 0.0, 1.0)";
/// A format without chroma has the number for none.
const NONE: &str = "zero.yz";
/// Three samples of 10 bits in a texel.
const THREE_LUMA: &str = "of_three(plane0, step0, at)";
const THREE_PAIRS: &str = "vec2(of_three(plane1, step1, vec2(2.0 * at.x, at.y)), \
                           of_three(plane1, step1, vec2(2.0 * at.x + 1.0, at.y)))";
const THREE_APART: &str = "vec2(of_three(plane1, step1, at), of_three(plane2, step2, at))";
/// Four samples of 10 bits in five texels.
const DENSE_LUMA: &str = "dense(plane0, step0, at)";
const DENSE_PAIRS: &str = "vec2(dense(plane1, step1, vec2(2.0 * at.x, at.y)), \
                           dense(plane1, step1, vec2(2.0 * at.x + 1.0, at.y)))";
/// A texel for each of the three bytes of a pixel.
const BYTE_LUMA: &str = "P0(vec2(3.0 * at.x, at.y)).r";
const BYTE_CHROMA: &str = "vec2(P0(vec2(3.0 * at.x + 1.0, at.y)).r, \
                           P0(vec2(3.0 * at.x + 2.0, at.y)).r)";
/// In the upper 12 bits of 16.
const TWELVE_ALPHA: &str = "P0(at).a * (65535.0 / 65520.0)";

#[rustfmt::skip]
static ARRANGEMENTS: &[Arrangement] = arrangements! {
    Y8          EIGHT [0 R8] [1, 1] LUMA, NONE, OPAQUE, [];
    XYYY2101010 TEN   [0 ABGR2101010] [1, 1] THREE_LUMA, NONE, OPAQUE, [];

    YUYV EIGHT        [0 GR88, 0 ABGR8888] [2, 1] "P0(at).r", "P1(at).ga", OPAQUE, [];
    YVYU EIGHT        [0 GR88, 0 ABGR8888] [2, 1] "P0(at).r", "P1(at).ag", OPAQUE, [];
    UYVY EIGHT        [0 GR88, 0 ABGR8888] [2, 1] "P0(at).g", "P1(at).rb", OPAQUE, [];
    VYUY EIGHT        [0 GR88, 0 ABGR8888] [2, 1] "P0(at).g", "P1(at).br", OPAQUE, [];
    Y210 TEN_UPPER    [0 GR1616, 0 ABGR16161616] [2, 1] "P0(at).r", "P1(at).ga", OPAQUE, [];
    Y212 TWELVE_UPPER [0 GR1616, 0 ABGR16161616] [2, 1] "P0(at).r", "P1(at).ga", OPAQUE, [];
    Y216 SIXTEEN      [0 GR1616, 0 ABGR16161616] [2, 1] "P0(at).r", "P1(at).ga", OPAQUE, [];

    VUY888          EIGHT        [0 R8] [1, 1] BYTE_LUMA, BYTE_CHROMA, OPAQUE, [];
    AYUV            EIGHT        [0 ABGR8888] [1, 1] "P0(at).b", "P0(at).gr", "P0(at).a", [];
    XYUV8888        EIGHT        [0 ABGR8888] [1, 1] "P0(at).b", "P0(at).gr", OPAQUE, [];
    AVUY8888        EIGHT        [0 ABGR8888] [1, 1] "P0(at).r", "P0(at).gb", "P0(at).a", [];
    XVUY8888        EIGHT        [0 ABGR8888] [1, 1] "P0(at).r", "P0(at).gb", OPAQUE, [];
    XVUY2101010     TEN          [0 ABGR2101010] [1, 1] "P0(at).r", "P0(at).gb", OPAQUE, [];
    Y410            TEN          [0 ABGR2101010] [1, 1] "P0(at).g", "P0(at).rb", "P0(at).a", [];
    Y412            TWELVE_UPPER [0 ABGR16161616] [1, 1] "P0(at).g", "P0(at).rb", TWELVE_ALPHA, [];
    Y416            SIXTEEN      [0 ABGR16161616] [1, 1] "P0(at).g", "P0(at).rb", "P0(at).a", [];
    XVYU2101010     TEN          [0 ABGR2101010] [1, 1] "P0(at).g", "P0(at).rb", OPAQUE, [];
    XVYU12_16161616 TWELVE_UPPER [0 ABGR16161616] [1, 1] "P0(at).g", "P0(at).rb", OPAQUE, [];
    XVYU16161616    SIXTEEN      [0 ABGR16161616] [1, 1] "P0(at).g", "P0(at).rb", OPAQUE, [];

    NV12 EIGHT        [0 R8, 1 GR88] [2, 2] LUMA, CB_FIRST[0], OPAQUE, [SINGLE, CB_FIRST[1]];
    NV21 EIGHT        [0 R8, 1 GR88] [2, 2] LUMA, CR_FIRST[0], OPAQUE, [SINGLE, CR_FIRST[1]];
    NV16 EIGHT        [0 R8, 1 GR88] [2, 1] LUMA, CB_FIRST[0], OPAQUE, [SINGLE, CB_FIRST[1]];
    NV61 EIGHT        [0 R8, 1 GR88] [2, 1] LUMA, CR_FIRST[0], OPAQUE, [SINGLE, CR_FIRST[1]];
    NV24 EIGHT        [0 R8, 1 GR88] [1, 1] LUMA, CB_FIRST[0], OPAQUE, [SINGLE, CB_FIRST[1]];
    NV42 EIGHT        [0 R8, 1 GR88] [1, 1] LUMA, CR_FIRST[0], OPAQUE, [SINGLE, CR_FIRST[1]];
    P010 TEN_UPPER    [0 R16, 1 GR1616] [2, 2] LUMA, CB_FIRST[0], OPAQUE, [SINGLE, CB_FIRST[1]];
    P012 TWELVE_UPPER [0 R16, 1 GR1616] [2, 2] LUMA, CB_FIRST[0], OPAQUE, [SINGLE, CB_FIRST[1]];
    P016 SIXTEEN      [0 R16, 1 GR1616] [2, 2] LUMA, CB_FIRST[0], OPAQUE, [SINGLE, CB_FIRST[1]];
    P210 TEN_UPPER    [0 R16, 1 GR1616] [2, 1] LUMA, CB_FIRST[0], OPAQUE, [SINGLE, CB_FIRST[1]];
    NV15 TEN_UNPACKED [0 R8, 1 R8] [2, 2] DENSE_LUMA, DENSE_PAIRS, OPAQUE, [];
    NV20 TEN_UNPACKED [0 R8, 1 R8] [2, 1] DENSE_LUMA, DENSE_PAIRS, OPAQUE, [];
    NV30 TEN_UNPACKED [0 R8, 1 R8] [1, 1] DENSE_LUMA, DENSE_PAIRS, OPAQUE, [];
    P030 TEN [0 ABGR2101010, 1 ABGR2101010] [2, 2] THREE_LUMA, THREE_PAIRS, OPAQUE, [];
    P230 TEN [0 ABGR2101010, 1 ABGR2101010] [2, 1] THREE_LUMA, THREE_PAIRS, OPAQUE, [];

    YUV410 EIGHT [0 R8, 1 R8, 2 R8] [4, 4] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    YVU410 EIGHT [0 R8, 1 R8, 2 R8] [4, 4] LUMA, CR_CB, OPAQUE, [SINGLE, THIRD, SECOND];
    YUV411 EIGHT [0 R8, 1 R8, 2 R8] [4, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    YVU411 EIGHT [0 R8, 1 R8, 2 R8] [4, 1] LUMA, CR_CB, OPAQUE, [SINGLE, THIRD, SECOND];
    YUV420 EIGHT [0 R8, 1 R8, 2 R8] [2, 2] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    YVU420 EIGHT [0 R8, 1 R8, 2 R8] [2, 2] LUMA, CR_CB, OPAQUE, [SINGLE, THIRD, SECOND];
    YUV422 EIGHT [0 R8, 1 R8, 2 R8] [2, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    YVU422 EIGHT [0 R8, 1 R8, 2 R8] [2, 1] LUMA, CR_CB, OPAQUE, [SINGLE, THIRD, SECOND];
    YUV444 EIGHT [0 R8, 1 R8, 2 R8] [1, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    YVU444 EIGHT [0 R8, 1 R8, 2 R8] [1, 1] LUMA, CR_CB, OPAQUE, [SINGLE, THIRD, SECOND];
    S010 TEN_LOWER    [0 R16, 1 R16, 2 R16] [2, 2] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S210 TEN_LOWER    [0 R16, 1 R16, 2 R16] [2, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S410 TEN_LOWER    [0 R16, 1 R16, 2 R16] [1, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S012 TWELVE_LOWER [0 R16, 1 R16, 2 R16] [2, 2] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S212 TWELVE_LOWER [0 R16, 1 R16, 2 R16] [2, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S412 TWELVE_LOWER [0 R16, 1 R16, 2 R16] [1, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S016 SIXTEEN      [0 R16, 1 R16, 2 R16] [2, 2] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S216 SIXTEEN      [0 R16, 1 R16, 2 R16] [2, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    S416 SIXTEEN      [0 R16, 1 R16, 2 R16] [1, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    Q410 TEN_UPPER    [0 R16, 1 R16, 2 R16] [1, 1] LUMA, CB_CR, OPAQUE, [SINGLE, SECOND, THIRD];
    Q401 TEN_UPPER    [0 R16, 1 R16, 2 R16] [1, 1] LUMA, CR_CB, OPAQUE, [SINGLE, THIRD, SECOND];
    T430 TEN [0 ABGR2101010, 1 ABGR2101010, 2 ABGR2101010] [1, 1]
        THREE_LUMA, THREE_APART, OPAQUE, [];
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Layout;
    use crate::format::Model;

    #[test]
    fn every_format_of_luma_with_rows_is_arranged() {
        for layout in Layout::all() {
            let expected = layout.model() == Model::Yuv && layout.has_linear();
            assert_eq!(Arrangement::of(layout.fourcc()).is_some(), expected, "{}", layout.name());
        }
    }

    #[test]
    fn sharing_is_that_of_the_layout() {
        for it in ARRANGEMENTS {
            let planes = it.fourcc.layout().unwrap().planes();
            let sharing = match planes {
                // Two pixels of luma in a word with one sample of chroma.
                [packed] if it.chroma != NONE => [packed.block_width(), packed.block_height()],
                [_luma] => [1, 1],
                [_, chroma, ..] => [chroma.horizontal_subsampling(), chroma.vertical_subsampling()],
                [] => [0, 0],
            };
            assert_eq!(it.sharing, sharing, "{}", it.fourcc);
        }
    }

    #[test]
    fn views_cover_all_planes_in_whole_texels() {
        for it in ARRANGEMENTS {
            let planes = it.fourcc.layout().unwrap().planes();
            for (index, plane) in planes.iter().enumerate() {
                let mut of_plane = it.views.iter().filter(|view| view.plane == index).peekable();
                assert!(of_plane.peek().is_some(), "{} plane {index}", it.fourcc);
                for view in of_plane {
                    let [texels] = view.fourcc.layout().unwrap().planes() else { panic!() };
                    assert_eq!(
                        plane.bits_per_block() % texels.bits_per_block(),
                        0,
                        "{}",
                        it.fourcc
                    );
                }
            }
            assert!(it.written.is_empty() || it.written.len() == planes.len(), "{}", it.fourcc);
        }
    }
}
