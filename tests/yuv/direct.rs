//! The driver's own conversion: how far off it is, and that nobody gets it who did not ask for it where
//! it is off by more than a code value.

use std::collections::BTreeMap;

use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Matrix;
use dmashare::format::Range;
use dmashare::gl::DirectQuirk;
use dmashare::gl::Policy;
use dmashare::gl::Reason;
use dmashare::gl::RgbView;
use dmashare::gl::Way;

use crate::colorimetries;
use crate::common::pixels;
use crate::common::renderer::Renderer;
use crate::formats;
use crate::image_of;
use crate::meaning;
use crate::scattered;
use crate::seen;
use crate::worst;

const SIZES: [[u32; 2]; 3] = [[1, 1], [3, 5], [16, 20]];

/// By how many code values of 8 bits a view of an image is off, and the view; `None` if there is none.
fn off_by(
    renderer: &Renderer,
    fourcc: Fourcc,
    size: [u32; 2],
    colorimetry: Colorimetry,
    policy: Policy,
    picture: &dyn Fn(u32, u32) -> [f64; 4],
) -> Option<(f64, RgbView)> {
    let oracle = meaning::of(colorimetry);
    let (image, planes) = image_of(fourcc, size, oracle, picture);
    let view = RgbView::new(&renderer.gl, &image, colorimetry, policy).ok()?;
    let expected = pixels::decode(fourcc.0, &planes, size, oracle);
    Some((worst(&seen(renderer, &view), &expected) * 255.0, view))
}

/// What the promise is: a code value of 8 bits, and two of more bits where the driver rounds.
fn allowed(fourcc: Fourcc, way: Way) -> f64 {
    let bits = pixels::luma_bits(fourcc.0).unwrap();
    let step = 255.0 / (f64::from(bits).exp2() - 1.0);
    if way == Way::Direct && bits > 8 { 2.0 * step } else { step }
}

#[test]
fn preferred_way_of_every_colorimetry_of_every_format_is_within_a_code_value() {
    let renderer = Renderer::new();
    let mut ways = BTreeMap::<_, u32>::new();
    for fourcc in formats() {
        for colorimetry in colorimetries(fourcc) {
            for size in SIZES {
                let policy = Policy::PreferDirect;
                let found = off_by(&renderer, fourcc, size, colorimetry, policy, &scattered);
                let (off, view) = found.expect("there is always a way");
                let allowed = allowed(fourcc, view.way());
                let what = format!("{fourcc} {size:?} {colorimetry:?} {}", view.way());
                assert!(off <= allowed, "{what}: {off} instead of {allowed} of 255");
                *ways.entry(view.way().to_string()).or_default() += 1;
            }
        }
    }
    println!("{}: {ways:?}", renderer.gl.version());
    assert!(ways["direct"] > 0 && ways["by plane"] > 0);
}

/// A quirk that was written down and is gone would keep images from the driver for nothing. In each
/// case it is the only one there is.
#[test]
fn every_quirk_is_off_by_more_than_a_code_value() {
    let renderer = Renderer::new();
    let centered = |range| Colorimetry { matrix: Matrix::Bt2020, range, ..Colorimetry::JPEG };
    let in_fours = |x, y| scattered(x / 4, y / 4);
    let cases = [
        (DirectQuirk::SitingIgnored, Fourcc::YUYV, [64, 64], Colorimetry::HD_VIDEO),
        (DirectQuirk::ChromaStretched, Fourcc::YUYV, [37, 22], centered(Range::Full)),
        (DirectQuirk::CoarseFilter, Fourcc::YUYV, [64, 64], centered(Range::Narrow)),
        (DirectQuirk::MoreThan8Bits, Fourcc::Y410, [64, 64], centered(Range::Narrow)),
        (DirectQuirk::MoreThan8Bits, Fourcc::Y412, [64, 64], centered(Range::Narrow)),
        (DirectQuirk::MoreThan8Bits, Fourcc::Y416, [64, 64], centered(Range::Narrow)),
        (DirectQuirk::NeverRead, Fourcc::Y216, [64, 64], centered(Range::Full)),
        (DirectQuirk::NeverRead, Fourcc::NV15, [64, 64], centered(Range::Full)),
    ];
    // Mesa 25 reads the one and refuses the other.
    let is_there = |quirk| quirk != DirectQuirk::NeverRead || renderer.mesa() >= 26;
    let cases = cases.into_iter().filter(|(quirk, ..)| is_there(*quirk));
    println!("{}", renderer.gl.version());
    for (quirk, fourcc, size, colorimetry) in cases {
        let off_by = |policy, picture: &dyn Fn(u32, u32) -> [f64; 4]| {
            off_by(&renderer, fourcc, size, colorimetry, policy, picture).unwrap()
        };
        let (_, preferred) = off_by(Policy::PreferDirect, &scattered);
        assert_eq!(preferred.reason(), &Reason::Quirk(quirk), "{fourcc}");
        let (off, view) = off_by(Policy::RequireDirect, &scattered);
        assert_eq!(view.way(), Way::Direct);
        let steps =
            off.max(off_by(Policy::RequireDirect, &in_fours).0) / allowed(fourcc, Way::Direct);
        println!("{quirk:?}, {fourcc}: {steps:.2} times what is allowed");
        assert!(steps > 1.0, "{quirk:?}, {fourcc}: {steps}");
    }
}
