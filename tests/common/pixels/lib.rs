//! The pixel oracle: which bytes a picture has in a format, and which colours a GL sampler must
//! return for bytes, worked out in `f64` from the standards and from `drm_fourcc.h` alone.
//!
//! Nothing here comes from the crate under test. The formats are those that Mesa 26 lists for EGL
//! import, except `YU08` and `YU10`, which have no linear arrangement, and all others of luma and chroma.
//!
//! Colours are `[red, green, blue, alpha]`, from 0 to 1, gamma-encoded as they are (no transfer
//! function is applied), and a list of pixels begins with the top left one and goes on row by row.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "what a test asks wrongly fails it"
)]

pub mod colorimetry;
mod formats;
mod notation;
mod number;
mod siting;

use colorimetry::Chroma;
use colorimetry::Colorimetry;
use formats::Format;
use notation::Channel;
use notation::Field;
use notation::Word;

/// The bytes of one plane, rows one after the other without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneBytes {
    /// Bytes from one row to the next.
    pub row_bytes: usize,
    /// How many rows there are.
    pub rows: usize,
    /// `row_bytes * rows` bytes.
    pub bytes: Vec<u8>,
}

/// The codes of all formats that the oracle knows.
pub fn fourccs() -> impl Iterator<Item = u32> {
    formats::FORMATS.iter().map(Format::fourcc)
}

/// The bytes that a picture has in a format, plane by plane. `picture` is asked for the pixels of
/// `width x height`; it may be asked for one more than once.
///
/// Bits that the format leaves unused are 0. Where a word holds more pixels than are left in the
/// row, the last one is repeated.
pub fn encode(
    fourcc: u32,
    [width, height]: [u32; 2],
    colorimetry: Colorimetry,
    picture: &dyn Fn(u32, u32) -> [f64; 4],
) -> Vec<PlaneBytes> {
    let format = Format::of(fourcc);
    let source = Source { format, width, height, colorimetry, picture };
    format.words().map(|word| source.plane(&word)).collect()
}

/// The colour that a sampler must return for each pixel. Every pixel has the chroma of the sample that
/// covers it, or, for [`Chroma::Around`], what lies between the samples around it.
///
/// Channels that the format lacks are 0, and 1 for alpha. Luma and chroma become colours by the
/// colorimetry, limited to 0..=1 as in a render target that holds whole numbers.
pub fn decode(
    fourcc: u32,
    planes: &[PlaneBytes],
    [width, height]: [u32; 2],
    colorimetry: Colorimetry,
) -> Vec<[f64; 4]> {
    if let Chroma::Around(siting) = colorimetry.chroma {
        return siting::decode(fourcc, planes, [width, height], colorimetry, siting);
    }
    let [horizontal, vertical] = sharing(fourcc);
    let covering = |x, y| [x / horizontal, y / vertical];
    decode_with_chroma_of(fourcc, planes, [width, height], colorimetry, &covering)
}

/// As [`decode`], for a sampler that finds chroma elsewhere: `chroma_of` says from which column and
/// row of samples it takes that of a pixel.
pub fn decode_with_chroma_of(
    fourcc: u32,
    planes: &[PlaneBytes],
    [width, height]: [u32; 2],
    colorimetry: Colorimetry,
    chroma_of: &dyn Fn(u32, u32) -> [u32; 2],
) -> Vec<[f64; 4]> {
    let format = Format::of(fourcc);
    let words: Vec<_> = format.words().collect();
    assert_eq!(planes.len(), words.len(), "planes of {}", format.code);
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let samples = pixels.map(|(x, y)| Samples { luma: [x, y], chroma: chroma_of(x, y) });
    samples.map(|at| decode_pixel(format, &words, planes, at, colorimetry)).collect()
}

/// By how much the colours differ at most, where 1 is from black to white. Colours that there are not
/// count as the nearest that there are.
pub fn worst(seen: &[[f32; 4]], expected: &[[f64; 4]]) -> f64 {
    assert_eq!(seen.len(), expected.len());
    let channels = seen.as_flattened().iter().zip(expected.as_flattened());
    let apart =
        channels.map(|(seen, expected)| (f64::from(*seen).clamp(0.0, 1.0) - expected).abs());
    // What is no number is as far off as can be.
    apart.fold(0.0, |worst, apart| if apart.is_nan() { f64::INFINITY } else { worst.max(apart) })
}

