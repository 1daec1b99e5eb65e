//! An open camera.

use std::fmt;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::v4l2::DeviceError;
use crate::v4l2::Format;
use crate::v4l2::FormatError;
use crate::v4l2::FormatRequest;
use crate::v4l2::OpenError;
use crate::v4l2::PixelFormat;
use crate::v4l2::sys;
use crate::v4l2::sys::Capability;
use crate::v4l2::sys::Interface;

/// More entries than any list of a driver has.
const MOST_ENTRIES: u32 = 4096;

/// A node that captures video: `/dev/video0`.
///
/// Clones share the open file, which is closed with the last clone, the last
/// [`Capture`](crate::v4l2::Capture) and the last frame of it.
#[derive(Clone)]
pub struct Device {
    open: Arc<OpenDevice>,
}

struct OpenDevice {
    fd: OwnedFd,
    path: PathBuf,
    interface: Interface,
    capability: Capability,
    has_queue: AtomicBool,
}

/// A format that a camera has, as it describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatDescription {
    /// Its code.
    pub pixel_format: PixelFormat,
    /// The driver's words, for people.
    pub description: String,
    /// Whether frames are compressed, and so no images yet.
    pub is_compressed: bool,
    /// Whether a library converts, and not the camera.
    pub is_emulated: bool,
}

/// Which sizes a camera has, in pixels: width and height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameSizes {
    /// These.
    Discrete(Vec<[u32; 2]>),
    /// All from the least to the largest, so many pixels apart.
    Range {
        /// The least.
        least: [u32; 2],
        /// The largest.
        largest: [u32; 2],
        /// From one to the next, at least 1.
        step: [u32; 2],
    },
}

