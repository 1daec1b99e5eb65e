//! The formats of Mesa 26 and the rest of luma and chroma, each with the words of its planes as `drm_fourcc.h` (Linux 7.2) writes
//! them in the comment beside its definition.

use super::notation::Channel;
use super::notation::Word;
use super::number;

/// How the fields of a colour format are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// As fractions of the largest number, 0 to 1.
    Normalized,
    /// As half floats where they have 16 bits, as floats where they have 32.
    Floating,
}

/// What `drm_fourcc.h` says about a format.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) code: &'static str,
    pub(super) numbers: Numbers,
    /// Pixels, across and down, that share a sample of chroma.
    pub(super) chroma: [u32; 2],
    planes: &'static [&'static str],
}

use Numbers::Floating;
use Numbers::Normalized;

macro_rules! formats {
    ($($code:literal $numbers:ident $chroma:tt $planes:tt)*) => {
        &[$(Format { code: $code, numbers: $numbers, chroma: $chroma, planes: &$planes }),*]
    };
}

pub(super) static FORMATS: &[Format] = formats! {
    // 8 bpp Red, 16 bpp Red, 16 bpp RG, 32 bpp RG
    "R8  " Normalized [1, 1] ["R 8"]
    "R16 " Normalized [1, 1] ["R 16"]
    "GR88" Normalized [1, 1] ["G:R 8:8"]
    "GR32" Normalized [1, 1] ["G:R 16:16"]

    // 16 bpp RGB
    "AR12" Normalized [1, 1] ["A:R:G:B 4:4:4:4"]
    "AB12" Normalized [1, 1] ["A:B:G:R 4:4:4:4"]
    "AR15" Normalized [1, 1] ["A:R:G:B 1:5:5:5"]
    "AB15" Normalized [1, 1] ["A:B:G:R 1:5:5:5"]
    "RG16" Normalized [1, 1] ["R:G:B 5:6:5"]

    // 32 bpp RGB
    "XR24" Normalized [1, 1] ["x:R:G:B 8:8:8:8"]
    "XB24" Normalized [1, 1] ["x:B:G:R 8:8:8:8"]
    "RX24" Normalized [1, 1] ["R:G:B:x 8:8:8:8"]
    "BX24" Normalized [1, 1] ["B:G:R:x 8:8:8:8"]
    "AR24" Normalized [1, 1] ["A:R:G:B 8:8:8:8"]
    "AB24" Normalized [1, 1] ["A:B:G:R 8:8:8:8"]
    "RA24" Normalized [1, 1] ["R:G:B:A 8:8:8:8"]
    "BA24" Normalized [1, 1] ["B:G:R:A 8:8:8:8"]
    "XR30" Normalized [1, 1] ["x:R:G:B 2:10:10:10"]
    "XB30" Normalized [1, 1] ["x:B:G:R 2:10:10:10"]
    "AR30" Normalized [1, 1] ["A:R:G:B 2:10:10:10"]
    "AB30" Normalized [1, 1] ["A:B:G:R 2:10:10:10"]

    // 64 bpp RGB
    "XB48" Normalized [1, 1] ["x:B:G:R 16:16:16:16"]
    "AB48" Normalized [1, 1] ["A:B:G:R 16:16:16:16"]

    // Half-Floating point - 16b/component
    "XB4H" Floating [1, 1] ["x:B:G:R 16:16:16:16"]
    "AB4H" Floating [1, 1] ["A:B:G:R 16:16:16:16"]
    "R  H" Floating [1, 1] ["R 16"]
    "GR H" Floating [1, 1] ["G:R 16:16"]

    // Floating point - 32b/component
    "R  F" Floating [1, 1] ["R 32"]
    "GR F" Floating [1, 1] ["G:R 32:32"]
    "BGRF" Floating [1, 1] ["B:G:R 32:32:32"]
    "AB8F" Floating [1, 1] ["A:B:G:R 32:32:32:32"]

    // packed YCbCr
    "YUYV" Normalized [2, 1] ["Cr0:Y1:Cb0:Y0 8:8:8:8"]
    "YVYU" Normalized [2, 1] ["Cb0:Y1:Cr0:Y0 8:8:8:8"]
    "UYVY" Normalized [2, 1] ["Y1:Cr0:Y0:Cb0 8:8:8:8"]
    "VYUY" Normalized [2, 1] ["Y1:Cb0:Y0:Cr0 8:8:8:8"]
    "AYUV" Normalized [1, 1] ["A:Y:Cb:Cr 8:8:8:8"]
    "XYUV" Normalized [1, 1] ["X:Y:Cb:Cr 8:8:8:8"]

    // packed Y2xx indicate for each component, xx valid data occupy msb, 16-xx padding occupy lsb
    "Y210" Normalized [2, 1] ["Cr0:0:Y1:0:Cb0:0:Y0:0 10:6:10:6:10:6:10:6"]
    "Y212" Normalized [2, 1] ["Cr0:0:Y1:0:Cb0:0:Y0:0 12:4:12:4:12:4:12:4"]
    "Y216" Normalized [2, 1] ["Cr0:Y1:Cb0:Y0 16:16:16:16"]

    // packed Y4xx indicate for each component, xx valid data occupy msb, 16-xx padding occupy lsb
    // except Y410
    "Y410" Normalized [1, 1] ["A:Cr:Y:Cb 2:10:10:10"]
    "Y412" Normalized [1, 1] ["A:0:Cr:0:Y:0:Cb:0 12:4:12:4:12:4:12:4"]
    "Y416" Normalized [1, 1] ["A:Cr:Y:Cb 16:16:16:16"]

    // 2 plane YCbCr: index 0 = Y plane, [7:0] Y; index 1 = Cr:Cb plane, [15:0] Cr:Cb little endian,
    // or Cb:Cr plane, [15:0] Cb:Cr little endian
    "NV12" Normalized [2, 2] ["Y 8", "Cr:Cb 8:8"]
    "NV21" Normalized [2, 2] ["Y 8", "Cb:Cr 8:8"]
    "NV16" Normalized [2, 1] ["Y 8", "Cr:Cb 8:8"]
    "NV61" Normalized [2, 1] ["Y 8", "Cb:Cr 8:8"]
    "NV24" Normalized [1, 1] ["Y 8", "Cr:Cb 8:8"]
    "NV42" Normalized [1, 1] ["Y 8", "Cb:Cr 8:8"]

    // 2 plane YCbCr: index 0 = Y plane, [39:0] Y3:Y2:Y1:Y0 little endian; index 1 = Cr:Cb plane,
    // [39:0] Cr1:Cb1:Cr0:Cb0 little endian
    "NV15" Normalized [2, 2] ["Y3:Y2:Y1:Y0 10:10:10:10", "Cr1:Cb1:Cr0:Cb0 10:10:10:10"]
    "NV20" Normalized [2, 1] ["Y3:Y2:Y1:Y0 10:10:10:10", "Cr1:Cb1:Cr0:Cb0 10:10:10:10"]

    // 2 plane YCbCr MSB aligned: [15:0] Y:x [10:6]; [31:0] Cr:x:Cb:x [10:6:10:6]; for P012 12:4
    "P010" Normalized [2, 2] ["Y:x 10:6", "Cr:x:Cb:x 10:6:10:6"]
    "P012" Normalized [2, 2] ["Y:x 12:4", "Cr:x:Cb:x 12:4:12:4"]
    "P016" Normalized [2, 2] ["Y 16", "Cr:Cb 16:16"]

    // 2 plane YCbCr420. 3 10 bit components and 2 padding bits packed into 4 bytes.
    "P030" Normalized [2, 2] [
        "x:Y2:Y1:Y0 2:10:10:10",
        "x:Cr2:Cb2:Cr1:x:Cb1:Cr0:Cb0 2:10:10:10:2:10:10:10"
    ]

    // 3 plane YCbCr LSB aligned; the padding must only contain zeros
    "S010" Normalized [2, 2] ["z:Y 6:10", "z:Cb 6:10", "z:Cr 6:10"]
    "S210" Normalized [2, 1] ["z:Y 6:10", "z:Cb 6:10", "z:Cr 6:10"]
    "S410" Normalized [1, 1] ["z:Y 6:10", "z:Cb 6:10", "z:Cr 6:10"]
    "S012" Normalized [2, 2] ["z:Y 4:12", "z:Cb 4:12", "z:Cr 4:12"]
    "S212" Normalized [2, 1] ["z:Y 4:12", "z:Cb 4:12", "z:Cr 4:12"]
    "S412" Normalized [1, 1] ["z:Y 4:12", "z:Cb 4:12", "z:Cr 4:12"]
    "S016" Normalized [2, 2] ["Y 16", "Cb 16", "Cr 16"]
    "S216" Normalized [2, 1] ["Y 16", "Cb 16", "Cr 16"]
    "S416" Normalized [1, 1] ["Y 16", "Cb 16", "Cr 16"]

    // 3 plane YCbCr: index 0: Y plane, [7:0] Y; index 1: Cb plane; index 2: Cr plane; or
    // index 1: Cr plane; index 2: Cb plane
    "YUV9" Normalized [4, 4] ["Y 8", "Cb 8", "Cr 8"]
    "YVU9" Normalized [4, 4] ["Y 8", "Cr 8", "Cb 8"]
    "YU11" Normalized [4, 1] ["Y 8", "Cb 8", "Cr 8"]
    "YV11" Normalized [4, 1] ["Y 8", "Cr 8", "Cb 8"]
    "YU12" Normalized [2, 2] ["Y 8", "Cb 8", "Cr 8"]
    "YV12" Normalized [2, 2] ["Y 8", "Cr 8", "Cb 8"]
    "YU16" Normalized [2, 1] ["Y 8", "Cb 8", "Cr 8"]
    "YV16" Normalized [2, 1] ["Y 8", "Cr 8", "Cb 8"]
    "YU24" Normalized [1, 1] ["Y 8", "Cb 8", "Cr 8"]
    "YV24" Normalized [1, 1] ["Y 8", "Cr 8", "Cb 8"]

    // What Mesa 26 does not list: luma alone, packed, semi-planar and planar
    "GREY" Normalized [1, 1] ["Y 8"]
    "YPA4" Normalized [1, 1] ["x:Y2:Y1:Y0 2:10:10:10"]
    "VU24" Normalized [1, 1] ["Cr:Cb:Y 8:8:8"]
    "AVUY" Normalized [1, 1] ["A:Cr:Cb:Y 8:8:8:8"]
    "XVUY" Normalized [1, 1] ["X:Cr:Cb:Y 8:8:8:8"]
    "XY30" Normalized [1, 1] ["X:Cr:Cb:Y 2:10:10:10"]
    "XV30" Normalized [1, 1] ["X:Cr:Y:Cb 2:10:10:10"]
    "XV36" Normalized [1, 1] ["X:0:Cr:0:Y:0:Cb:0 12:4:12:4:12:4:12:4"]
    "XV48" Normalized [1, 1] ["X:Cr:Y:Cb 16:16:16:16"]
    "P210" Normalized [2, 1] ["Y:x 10:6", "Cr:x:Cb:x 10:6:10:6"]
    "NV30" Normalized [1, 1] ["Y3:Y2:Y1:Y0 10:10:10:10", "Cr1:Cb1:Cr0:Cb0 10:10:10:10"]
    "P230" Normalized [2, 1] [
        "x:Y2:Y1:Y0 2:10:10:10",
        "x:Cr2:Cb2:Cr1:x:Cb1:Cr0:Cb0 2:10:10:10:2:10:10:10"
    ]
    "Q410" Normalized [1, 1] ["Y:x 10:6", "Cb:x 10:6", "Cr:x 10:6"]
    "Q401" Normalized [1, 1] ["Y:x 10:6", "Cr:x 10:6", "Cb:x 10:6"]
    "T430" Normalized [1, 1] [
        "x:Y2:Y1:Y0 2:10:10:10",
        "x:Cb2:Cb1:Cb0 2:10:10:10",
        "x:Cr2:Cr1:Cr0 2:10:10:10"
    ]
};

