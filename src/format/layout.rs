#![warn(clippy::arithmetic_side_effects)]
//! How the bytes of a format are arranged.

use crate::format::Fourcc;
use crate::format::table;

/// The colour model of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Model {
    /// Red, green and blue, or some of them, with or without alpha.
    Rgb,
    /// Luma, mostly with two chroma channels: needs a matrix and a range to become colours.
    Yuv,
}

/// One plane of a format: how many bytes its rows need, and how many rows there are.
///
/// A plane is a grid of blocks. A block holds `block_width x block_height` samples *of the plane*;
/// the plane has one sample per `horizontal_subsampling x vertical_subsampling` pixels of the
/// image. Both divisions round up, so an image of odd size has a chroma sample for its last pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaneLayout {
    pub(in crate::format) bits_per_block: u16,
    pub(in crate::format) block_width: u8,
    pub(in crate::format) block_height: u8,
    pub(in crate::format) horizontal_subsampling: u8,
    pub(in crate::format) vertical_subsampling: u8,
}

impl PlaneLayout {
    /// Bits that one block takes; 0 for a plane that has no linear arrangement.
    pub const fn bits_per_block(&self) -> u32 {
        self.bits_per_block as u32
    }

    /// Samples of this plane in one block, from left to right.
    pub const fn block_width(&self) -> u32 {
        self.block_width as u32
    }

    /// Samples of this plane in one block, from top to bottom.
    pub const fn block_height(&self) -> u32 {
        self.block_height as u32
    }

    /// Pixels of the image, from left to right, that share one sample.
    pub const fn horizontal_subsampling(&self) -> u32 {
        self.horizontal_subsampling as u32
    }

    /// Pixels of the image, from top to bottom, that share one sample.
    pub const fn vertical_subsampling(&self) -> u32 {
        self.vertical_subsampling as u32
    }

    /// Bytes that a row of blocks needs for an image of this width in pixels: the smallest stride
    /// that a linear plane can have. Cannot overflow: the widest block has 128 bits.
    pub const fn row_bytes(&self, width: u32) -> u64 {
        let samples = width.div_ceil(self.horizontal_subsampling as u32);
        let blocks = samples.div_ceil(self.block_width as u32) as u64;
        blocks.saturating_mul(self.bits_per_block as u64).div_ceil(8)
    }

    /// Rows of blocks for an image of this height in pixels.
    pub const fn rows(&self, height: u32) -> u32 {
        let samples = height.div_ceil(self.vertical_subsampling as u32);
        samples.div_ceil(self.block_height as u32)
    }
}

/// How the bytes of a format are arranged: its planes, in the order of `drm_fourcc.h`.
///
/// ```
/// use dmashare::format::Fourcc;
///
/// let nv12 = Fourcc::NV12.layout().ok_or("unknown")?;
/// let [luma, chroma] = nv12.planes() else { return Err("two planes") };
/// assert_eq!((luma.row_bytes(641), luma.rows(481)), (641, 481));
/// assert_eq!((chroma.row_bytes(641), chroma.rows(481)), (642, 241));
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    pub(in crate::format) fourcc: Fourcc,
    pub(in crate::format) name: &'static str,
    pub(in crate::format) model: Model,
    pub(in crate::format) has_alpha: bool,
    pub(in crate::format) planes: &'static [PlaneLayout],
    pub(in crate::format) pixels_per_chroma: [u8; 2],
}

impl Layout {
    /// The layout of a format, or `None` for one that this crate does not know.
    pub fn of(fourcc: Fourcc) -> Option<&'static Self> {
        let by_code = &table::BY_CODE;
        let rank = by_code.binary_search_by_key(&fourcc.0, |(code, _)| *code).ok()?;
        by_code.get(rank).and_then(|(_, place)| Self::all().get(*place))
    }

    /// The layout with this kernel name (`ARGB8888`).
    pub(in crate::format) fn by_name(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|layout| layout.name == name)
    }

    /// Every layout that this crate knows.
    pub fn all() -> &'static [Self] {
        table::LAYOUTS
    }

    /// The format that this is the layout of.
    pub const fn fourcc(&self) -> Fourcc {
        self.fourcc
    }

    /// The kernel's name without its prefix: `ARGB8888` for `DRM_FORMAT_ARGB8888`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether its channels are colours or luma and chroma.
    pub const fn model(&self) -> Model {
        self.model
    }

    /// Whether a channel is transparency. The unused bits of `XR24` and its kin are not.
    pub const fn has_alpha(&self) -> bool {
        self.has_alpha
    }

    /// Whether the format has a linear arrangement at all. `YU08`, `YU10` and `VU30` have none:
    /// they exist with a vendor's modifier alone, and their one plane states no block size.
    pub const fn has_linear(&self) -> bool {
        matches!(self.planes, [first, ..] if first.bits_per_block > 0)
    }

    /// The pixels, across and down, that share one sample of chroma: 2x2 of `NV12`, 2x1 of `YUYV`, and
    /// 1x1 where pixels share nothing.
    pub(crate) const fn pixels_per_chroma(&self) -> [u32; 2] {
        let [across, down] = self.pixels_per_chroma;
        [across as u32, down as u32]
    }

    /// One to three planes. A modifier may add planes to these (for compression metadata), never
    /// take any away.
    pub const fn planes(&self) -> &'static [PlaneLayout] {
        self.planes
    }
}
