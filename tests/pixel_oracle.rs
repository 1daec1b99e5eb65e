//! The oracle that other tests compare pixels with is right itself: against bytes worked out by
//! hand from `drm_fourcc.h`, and against the numbers that the standards and their users publish.
#![allow(missing_docs, clippy::float_cmp, reason = "a test; what it compares is exact")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

mod common;

use common::pixels;
use common::pixels::PlaneBytes;
use common::pixels::colorimetry::Chroma;
use common::pixels::colorimetry::Colorimetry;
use common::pixels::colorimetry::Matrix;
use common::pixels::colorimetry::Range;
use common::pixels::colorimetry::Siting;

const NARROW_601: Colorimetry =
    Colorimetry { matrix: Matrix::Bt601, range: Range::Narrow, chroma: Chroma::Averaged };
const FULL_601: Colorimetry = Colorimetry { range: Range::Full, ..NARROW_601 };

const RED: [f64; 4] = [1.0, 0.0, 0.0, 1.0];
const GREEN: [f64; 4] = [0.0, 1.0, 0.0, 1.0];
const BLUE: [f64; 4] = [0.0, 0.0, 1.0, 1.0];
const BLACK: [f64; 4] = [0.0, 0.0, 0.0, 1.0];
const WHITE: [f64; 4] = [1.0, 1.0, 1.0, 1.0];

fn fourcc(code: &str) -> u32 {
    u32::from_le_bytes(code.as_bytes().try_into().unwrap())
}

fn text(fourcc: u32) -> String {
    String::from_utf8(fourcc.to_le_bytes().to_vec()).unwrap()
}

/// The bytes of a row of pixels, plane by plane.
fn row(code: &str, colorimetry: Colorimetry, pixels: &[[f64; 4]]) -> Vec<Vec<u8>> {
    let width = u32::try_from(pixels.len()).unwrap();
    let picture = |x: u32, _| pixels[x as usize];
    let planes = pixels::encode(fourcc(code), [width, 1], colorimetry, &picture);
    planes.into_iter().map(|plane| plane.bytes).collect()
}

/// Formats whose one pixel of a colour has these bytes.
type ByHand = &'static [(&'static str, &'static [&'static [u8]])];

/// Of `[1, 2, 4, 8] / 15`: of 4 bits 1, 2, 4, 8; of 5 bits 2, 4, 8; of 10 bits 0x44, 0x88, 0x111.
const COLOUR: ByHand = &[
    ("R8  ", &[&[0x11]]),
    ("R16 ", &[&[0x11, 0x11]]),
    ("GR88", &[&[0x11, 0x22]]),
    ("GR32", &[&[0x11, 0x11, 0x22, 0x22]]),
    ("AR12", &[&[0x24, 0x81]]),
    ("AB12", &[&[0x21, 0x84]]),
    ("AR15", &[&[0x88, 0x88]]),
    ("AB15", &[&[0x82, 0xa0]]),
    ("RG16", &[&[0x08, 0x11]]),
    ("XR24", &[&[0x44, 0x22, 0x11, 0x00]]),
    ("XB24", &[&[0x11, 0x22, 0x44, 0x00]]),
    ("RX24", &[&[0x00, 0x44, 0x22, 0x11]]),
    ("BX24", &[&[0x00, 0x11, 0x22, 0x44]]),
    ("AR24", &[&[0x44, 0x22, 0x11, 0x88]]),
    ("AB24", &[&[0x11, 0x22, 0x44, 0x88]]),
    ("RA24", &[&[0x88, 0x44, 0x22, 0x11]]),
    ("BA24", &[&[0x88, 0x11, 0x22, 0x44]]),
    ("XR30", &[&[0x11, 0x21, 0x42, 0x04]]),
    ("XB30", &[&[0x44, 0x20, 0x12, 0x11]]),
    ("AR30", &[&[0x11, 0x21, 0x42, 0x84]]),
    ("AB30", &[&[0x44, 0x20, 0x12, 0x91]]),
    ("XB48", &[&[0x11, 0x11, 0x22, 0x22, 0x44, 0x44, 0x00, 0x00]]),
    ("AB48", &[&[0x11, 0x11, 0x22, 0x22, 0x44, 0x44, 0x88, 0x88]]),
];

