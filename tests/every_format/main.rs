//! Every format that the driver lists for import shows what the oracle reads from its bytes, takes
//! what GL draws as the oracle writes it, or is refused with the error that says so.
//!
//! The same tests pass on Mesa 25, whose llvmpipe lists planar YUV and refuses it, and on Mesa 26.
//! What llvmpipe gets wrong is written down in `reading`, with the version.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod by_plane;
mod drawing;
mod picture;
mod reading;

use std::collections::BTreeMap;

use common::memfd;
use common::pixels;
use common::pixels::colorimetry::Colorimetry;
use common::quirks;
use common::renderer::Renderer;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::dmabuf::Refusal;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::egl::ErrorCode;
use dmashare::egl::Image;
use dmashare::egl::ImportError;
use dmashare::format::Fourcc;
use dmashare::format::Layout;
use dmashare::format::Model;
use dmashare::format::Modifier;
use picture::hints;
use reading::Reading;

const SIZES: [[u32; 2]; 2] = [[64, 64], [37, 23]];

/// What llvmpipe must show, from Mesa 25.0.6 on.
const ALWAYS: [&str; 31] = [
    "R8", "R16", "GR88", "GR32", "AR12", "AB12", "AR15", "AB15", "RG16", "XR24", "XB24", "AR24",
    "AB24", "XR30", "XB30", "AR30", "AB30", "XB48", "AB48", "XB4H", "AB4H", "YUYV", "YVYU", "UYVY",
    "VYUY", "Y212", "AYUV", "XYUV", "Y410", "Y412", "Y416",
];

/// What it must show besides, from Mesa 26 on.
const SINCE_26: [&str; 38] = [
    "RX24", "BX24", "RA24", "BA24", "R  H", "GR H", "R  F", "GR F", "BGRF", "AB8F", "NV12", "NV21",
    "NV16", "NV61", "NV24", "NV42", "P010", "P012", "P016", "S010", "S210", "S410", "S012", "S212",
    "S412", "S016", "S216", "S416", "YUV9", "YVU9", "YU11", "YV11", "YU12", "YV12", "YU16", "YV16",
    "YU24", "YV24",
];

/// How a format fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Shown; somehow.
    Shown(Reading),
    /// The driver lists it, and said no with this code.
    Refused(ErrorCode),
    /// The crate keeps it from the driver.
    KeptFrom,
}

#[test]
fn import_of_every_listed_format_shows_its_pixels_or_is_refused() {
    let renderer = Renderer::new();
    let mut fates = BTreeMap::new();
    for layout in listed(&renderer) {
        for size in SIZES {
            for colorimetry in picture::colorimetries(layout) {
                let fate = show(&renderer, layout, size, colorimetry);
                fates.entry(layout.fourcc()).or_insert_with(Vec::new).push(fate);
            }
        }
    }
    println!("{}", renderer.gl.version());
    for (fourcc, fates) in &fates {
        let seen = fates.iter().fold(Vec::new(), |mut seen, fate| {
            if !seen.contains(&fate) {
                seen.push(fate);
            }
            seen
        });
        println!("{fourcc}: {seen:?}");
    }
    let since_26 = if renderer.mesa() >= 26 { &SINCE_26[..] } else { &[] };
    for code in ALWAYS.iter().chain(since_26) {
        let fates =
            fates.get(&code.parse().unwrap()).unwrap_or_else(|| panic!("{code} not listed"));
        let shown = |fate: &Fate| matches!(fate, Fate::Shown(reading) if reading.is_of_pixels());
        assert!(fates.iter().all(shown), "{code}: {fates:?}");
    }
}

/// The formats with rows that the driver lists.
fn listed(renderer: &Renderer) -> impl Iterator<Item = &'static Layout> {
    let formats = renderer.display.formats();
    Layout::all().iter().filter(|layout| {
        layout.has_linear() && formats.sample().contains(layout.fourcc(), Modifier::LINEAR)
    })
}

