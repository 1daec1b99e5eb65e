//! Chroma at the place where it lies: averaged around it, and interpolated between its samples.
//!
//! The middle of pixel `i` is at `i`. Of `n` pixels that share a sample, sample `j` lies at `n * j` if
//! it is at the first of them, and at `n * j + (n - 1) / 2` if it is in their middle.
//!
//! Spec: ITU-T H.273, 8.7, "Chroma 4:2:0 sample location type"; ITU-R BT.601-7, 2.5.1 and table 1 (first
//! pixels, 4:2:2); BT.2020-2, table 5 (first pixels, 4:2:0).

use super::Channel;
use super::Colorimetry;
use super::Format;
use super::PlaneBytes;
use super::Samples;
use super::Source;
use super::colorimetry::Siting;
use super::read;

fn place(siting: Siting, sharing: u32, sample: u32) -> f64 {
    let first = f64::from(sharing * sample);
    match siting {
        Siting::First => first,
        Siting::Middle => first + (f64::from(sharing) - 1.0) / 2.0,
    }
}

/// Blue and red difference of one sample: the mean over an area around it, as far as there are pixels.
pub(super) fn mean(source: &Source<'_>, sample: [u32; 2], siting: [Siting; 2]) -> [f64; 2] {
    let size = [source.width, source.height];
    let weights: [Vec<(u32, f64)>; 2] = std::array::from_fn(|axis| {
        let sharing = source.format.chroma[axis];
        let middle = place(siting[axis], sharing, sample[axis]);
        let (low, high) = (middle - f64::from(sharing) / 2.0, middle + f64::from(sharing) / 2.0);
        let inside = |pixel: u32| {
            let pixel = f64::from(pixel);
            (high.min(pixel + 0.5) - low.max(pixel - 0.5)).max(0.0)
        };
        let near = (sharing * sample[axis]).saturating_sub(sharing)..size[axis];
        let near = near.take(3 * sharing as usize).map(|pixel| (pixel, inside(pixel)));
        near.filter(|(_, weight)| *weight > 0.0).collect()
    });
    let mut sums = [0.0; 3];
    for (y, down) in &weights[1] {
        for (x, across) in &weights[0] {
            let [_, blue, red] = source.yuv(*x, *y);
            let weight = down * across;
            sums = [sums[0] + weight * blue, sums[1] + weight * red, sums[2] + weight];
        }
    }
    [sums[0] / sums[2], sums[1] / sums[2]]
}

/// The pixels, with chroma interpolated between the four samples around each.
pub(super) fn decode(
    fourcc: u32,
    planes: &[PlaneBytes],
    [width, height]: [u32; 2],
    colorimetry: Colorimetry,
    siting: [Siting; 2],
) -> Vec<[f64; 4]> {
    let format = Format::of(fourcc);
    let words: Vec<_> = format.words().collect();
    let number = |channel, x: u32, y: u32| {
        let at = Samples { luma: [x, y], chroma: [x, y] };
        let found =
            words.iter().zip(planes).find_map(|(word, plane)| read(word, plane, channel, at));
        found.map(|(code, bits)| match channel {
            Channel::Y => colorimetry.range.luma(code, bits),
            Channel::Cb | Channel::Cr => colorimetry.range.chroma(code, bits),
            _ => format.numbers.value(code, bits),
        })
    };
    let sizes = [width, height];
    let [columns, rows] = std::array::from_fn(|axis| sizes[axis].div_ceil(format.chroma[axis]));
    let samples = (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y)));
    let differences =
        |x, y| [Channel::Cb, Channel::Cr].map(|channel| number(channel, x, y).unwrap_or_default());
    let chroma: Vec<[f64; 2]> = samples.map(|(x, y)| differences(x, y)).collect();
    let around = |axis: usize, samples| {
        let of_pixel = move |pixel| neighbours(siting[axis], format.chroma[axis], samples, pixel);
        (0..sizes[axis]).map(of_pixel).collect::<Vec<_>>()
    };
    let (across, down) = (around(0, columns), around(1, rows));
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let colours = pixels.map(|(x, y)| {
        let mut mixed = [0.0; 2];
        for (row, of_row) in down[y as usize] {
            for (column, of_column) in across[x as usize] {
                let [blue, red] = chroma[(row * columns + column) as usize];
                let part = of_row * of_column;
                mixed = [mixed[0] + part * blue, mixed[1] + part * red];
            }
        }
        let luma = number(Channel::Y, x, y).expect("a format with luma");
        let [red, green, blue] = colorimetry.matrix.rgb([luma, mixed[0], mixed[1]]);
        let alpha = number(Channel::A, x, y).unwrap_or(1.0);
        [red.clamp(0.0, 1.0), green.clamp(0.0, 1.0), blue.clamp(0.0, 1.0), alpha]
    });
    colours.collect()
}

/// The two samples around a pixel on one axis, with the parts of each. Beyond the first and the last
/// sample is nothing else.
fn neighbours(siting: Siting, sharing: u32, samples: u32, pixel: u32) -> [(u32, f64); 2] {
    let around = [pixel / sharing, (pixel / sharing).saturating_sub(1)];
    let pixel = f64::from(pixel);
    let before = around.into_iter().find(|sample| place(siting, sharing, *sample) <= pixel);
    match before {
        None => [(0, 1.0), (0, 0.0)],
        Some(last) if last + 1 == samples => [(last, 1.0), (last, 0.0)],
        Some(before) => {
            let part = (pixel - place(siting, sharing, before)) / f64::from(sharing);
            [(before, 1.0 - part), (before + 1, part)]
        }
    }
}
