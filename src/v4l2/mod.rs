//! Cameras: what they capture, in dma-bufs that anybody can use (feature `v4l2`).
//!
//! A [`Device`] says which [formats](Device::formats) and [sizes](Device::sizes) it has, and is set
//! to one of them. A [`Capture`] has the buffers, of which there are two kinds:
//!
//! - [`Capture::export`]: the driver allocates, and exports its buffers (`VIDIOC_EXPBUF`). Every
//!   driver can, and who imports them has to take the memory as it is.
//! - [`Capture::import`]: the camera writes into images that somebody else has allocated
//!   (`V4L2_MEMORY_DMABUF`), such as the buffers of a display or of an encoder.
//!
//! Either way a [`Frame`] has an image, which is a [`Dmabuf`](crate::dmabuf::Dmabuf) like any other:
//! to be imported into GL, shown on a plane or sent to another process. No pixel is copied.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use dmashare::v4l2::Capture;
//! use dmashare::v4l2::Device;
//! use dmashare::v4l2::FormatRequest;
//! use dmashare::v4l2::PixelFormat;
//!
//! let camera = Device::open("/dev/video0")?;
//! camera.set_format(&FormatRequest::new(640, 480, PixelFormat::from_code(b"YUYV")))?;
//! let capture = Capture::export(&camera, 3)?;
//! capture.start()?;
//! let frame = capture.frame(Duration::from_secs(1))?;
//! println!("frame {}: {:?}", frame.sequence(), frame.image());
//! frame.requeue()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is whose
//! The capture owns the file descriptors of exported buffers and shares those of imported images.
//! The memory lives as long as somebody has an image of it, be the camera closed or unplugged.
//!
//! # Frames
//! A frame is finished when it is handed out: V4L2 knows no fences. It is overwritten as soon as it is
//! given back, so whoever reads it with a GPU waits for that first (see [`Frame`]).
//!
//! Interlaced pictures are images; fields in buffers of their own are not, and are refused.
//!
//! Spec: <https://docs.kernel.org/userspace-api/media/v4l/v4l2.html>,
//! <https://docs.kernel.org/userspace-api/media/v4l/dmabuf.html>.

mod capture;
mod color_fields;
mod device;
mod error;
mod format;
mod frame;
mod misfit;
mod pixel_format;
mod queue;
mod request;
mod sys;

pub use capture::Capture;
pub use color_fields::ColorFields;
pub use device::Device;
pub use device::FormatDescription;
pub use device::FrameSizes;
pub use error::CaptureError;
pub use error::DeviceError;
pub use error::FormatError;
pub use error::FrameError;
pub use error::OpenError;
pub use error::QueueError;
pub use format::Format;
pub use format::PlacedPlane;
pub use frame::Frame;
pub use misfit::Misfit;
pub use pixel_format::PixelFormat;
pub use request::FormatRequest;
