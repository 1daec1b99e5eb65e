//! A picture for people: what a driver makes of chroma, beside what it is.

use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::gl::Policy;
use dmashare::gl::RgbView;

use crate::common::picture::Picture;
use crate::common::renderer::Renderer;
use crate::image_of;
use crate::meaning;
use crate::seen;

/// An odd width, of which the driver loses the last sample of chroma.
const SIZE: [u32; 2] = [19, 17];
const ENLARGED: u32 = 16;

/// A ring and a bar at the right edge, in colours of about the same luma.
fn ring(x: u32, y: u32) -> [f64; 4] {
    let [across, down] = [f64::from(x) - 8.0, f64::from(y) - 8.0];
    let distance = across.hypot(down);
    if x >= 18 {
        [1.0, 0.2, 0.1, 1.0]
    } else if (4.0..7.0).contains(&distance) {
        [0.9, 0.3, 0.1, 1.0]
    } else {
        [0.1, 0.4, 0.9, 1.0]
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to what a byte holds"
)]
fn byte(number: f64) -> u8 {
    (255.0 * number.clamp(0.0, 1.0)).round() as u8
}

fn mean_distance(one: &[[f64; 4]], other: &[[f64; 4]]) -> f64 {
    let channels = one.as_flattened().iter().zip(other.as_flattened());
    let sum: f64 = channels.map(|(a, b)| (a - b).abs()).sum();
    sum / f64::from(SIZE[0] * SIZE[1] * 3)
}

#[test]
fn exact_way_is_nearer_to_the_picture_than_the_drivers() {
    let renderer = Renderer::new();
    let colorimetry = Colorimetry::HD_VIDEO;
    let (image, _) = image_of(Fourcc::YUYV, SIZE, meaning::of(colorimetry), &ring);
    let show = |policy| {
        let view = RgbView::new(&renderer.gl, &image, colorimetry, policy).unwrap();
        seen(&renderer, &view).iter().map(|pixel| pixel.map(f64::from)).collect::<Vec<_>>()
    };
    let places = (0..SIZE[1]).flat_map(|y| (0..SIZE[0]).map(move |x| (x, y)));
    let original: Vec<_> = places.map(|(x, y)| ring(x, y)).collect();
    let (exact, direct) = (show(Policy::RequireExact), show(Policy::RequireDirect));
    let panels = [&original, &exact, &direct];
    let [width, height] = SIZE.map(|pixels| pixels * ENLARGED);
    let gap = 8;
    let pixel = |x: u32, y: u32| {
        let (panel, x) = (x / (width + gap), x % (width + gap));
        if x >= width {
            return [255; 3];
        }
        let [red, green, blue, _] =
            panels[panel as usize][(y / ENLARGED * SIZE[0] + x / ENLARGED) as usize];
        [red, green, blue].map(byte)
    };
    let width = 3 * width + 2 * gap;
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let pixels = places.map(|(x, y)| pixel(x, y)).collect();
    println!("{}", Picture { width, height, pixels }.keep("yuv.png").display());
    let [by_plane, by_driver] = [&exact, &direct].map(|panel| mean_distance(&original, panel));
    assert!(1.5 * by_plane < by_driver, "{by_plane} {by_driver}");
}
