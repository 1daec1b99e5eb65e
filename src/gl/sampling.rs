//! The numbers that the shaders of views are given, as floats.

use crate::format::Colorimetry;
use crate::gl::Texture;
use crate::gl::TwoD;
use crate::gl::arrangement::Arrangement;
use crate::gl::conversion::Conversion;

/// What `sample_rgb` needs to know of an image.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gl) struct Sampling {
    pub(in crate::gl) size: [f32; 2],
    /// One over the size of each texture.
    pub(in crate::gl) steps: Vec<[f32; 2]>,
    /// Samples of chroma in a pixel, across and down.
    pub(in crate::gl) samples: [f32; 2],
    /// The place of the first pixel, in samples from the middle of the first sample.
    pub(in crate::gl) first_pixel: [f32; 2],
    /// The column and the row of the last sample.
    pub(in crate::gl) last_sample: [f32; 2],
    pub(in crate::gl) to_rgb: Conversion,
}

impl Sampling {
    /// Of textures that need no conversion.
    pub(in crate::gl) fn of_colours(size: [u32; 2]) -> Self {
        let matrix = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        Self {
            size: to_floats(size),
            steps: Vec::new(),
            samples: [1.0; 2],
            first_pixel: [0.0; 2],
            last_sample: to_floats(size.map(|pixels| pixels.saturating_sub(1))),
            to_rgb: Conversion { matrix, zero: [0.0; 3] },
        }
    }

    pub(in crate::gl) fn of_planes(
        size: [u32; 2],
        arrangement: &Arrangement,
        colorimetry: Colorimetry,
        textures: &[Texture<TwoD>],
    ) -> Self {
        let samples = to_floats(arrangement.sharing).map(f32::recip);
        let [horizontal, vertical] = site(arrangement, colorimetry);
        let [width, height] = size;
        let [across, down] = arrangement.sharing;
        let last = [width.div_ceil(across), height.div_ceil(down)].map(|it| it.saturating_sub(1));
        let sizes = textures.iter().map(|texture| [texture.width(), texture.height()]);
        Self {
            size: to_floats(size),
            steps: sizes.map(|size| to_floats(size).map(f32::recip)).collect(),
            samples,
            // What pixels share is a power of two, so that these are exact.
            first_pixel: [-horizontal * samples[0], -vertical * samples[1]],
            last_sample: to_floats(last),
            to_rgb: Conversion::to_rgb(colorimetry, arrangement.depth),
        }
    }
}

/// What a shader needs to know of a plane that it makes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gl) struct PlaneNumbers {
    /// Of the whole image, in pixels.
    pub(in crate::gl) size: [f32; 2],
    pub(in crate::gl) site: [f32; 2],
    pub(in crate::gl) to_codes: Conversion,
    pub(in crate::gl) largest: f32,
    pub(in crate::gl) full_texel: f32,
}

impl PlaneNumbers {
    /// Of the planes of luma and of chroma, in this order, for an image of `size` pixels.
    pub(in crate::gl) fn of(
        size: [u32; 2],
        arrangement: &Arrangement,
        colorimetry: Colorimetry,
    ) -> [Self; 2] {
        let depth = arrangement.depth;
        let luma = Self {
            size: to_floats(size),
            site: [0.0; 2],
            to_codes: Conversion::to_codes(colorimetry, depth),
            largest: to_float(f64::from(depth.bits).exp2() - 1.0),
            full_texel: to_float(depth.full_texel),
        };
        let chroma = Self { site: site(arrangement, colorimetry), ..luma.clone() };
        [luma, chroma]
    }
}

/// Where the first sample of chroma is, in pixels from the middle of the first pixel.
fn site(arrangement: &Arrangement, colorimetry: Colorimetry) -> [f32; 2] {
    let [across, down] = arrangement.sharing;
    let [horizontal, vertical] = colorimetry.siting();
    [horizontal.offset_pixels(across), vertical.offset_pixels(down)].map(to_float)
}

/// Sizes of textures, which floats hold exactly.
#[allow(clippy::cast_precision_loss, reason = "no texture has more than 2^24 columns")]
fn to_floats(size: [u32; 2]) -> [f32; 2] {
    size.map(|pixels| pixels as f32)
}

#[allow(clippy::cast_possible_truncation, reason = "a shader has no wider numbers")]
fn to_float(number: f64) -> f32 {
    number as f32
}