/// What cameras have besides.
static CAMERA_FORMATS: &[Format] = formats! {
    "RGB8" Normalized [1, 1] ["R:G:B 3:3:2"]
    "XR12" Normalized [1, 1] ["x:R:G:B 4:4:4:4"]
    "XB12" Normalized [1, 1] ["x:B:G:R 4:4:4:4"]
    "RX12" Normalized [1, 1] ["R:G:B:x 4:4:4:4"]
    "BX12" Normalized [1, 1] ["B:G:R:x 4:4:4:4"]
    "RA12" Normalized [1, 1] ["R:G:B:A 4:4:4:4"]
    "BA12" Normalized [1, 1] ["B:G:R:A 4:4:4:4"]
    "XR15" Normalized [1, 1] ["x:R:G:B 1:5:5:5"]
    "XB15" Normalized [1, 1] ["x:B:G:R 1:5:5:5"]
    "RX15" Normalized [1, 1] ["R:G:B:x 5:5:5:1"]
    "BX15" Normalized [1, 1] ["B:G:R:x 5:5:5:1"]
    "RA15" Normalized [1, 1] ["R:G:B:A 5:5:5:1"]
    "BA15" Normalized [1, 1] ["B:G:R:A 5:5:5:1"]
    "RG24" Normalized [1, 1] ["R:G:B 8:8:8"]
    "BG24" Normalized [1, 1] ["B:G:R 8:8:8"]
    "VU24" Normalized [1, 1] ["Cr:Cb:Y 8:8:8"]
    "AVUY" Normalized [1, 1] ["A:Cr:Cb:Y 8:8:8:8"]
    "XVUY" Normalized [1, 1] ["X:Cr:Cb:Y 8:8:8:8"]
    "GREY" Normalized [1, 1] ["Y 8"]
};