/// Pixels, across and down, that share a sample of chroma.
pub fn sharing(fourcc: u32) -> [u32; 2] {
    Format::of(fourcc).chroma
}

/// Bits of luma, for formats that have it.
pub fn luma_bits(fourcc: u32) -> Option<u32> {
    Format::of(fourcc).words().find_map(|word| word.bits_of(Channel::Y))
}

/// Whether a format has luma and no chroma.
pub fn is_luma_alone(fourcc: u32) -> bool {
    let has = |channel| Format::of(fourcc).words().any(|word| word.bits_of(channel).is_some());
    has(Channel::Y) && !has(Channel::Cb)
}

/// Bits of red, for formats that have it.
pub fn red_bits(fourcc: u32) -> Option<u32> {
    Format::of(fourcc).words().find_map(|word| word.bits_of(Channel::R))
}

/// What a format keeps of a colour, rounding apart: channels that it lacks are 0, and 1 for alpha.
pub fn visible(fourcc: u32, rgba: [f64; 4]) -> [f64; 4] {
    let format = Format::of(fourcc);
    let has = |channel| format.words().any(|word| word.bits_of(channel).is_some());
    let yuv = has(Channel::Y);
    let kept = [Channel::R, Channel::G, Channel::B, Channel::A]
        .map(|channel| has(channel) || (yuv && channel != Channel::A));
    let absent = [0.0, 0.0, 0.0, 1.0];
    std::array::from_fn(|i| if kept[i] { rgba[i] } else { absent[i] })
}

/// By how much rounding to the format's bits changes a colour at most, channel by channel, for
/// colours from 0 to 1 and one colour per chroma sample.
pub fn rounding(fourcc: u32, colorimetry: Colorimetry) -> [f64; 4] {
    let format = Format::of(fourcc);
    let bits = |channel| format.words().find_map(|word| word.bits_of(channel));
    let plain = |channel| bits(channel).map_or(0.0, |bits| format.numbers.rounding(bits));
    let alpha = plain(Channel::A);
    match (bits(Channel::Y), bits(Channel::Cb)) {
        (Some(luma), Some(chroma)) => {
            let [red, green, blue] = colorimetry.rounding(luma, chroma);
            [red, green, blue, alpha]
        }
        (Some(luma), None) => {
            let [grey, ..] = colorimetry.rounding(luma, 32);
            [grey, grey, grey, alpha]
        }
        _ => [plain(Channel::R), plain(Channel::G), plain(Channel::B), alpha],
    }
}

/// A picture on its way into a format.
struct Source<'a> {
    format: &'static Format,
    width: u32,
    height: u32,
    colorimetry: Colorimetry,
    picture: &'a dyn Fn(u32, u32) -> [f64; 4],
}

