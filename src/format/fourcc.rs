//! The pixel format code of `drm_fourcc.h`.

use std::fmt;
use std::str::FromStr;

use drm_fourcc::DrmFourcc;

use crate::format::Layout;

/// A pixel format: four ASCII characters in a `u32`, little end first.
///
/// The type is open. A code that this crate has never heard of is kept, compared and printed like
/// any other; only operations that must know the arrangement of its bytes refuse it
/// (see [`Fourcc::layout`]).
///
/// The letters name the channels from the most significant bit down, in a little-endian word:
/// `AR24` (`ARGB8888`) has blue in the first byte.
///
/// ```
/// use dmashare::format::Fourcc;
///
/// assert_eq!(Fourcc::ARGB8888.to_string(), "AR24");
/// assert_eq!("NV12".parse(), Ok(Fourcc::NV12));
/// assert_eq!(Fourcc(0x0102_0304).to_string(), "0x01020304");
/// assert!(Fourcc(0x0102_0304).layout().is_none());
/// ```
///
/// Spec: `drm_fourcc.h`, `fourcc_code()`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
#[doc(alias = "DRM_FORMAT")]
pub struct Fourcc(pub u32);

/// One public constant per line: the kernel's name, its code, and where the channels are.
macro_rules! fourccs {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl Fourcc {
            $($(#[$doc])* pub const $name: Self = Self::from_code($code);)*
        }
    };
}

fourccs! {
    /// 8 bits per channel; bytes in memory: B, G, R, A.
    ARGB8888 = b"AR24";
    /// 8 bits per channel; bytes in memory: B, G, R, unused.
    XRGB8888 = b"XR24";
    /// 8 bits per channel; bytes in memory: R, G, B, A.
    ABGR8888 = b"AB24";
    /// 8 bits per channel; bytes in memory: R, G, B, unused.
    XBGR8888 = b"XB24";
    /// 2 bits of alpha, then R, G, B of 10 bits, from the top bit down.
    ARGB2101010 = b"AR30";
    /// 2 unused bits, then R, G, B of 10 bits, from the top bit down.
    XRGB2101010 = b"XR30";
    /// 2 bits of alpha, then B, G, R of 10 bits, from the top bit down.
    ABGR2101010 = b"AB30";
    /// 16 bits: R 5, G 6, B 5, from the top bit down.
    RGB565 = b"RG16";
    /// Half floats; in memory: R, G, B, A.
    ABGR16161616F = b"AB4H";
    /// 16 bits per channel; in memory: R, G, B, A.
    ABGR16161616 = b"AB48";
    /// One channel of 8 bits.
    R8 = b"R8  ";
    /// One channel of 16 bits.
    R16 = b"R16 ";
    /// Two channels of 8 bits; bytes in memory: R, G.
    GR88 = b"GR88";
    /// Two channels of 16 bits; in memory: R, G.
    GR1616 = b"GR32";
    /// 4:2:0, two planes: Y, then interleaved Cb, Cr.
    NV12 = b"NV12";
    /// 4:2:0, two planes: Y, then interleaved Cr, Cb.
    NV21 = b"NV21";
    /// 4:2:0, two planes of 16-bit words whose upper 10 bits count: Y, then Cb, Cr.
    P010 = b"P010";
    /// 4:2:0, three planes: Y, Cb, Cr.
    YUV420 = b"YU12";
    /// 4:2:0, three planes: Y, Cr, Cb.
    YVU420 = b"YV12";
    /// 4:2:2, packed; bytes in memory: Y, Cb, Y, Cr.
    YUYV = b"YUYV";
    /// 4:2:2, packed; bytes in memory: Cb, Y, Cr, Y.
    UYVY = b"UYVY";
    /// 4:4:4, packed with alpha; bytes in memory: Cr, Cb, Y, A.
    AYUV = b"AYUV";
}

impl Fourcc {
    /// The code made of four characters, as `fourcc_code(a, b, c, d)` makes it.
    pub const fn from_code(code: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*code))
    }

    /// The arrangement of its bytes, or `None` for a code that this crate does not know.
    pub fn layout(self) -> Option<&'static Layout> {
        Layout::of(self)
    }

    /// The kernel's name without its prefix (`ARGB8888`), where this crate or `drm-fourcc`
    /// knows one.
    pub fn name(self) -> Option<&'static str> {
        self.layout().map(Layout::name)
    }

    /// Its four characters, if all of them can be printed.
    fn printable(self) -> Option<[u8; 4]> {
        let bytes = self.0.to_le_bytes();
        bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ').then_some(bytes)
    }
}

impl fmt::Display for Fourcc {
    /// The characters without trailing blanks (`AR24`, `R8`), or the number when they cannot be
    /// printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.printable() {
            Some(bytes) => f.pad(String::from_utf8_lossy(&bytes).trim_end()),
            None => f.pad(&format!("{:#010x}", self.0)),
        }
    }
}

impl fmt::Debug for Fourcc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fourcc({self})")
    }
}

/// The text is no format code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no format code: expected up to four characters such as AR24, or 0x34325241")]
pub struct ParseFourccError {
    text: String,
}

impl FromStr for Fourcc {
    type Err = ParseFourccError;

    /// Reads what [`Display`](fmt::Display) writes: one to four characters (filled up with
    /// blanks), or a hexadecimal number after `0x`. The kernel's names (`ARGB8888`) are understood
    /// as well.
    fn from_str(text: &str) -> Result<Self, ParseFourccError> {
        let refused = || ParseFourccError { text: text.to_owned() };
        if let Some(digits) = text.strip_prefix("0x") {
            return u32::from_str_radix(digits, 16).map(Self).map_err(|_source| refused());
        }
        if let Some(layout) = Layout::by_name(text) {
            return Ok(layout.fourcc());
        }
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > 4 || !bytes.iter().all(|b| (b' '..0x7f).contains(b)) {
            return Err(refused());
        }
        let mut code = [b' '; 4];
        for (to, from) in code.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(Self::from_code(&code))
    }
}

impl From<DrmFourcc> for Fourcc {
    fn from(format: DrmFourcc) -> Self {
        Self(format as u32)
    }
}

impl TryFrom<Fourcc> for DrmFourcc {
    type Error = drm_fourcc::UnrecognizedFourcc;

    /// Fails for the formats that are newer than `drm-fourcc`, whose list is closed.
    fn try_from(fourcc: Fourcc) -> Result<Self, Self::Error> {
        Self::try_from(fourcc.0)
    }
}