impl Format {
    pub(super) fn of(fourcc: u32) -> &'static Self {
        FORMATS
            .iter()
            .chain(CAMERA_FORMATS)
            .find(|format| format.fourcc() == fourcc)
            .unwrap_or_else(|| panic!("the oracle does not know format {fourcc:#010x}"))
    }

    /// `fourcc_code(a, b, c, d)`.
    pub(super) fn fourcc(&self) -> u32 {
        u32::from_le_bytes(self.code.as_bytes().try_into().expect("four characters"))
    }

    /// The words of its planes.
    pub(super) fn words(&self) -> impl Iterator<Item = Word> {
        self.planes.iter().map(|plane| Word::parse(plane))
    }

    /// Pixels, across and down, that share a sample of a channel.
    pub(super) fn sharing(&self, channel: Channel) -> [u32; 2] {
        if channel.is_chroma() { self.chroma } else { [1, 1] }
    }

    /// How many words a plane has for an image of this size, across and down.
    pub(super) fn words_in(&self, word: &Word, [width, height]: [u32; 2]) -> [u32; 2] {
        let channel = if word.is_chroma() { Channel::Cb } else { Channel::Y };
        let [horizontal, vertical] = self.sharing(channel);
        let samples = width.div_ceil(horizontal);
        [samples.div_ceil(word.samples_of(channel)), height.div_ceil(vertical)]
    }
}

impl Numbers {
    pub(super) fn code(self, value: f64, bits: u32) -> u128 {
        match (self, bits) {
            (Self::Normalized, _) => number::whole(value * number::largest(bits), bits),
            (Self::Floating, 16) => number::half(value),
            (Self::Floating, _) => number::float(value),
        }
    }

    pub(super) fn value(self, code: u128, bits: u32) -> f64 {
        match (self, bits) {
            (Self::Normalized, _) => number::real(code) / number::largest(bits),
            (Self::Floating, 16) => number::from_half(code),
            (Self::Floating, _) => number::from_float(code),
        }
    }

    /// By how much rounding changes a number from 0 to 1 at most.
    pub(super) fn rounding(self, bits: u32) -> f64 {
        match (self, bits) {
            (Self::Normalized, _) => 0.5 / number::largest(bits),
            (Self::Floating, 16) => (-12_f64).exp2(),
            (Self::Floating, _) => (-25_f64).exp2(),
        }
    }
}