/// Of `[1, 0.5, 0.25, 0.75]`: as half floats 3c00, 3800, 3400, 3a00.
const FLOATS: ByHand = &[
    ("R  H", &[&[0x00, 0x3c]]),
    ("GR H", &[&[0x00, 0x3c, 0x00, 0x38]]),
    ("XB4H", &[&[0x00, 0x3c, 0x00, 0x38, 0x00, 0x34, 0x00, 0x00]]),
    ("AB4H", &[&[0x00, 0x3c, 0x00, 0x38, 0x00, 0x34, 0x00, 0x3a]]),
    ("R  F", &[&[0, 0, 0x80, 0x3f]]),
    ("GR F", &[&[0, 0, 0x80, 0x3f, 0, 0, 0x00, 0x3f]]),
    ("BGRF", &[&[0, 0, 0x80, 0x3f, 0, 0, 0x00, 0x3f, 0, 0, 0x80, 0x3e]]),
    ("AB8F", &[&[0, 0, 0x80, 0x3f, 0, 0, 0x00, 0x3f, 0, 0, 0x80, 0x3e, 0, 0, 0x40, 0x3f]]),
];

/// Of red with an alpha of 8/15 by BT.601 in the narrow range. Luma, blue and red difference of
/// 8 bits: 51, 5a, f0; of 10: 146, 169, 3c0; of 12: 518, 5a3, f00; of 16: 517b, 5a34, f000.
const PACKED_RED: ByHand = &[
    ("YUYV", &[&[0x51, 0x5a, 0x51, 0xf0]]),
    ("YVYU", &[&[0x51, 0xf0, 0x51, 0x5a]]),
    ("UYVY", &[&[0x5a, 0x51, 0xf0, 0x51]]),
    ("VYUY", &[&[0xf0, 0x51, 0x5a, 0x51]]),
    ("AYUV", &[&[0xf0, 0x5a, 0x51, 0x88]]),
    ("XYUV", &[&[0xf0, 0x5a, 0x51, 0x00]]),
    ("Y210", &[&[0x80, 0x51, 0x40, 0x5a, 0x80, 0x51, 0x00, 0xf0]]),
    ("Y212", &[&[0x80, 0x51, 0x30, 0x5a, 0x80, 0x51, 0x00, 0xf0]]),
    ("Y216", &[&[0x7b, 0x51, 0x34, 0x5a, 0x7b, 0x51, 0x00, 0xf0]]),
    ("Y410", &[&[0x69, 0x19, 0x05, 0xbc]]),
    ("Y412", &[&[0x30, 0x5a, 0x80, 0x51, 0x00, 0xf0, 0x80, 0x88]]),
    ("Y416", &[&[0x34, 0x5a, 0x7b, 0x51, 0x00, 0xf0, 0x88, 0x88]]),
    ("GREY", &[&[0x51]]),
    ("YPA4", &[&[0x46, 0x19, 0x65, 0x14]]),
    ("VU24", &[&[0x51, 0x5a, 0xf0]]),
    ("AVUY", &[&[0x51, 0x5a, 0xf0, 0x88]]),
    ("XVUY", &[&[0x51, 0x5a, 0xf0, 0x00]]),
    ("XY30", &[&[0x46, 0xa5, 0x05, 0x3c]]),
    ("XV30", &[&[0x69, 0x19, 0x05, 0x3c]]),
    ("XV36", &[&[0x30, 0x5a, 0x80, 0x51, 0x00, 0xf0, 0x00, 0x00]]),
    ("XV48", &[&[0x34, 0x5a, 0x7b, 0x51, 0x00, 0xf0, 0x00, 0x00]]),
];