impl Source<'_> {
    fn plane(&self, word: &Word) -> PlaneBytes {
        let [columns, rows] = self.format.words_in(word, [self.width, self.height]);
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        let bytes: Vec<u8> = cells
            .flat_map(|(column, row)| {
                let bits = word.fields.iter().fold(0, |bits, field| {
                    bits | (self.code(word, field, column, row) << field.shift)
                });
                bits.to_le_bytes().into_iter().take(word.bytes())
            })
            .collect();
        PlaneBytes { row_bytes: columns as usize * word.bytes(), rows: rows as usize, bytes }
    }

    /// The number that a field of the word in this column and row holds.
    fn code(&self, word: &Word, field: &Field, column: u32, row: u32) -> u128 {
        let samples = word.samples_of(field.channel);
        let x = column * samples + field.sample;
        match field.channel {
            Channel::Nothing => 0,
            Channel::Y => {
                let luma = self.yuv(x, row)[0];
                self.colorimetry.range.luma_code(luma, field.bits)
            }
            Channel::Cb => self.colorimetry.range.chroma_code(self.chroma(x, row)[0], field.bits),
            Channel::Cr => self.colorimetry.range.chroma_code(self.chroma(x, row)[1], field.bits),
            Channel::R | Channel::G | Channel::B | Channel::A => {
                let value = self.pixel(x, row)[field.channel.index()];
                self.format.numbers.code(value, field.bits)
            }
        }
    }

    /// The colour of a pixel, and beyond the right and lower edge that of the last one.
    fn pixel(&self, x: u32, y: u32) -> [f64; 4] {
        (self.picture)(x.min(self.width - 1), y.min(self.height - 1))
    }

    fn yuv(&self, x: u32, y: u32) -> [f64; 3] {
        let [red, green, blue, _] = self.pixel(x, y);
        self.colorimetry.matrix.yuv([red, green, blue])
    }

    /// Blue and red difference of one chroma sample, counted in samples.
    fn chroma(&self, sample_x: u32, sample_y: u32) -> [f64; 2] {
        let [horizontal, vertical] = self.format.chroma;
        if let Chroma::Around(siting) = self.colorimetry.chroma {
            return siting::mean(self, [sample_x, sample_y], siting);
        }
        let left = (sample_x * horizontal).min(self.width - 1);
        let top = (sample_y * vertical).min(self.height - 1);
        let [right, bottom] = match self.colorimetry.chroma {
            Chroma::Cosited => [left + 1, top + 1],
            Chroma::Averaged | Chroma::Around(_) => {
                [(left + horizontal).min(self.width), (top + vertical).min(self.height)]
            }
        };
        let pixels = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
        let count = f64::from((right - left) * (bottom - top));
        let sum = pixels
            .map(|(x, y)| self.yuv(x, y))
            .fold([0.0, 0.0], |sum, [_, blue, red]| [sum[0] + blue, sum[1] + red]);
        sum.map(|sum| sum / count)
    }
}

/// The column and row of the samples that make a pixel, counted in samples of their own kind.
#[derive(Clone, Copy)]
struct Samples {
    luma: [u32; 2],
    chroma: [u32; 2],
}

fn decode_pixel(
    format: &Format,
    words: &[Word],
    planes: &[PlaneBytes],
    at: Samples,
    colorimetry: Colorimetry,
) -> [f64; 4] {
    let mut rgba = [0.0, 0.0, 0.0, 1.0];
    let mut yuv = None;
    for (word, plane) in words.iter().zip(planes) {
        for channel in [Channel::R, Channel::G, Channel::B, Channel::A] {
            if let Some((code, bits)) = read(word, plane, channel, at) {
                rgba[channel.index()] = format.numbers.value(code, bits);
            }
        }
        for channel in [Channel::Y, Channel::Cb, Channel::Cr] {
            if let Some((code, bits)) = read(word, plane, channel, at) {
                let range = colorimetry.range;
                yuv.get_or_insert([0.0; 3])[channel.index()] = match channel {
                    Channel::Y => range.luma(code, bits),
                    _ => range.chroma(code, bits),
                };
            }
        }
    }
    if let Some(yuv) = yuv {
        let [red, green, blue] = colorimetry.matrix.rgb(yuv).map(|value| value.clamp(0.0, 1.0));
        rgba = [red, green, blue, rgba[3]];
    }
    rgba
}

/// The number that a channel has for a pixel, and its bits, if the plane has the channel.
fn read(word: &Word, plane: &PlaneBytes, channel: Channel, at: Samples) -> Option<(u128, u32)> {
    let samples = word.samples_of(channel);
    let [x, y] = if channel.is_chroma() { at.chroma } else { at.luma };
    let same = |field: &&Field| field.channel == channel && field.sample == x % samples;
    let field = word.fields.iter().find(same)?;
    let start = y as usize * plane.row_bytes + (x / samples) as usize * word.bytes();
    let mut bytes = [0; 16];
    bytes[..word.bytes()].copy_from_slice(&plane.bytes[start..start + word.bytes()]);
    let code = (u128::from_le_bytes(bytes) >> field.shift) & number::mask(field.bits);
    Some((code, field.bits))
}
