//! Plane by plane, with the conversion of the crate: every format, matrix, range and place of chroma,
//! within a code value of the format's own depth.

use dmashare::dmabuf::Dmabuf;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::gl::Policy;
use dmashare::gl::Reason;
use dmashare::gl::RgbView;
use dmashare::gl::Way;

use crate::colorimetries;
use crate::common::memfd;
use crate::common::pixels;
use crate::common::renderer::Renderer;
use crate::formats;
use crate::gradient;
use crate::image_of;
use crate::meaning;
use crate::scattered;
use crate::seen;
use crate::worst;

fn exact(renderer: &Renderer, image: &Dmabuf, colorimetry: Colorimetry) -> RgbView {
    let view = RgbView::new(&renderer.gl, image, colorimetry, Policy::RequireExact).unwrap();
    assert_eq!((view.way(), view.reason()), (Way::ByPlane, &Reason::Required));
    view
}

/// By how many code values of the format's own depth, and of 8 bits, what is seen is off.
fn off_by(
    renderer: &Renderer,
    fourcc: Fourcc,
    size: [u32; 2],
    colorimetry: Colorimetry,
    picture: &dyn Fn(u32, u32) -> [f64; 4],
) -> [f64; 2] {
    let oracle = meaning::of(colorimetry);
    let (image, planes) = image_of(fourcc, size, oracle, picture);
    let expected = pixels::decode(fourcc.0, &planes, size, oracle);
    let off = worst(&seen(renderer, &exact(renderer, &image, colorimetry)), &expected);
    let bits = pixels::luma_bits(fourcc.0).unwrap();
    [off * (f64::from(bits).exp2() - 1.0), off * 255.0]
}

fn assert_exact(fourcc: Fourcc, what: &str, [own_depth, of_8_bits]: [f64; 2]) {
    assert!(own_depth <= 1.0 && of_8_bits <= 0.01, "{fourcc} {what}: {own_depth} {of_8_bits}");
}

#[test]
fn every_colorimetry_of_every_format_is_seen_within_a_code_value() {
    let renderer = Renderer::new();
    let mut worst_of_all = 0.0_f64;
    for fourcc in formats() {
        for colorimetry in colorimetries(fourcc) {
            for size in [[1, 1], [3, 5], [14, 10]] {
                let off = off_by(&renderer, fourcc, size, colorimetry, &scattered);
                assert_exact(fourcc, &format!("{size:?} {colorimetry:?}"), off);
                worst_of_all = worst_of_all.max(off[1]);
            }
        }
    }
    println!("{}: off by {worst_of_all} of 255 at most", renderer.gl.version());
}

#[test]
fn gradients_of_odd_sizes_are_seen_within_a_code_value() {
    let renderer = Renderer::new();
    let size = [257, 257];
    for fourcc in formats() {
        for colorimetry in colorimetries(fourcc) {
            let off = off_by(&renderer, fourcc, size, colorimetry, &gradient(size));
            assert_exact(fourcc, &format!("{colorimetry:?}"), off);
        }
    }
}

/// The oracle and the shader agree about nothing as well: colours that are right for one colorimetry
/// are wrong for each other.
#[test]
fn every_part_of_the_colorimetry_makes_a_difference() {
    let renderer = Renderer::new();
    let (fourcc, size) = (Fourcc::NV12, [38, 22]);
    let all = colorimetries(fourcc);
    let in_fours = |x, y| scattered(x / 2, y / 2);
    let (image, _) = image_of(fourcc, size, meaning::of(all[0]), &in_fours);
    let pictures: Vec<_> =
        all.iter().map(|it| seen(&renderer, &exact(&renderer, &image, *it))).collect();
    for (index, one) in pictures.iter().enumerate() {
        for other in &pictures[..index] {
            let channels = one.as_flattened().iter().zip(other.as_flattened());
            let most = channels.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(most > 4.0 / 255.0, "two colorimetries differ by {most} at most");
        }
    }
}

#[test]
fn planes_in_buffers_of_their_own_are_seen_as_those_in_one() {
    let renderer = Renderer::new();
    for fourcc in formats() {
        let (size, colorimetry) = ([37, 23], Colorimetry::HD_VIDEO);
        let (together, planes) = image_of(fourcc, size, meaning::of(colorimetry), &scattered);
        let apart = memfd::image_in_parts(fourcc, size);
        memfd::write(&apart, &planes);
        let [one, other] =
            [together, apart].map(|image| seen(&renderer, &exact(&renderer, &image, colorimetry)));
        assert!(one == other, "{fourcc}");
    }
}

#[test]
fn what_is_written_later_is_seen_after_a_refresh() {
    let renderer = Renderer::new();
    for fourcc in [Fourcc::NV12, Fourcc::YUYV, Fourcc::AYUV] {
        let (size, colorimetry) = ([64, 32], Colorimetry::JPEG);
        let oracle = meaning::of(colorimetry);
        let (image, _) = image_of(fourcc, size, oracle, &|_, _| [0.0, 0.0, 0.0, 1.0]);
        for policy in [Policy::PreferDirect, Policy::RequireExact] {
            let view = RgbView::new(&renderer.gl, &image, colorimetry, policy).unwrap();
            seen(&renderer, &view);
            let planes = pixels::encode(fourcc.0, size, oracle, &gradient(size));
            memfd::write(&image, &planes);
            view.refresh().unwrap();
            let expected = pixels::decode(fourcc.0, &planes, size, oracle);
            let off = worst(&seen(&renderer, &view), &expected);
            assert!(off <= 1.0 / 255.0, "{fourcc} {policy:?}: {off}");
            let black = pixels::encode(fourcc.0, size, oracle, &|_, _| [0.0, 0.0, 0.0, 1.0]);
            memfd::write(&image, &black);
        }
    }
}
