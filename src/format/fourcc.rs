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

impl Fourcc {
    /// The code made of four characters, as `fourcc_code(a, b, c, d)` makes it.
    pub const fn from_code(code: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*code))
    }

    /// The arrangement of its bytes, or `None` for a code that this crate does not know.
    pub fn layout(self) -> Option<&'static Layout> {
        Layout::of(self)
    }

    /// The kernel's name without its prefix (`ARGB8888`), where this crate knows the format.
    pub fn name(self) -> Option<&'static str> {
        self.layout().map(Layout::name)
    }

    /// Its characters without trailing blanks, if they can be printed and no reader would take
    /// them for a number or for the name of another format.
    fn text(self) -> Option<String> {
        let bytes = self.0.to_le_bytes();
        let text = std::str::from_utf8(&bytes).ok()?.trim_end_matches(' ');
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let ambiguous = text.is_empty()
            || text.starts_with("0x")
            || Layout::by_name(text).is_some_and(|named| named.fourcc() != self);
        (printable && !ambiguous).then(|| text.to_owned())
    }
}

impl fmt::Display for Fourcc {
    /// The characters without trailing blanks (`AR24`, `R8`), or the number when they cannot be
    /// printed or would be read as something else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.pad(&text),
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

#[cfg(test)]
mod tests {
    use drm_fourcc::DrmFourcc;
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use crate::format::Fourcc;
    use crate::format::Layout;

    #[test]
    fn display_of_printable_codes_is_their_text() {
        let cases = [
            (Fourcc::ARGB8888, "AR24"),
            (Fourcc::R8, "R8"),
            (Fourcc::R16F, "R  H"),
            (Fourcc(0), "0x00000000"),
            (Fourcc(0x3432_5258 | 1 << 31), "0xb4325258"),
            (Fourcc::from_code(b"    "), "0x20202020"),
            (Fourcc::from_code(b"0x12"), "0x32317830"),
            (Fourcc::from_code(b"R16F"), "0x46363152"),
        ];
        for (fourcc, text) in cases {
            assert_eq!(fourcc.to_string(), text);
        }
        assert_eq!(format!("{:>6}|{:<6}|", Fourcc::R8, Fourcc(1)), "    R8|0x00000001|");
    }

    #[test]
    fn parse_of_texts_that_are_no_code_is_refused() {
        for text in ["", "0x", "0xg", "0x100000000", "AR 24", "ARGB888", "é", "A\n"] {
            let error = text.parse::<Fourcc>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("{text:?} is no format code")));
        }
    }

    #[test]
    fn parse_of_every_name_gives_its_format() {
        for layout in Layout::all() {
            assert_eq!(layout.name().parse(), Ok(layout.fourcc()), "{}", layout.name());
            assert_eq!(layout.fourcc().name(), Some(layout.name()));
        }
    }

    #[test]
    fn conversion_of_codes_newer_than_drm_fourcc_fails() {
        assert_eq!(Fourcc::from(DrmFourcc::Nv12), Fourcc::NV12);
        assert_eq!(DrmFourcc::try_from(Fourcc::NV12), Ok(DrmFourcc::Nv12));
        assert!(DrmFourcc::try_from(Fourcc::P030).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 4 } else { 2048 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn parse_of_display_is_the_same_code(code in any::<u32>()) {
            prop_assert_eq!(Fourcc(code).to_string().parse(), Ok(Fourcc(code)));
        }

        #[test]
        fn parse_of_display_is_the_same_printable_code(text in "[ -~]{4}") {
            let fourcc = Fourcc::from_code(text.as_bytes().try_into().unwrap());
            prop_assert_eq!(fourcc.to_string().parse(), Ok(fourcc));
        }

        #[test]
        fn parse_of_any_text_does_not_panic(text in ".{0,8}") {
            let _parsed = text.parse::<Fourcc>();
        }
    }
}