/// The same red in planes.
const PLANAR_RED: ByHand = &[
    ("NV12", &[&[0x51], &[0x5a, 0xf0]]),
    ("NV21", &[&[0x51], &[0xf0, 0x5a]]),
    ("NV16", &[&[0x51], &[0x5a, 0xf0]]),
    ("NV61", &[&[0x51], &[0xf0, 0x5a]]),
    ("NV24", &[&[0x51], &[0x5a, 0xf0]]),
    ("NV42", &[&[0x51], &[0xf0, 0x5a]]),
    ("NV15", &[&[0x46, 0x19, 0x65, 0x94, 0x51], &[0x69, 0x01, 0x9f, 0x16, 0xf0]]),
    ("NV20", &[&[0x46, 0x19, 0x65, 0x94, 0x51], &[0x69, 0x01, 0x9f, 0x16, 0xf0]]),
    ("P010", &[&[0x80, 0x51], &[0x40, 0x5a, 0x00, 0xf0]]),
    ("P012", &[&[0x80, 0x51], &[0x30, 0x5a, 0x00, 0xf0]]),
    ("P016", &[&[0x7b, 0x51], &[0x34, 0x5a, 0x00, 0xf0]]),
    ("P030", &[&[0x46, 0x19, 0x65, 0x14], &[0x69, 0x01, 0x9f, 0x16, 0xc0, 0xa7, 0x05, 0x3c]]),
    ("S010", &[&[0x46, 0x01], &[0x69, 0x01], &[0xc0, 0x03]]),
    ("S210", &[&[0x46, 0x01], &[0x69, 0x01], &[0xc0, 0x03]]),
    ("S410", &[&[0x46, 0x01], &[0x69, 0x01], &[0xc0, 0x03]]),
    ("S012", &[&[0x18, 0x05], &[0xa3, 0x05], &[0x00, 0x0f]]),
    ("S212", &[&[0x18, 0x05], &[0xa3, 0x05], &[0x00, 0x0f]]),
    ("S412", &[&[0x18, 0x05], &[0xa3, 0x05], &[0x00, 0x0f]]),
    ("S016", &[&[0x7b, 0x51], &[0x34, 0x5a], &[0x00, 0xf0]]),
    ("S216", &[&[0x7b, 0x51], &[0x34, 0x5a], &[0x00, 0xf0]]),
    ("S416", &[&[0x7b, 0x51], &[0x34, 0x5a], &[0x00, 0xf0]]),
    ("YUV9", &[&[0x51], &[0x5a], &[0xf0]]),
    ("YVU9", &[&[0x51], &[0xf0], &[0x5a]]),
    ("YU11", &[&[0x51], &[0x5a], &[0xf0]]),
    ("YV11", &[&[0x51], &[0xf0], &[0x5a]]),
    ("YU12", &[&[0x51], &[0x5a], &[0xf0]]),
    ("YV12", &[&[0x51], &[0xf0], &[0x5a]]),
    ("YU16", &[&[0x51], &[0x5a], &[0xf0]]),
    ("YV16", &[&[0x51], &[0xf0], &[0x5a]]),
    ("YU24", &[&[0x51], &[0x5a], &[0xf0]]),
    ("YV24", &[&[0x51], &[0xf0], &[0x5a]]),
    ("P210", &[&[0x80, 0x51], &[0x40, 0x5a, 0x00, 0xf0]]),
    ("NV30", &[&[0x46, 0x19, 0x65, 0x94, 0x51], &[0x69, 0x01, 0x9f, 0x16, 0xf0]]),
    ("P230", &[&[0x46, 0x19, 0x65, 0x14], &[0x69, 0x01, 0x9f, 0x16, 0xc0, 0xa7, 0x05, 0x3c]]),
    ("Q410", &[&[0x80, 0x51], &[0x40, 0x5a], &[0x00, 0xf0]]),
    ("Q401", &[&[0x80, 0x51], &[0x00, 0xf0], &[0x40, 0x5a]]),
    ("T430", &[&[0x46, 0x19, 0x65, 0x14], &[0x69, 0xa5, 0x95, 0x16], &[0xc0, 0x03, 0x0f, 0x3c]]),
];

#[test]
fn bytes_of_one_pixel_agree_with_bytes_worked_out_by_hand() {
    let red = [1.0, 0.0, 0.0, 8.0 / 15.0];
    let cases = [
        (COLOUR, [1.0, 2.0, 4.0, 8.0].map(|part| part / 15.0)),
        (FLOATS, [1.0, 0.5, 0.25, 0.75]),
        (PACKED_RED, red),
        (PLANAR_RED, red),
    ];
    let mut seen = Vec::new();
    for (formats, rgba) in cases {
        for (code, expected) in formats {
            assert_eq!(row(code, NARROW_601, &[rgba]), *expected, "{code}");
            seen.push(fourcc(code));
        }
    }
    seen.sort_unstable();
    let mut known: Vec<_> = pixels::fourccs().collect();
    known.sort_unstable();
    assert_eq!(seen, known, "a format is not worked out by hand, or twice");
}

