//! What `formats` found out, in the shape in which `--json` prints it.
//!
//! The names of the fields are stable within one `schema`; fields may be added to it.

use dmashare::format::Fourcc;
use dmashare::format::Layout;
use dmashare::format::Modifier;
use serde::Serialize;

use crate::display_name::DisplayName;
use crate::finding::Finding;
use crate::probe::Advertised;

/// The version of the shape.
pub(in crate::formats) const SCHEMA: u32 = 1;

/// Everything.
#[derive(Debug, Serialize)]
pub(in crate::formats) struct Report {
    /// The version of the shape: 1.
    pub(in crate::formats) schema: u32,
    /// The display that was asked.
    pub(in crate::formats) display: DisplayName,
    /// Its driver, where it tells its name.
    pub(in crate::formats) driver: Option<String>,
    /// `GL_RENDERER`.
    pub(in crate::formats) gl_renderer: String,
    /// Each format with each modifier, in the driver's order.
    pub(in crate::formats) formats: Vec<Row>,
}

/// A format with a modifier.
#[derive(Debug, Serialize)]
pub(in crate::formats) struct Row {
    /// `AR24`.
    pub(in crate::formats) fourcc: String,
    /// The kernel's name (`ARGB8888`); `null` for a format that is not known here.
    pub(in crate::formats) name: Option<&'static str>,
    /// `LINEAR`, `implicit`, or the name or number of a vendor's tiling.
    pub(in crate::formats) modifier: String,
    /// The modifier's number in hexadecimal.
    pub(in crate::formats) modifier_code: String,
    /// How many planes the format has; 0 for one that is not known here.
    pub(in crate::formats) planes: usize,
    /// Bits of memory for each pixel, planes taken together; `null` where there is no telling.
    pub(in crate::formats) bits_per_pixel: Option<f64>,
    /// Whether it is for external textures alone.
    pub(in crate::formats) external_only: bool,
    /// GL samples it.
    pub(in crate::formats) sample: Option<Use>,
    /// GL draws into it.
    pub(in crate::formats) render: Option<Use>,
    /// The CPU maps it.
    pub(in crate::formats) cpu: Option<Use>,
}

/// One use of a format.
#[derive(Debug, Serialize)]
pub(in crate::formats) struct Use {
    /// What became of it.
    pub(in crate::formats) outcome: Outcome,
    /// Whose image it was tried with.
    pub(in crate::formats) allocator: Option<String>,
    /// Pixels that were compared; 0 if it did not come to that.
    pub(in crate::formats) pixels: u64,
    /// Why it is not proved.
    pub(in crate::formats) problem: Option<Finding>,
}

/// What became of a use of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::formats) enum Outcome {
    /// The driver lists it; nothing was tried.
    Advertised,
    /// All pixels were as expected.
    Proved,
    /// A typed error.
    Refused,
    /// Pixels were not as expected.
    Wrong,
    /// The driver ended the child process.
    Crash,
    /// The driver did not come back.
    Hang,
    /// The child process ended without an answer.
    Lost,
    /// Nobody allocates such an image, or can fill it.
    Untried,
}

impl Use {
    /// What is known without trying.
    pub(in crate::formats) const fn advertised() -> Self {
        Self { outcome: Outcome::Advertised, allocator: None, pixels: 0, problem: None }
    }
}

impl Row {
    /// What the driver lists. That the CPU can map it goes without saying for linear images.
    pub(in crate::formats) fn advertised(pair: &Advertised) -> Self {
        let (fourcc, modifier) = (Fourcc(pair.fourcc), Modifier::from_raw(pair.modifier));
        let layout = fourcc.layout();
        let planes = layout.map_or(0, |layout| layout.planes().len());
        let is_mappable = modifier.is_linear() && layout.is_some_and(Layout::has_linear);
        Self {
            fourcc: fourcc.to_string(),
            name: fourcc.name(),
            modifier: match modifier {
                Modifier::Explicit(_) if !modifier.is_linear() => {
                    modifier.name().unwrap_or_else(|| modifier.to_string())
                }
                _ => modifier.to_string(),
            },
            modifier_code: format!("{:#018x}", pair.modifier),
            planes,
            bits_per_pixel: layout.and_then(bits_per_pixel),
            external_only: pair.external_only,
            sample: Some(Use::advertised()),
            render: (!pair.external_only).then(Use::advertised),
            cpu: is_mappable.then(Use::advertised),
        }
    }
}

fn bits_per_pixel(layout: &Layout) -> Option<f64> {
    let bits = layout.planes().iter().map(|plane| {
        let width = plane.block_width() * plane.horizontal_subsampling();
        let height = plane.block_height() * plane.vertical_subsampling();
        f64::from(plane.bits_per_block()) / f64::from(width * height)
    });
    layout.has_linear().then(|| bits.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fourcc: Fourcc, modifier: u64, external_only: bool) -> Row {
        Row::advertised(&Advertised { fourcc: fourcc.0, modifier, external_only })
    }

    #[test]
    fn nv12_is_two_planes_of_twelve_bits_that_gl_does_not_draw_into() {
        let row = row(Fourcc::NV12, 0, true);
        assert_eq!((row.fourcc.as_str(), row.name, row.planes), ("NV12", Some("NV12"), 2));
        assert_eq!(row.bits_per_pixel, Some(12.0));
        assert_eq!(row.modifier, "LINEAR");
        assert!(row.sample.is_some() && row.render.is_none() && row.cpu.is_some());
    }

    #[test]
    fn tiled_and_unknown_formats_are_not_for_the_cpu() {
        let tiled = row(Fourcc::ARGB8888, 0x0100_0000_0000_0001, false);
        assert!(tiled.render.is_some() && tiled.cpu.is_none());
        let unknown = row(Fourcc(1), 0, false);
        assert!(unknown.cpu.is_none());
        assert_eq!((unknown.planes, unknown.bits_per_pixel), (0, None));
    }
}
