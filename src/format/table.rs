//! The table of formats: one line each, and from each line a constant of [`Fourcc`] and a
//! [`Layout`].
//!
//! The last column is the notation of `drm_fourcc.h`: the channels of a little-endian word from its
//! most significant bit down, then the bits of each; `x` is unused. Planes are divided by `|`.
//!
//! Left out are the formats whose bytes alone do not make a picture (`C8` and its kin need a
//! palette, `D8` and its kin are darkness), and the four packed 2x2 tiles of `Y0L0`: there a stride
//! is counted for a line of pixels, while the bytes lie in lines of tiles.
//!
//! Spec: `include/uapi/drm/drm_fourcc.h` and `drm_format_info` of the Linux kernel.

use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::Model;
use crate::format::PlaneLayout;

/// What the channels of a format are.
struct Channels {
    model: Model,
    has_alpha: bool,
}

const RGB: Channels = Channels { model: Model::Rgb, has_alpha: false };
const RGBA: Channels = Channels { model: Model::Rgb, has_alpha: true };
const YUV: Channels = Channels { model: Model::Yuv, has_alpha: false };
const YUVA: Channels = Channels { model: Model::Yuv, has_alpha: true };

/// `samples` neighbours in a row share a word of `bits`.
const fn word(bits: u16, samples: u8) -> PlaneLayout {
    PlaneLayout {
        bits_per_block: bits,
        block_width: samples,
        block_height: 1,
        horizontal_subsampling: 1,
        vertical_subsampling: 1,
    }
}

/// The same plane with one sample per `horizontal x vertical` pixels.
const fn shared(plane: PlaneLayout, [horizontal, vertical]: [u8; 2]) -> PlaneLayout {
    PlaneLayout { horizontal_subsampling: horizontal, vertical_subsampling: vertical, ..plane }
}

/// One plane, one word for each pixel.
const fn packed(bits: u16) -> [PlaneLayout; 1] {
    [word(bits, 1)]
}

/// One plane, one word for so many pixels of a row.
const fn grouped(bits: u16, pixels: u8) -> [PlaneLayout; 1] {
    [word(bits, pixels)]
}

/// One plane of colours, one of 8-bit alpha.
const fn beside_alpha(bits: u16) -> [PlaneLayout; 2] {
    [word(bits, 1), word(8, 1)]
}

/// A plane of luma, and one of chroma pairs.
const fn semi_planar(bits: u16, subsampling: [u8; 2]) -> [PlaneLayout; 2] {
    [word(bits, 1), shared(word(bits * 2, 1), subsampling)]
}

/// Semi-planar without gaps: 4 samples of 10 bits, or 2 pairs of them, in 5 bytes.
const fn dense(subsampling: [u8; 2]) -> [PlaneLayout; 2] {
    [word(40, 4), shared(word(40, 2), subsampling)]
}

/// Semi-planar in threes: 3 samples of 10 bits in 4 bytes, 3 pairs of them in 8.
const fn in_threes(subsampling: [u8; 2]) -> [PlaneLayout; 2] {
    [word(32, 3), shared(word(64, 3), subsampling)]
}

/// A plane for each of luma and the two chroma channels.
const fn planar(bits: u16, subsampling: [u8; 2]) -> [PlaneLayout; 3] {
    let chroma = shared(word(bits, 1), subsampling);
    [word(bits, 1), chroma, chroma]
}

/// One plane whose arrangement only a vendor's modifier defines.
const fn opaque() -> [PlaneLayout; 1] {
    [word(0, 1)]
}

/// The pixels, across and down, that share one sample of chroma. Luma and chroma in one plane are in
/// one word for the pixels that share it.
#[expect(clippy::indexing_slicing, reason = "the compiler runs it, and would say so")]
const fn pixels_per_chroma(model: Model, planes: &[PlaneLayout]) -> [u8; 2] {
    let [mut across, mut down] = match (model, planes) {
        (Model::Yuv, [packed]) => [packed.block_width, packed.block_height],
        _ => [1, 1],
    };
    let mut index = 0;
    while index < planes.len() {
        let PlaneLayout { horizontal_subsampling, vertical_subsampling, .. } = planes[index];
        across = if horizontal_subsampling > across { horizontal_subsampling } else { across };
        down = if vertical_subsampling > down { vertical_subsampling } else { down };
        index += 1;
    }
    [across, down]
}