/// Writes a picture into an image, and has a shader read it.
fn show(
    renderer: &Renderer,
    layout: &'static Layout,
    size: [u32; 2],
    colorimetry: Colorimetry,
) -> Fate {
    let fourcc = layout.fourcc();
    let picture = picture::for_format(layout);
    let planes = pixels::encode(fourcc.0, size, colorimetry, &picture);
    let image = memfd::image(fourcc, size);
    memfd::write(&image, &planes);
    match Image::import_with(&renderer.display, &image, hints(colorimetry)) {
        Ok(imported) => {
            let seen = renderer.sample(&imported);
            let reading = reading::of(fourcc, &planes, size, colorimetry, &seen);
            Fate::Shown(reading.unwrap_or_else(|mismatch| {
                assert!(quirks::is_never_read(fourcc), "{mismatch}");
                memfd::write(
                    &image,
                    &pixels::encode(fourcc.0, size, colorimetry, &|_, _| [0.5; 4]),
                );
                assert!(renderer.sample(&imported) == seen, "{mismatch}");
                Reading::Nothing
            }))
        }
        Err(ImportError::Driver { fourcc: named, modifier, source }) => {
            let code = source.code;
            assert_eq!((named, modifier), (fourcc, Modifier::LINEAR));
            assert!([ErrorCode::BAD_ALLOC, ErrorCode::BAD_MATCH].contains(&code), "{source}");
            Fate::Refused(code)
        }
        Err(ImportError::Refused(Refusal::Misread { fourcc: named, .. })) => {
            assert_eq!(named, fourcc);
            Fate::KeptFrom
        }
        Err(error) => panic!("{fourcc}: {error:?}"),
    }
}

#[test]
fn import_of_formats_that_are_not_listed_is_a_format_error() {
    let renderer = Renderer::new();
    let formats = renderer.display.formats();
    let mut count = 0;
    for layout in Layout::all() {
        let fourcc = layout.fourcc();
        if !layout.has_linear() || formats.sample().contains(fourcc, Modifier::LINEAR) {
            continue;
        }
        let error = Image::import(&renderer.display, &memfd::image(fourcc, [64, 64])).unwrap_err();
        assert_eq!(error, ImportError::Format { fourcc, modifier: Modifier::LINEAR });
        count += 1;
    }
    assert!(count > 30, "llvmpipe does not list {count} formats");
}

#[test]
fn formats_without_rows_never_reach_the_driver() {
    for layout in Layout::all().iter().filter(|layout| !layout.has_linear()) {
        let (fourcc, fd) = (layout.fourcc(), common::buffer::sealed_memfd(65536).into());
        let planes = vec![PlaneDescriptor { fd, offset_bytes: 0, stride_bytes: 256 }];
        let modifier = Modifier::LINEAR;
        let rejected = Dmabuf::new(Descriptor { width: 64, height: 64, fourcc, modifier, planes })
            .unwrap_err();
        let expected = InvalidDescriptor::Layout(LayoutError::NoLinearLayout(fourcc));
        assert_eq!(*rejected.reason(), expected);
    }
}

#[test]
fn every_listed_format_is_known_to_the_oracle() {
    let renderer = Renderer::new();
    for fourcc in renderer.display.formats().sample().fourccs() {
        let layout = fourcc.layout().unwrap_or_else(|| panic!("{fourcc} is not in the table"));
        let known = pixels::fourccs().any(|known| known == fourcc.0);
        assert!(known || !layout.has_linear(), "{fourcc} is not in the oracle");
    }
}

#[test]
fn yuv_is_external_only_and_colours_are_not() {
    let renderer = Renderer::new();
    for layout in listed(&renderer) {
        let fourcc = layout.fourcc();
        let external_only =
            renderer.display.formats().sample().is_external_only(fourcc, Modifier::LINEAR);
        assert_eq!(external_only, Some(layout.model() == Model::Yuv), "{fourcc}");
    }
}

/// A matrix or a range that the driver ignored would go unnoticed within the tolerance of a colour
/// that they hardly change.
#[test]
fn hints_change_what_is_seen() {
    let renderer = Renderer::new();
    let layout = Fourcc::AYUV.layout().unwrap();
    let all: Vec<_> = picture::colorimetries(layout).collect();
    let planes = pixels::encode(Fourcc::AYUV.0, [64, 64], all[0], &picture::for_format(layout));
    let image = memfd::image(Fourcc::AYUV, [64, 64]);
    memfd::write(&image, &planes);
    let seen = all.iter().map(|colorimetry| {
        let image = Image::import_with(&renderer.display, &image, hints(*colorimetry)).unwrap();
        renderer.sample(&image)
    });
    let seen: Vec<_> = seen.collect();
    for (index, one) in seen.iter().enumerate() {
        for other in &seen[..index] {
            let channels = one.as_flattened().iter().zip(other.as_flattened());
            let most = channels.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(most > 8.0 / 255.0, "two colorimetries differ by {most} at most");
        }
    }
}