/// A row of pixels in a format, and the bytes of its first plane.
type Luma<'a> = (&'a str, &'a [[f64; 4]], &'a [u8]);

#[test]
fn samples_of_a_word_go_from_the_least_significant_bit_up() {
    let grey = |code: f64, largest: f64| [code / largest, code / largest, code / largest, 1.0];
    let of_10_bits = [1.0, 2.0, 3.0, 4.0].map(|code| grey(code, 1023.0));
    let cases: &[Luma<'_>] = &[
        ("NV15", &of_10_bits, &[0x01, 0x08, 0x30, 0x00, 0x01]),
        ("P030", &of_10_bits[..3], &[0x01, 0x08, 0x30, 0x00]),
        ("Y210", &of_10_bits[..2], &[0x40, 0x00, 0x00, 0x80, 0x80, 0x00, 0x00, 0x80]),
        ("YUYV", &[grey(10.0, 255.0), grey(20.0, 255.0)], &[0x0a, 0x80, 0x14, 0x80]),
        ("UYVY", &[grey(10.0, 255.0), grey(20.0, 255.0)], &[0x80, 0x0a, 0x80, 0x14]),
    ];
    for (code, pixels, luma) in cases {
        assert_eq!(row(code, FULL_601, pixels)[0], *luma, "{code}");
    }
    // Chroma of red: 169, 3c0; of blue: 3c0, 1b7.
    let dense = row("NV15", NARROW_601, &[RED, RED, BLUE, BLUE]);
    assert_eq!(dense[1], [0x69, 0x01, 0x0f, 0xfc, 0x6d]);
    let pairs = row("NV12", NARROW_601, &[RED, RED, BLUE, BLUE]);
    assert_eq!(pairs[1], [90, 240, 240, 110]);
}

#[test]
fn luma_and_chroma_of_primaries_agree_with_published_numbers() {
    use Matrix::Bt601;
    use Matrix::Bt709;
    use Range::Full;
    use Range::Narrow;
    let cases = [
        (Bt601, Narrow, BLACK, [16, 128, 128]),
        (Bt601, Narrow, WHITE, [235, 128, 128]),
        (Bt601, Narrow, RED, [81, 90, 240]),
        (Bt601, Narrow, GREEN, [145, 54, 34]),
        (Bt601, Narrow, BLUE, [41, 240, 110]),
        (Bt709, Narrow, BLACK, [16, 128, 128]),
        (Bt709, Narrow, WHITE, [235, 128, 128]),
        (Bt709, Narrow, RED, [63, 102, 240]),
        (Bt709, Narrow, GREEN, [173, 42, 26]),
        (Bt709, Narrow, BLUE, [32, 240, 118]),
        (Bt601, Full, BLACK, [0, 128, 128]),
        (Bt601, Full, WHITE, [255, 128, 128]),
        (Bt601, Full, RED, [76, 85, 255]),
        (Bt601, Full, GREEN, [150, 44, 21]),
        (Bt601, Full, BLUE, [29, 255, 107]),
    ];
    for (matrix, range, rgba, expected) in cases {
        let colorimetry = Colorimetry { matrix, range, chroma: Chroma::Averaged };
        let planes = row("YU24", colorimetry, &[rgba]);
        assert_eq!(planes.concat(), expected, "{matrix:?} {range:?} {rgba:?}");
    }
    let bt2020 = Colorimetry { matrix: Matrix::Bt2020, ..NARROW_601 };
    let planes = row("S410", bt2020, &[RED]);
    let [luma, blue, red] = [0, 1, 2].map(|p| u16::from_le_bytes([planes[p][0], planes[p][1]]));
    assert_eq!([luma, blue, red], [294, 387, 960]);
}

#[test]
fn chroma_is_averaged_or_cosited_as_asked() {
    // Red beside three black pixels: a quarter of its chroma, or all of it.
    let corner = |x, y| if (x, y) == (0, 0) { RED } else { BLACK };
    let cosited = Colorimetry { chroma: Chroma::Cosited, ..NARROW_601 };
    for (colorimetry, expected) in [(NARROW_601, [119, 156]), (cosited, [90, 240])] {
        let planes = pixels::encode(fourcc("NV12"), [2, 2], colorimetry, &corner);
        assert_eq!(planes[1].bytes, expected, "{colorimetry:?}");
    }
}

