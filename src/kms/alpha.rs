//! What becomes of an image's alpha.

use crate::format::Fourcc;
use crate::format::Layout;

/// What becomes of an image's alpha when it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Alpha {
    /// It blends the image with what is below it, as far as the plane can.
    #[default]
    Blend,
    /// It is passed over: an image of `AR24` is shown as one of `XR24`, which is the same bytes.
    /// Primary planes often list formats without alpha alone, and nothing is below them.
    Ignore,
}

impl Alpha {
    /// The format to show an image of this format as; `None` if its alpha cannot be passed over.
    ///
    /// ```
    /// use dmashare::format::Fourcc;
    /// use dmashare::kms::Alpha;
    ///
    /// assert_eq!(Alpha::Ignore.shown_as(Fourcc::ARGB8888), Some(Fourcc::XRGB8888));
    /// assert_eq!(Alpha::Blend.shown_as(Fourcc::ARGB8888), Some(Fourcc::ARGB8888));
    /// assert_eq!(Alpha::Ignore.shown_as(Fourcc::NV12), Some(Fourcc::NV12));
    /// ```
    pub fn shown_as(self, fourcc: Fourcc) -> Option<Fourcc> {
        match (self, fourcc.layout()) {
            (Self::Blend, _) | (Self::Ignore, None) => Some(fourcc),
            (Self::Ignore, Some(layout)) if !layout.has_alpha() => Some(fourcc),
            (Self::Ignore, Some(layout)) => opaque(layout),
        }
    }
}

/// The format with the same bytes whose alpha bits are unused.
fn opaque(layout: &Layout) -> Option<Fourcc> {
    let name = layout.name().replacen('A', "X", 1);
    let opaque = Layout::all().iter().find(|opaque| opaque.name() == name)?;
    let has_same_bytes = opaque.planes() == layout.planes();
    (has_same_bytes && !opaque.has_alpha()).then(|| opaque.fourcc())
}

#[cfg(test)]
mod tests {
    use crate::format::Fourcc;
    use crate::format::Layout;
    use crate::kms::Alpha;

    #[test]
    fn what_displays_read_has_an_opaque_format() {
        let names = ["ARGB8888", "ABGR8888", "RGBA8888", "BGRA8888", "ARGB2101010", "ABGR2101010"];
        let others = ["ARGB1555", "ARGB4444", "ARGB16161616", "ABGR16161616F"];
        for name in names.iter().chain(&others) {
            let shown = Alpha::Ignore.shown_as(name.parse().unwrap());
            let expected = name.replace('A', "X");
            assert_eq!(shown.and_then(Fourcc::name), Some(expected.as_str()));
        }
    }

    #[test]
    fn opaque_format_has_the_same_bytes() {
        for layout in Layout::all().iter().filter(|layout| layout.has_alpha()) {
            let Some(opaque) = Alpha::Ignore.shown_as(layout.fourcc()) else { continue };
            let opaque = opaque.layout().unwrap();
            assert!(!opaque.has_alpha(), "{}", layout.name());
            assert_eq!(opaque.planes(), layout.planes(), "{}", layout.name());
            assert_eq!(opaque.model(), layout.model(), "{}", layout.name());
        }
    }

    #[test]
    fn formats_that_have_none_or_that_nobody_knows_stay() {
        for fourcc in [Fourcc::XRGB8888, Fourcc::NV12, Fourcc(7)] {
            assert_eq!(Alpha::Ignore.shown_as(fourcc), Some(fourcc));
        }
    }
}