impl Device {
    /// Opens a node for capturing.
    ///
    /// # Errors
    /// [`OpenError`]: it is not there, not for this user, or no camera.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref().to_path_buf();
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::ACCESS | Errno::PERM) => return Err(OpenError::Denied { path }),
            Err(errno) => return Err(OpenError::Missing { path, errno }),
        };
        let capability = match sys::capability(fd.as_fd()) {
            Ok(capability) => capability,
            Err(Errno::NOTTY | Errno::INVAL) => return Err(OpenError::NoCapture { path }),
            Err(errno) => return Err(OpenError::Call { call: "VIDIOC_QUERYCAP", errno }),
        };
        let can = |flag| capability.of_node() & flag != 0;
        let interface = match [sys::CAP_VIDEO_CAPTURE_MPLANE, sys::CAP_VIDEO_CAPTURE].map(can) {
            _ if !can(sys::CAP_STREAMING) => return Err(OpenError::NoCapture { path }),
            [true, _] => Interface::MultiPlanar,
            [false, true] => Interface::SinglePlanar,
            [false, false] => return Err(OpenError::NoCapture { path }),
        };
        let has_queue = AtomicBool::new(false);
        Ok(Self { open: Arc::new(OpenDevice { fd, path, interface, capability, has_queue }) })
    }

    /// Every camera that this user may open, in the order of their numbers.
    pub fn all() -> Vec<Self> {
        let entries = std::fs::read_dir("/dev").into_iter().flatten().flatten();
        let number = |name: &str| name.strip_prefix("video")?.parse::<u32>().ok();
        let mut found: Vec<_> = entries
            .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
            .collect();
        found.sort();
        found.into_iter().filter_map(|(_, path)| Self::open(path).ok()).collect()
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.open.path
    }

    /// The name of the driver: `uvcvideo`, `vivid`.
    pub fn driver(&self) -> String {
        text(&self.open.capability.driver)
    }

    /// The name of the camera, for people.
    pub fn name(&self) -> String {
        text(&self.open.capability.card)
    }

    /// Where it is: `usb-0000:00:14.0-1`. Two nodes of one camera have the same.
    pub fn bus(&self) -> String {
        text(&self.open.capability.bus_info)
    }

    /// Whether a frame can have more than one buffer.
    #[doc(alias = "V4L2_CAP_VIDEO_CAPTURE_MPLANE")]
    pub fn is_multi_planar(&self) -> bool {
        self.interface() == Interface::MultiPlanar
    }

    /// The formats that it has at this moment, in the driver's order.
    ///
    /// # Errors
    /// [`DeviceError`].
    #[doc(alias = "VIDIOC_ENUM_FMT")]
    pub fn formats(&self) -> Result<Vec<FormatDescription>, DeviceError> {
        let describe = |index| sys::format_description(self.as_fd(), self.interface(), index);
        let formats = list("VIDIOC_ENUM_FMT", describe)?;
        let described = formats.into_iter().map(|format| FormatDescription {
            pixel_format: PixelFormat(format.pixel_format),
            description: text(&format.description),
            is_compressed: format.flags & sys::FMT_FLAG_COMPRESSED != 0,
            is_emulated: format.flags & sys::FMT_FLAG_EMULATED != 0,
        });
        Ok(described.collect())
    }

    /// The sizes that it has in a format.
    ///
    /// # Errors
    /// [`DeviceError::Unsupported`] if the driver does not tell; [`DeviceError`].
    #[doc(alias = "VIDIOC_ENUM_FRAMESIZES")]
    pub fn sizes(&self, pixel_format: PixelFormat) -> Result<FrameSizes, DeviceError> {
        let ask = |index| sys::frame_size(self.as_fd(), pixel_format.0, index);
        let first = match ask(0) {
            Ok(first) => first,
            // Drivers with one size need not say so.
            Err(Errno::INVAL) => return Ok(FrameSizes::Discrete(Vec::new())),
            Err(errno) => return Err(DeviceError::of("VIDIOC_ENUM_FRAMESIZES", errno)),
        };
        if first.kind != sys::FRAME_SIZE_DISCRETE {
            let [min_width, max_width, step_width, min_height, max_height, step_height] =
                first.numbers;
            return Ok(FrameSizes::Range {
                least: [min_width, min_height],
                largest: [max_width, max_height],
                step: [step_width.max(1), step_height.max(1)],
            });
        }
        let sizes = list("VIDIOC_ENUM_FRAMESIZES", ask)?;
        let size = |[width, height, ..]: [u32; 6]| [width, height];
        Ok(FrameSizes::Discrete(sizes.into_iter().map(|it| size(it.numbers)).collect()))
    }

    /// The format that is set.
    ///
    /// # Errors
    /// [`FormatError::NoImage`], [`FormatError::Fields`], [`FormatError::Malformed`]: images cannot
    /// have it. [`FormatError::Unplugged`], [`FormatError::Call`].
    #[doc(alias = "VIDIOC_G_FMT")]
    pub fn format(&self) -> Result<Format, FormatError> {
        let raw = sys::format(self.as_fd(), self.interface())
            .map_err(|errno| FormatError::of("VIDIOC_G_FMT", errno))?;
        Format::of_driver(&raw)
    }

    /// Sets the format that is nearest to what is asked for, and says which that is: its size, its
    /// strides and its colours may be others. The setting is the camera's: it stays when the device
    /// is closed, and other programs can change it while nothing is captured.
    ///
    /// # Errors
    /// - [`FormatError::NoImage`] if images cannot have the format: nothing was set.
    /// - [`FormatError::Unsupported`] if the camera does not have it: the nearest is set.
    /// - [`FormatError::Busy`] while something is captured.
    /// - The others as for [`Device::format`].
    #[doc(alias = "VIDIOC_S_FMT")]
    pub fn set_format(&self, request: &FormatRequest) -> Result<Format, FormatError> {
        let wanted = request.pixel_format();
        if wanted.fourcc().is_none() {
            return Err(FormatError::NoImage { pixel_format: wanted });
        }
        let raw = sys::set_format(self.as_fd(), self.interface(), &request.to_raw())
            .map_err(|errno| FormatError::of("VIDIOC_S_FMT", errno))?;
        let nearest = PixelFormat(raw.pixel_format);
        if nearest != wanted {
            return Err(FormatError::Unsupported { wanted, nearest });
        }
        Format::of_driver(&raw)
    }

    pub(in crate::v4l2) fn interface(&self) -> Interface {
        self.open.interface
    }

    /// Whether the one queue of the open file is the caller's now.
    pub(in crate::v4l2) fn take_queue(&self) -> bool {
        !self.open.has_queue.swap(true, Ordering::AcqRel)
    }

    pub(in crate::v4l2) fn give_queue_back(&self) {
        self.open.has_queue.store(false, Ordering::Release);
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.open.fd.as_fd()
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("path", &self.path())
            .field("driver", &self.driver())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// Everything up to the first `EINVAL`.
fn list<T>(
    call: &'static str,
    ask: impl Fn(u32) -> Result<T, Errno>,
) -> Result<Vec<T>, DeviceError> {
    let mut found = Vec::new();
    for index in 0..MOST_ENTRIES {
        match ask(index) {
            Ok(entry) => found.push(entry),
            Err(Errno::INVAL) => return Ok(found),
            Err(errno) => return Err(DeviceError::of(call, errno)),
        }
    }
    Err(DeviceError::Endless { call })
}

/// Up to the first zero, with what is no text replaced.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}
