//! What can go wrong with a camera.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::dmabuf::InvalidDescriptor;
use crate::v4l2::Misfit;
use crate::v4l2::PixelFormat;

/// Why a camera was not opened. Nothing stays open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No such file, or its device is gone.
    #[error("no video device {}: {errno}", path.display())]
    Missing {
        /// What was asked for.
        path: PathBuf,
        /// The error of `open(2)`.
        errno: Errno,
    },
    /// This user may not open it.
    #[error("{} may not be opened by this user (usually for the group `video`: join it)", path.display())]
    Denied {
        /// What was asked for.
        path: PathBuf,
    },
    /// It is no video device, or one that captures nothing into buffers.
    #[error("{} captures no video", path.display())]
    NoCapture {
        /// What was asked for.
        path: PathBuf,
    },
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why a camera did not say what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The driver has no such call.
    #[error("{call} is not supported by this driver")]
    Unsupported {
        /// The missing call.
        call: &'static str,
    },
    /// The device is gone.
    #[error("the camera was unplugged")]
    Unplugged,
    /// The driver's list has no end, or more than anybody can use.
    #[error("the list that {call} gives has no end")]
    Endless {
        /// The ioctl.
        call: &'static str,
    },
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl DeviceError {
    pub(in crate::v4l2) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::NOTTY => Self::Unsupported { call },
            Errno::NODEV => Self::Unplugged,
            errno => Self::Call { call, errno },
        }
    }
}

/// Why a format was not set, or is none that images can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The camera has another format nearest to this one.
    #[error("the camera has no {wanted}; the nearest that it has is {nearest}")]
    Unsupported {
        /// What was asked for.
        wanted: PixelFormat,
        /// What the driver offers instead, and is set now.
        nearest: PixelFormat,
    },
    /// The format is compressed, tiled, raw, or not known to this crate.
    #[error("{pixel_format} has no counterpart among the formats of images")]
    NoImage {
        /// The camera's format.
        pixel_format: PixelFormat,
    },
    /// Each buffer has one field of a picture, and there is none with both.
    #[error("the camera gives fields (`V4L2_FIELD_*` is {field}), not pictures")]
    Fields {
        /// The number of the arrangement.
        field: u32,
    },
    /// What the driver says does not make an image: so many buffers, such strides.
    #[error("the driver's numbers make no image: {width}x{height} {pixel_format}")]
    Malformed {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The camera's format.
        pixel_format: PixelFormat,
    },
    /// Somebody captures: the format cannot be changed.
    #[error("the camera is in use: its format cannot be changed")]
    Busy,
    /// The device is gone.
    #[error("the camera was unplugged")]
    Unplugged,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl FormatError {
    pub(in crate::v4l2) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::BUSY => Self::Busy,
            Errno::NODEV => Self::Unplugged,
            errno => Self::Call { call, errno },
        }
    }
}

/// Why nothing can be captured. No buffer stays allocated, none is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The driver cannot export its buffers, or cannot import those of others.
    #[error("{call} is not supported by this driver{}", hint(call))]
    Unsupported {
        /// The missing call.
        call: &'static str,
    },
    /// The format that is set is not one to capture.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// No buffer was asked for.
    #[error("capturing takes at least one buffer, and mostly three")]
    NoBuffers,
    /// The driver takes no more than these.
    #[error("the driver takes {granted} buffers, and there are {wanted}")]
    TooMany {
        /// How many were given.
        wanted: usize,
        /// How many it takes.
        granted: usize,
    },
    /// An image is not what the camera writes.
    #[error("image {image} is not what the camera writes: {misfit}")]
    Misfit {
        /// The image, counted from 0.
        image: usize,
        /// What is wrong with it.
        misfit: Misfit,
    },
    /// What the driver exported does not hold an image of its format.
    #[error("what the driver exported is no such image")]
    Rejected(#[from] InvalidDescriptor),
    /// Somebody else captures, or this device already has a [`Capture`](crate::v4l2::Capture) whose
    /// frames are not all back.
    #[error("the camera is in use")]
    Busy,
    /// The device is gone.
    #[error("the camera was unplugged")]
    Unplugged,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl CaptureError {
    pub(in crate::v4l2) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::NOTTY => Self::Unsupported { call },
            Errno::BUSY => Self::Busy,
            Errno::NODEV => Self::Unplugged,
            errno => Self::Call { call, errno },
        }
    }
}

fn hint(call: &str) -> &'static str {
    match call {
        "VIDIOC_EXPBUF" => ": allocate images and import them",
        "VIDIOC_REQBUFS(DMABUF)" => ": let it export its own",
        _ => "",
    }
}

/// Why a stream was not started, or a frame not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The device is gone.
    #[error("the camera was unplugged")]
    Unplugged,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl QueueError {
    pub(in crate::v4l2) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::NODEV => Self::Unplugged,
            errno => Self::Call { call, errno },
        }
    }
}

/// Why there is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// None came in time. One may still come.
    #[error("no frame came in time")]
    TimedOut,
    /// The stream was not started, or stopped meanwhile.
    #[error("the camera is not capturing: start it")]
    Stopped,
    /// Every buffer is in a frame that was not given back, so that the camera has nowhere to write.
    #[error("the camera has no buffer to write to: give a frame back")]
    AllHeld,
    /// The device is gone.
    #[error("the camera was unplugged")]
    Unplugged,
    /// The driver says that the device failed. What was queued is lost until the stream is stopped
    /// and started again.
    #[error("the camera failed: stop and start again")]
    DeviceFailed,
    /// The driver gave a frame in a buffer that it does not have.
    #[error("the driver gave buffer {buffer}, which it does not have")]
    UnknownBuffer {
        /// The number of the buffer.
        buffer: u32,
    },
    /// The driver wrote the frame to a place that is not inside its buffer. It is given back.
    #[error("the driver wrote a frame to where none has room")]
    Rejected(#[from] InvalidDescriptor),
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl From<QueueError> for FrameError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Unplugged => Self::Unplugged,
            QueueError::Call { call, errno } => Self::Call { call, errno },
        }
    }
}

impl FrameError {
    pub(in crate::v4l2) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::NODEV => Self::Unplugged,
            Errno::IO => Self::DeviceFailed,
            errno => Self::Call { call, errno },
        }
    }
}