/// `fourcc_code` of a text; it runs in the compiler alone.
const fn code(text: &str) -> Fourcc {
    match text.as_bytes() {
        &[a, b, c, d] => Fourcc::from_code(&[a, b, c, d]),
        _ => panic!("a format code has four characters"),
    }
}

macro_rules! formats {
    ($($name:ident $code:literal $channels:ident $planes:expr, $notation:literal;)*) => {
        /// The formats of `drm_fourcc.h`, by the kernel's names.
        impl Fourcc {
            $(
                #[doc = concat!("`", $code, "`: ", $notation, ".")]
                pub const $name: Self = code($code);
            )*
        }

        /// Every layout that this crate knows.
        pub(in crate::format) static LAYOUTS: &[Layout] = &[$(
            Layout {
                fourcc: Fourcc::$name,
                name: stringify!($name),
                model: $channels.model,
                has_alpha: $channels.has_alpha,
                planes: &$planes,
                pixels_per_chroma: pixels_per_chroma($channels.model, &$planes),
            },
        )*];
    };
}

formats! {
    // One or two channels.
    R1   "R1  " RGB grouped(8, 8), "`R0:R1:R2:R3:R4:R5:R6:R7` of 1 bit, eight pixels in a byte";
    R2   "R2  " RGB grouped(8, 4), "`R0:R1:R2:R3` 2:2:2:2, four pixels in a byte";
    R4   "R4  " RGB grouped(8, 2), "`R0:R1` 4:4, two pixels in a byte";
    R8   "R8  " RGB packed(8),     "`R` 8, one channel of 8 bits";
    R10  "R10 " RGB packed(16),    "`x:R` 6:10";
    R12  "R12 " RGB packed(16),    "`x:R` 4:12";
    R16  "R16 " RGB packed(16),    "`R` 16, one channel of 16 bits";
    RG88 "RG88" RGB packed(16),    "`R:G` 8:8; bytes in memory: G, R";
    GR88 "GR88" RGB packed(16),    "`G:R` 8:8; bytes in memory: R, G";
    RG1616 "RG32" RGB packed(32),  "`R:G` 16:16";
    GR1616 "GR32" RGB packed(32),  "`G:R` 16:16; in memory: R, G";

    // 8 and 16 bits.
    RGB332   "RGB8" RGB  packed(8),  "`R:G:B` 3:3:2";
    BGR233   "BGR8" RGB  packed(8),  "`B:G:R` 2:3:3";
    XRGB4444 "XR12" RGB  packed(16), "`x:R:G:B` 4:4:4:4";
    XBGR4444 "XB12" RGB  packed(16), "`x:B:G:R` 4:4:4:4";
    RGBX4444 "RX12" RGB  packed(16), "`R:G:B:x` 4:4:4:4";
    BGRX4444 "BX12" RGB  packed(16), "`B:G:R:x` 4:4:4:4";
    ARGB4444 "AR12" RGBA packed(16), "`A:R:G:B` 4:4:4:4";
    ABGR4444 "AB12" RGBA packed(16), "`A:B:G:R` 4:4:4:4";
    RGBA4444 "RA12" RGBA packed(16), "`R:G:B:A` 4:4:4:4";
    BGRA4444 "BA12" RGBA packed(16), "`B:G:R:A` 4:4:4:4";
    XRGB1555 "XR15" RGB  packed(16), "`x:R:G:B` 1:5:5:5";
    XBGR1555 "XB15" RGB  packed(16), "`x:B:G:R` 1:5:5:5";
    RGBX5551 "RX15" RGB  packed(16), "`R:G:B:x` 5:5:5:1";
    BGRX5551 "BX15" RGB  packed(16), "`B:G:R:x` 5:5:5:1";
    ARGB1555 "AR15" RGBA packed(16), "`A:R:G:B` 1:5:5:5";
    ABGR1555 "AB15" RGBA packed(16), "`A:B:G:R` 1:5:5:5";
    RGBA5551 "RA15" RGBA packed(16), "`R:G:B:A` 5:5:5:1";
    BGRA5551 "BA15" RGBA packed(16), "`B:G:R:A` 5:5:5:1";
    RGB565   "RG16" RGB  packed(16), "`R:G:B` 5:6:5";
    BGR565   "BG16" RGB  packed(16), "`B:G:R` 5:6:5";

    // 24 and 32 bits.
    RGB888   "RG24" RGB  packed(24), "`R:G:B` 8:8:8; bytes in memory: B, G, R";
    BGR888   "BG24" RGB  packed(24), "`B:G:R` 8:8:8; bytes in memory: R, G, B";
    XRGB8888 "XR24" RGB  packed(32), "`x:R:G:B` 8:8:8:8; bytes in memory: B, G, R, unused";
    XBGR8888 "XB24" RGB  packed(32), "`x:B:G:R` 8:8:8:8; bytes in memory: R, G, B, unused";
    RGBX8888 "RX24" RGB  packed(32), "`R:G:B:x` 8:8:8:8; bytes in memory: unused, B, G, R";
    BGRX8888 "BX24" RGB  packed(32), "`B:G:R:x` 8:8:8:8; bytes in memory: unused, R, G, B";
    ARGB8888 "AR24" RGBA packed(32), "`A:R:G:B` 8:8:8:8; bytes in memory: B, G, R, A";
    ABGR8888 "AB24" RGBA packed(32), "`A:B:G:R` 8:8:8:8; bytes in memory: R, G, B, A";
    RGBA8888 "RA24" RGBA packed(32), "`R:G:B:A` 8:8:8:8; bytes in memory: A, B, G, R";
    BGRA8888 "BA24" RGBA packed(32), "`B:G:R:A` 8:8:8:8; bytes in memory: A, R, G, B";
    XRGB2101010 "XR30" RGB  packed(32), "`x:R:G:B` 2:10:10:10";
    XBGR2101010 "XB30" RGB  packed(32), "`x:B:G:R` 2:10:10:10";
    RGBX1010102 "RX30" RGB  packed(32), "`R:G:B:x` 10:10:10:2";
    BGRX1010102 "BX30" RGB  packed(32), "`B:G:R:x` 10:10:10:2";
    ARGB2101010 "AR30" RGBA packed(32), "`A:R:G:B` 2:10:10:10";
    ABGR2101010 "AB30" RGBA packed(32), "`A:B:G:R` 2:10:10:10";
    RGBA1010102 "RA30" RGBA packed(32), "`R:G:B:A` 10:10:10:2";
    BGRA1010102 "BA30" RGBA packed(32), "`B:G:R:A` 10:10:10:2";

    // 16 bits per channel, whole numbers.
    RGB161616    "RG48" RGB  packed(48), "`R:G:B` 16:16:16; in memory: B, G, R";
    BGR161616    "BG48" RGB  packed(48), "`B:G:R` 16:16:16; in memory: R, G, B";
    XRGB16161616 "XR48" RGB  packed(64), "`x:R:G:B` 16:16:16:16; in memory: B, G, R, unused";
    XBGR16161616 "XB48" RGB  packed(64), "`x:B:G:R` 16:16:16:16; in memory: R, G, B, unused";
    ARGB16161616 "AR48" RGBA packed(64), "`A:R:G:B` 16:16:16:16; in memory: B, G, R, A";
    ABGR16161616 "AB48" RGBA packed(64), "`A:B:G:R` 16:16:16:16; in memory: R, G, B, A";
    AXBXGXRX106106106106 "AB10" RGBA packed(64), "`A:x:B:x:G:x:R:x` 10:6:10:6:10:6:10:6";

    // Half floats (binary16) and floats (binary32) of IEEE 754.
    R16F          "R  H" RGB  packed(16),  "`R` 16, a half float";
    GR1616F       "GR H" RGB  packed(32),  "`G:R` 16:16, half floats; in memory: R, G";
    BGR161616F    "BGRH" RGB  packed(48),  "`B:G:R` 16:16:16, half floats; in memory: R, G, B";
    XRGB16161616F "XR4H" RGB  packed(64),  "`x:R:G:B` 16:16:16:16, half floats";
    XBGR16161616F "XB4H" RGB  packed(64),  "`x:B:G:R` 16:16:16:16, half floats";
    ARGB16161616F "AR4H" RGBA packed(64),  "`A:R:G:B` 16:16:16:16, half floats";
    ABGR16161616F "AB4H" RGBA packed(64),  "`A:B:G:R` 16:16:16:16, half floats";
    R32F          "R  F" RGB  packed(32),  "`R` 32, a float";
    GR3232F       "GR F" RGB  packed(64),  "`G:R` 32:32, floats; in memory: R, G";
    BGR323232F    "BGRF" RGB  packed(96),  "`B:G:R` 32:32:32, floats; in memory: R, G, B";
    ABGR32323232F "AB8F" RGBA packed(128), "`A:B:G:R` 32:32:32:32, floats; in memory: R, G, B, A";

    // Colours and alpha in planes of their own.
    RGB565_A8   "R5A8" RGBA beside_alpha(16), "`R:G:B` 5:6:5 | `A` 8";
    BGR565_A8   "B5A8" RGBA beside_alpha(16), "`B:G:R` 5:6:5 | `A` 8";
    RGB888_A8   "R8A8" RGBA beside_alpha(24), "`R:G:B` 8:8:8 | `A` 8";
    BGR888_A8   "B8A8" RGBA beside_alpha(24), "`B:G:R` 8:8:8 | `A` 8";
    XRGB8888_A8 "XRA8" RGBA beside_alpha(32), "`x:R:G:B` 8:8:8:8 | `A` 8";
    XBGR8888_A8 "XBA8" RGBA beside_alpha(32), "`x:B:G:R` 8:8:8:8 | `A` 8";
    RGBX8888_A8 "RXA8" RGBA beside_alpha(32), "`R:G:B:x` 8:8:8:8 | `A` 8";
    BGRX8888_A8 "BXA8" RGBA beside_alpha(32), "`B:G:R:x` 8:8:8:8 | `A` 8";

    // Luma alone.
    Y8          "GREY" YUV packed(8),      "`Y` 8";
    XYYY2101010 "YPA4" YUV grouped(32, 3), "`x:Y2:Y1:Y0` 2:10:10:10, three pixels in a word";

    // 4:2:2 in one plane: two pixels in a word.
    YUYV "YUYV" YUV grouped(32, 2), "`Cr0:Y1:Cb0:Y0` 8:8:8:8; bytes in memory: Y, Cb, Y, Cr";
    YVYU "YVYU" YUV grouped(32, 2), "`Cb0:Y1:Cr0:Y0` 8:8:8:8; bytes in memory: Y, Cr, Y, Cb";
    UYVY "UYVY" YUV grouped(32, 2), "`Y1:Cr0:Y0:Cb0` 8:8:8:8; bytes in memory: Cb, Y, Cr, Y";
    VYUY "VYUY" YUV grouped(32, 2), "`Y1:Cb0:Y0:Cr0` 8:8:8:8; bytes in memory: Cr, Y, Cb, Y";
    Y210 "Y210" YUV grouped(64, 2), "`Cr0:0:Y1:0:Cb0:0:Y0:0` 10:6:10:6:10:6:10:6";
    Y212 "Y212" YUV grouped(64, 2), "`Cr0:0:Y1:0:Cb0:0:Y0:0` 12:4:12:4:12:4:12:4";
    Y216 "Y216" YUV grouped(64, 2), "`Cr0:Y1:Cb0:Y0` 16:16:16:16";

    // 4:4:4 in one plane.
    VUY888      "VU24" YUV  packed(24), "`Cr:Cb:Y` 8:8:8; bytes in memory: Y, Cb, Cr";
    AYUV        "AYUV" YUVA packed(32), "`A:Y:Cb:Cr` 8:8:8:8; bytes in memory: Cr, Cb, Y, A";
    XYUV8888    "XYUV" YUV  packed(32), "`x:Y:Cb:Cr` 8:8:8:8; bytes in memory: Cr, Cb, Y, unused";
    AVUY8888    "AVUY" YUVA packed(32), "`A:Cr:Cb:Y` 8:8:8:8; bytes in memory: Y, Cb, Cr, A";
    XVUY8888    "XVUY" YUV  packed(32), "`x:Cr:Cb:Y` 8:8:8:8; bytes in memory: Y, Cb, Cr, unused";
    XVUY2101010 "XY30" YUV  packed(32), "`x:Cr:Cb:Y` 2:10:10:10";
    Y410        "Y410" YUVA packed(32), "`A:Cr:Y:Cb` 2:10:10:10";
    Y412        "Y412" YUVA packed(64), "`A:0:Cr:0:Y:0:Cb:0` 12:4:12:4:12:4:12:4";
    Y416        "Y416" YUVA packed(64), "`A:Cr:Y:Cb` 16:16:16:16";
    XVYU2101010 "XV30" YUV  packed(32), "`x:Cr:Y:Cb` 2:10:10:10";
    XVYU12_16161616 "XV36" YUV packed(64), "`x:0:Cr:0:Y:0:Cb:0` 12:4:12:4:12:4:12:4";
    XVYU16161616    "XV48" YUV packed(64), "`x:Cr:Y:Cb` 16:16:16:16";

    // A plane of luma and one of chroma.
    NV12 "NV12" YUV semi_planar(8, [2, 2]),  "4:2:0, `Y` 8 | `Cr:Cb` 8:8; bytes in memory: Cb, Cr";
    NV21 "NV21" YUV semi_planar(8, [2, 2]),  "4:2:0, `Y` 8 | `Cb:Cr` 8:8; bytes in memory: Cr, Cb";
    NV16 "NV16" YUV semi_planar(8, [2, 1]),  "4:2:2, `Y` 8 | `Cr:Cb` 8:8; bytes in memory: Cb, Cr";
    NV61 "NV61" YUV semi_planar(8, [2, 1]),  "4:2:2, `Y` 8 | `Cb:Cr` 8:8; bytes in memory: Cr, Cb";
    NV24 "NV24" YUV semi_planar(8, [1, 1]),  "4:4:4, `Y` 8 | `Cr:Cb` 8:8; bytes in memory: Cb, Cr";
    NV42 "NV42" YUV semi_planar(8, [1, 1]),  "4:4:4, `Y` 8 | `Cb:Cr` 8:8; bytes in memory: Cr, Cb";
    P010 "P010" YUV semi_planar(16, [2, 2]), "4:2:0, `Y:x` 10:6 | `Cr:x:Cb:x` 10:6:10:6";
    P012 "P012" YUV semi_planar(16, [2, 2]), "4:2:0, `Y:x` 12:4 | `Cr:x:Cb:x` 12:4:12:4";
    P016 "P016" YUV semi_planar(16, [2, 2]), "4:2:0, `Y` 16 | `Cr:Cb` 16:16";
    P210 "P210" YUV semi_planar(16, [2, 1]), "4:2:2, `Y:x` 10:6 | `Cr:x:Cb:x` 10:6:10:6";
    NV15 "NV15" YUV dense([2, 2]), "4:2:0, `Y3:Y2:Y1:Y0` | `Cr1:Cb1:Cr0:Cb0` 10:10:10:10";
    NV20 "NV20" YUV dense([2, 1]), "4:2:2, `Y3:Y2:Y1:Y0` | `Cr1:Cb1:Cr0:Cb0` 10:10:10:10";
    NV30 "NV30" YUV dense([1, 1]), "4:4:4, `Y3:Y2:Y1:Y0` | `Cr1:Cb1:Cr0:Cb0` 10:10:10:10";
    P030 "P030" YUV in_threes([2, 2]), "4:2:0, three 10-bit samples in 4 bytes | three pairs in 8";
    P230 "P230" YUV in_threes([2, 1]), "4:2:2, three 10-bit samples in 4 bytes | three pairs in 8";

    // Three planes: luma, then blue-difference, then red-difference; the other way round in `YV`
    // and `Q401`.
    YUV410 "YUV9" YUV planar(8, [4, 4]), "chroma for 4x4 pixels, `Y` 8 | `Cb` 8 | `Cr` 8";
    YVU410 "YVU9" YUV planar(8, [4, 4]), "chroma for 4x4 pixels, `Y` 8 | `Cr` 8 | `Cb` 8";
    YUV411 "YU11" YUV planar(8, [4, 1]), "4:1:1, `Y` 8 | `Cb` 8 | `Cr` 8";
    YVU411 "YV11" YUV planar(8, [4, 1]), "4:1:1, `Y` 8 | `Cr` 8 | `Cb` 8";
    YUV420 "YU12" YUV planar(8, [2, 2]), "4:2:0, `Y` 8 | `Cb` 8 | `Cr` 8";
    YVU420 "YV12" YUV planar(8, [2, 2]), "4:2:0, `Y` 8 | `Cr` 8 | `Cb` 8";
    YUV422 "YU16" YUV planar(8, [2, 1]), "4:2:2, `Y` 8 | `Cb` 8 | `Cr` 8";
    YVU422 "YV16" YUV planar(8, [2, 1]), "4:2:2, `Y` 8 | `Cr` 8 | `Cb` 8";
    YUV444 "YU24" YUV planar(8, [1, 1]), "4:4:4, `Y` 8 | `Cb` 8 | `Cr` 8";
    YVU444 "YV24" YUV planar(8, [1, 1]), "4:4:4, `Y` 8 | `Cr` 8 | `Cb` 8";
    S010 "S010" YUV planar(16, [2, 2]), "4:2:0, `0:Y` 6:10 | `0:Cb` 6:10 | `0:Cr` 6:10";
    S210 "S210" YUV planar(16, [2, 1]), "4:2:2, `0:Y` 6:10 | `0:Cb` 6:10 | `0:Cr` 6:10";
    S410 "S410" YUV planar(16, [1, 1]), "4:4:4, `0:Y` 6:10 | `0:Cb` 6:10 | `0:Cr` 6:10";
    S012 "S012" YUV planar(16, [2, 2]), "4:2:0, `0:Y` 4:12 | `0:Cb` 4:12 | `0:Cr` 4:12";
    S212 "S212" YUV planar(16, [2, 1]), "4:2:2, `0:Y` 4:12 | `0:Cb` 4:12 | `0:Cr` 4:12";
    S412 "S412" YUV planar(16, [1, 1]), "4:4:4, `0:Y` 4:12 | `0:Cb` 4:12 | `0:Cr` 4:12";
    S016 "S016" YUV planar(16, [2, 2]), "4:2:0, `Y` 16 | `Cb` 16 | `Cr` 16";
    S216 "S216" YUV planar(16, [2, 1]), "4:2:2, `Y` 16 | `Cb` 16 | `Cr` 16";
    S416 "S416" YUV planar(16, [1, 1]), "4:4:4, `Y` 16 | `Cb` 16 | `Cr` 16";
    Q410 "Q410" YUV planar(16, [1, 1]), "4:4:4, `Y:x` 10:6 | `Cb:x` 10:6 | `Cr:x` 10:6";
    Q401 "Q401" YUV planar(16, [1, 1]), "4:4:4, `Y:x` 10:6 | `Cr:x` 10:6 | `Cb:x` 10:6";
    T430 "T430" YUV [word(32, 3); 3],   "4:4:4, `Y` | `Cb` | `Cr`, three 10-bit samples in 4 bytes";

    // No linear arrangement: only with a vendor's modifier.
    VUY101010    "VU30" YUV opaque(), "4:4:4, 10 bits per channel, with a vendor's modifier only";
    YUV420_8BIT  "YU08" YUV opaque(), "4:2:0, 8 bits per channel, with a vendor's modifier only";
    YUV420_10BIT "YU10" YUV opaque(), "4:2:0, 10 bits per channel, with a vendor's modifier only";
}

/// The code of each layout and its place among [`LAYOUTS`], in the order of the codes.
pub(in crate::format) static BY_CODE: [(u32, usize); LAYOUTS.len()] = by_code();

/// Sorts by insertion, which is what the compiler can do.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "the compiler runs it, and would say so"
)]
const fn by_code() -> [(u32, usize); LAYOUTS.len()] {
    let mut sorted = [(0, 0); LAYOUTS.len()];
    let mut known = 0;
    while known < LAYOUTS.len() {
        let next = (LAYOUTS[known].fourcc.0, known);
        let mut place = known;
        while place > 0 && sorted[place - 1].0 > next.0 {
            sorted[place] = sorted[place - 1];
            place -= 1;
        }
        sorted[place] = next;
        known += 1;
    }
    sorted
}

#[cfg(test)]
mod tests;
