//! The table of `docs/yuv.md`: which way each format goes on llvmpipe, and how far off its own
//! conversion is.
//!
//! `cargo test --all-features --test yuv table -- --nocapture` prints it for the Mesa at hand.

use dmashare::egl::ImportError;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Matrix;
use dmashare::format::Range;
use dmashare::gl::DirectQuirk;
use dmashare::gl::Policy;
use dmashare::gl::Reason;
use dmashare::gl::RgbView;
use dmashare::gl::RgbViewError;
use dmashare::gl::Way;

use crate::common::pixels;
use crate::common::renderer::Renderer;
use crate::formats;
use crate::image_of;
use crate::meaning;
use crate::scattered;
use crate::seen;
use crate::worst;

const DOCUMENT: &str = include_str!("../../docs/yuv.md");

/// Which drivers are asked for what they are best at.
const SIZE: [u32; 2] = [64, 64];

const NEVER_READ: &str = "never read";

/// Every matrix and range, with chroma in the middle.
fn centered() -> impl Iterator<Item = Colorimetry> {
    Matrix::ALL.into_iter().flat_map(|matrix| {
        Range::ALL.map(|range| Colorimetry { matrix, range, ..Colorimetry::JPEG })
    })
}

/// What becomes of a format, as a cell of the table says it.
struct Fate {
    direct: String,
    preferred: String,
}

impl Fate {
    fn of(renderer: &Renderer, fourcc: Fourcc) -> Self {
        let mut most = 0.0_f64;
        for colorimetry in centered() {
            let oracle = meaning::of(colorimetry);
            let (image, planes) = image_of(fourcc, SIZE, oracle, &scattered);
            let policy = Policy::RequireDirect;
            let view = match RgbView::new(&renderer.gl, &image, colorimetry, policy) {
                Ok(view) => view,
                Err(RgbViewError::Import(error)) => {
                    let direct = match error {
                        ImportError::Format { .. } => "not listed",
                        ImportError::Driver { .. } => "refused",
                        ImportError::Refused(_) => "kept from it",
                        error => panic!("{fourcc}: {error}"),
                    };
                    let preferred = Self::preferred(renderer, fourcc);
                    return Self { direct: direct.to_owned(), preferred };
                }
                Err(error) => panic!("{fourcc}: {error}"),
            };
            let expected = pixels::decode(fourcc.0, &planes, SIZE, oracle);
            most = most.max(worst(&seen(renderer, &view), &expected) * 255.0);
        }
        let preferred = Self::preferred(renderer, fourcc);
        // What was in that memory before.
        let is_garbage = preferred.ends_with(NEVER_READ);
        let direct = if is_garbage { NEVER_READ.to_owned() } else { format!("off by {most:.1}") };
        Self { direct, preferred }
    }

    /// The way with chroma in the middle, and why it is not the driver's.
    fn preferred(renderer: &Renderer, fourcc: Fourcc) -> String {
        let image = crate::memfd::image(fourcc, SIZE);
        let policy = Policy::PreferDirect;
        let view = RgbView::new(&renderer.gl, &image, Colorimetry::JPEG, policy).unwrap();
        let why = match view.reason() {
            Reason::Accepted | Reason::Refused(_) => return view.way().to_string(),
            Reason::Quirk(DirectQuirk::MoreThan8Bits) => "more than 8 bits",
            Reason::Quirk(DirectQuirk::NeverRead) => NEVER_READ,
            Reason::Quirk(DirectQuirk::CoarseFilter) => "coarse filter",
            reason => panic!("{fourcc}: {reason:?}"),
        };
        assert_eq!(view.way(), Way::ByPlane);
        format!("{}: {why}", view.way())
    }
}

/// The cells of the document's row for a format: for Mesa 25 and for Mesa 26, direct and preferred.
fn documented(fourcc: Fourcc) -> Vec<String> {
    let begin = format!("| `{fourcc}` |");
    let row = DOCUMENT.lines().find(|line| line.starts_with(&begin));
    let row = row.unwrap_or_else(|| panic!("{fourcc} is not in docs/yuv.md"));
    row.split('|').skip(2).map(|cell| cell.trim().to_owned()).collect()
}

/// Numbers may differ by what another processor rounds differently.
fn is_same(found: &str, documented: &str) -> bool {
    let number = |text: &str| text.strip_prefix("off by ").and_then(|it| it.parse::<f64>().ok());
    match (number(found), number(documented)) {
        (Some(found), Some(documented)) => (found - documented).abs() < 0.25,
        _ => found == documented,
    }
}

#[test]
fn table_of_the_document_is_what_happens() {
    let renderer = Renderer::new();
    let first = if renderer.mesa() < 26 { 0 } else { 2 };
    println!("{}", renderer.gl.version());
    let fates: Vec<_> = formats().map(|fourcc| (fourcc, Fate::of(&renderer, fourcc))).collect();
    for (fourcc, Fate { direct, preferred }) in &fates {
        println!("| `{fourcc}` | {direct} | {preferred} |");
    }
    let mut different = Vec::new();
    for (fourcc, Fate { direct, preferred }) in fates {
        let cells = documented(fourcc);
        if !is_same(&direct, &cells[first]) || preferred != cells[first + 1] {
            different.push(fourcc);
        }
    }
    assert!(different.is_empty(), "docs/yuv.md says something else of {different:?}");
}

#[test]
fn table_of_the_document_has_each_format_once() {
    let (_, rest) = DOCUMENT.split_once("## Each format").unwrap();
    let (table, _) = rest.split_once("\n## ").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, formats().count());
}
