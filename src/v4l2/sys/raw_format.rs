//! What a driver and its user say to each other of a format, as the kernel declares it and as it is
//! meant.
//!
//! Spec: `struct v4l2_format` in `include/uapi/linux/videodev2.h`.

use std::mem::size_of;

use crate::v4l2::sys::MAX_BUFFERS;

/// Says that the extended fields of `struct v4l2_pix_format` are meant.
const PIX_FMT_PRIV_MAGIC: u32 = 0xfeed_cafe;
/// Says that the colorimetry is a wish.
const PIX_FMT_FLAG_SET_CSC: u32 = 2;

/// `struct v4l2_pix_format`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct PixFormat {
    width: u32,
    height: u32,
    pixel_format: u32,
    field: u32,
    bytes_per_line: u32,
    size_image: u32,
    colorspace: u32,
    magic: u32,
    flags: u32,
    encoding: u32,
    quantization: u32,
    transfer: u32,
}

/// `struct v4l2_plane_pix_format`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PlanePixFormat {
    size_image: u32,
    bytes_per_line: u32,
    reserved: [u16; 6],
}

/// `struct v4l2_pix_format_mplane`, which is packed and would have no gap if it were not.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct PixFormatMultiPlanar {
    width: u32,
    height: u32,
    pixel_format: u32,
    field: u32,
    colorspace: u32,
    planes: [PlanePixFormat; MAX_BUFFERS],
    plane_count: u8,
    flags: u8,
    encoding: u8,
    quantization: u8,
    transfer: u8,
    reserved: [u8; 7],
}

/// `struct v4l2_format`, whose union has 200 bytes and is aligned for pointers. `T` is the member
/// that is meant and `REST` what it lacks of 200 bytes.
#[repr(C)]
pub(super) struct FormatArgument<T, const REST: usize> {
    kind: u32,
    alignment: [usize; 0],
    pub(super) format: T,
    rest: [u8; REST],
}

pub(super) type SinglePlanarFormat = FormatArgument<PixFormat, 152>;
pub(super) type MultiPlanarFormat = FormatArgument<PixFormatMultiPlanar, 8>;

const _: () = assert!(size_of::<SinglePlanarFormat>() == size_of::<MultiPlanarFormat>());

impl<T, const REST: usize> FormatArgument<T, REST> {
    pub(super) fn new(kind: u32, format: T) -> Self {
        Self { kind, alignment: [], format, rest: [0; REST] }
    }
}

/// What a driver and its user say to each other of a format, on either interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::v4l2) struct RawFormat {
    pub(in crate::v4l2) width: u32,
    pub(in crate::v4l2) height: u32,
    pub(in crate::v4l2) pixel_format: u32,
    pub(in crate::v4l2) field: u32,
    pub(in crate::v4l2) colorspace: u32,
    pub(in crate::v4l2) encoding: u32,
    pub(in crate::v4l2) quantization: u32,
    pub(in crate::v4l2) transfer: u32,
    /// Whether the colorimetry is a wish. Drivers do not say it.
    pub(in crate::v4l2) sets_colorimetry: bool,
    /// Stride and size of each buffer of a frame in bytes.
    pub(in crate::v4l2) buffers: Vec<[u32; 2]>,
}

impl From<&RawFormat> for PixFormat {
    fn from(raw: &RawFormat) -> Self {
        let [bytes_per_line, size_image] = raw.buffers.first().copied().unwrap_or_default();
        Self {
            width: raw.width,
            height: raw.height,
            pixel_format: raw.pixel_format,
            field: raw.field,
            bytes_per_line,
            size_image,
            colorspace: raw.colorspace,
            magic: PIX_FMT_PRIV_MAGIC,
            flags: if raw.sets_colorimetry { PIX_FMT_FLAG_SET_CSC } else { 0 },
            encoding: raw.encoding,
            quantization: raw.quantization,
            transfer: raw.transfer,
        }
    }
}

impl From<PixFormat> for RawFormat {
    fn from(format: PixFormat) -> Self {
        // Without the magic number the driver knows nothing of the fields behind it.
        let extended = |value| if format.magic == PIX_FMT_PRIV_MAGIC { value } else { 0 };
        Self {
            width: format.width,
            height: format.height,
            pixel_format: format.pixel_format,
            field: format.field,
            colorspace: format.colorspace,
            encoding: extended(format.encoding),
            quantization: extended(format.quantization),
            transfer: extended(format.transfer),
            sets_colorimetry: false,
            buffers: vec![[format.bytes_per_line, format.size_image]],
        }
    }
}

impl From<&RawFormat> for PixFormatMultiPlanar {
    fn from(raw: &RawFormat) -> Self {
        let byte = |value: u32| u8::try_from(value).unwrap_or(0);
        let mut planes = [PlanePixFormat::default(); MAX_BUFFERS];
        for (plane, [bytes_per_line, size_image]) in planes.iter_mut().zip(&raw.buffers) {
            plane.bytes_per_line = *bytes_per_line;
            plane.size_image = *size_image;
        }
        Self {
            width: raw.width,
            height: raw.height,
            pixel_format: raw.pixel_format,
            field: raw.field,
            colorspace: raw.colorspace,
            planes,
            plane_count: u8::try_from(raw.buffers.len().min(MAX_BUFFERS)).unwrap_or(0),
            flags: if raw.sets_colorimetry { byte(PIX_FMT_FLAG_SET_CSC) } else { 0 },
            encoding: byte(raw.encoding),
            quantization: byte(raw.quantization),
            transfer: byte(raw.transfer),
            reserved: [0; 7],
        }
    }
}

impl From<PixFormatMultiPlanar> for RawFormat {
    fn from(format: PixFormatMultiPlanar) -> Self {
        let planes = format.planes.iter().take(usize::from(format.plane_count));
        Self {
            width: format.width,
            height: format.height,
            pixel_format: format.pixel_format,
            field: format.field,
            colorspace: format.colorspace,
            encoding: format.encoding.into(),
            quantization: format.quantization.into(),
            transfer: format.transfer.into(),
            sets_colorimetry: false,
            buffers: planes.map(|plane| [plane.bytes_per_line, plane.size_image]).collect(),
        }
    }
}