#[test]
fn chroma_of_an_odd_edge_comes_from_the_pixels_that_are_there() {
    let last = |x, y| if (x, y) == (2, 2) { RED } else { BLACK };
    let planes = pixels::encode(fourcc("NV12"), [3, 3], NARROW_601, &last);
    assert_eq!((planes[1].row_bytes, planes[1].rows), (4, 2));
    assert_eq!(planes[1].bytes, [128, 128, 128, 128, 128, 128, 90, 240]);
}

/// Red beside black, in four pixels whose first two and last two share chroma.
#[test]
fn chroma_around_its_place_is_the_mean_of_what_is_there() {
    let first = |x, _| if x == 0 { RED } else { BLACK };
    for (siting, expected) in [
        // All of the first pixel and half of the second: two thirds of 112 above 128.
        (Siting::First, [203, 128]),
        (Siting::Middle, [184, 128]),
    ] {
        let chroma = Chroma::Around([siting, Siting::Middle]);
        let colorimetry = Colorimetry { chroma, ..NARROW_601 };
        let planes = pixels::encode(fourcc("YU16"), [4, 1], colorimetry, &first);
        assert_eq!(planes[2].bytes, expected, "{siting:?}");
    }
    // Of the second sample at the first of its pixels, half of the second pixel is a part.
    let second = |x, _| if x == 1 { RED } else { BLACK };
    let chroma = Chroma::Around([Siting::First, Siting::First]);
    let colorimetry = Colorimetry { chroma, ..NARROW_601 };
    let planes = pixels::encode(fourcc("YU16"), [4, 1], colorimetry, &second);
    assert_eq!(planes[2].bytes, [165, 156]);
}

#[test]
fn chroma_between_two_samples_is_interpolated() {
    let plane =
        |bytes: &[u8]| PlaneBytes { row_bytes: bytes.len(), rows: 1, bytes: bytes.to_vec() };
    let planes = [plane(&[16; 4]), plane(&[128; 2]), plane(&[128, 240])];
    for (siting, codes) in [
        (Siting::First, [128.0, 184.0, 240.0, 240.0]),
        (Siting::Middle, [128.0, 156.0, 212.0, 240.0]),
    ] {
        let chroma = Chroma::Around([siting, Siting::Middle]);
        let colorimetry = Colorimetry { chroma, ..NARROW_601 };
        let decoded = pixels::decode(fourcc("YU16"), &planes, [4, 1], colorimetry);
        for (found, code) in decoded.iter().zip(codes) {
            let expected = 1.402 * (code - 128.0) / 224.0;
            assert!((found[0] - expected).abs() < 1e-9, "{siting:?}: {found:?} {expected}");
        }
    }
}

/// An image size in a format, and the bytes of a row and the rows of each plane.
type Shapes<'a> = (&'a str, [u32; 2], &'a [(usize, usize)]);

#[test]
fn planes_have_the_shape_counted_by_hand() {
    let cases: &[Shapes<'_>] = &[
        ("AR24", [5, 3], &[(20, 3)]),
        ("YUYV", [5, 3], &[(12, 3)]),
        ("Y212", [5, 3], &[(24, 3)]),
        ("NV12", [5, 3], &[(5, 3), (6, 2)]),
        ("NV16", [5, 3], &[(5, 3), (6, 3)]),
        ("NV15", [5, 3], &[(10, 3), (10, 2)]),
        ("P030", [7, 3], &[(12, 3), (16, 2)]),
        ("YUV9", [5, 5], &[(5, 5), (2, 2), (2, 2)]),
        ("YV11", [5, 5], &[(5, 5), (2, 5), (2, 5)]),
        ("S412", [5, 3], &[(10, 3), (10, 3), (10, 3)]),
    ];
    for (code, size, expected) in cases {
        let planes = pixels::encode(fourcc(code), *size, NARROW_601, &|_, _| WHITE);
        let shapes: Vec<_> = planes.iter().map(|plane| (plane.row_bytes, plane.rows)).collect();
        assert_eq!(shapes, *expected, "{code}");
        for plane in planes {
            assert_eq!(plane.bytes.len(), plane.row_bytes * plane.rows, "{code}");
        }
    }
}

