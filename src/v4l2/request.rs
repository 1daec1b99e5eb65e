//! What a camera is asked for.

use crate::dmabuf::Dmabuf;
use crate::dmabuf::Plane;
use crate::v4l2::ColorFields;
use crate::v4l2::FormatError;
use crate::v4l2::PixelFormat;
use crate::v4l2::sys;
use crate::v4l2::sys::RawFormat;

/// What a camera is asked for. The driver takes what is nearest, except for the pixel format, which
/// is this one or an error.
///
/// ```
/// use dmashare::format::Fourcc;
/// use dmashare::v4l2::FormatRequest;
/// use dmashare::v4l2::PixelFormat;
///
/// let request = FormatRequest::new(1280, 720, PixelFormat::from_code(b"YUYV")).strides([4096]);
/// assert_eq!(request.pixel_format().fourcc(), Some(Fourcc::YUYV));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatRequest {
    width: u32,
    height: u32,
    pixel_format: PixelFormat,
    strides_bytes: Vec<u32>,
    colors: Option<ColorFields>,
}

impl FormatRequest {
    /// Width and height are in pixels.
    pub fn new(width: u32, height: u32, pixel_format: PixelFormat) -> Self {
        Self { width, height, pixel_format, strides_bytes: Vec::new(), colors: None }
    }

    /// What the camera would have to write so that it can write into this image: its size, format
    /// and strides. Whether it does, [`Capture::import`](crate::v4l2::Capture::import) checks.
    ///
    /// # Errors
    /// [`FormatError::NoImage`] if cameras have no name for the image's format and buffers.
    pub fn like(image: &Dmabuf) -> Result<Self, FormatError> {
        let buffers = image.distinct_fds().count();
        let pixel_format = PixelFormat::of(image.fourcc(), buffers)
            .ok_or(FormatError::NoImage { pixel_format: PixelFormat(image.fourcc().0) })?;
        let strides = image.planes().iter().take(buffers).map(Plane::stride_bytes);
        Ok(Self::new(image.width(), image.height(), pixel_format).strides(strides))
    }

    /// Asks for strides in bytes, one for each buffer of a frame. Many drivers have their own.
    #[must_use]
    pub fn strides(mut self, strides_bytes: impl IntoIterator<Item = u32>) -> Self {
        self.strides_bytes = strides_bytes.into_iter().collect();
        self
    }

    /// Asks for colours. Few drivers convert; the format says what came of it.
    #[must_use]
    pub fn colors(mut self, colors: ColorFields) -> Self {
        self.colors = Some(colors);
        self
    }

    /// The pixel format.
    pub fn pixel_format(&self) -> PixelFormat {
        self.pixel_format
    }

    pub(in crate::v4l2) fn to_raw(&self) -> RawFormat {
        let colors = self.colors.unwrap_or_default();
        let count = self.pixel_format.buffers().unwrap_or(1);
        let stride = |buffer| self.strides_bytes.get(buffer).copied().unwrap_or(0);
        RawFormat {
            width: self.width,
            height: self.height,
            pixel_format: self.pixel_format.0,
            field: sys::FIELD_NONE,
            colorspace: colors.colorspace,
            encoding: colors.encoding,
            quantization: colors.quantization,
            transfer: colors.transfer,
            sets_colorimetry: self.colors.is_some(),
            buffers: (0..count).map(|buffer| [stride(buffer), 0]).collect(),
        }
    }
}