/// A colour that no neighbour has: the fractions of multiples of irrational numbers.
fn scattered(x: u32, y: u32) -> [f64; 4] {
    let place = f64::from(x * 31 + y * 17 + 1);
    [0.618_034, 0.414_214, 0.732_051, 0.236_068].map(|step: f64| (step * place).fract())
}

#[test]
fn decode_of_encode_is_the_picture_within_rounding() {
    let size = [13, 9];
    let colours = |x: u32, y: u32| scattered(x / 4, y / 4);
    let greys = |x: u32, y: u32| [colours(x, y)[0]; 4];
    for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
        for range in [Range::Narrow, Range::Full] {
            let colorimetry = Colorimetry { matrix, range, chroma: Chroma::Averaged };
            for format in pixels::fourccs() {
                let picture: &dyn Fn(u32, u32) -> [f64; 4] =
                    if pixels::is_luma_alone(format) { &greys } else { &colours };
                let planes = pixels::encode(format, size, colorimetry, picture);
                let decoded = pixels::decode(format, &planes, size, colorimetry);
                let rounding = pixels::rounding(format, colorimetry);
                for (nth, rgba) in (0..).zip(decoded) {
                    let (x, y) = (nth % size[0], nth / size[0]);
                    let expected = pixels::visible(format, picture(x, y));
                    let close = (0..4).all(|i| (rgba[i] - expected[i]).abs() <= rounding[i] + 1e-9);
                    assert!(close, "{} at {x}, {y}: {rgba:?} {expected:?}", text(format));
                }
            }
        }
    }
}

#[test]
fn missing_channels_are_zero_and_missing_alpha_is_one() {
    let cases = [
        ("R8  ", [1.0, 0.0, 0.0, 1.0]),
        ("GR88", [1.0, 0.6, 0.0, 1.0]),
        ("XR24", [1.0, 0.6, 0.2, 1.0]),
        ("AR24", [1.0, 0.6, 0.2, 0.4]),
        ("GR F", [1.0, 0.6, 0.0, 1.0]),
        ("XYUV", [1.0, 0.6, 0.2, 1.0]),
        ("AYUV", [1.0, 0.6, 0.2, 0.4]),
    ];
    let rgba = [1.0, 0.6, 0.2, 0.4];
    for (code, expected) in cases {
        assert_eq!(pixels::visible(fourcc(code), rgba), expected, "{code}");
        let planes = pixels::encode(fourcc(code), [1, 1], NARROW_601, &|_, _| rgba);
        let decoded = pixels::decode(fourcc(code), &planes, [1, 1], NARROW_601)[0];
        let close = (0..4).all(|i| (decoded[i] - expected[i]).abs() < 0.01);
        assert!(close, "{code}: {decoded:?}");
    }
}

#[test]
fn half_floats_agree_with_ieee_754() {
    let cases = [
        (0.0, 0x0000),
        (-0.0, 0x8000),
        (-2.0, 0xc000),
        (65504.0, 0x7bff),
        (65519.0, 0x7bff),
        (65520.0, 0x7c00),
        (f64::NEG_INFINITY, 0xfc00),
        (1.0 / 3.0, 0x3555),
        ((-14_f64).exp2(), 0x0400),
        ((-24_f64).exp2(), 0x0001),
        ((-25_f64).exp2(), 0x0000),
        (1.5 * (-24_f64).exp2(), 0x0002),
        (1.0 + (-11_f64).exp2(), 0x3c00),
        (1.0 + 3.0 * (-11_f64).exp2(), 0x3c02),
    ];
    for (value, bits) in cases {
        let bytes = row("R  H", NARROW_601, &[[value, 0.0, 0.0, 1.0]]).concat();
        assert_eq!(u16::from_le_bytes([bytes[0], bytes[1]]), bits, "{value}");
    }
}

#[test]
fn every_finite_half_float_survives() {
    let finite: Vec<u16> = (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00).collect();
    let plane = pixels::PlaneBytes {
        row_bytes: finite.len() * 2,
        rows: 1,
        bytes: finite.iter().flat_map(|bits| bits.to_le_bytes()).collect(),
    };
    let size = [u32::try_from(finite.len()).unwrap(), 1];
    let values = pixels::decode(fourcc("R  H"), std::slice::from_ref(&plane), size, NARROW_601);
    let again = row("R  H", NARROW_601, &values);
    assert_eq!(again, [plane.bytes]);
}
