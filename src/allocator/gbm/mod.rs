//! Images in the buffers of a graphics driver.
//!
//! Spec: `gbm.h` of Mesa, <https://docs.kernel.org/userspace-api/dma-buf-alloc-exchange.html>.

mod buffer_object;
mod export;
mod ladder;
mod node;
mod sys;

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rustix::io::Errno;

use crate::allocator::AllocateError;
use crate::allocator::Allocator;
use crate::allocator::AllocatorKind;
use crate::allocator::OpenError;
use crate::allocator::Request;
use crate::allocator::gbm::buffer_object::BufferObject;
use crate::allocator::gbm::buffer_object::Device;
use crate::allocator::gbm::export::Pixels;
use crate::allocator::gbm::ladder::Step;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::layout::LIMIT;
use crate::dmabuf::layout::LayoutError;
use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::Modifier;
use crate::format::Usage;

/// Width and height in pixels of trial images.
const TRIAL_PIXELS: u32 = 64;

/// Errors that are not about the request. All others, and none, are what drivers answer that cannot
/// do a format or a modifier.
const NOT_THE_REQUEST: [Errno; 7] = [
    Errno::NOMEM,
    Errno::MFILE,
    Errno::NFILE,
    Errno::NOSPC,
    Errno::ACCESS,
    Errno::PERM,
    Errno::NODEV,
];

/// Allocates images with GBM, on one device.
///
/// Owns the device's file descriptor and the library's object on it. Its images need neither: their
/// file descriptors keep the memory, and they stay when the allocator goes. The contents of a new
/// image are what the driver leaves there.
///
/// The images of virtio-gpu with 3D have their pixels on the host: their bounds are
/// [`KernelChecked`](crate::dmabuf::Bounds::KernelChecked), so that nobody maps them.
///
/// Calls from several threads wait for each other, because not every driver bears them at once.
pub struct Gbm {
    device: Mutex<Device>,
    driver: String,
    pixels: Pixels,
    name: String,
}

impl Gbm {
    /// Opens a device by one of its nodes (`/dev/dri/renderD128`, `/dev/dri/card0`).
    ///
    /// # Errors
    /// [`OpenError::Missing`], [`OpenError::Denied`], or as [`Gbm::from_fd`].
    pub fn open(node: impl AsRef<Path>) -> Result<Self, OpenError> {
        let node = node.as_ref();
        Self::with_name(node::open(node)?, node.display().to_string())
    }

    /// Takes over a file descriptor of a DRM node that is open for reading and writing.
    ///
    /// # Errors
    /// In each case the file descriptor is closed.
    /// - [`OpenError::NotDrm`]: it is something else. GBM itself takes any file for a device.
    /// - [`OpenError::ReadOnly`]: GBM would crash on it.
    /// - [`OpenError::Call`]: the kernel or GBM refused.
    #[doc(alias = "gbm_create_device")]
    pub fn from_fd(fd: OwnedFd) -> Result<Self, OpenError> {
        Self::with_name(fd, String::from("the file descriptor"))
    }

    fn with_name(fd: OwnedFd, name: String) -> Result<Self, OpenError> {
        let driver = node::driver(&fd, &name)?;
        let pixels = node::pixels(&fd, &driver);
        match Device::new(fd) {
            Ok(device) => Ok(Self { device: Mutex::new(device), driver, pixels, name }),
            Err(error) => {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                Err(OpenError::Call { call: "gbm_create_device", errno })
            }
        }
    }

    /// The first device of [`Gbm::nodes`] that makes images.
    ///
    /// # Errors
    /// [`OpenError::NoNode`] if there is none; the error of the last one if none is of use.
    pub fn first() -> Result<Self, OpenError> {
        let mut last = OpenError::NoNode;
        for node in Self::nodes() {
            match Self::open(&node).and_then(Self::tried) {
                Ok(gbm) => return Ok(gbm),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A device that opens need not make images: `kms_swrast` cannot on a render node.
    fn tried(self) -> Result<Self, OpenError> {
        let trial = Request::new(TRIAL_PIXELS, TRIAL_PIXELS, Fourcc::XRGB8888)
            .modifiers([Modifier::LINEAR, Modifier::Implicit]);
        match self.allocate(&trial) {
            Ok(_image) => Ok(self),
            Err(reason) => {
                Err(OpenError::NoBuffers { device: self.name, reason: Box::new(reason) })
            }
        }
    }

    /// The DRM nodes of this machine: render nodes by number, then primary nodes by number. Opens
    /// none of them.
    pub fn nodes() -> Vec<PathBuf> {
        node::all()
    }

    /// The name of the device's kernel driver (`virtio_gpu`, `vkms`, `i915`).
    pub fn driver(&self) -> &str {
        &self.driver
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        // The lock guards the library's own lists, which no panic of ours leaves half done.
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsupported(request: &Request) -> AllocateError {
        AllocateError::Unsupported {
            allocator: AllocatorKind::Gbm,
            fourcc: request.fourcc(),
            modifiers: request.allowed_modifiers().to_vec(),
        }
    }

    /// The next step of the ladder is for when this one fails.
    fn step(
        &self,
        device: &Device,
        step: &Step,
        request: &Request,
    ) -> Result<Dmabuf, AllocateError> {
        let bo = BufferObject::new(device, step, request).map_err(|errno| {
            tracing::debug!(?errno, call = step.call(), ?request, "GBM made no buffer");
            match errno {
                Some(errno) if NOT_THE_REQUEST.contains(&errno) => {
                    AllocateError::Call { call: step.call(), errno }
                }
                _ => Self::unsupported(request),
            }
        })?;
        let modifier = ladder::settle(step, bo.modifier(), request).map_err(|modifier| {
            AllocateError::WrongModifier { allocator: AllocatorKind::Gbm, modifier }
        })?;
        export::dmabuf(&bo, request, modifier, self.pixels)
    }

    /// Whether a small image can be had like this.
    fn makes(&self, fourcc: Fourcc, modifier: Modifier, usage: Usage) -> bool {
        let request =
            Request::new(TRIAL_PIXELS, TRIAL_PIXELS, fourcc).modifiers([modifier]).usage(usage);
        self.allocate(&request).is_ok()
    }
}

impl Allocator for Gbm {
    fn kind(&self) -> AllocatorKind {
        AllocatorKind::Gbm
    }

    /// GBM cannot list modifiers. So the set says for each format whether a linear image can be had,
    /// and whether one can whose tiling the driver keeps to itself, each tried with a small image:
    /// keep the set. The modifiers that a display lists can be asked for all the same.
    fn formats(&self, usage: Usage) -> FormatSet {
        Layout::all()
            .iter()
            .flat_map(|layout| {
                [Modifier::LINEAR, Modifier::Implicit].map(|modifier| (layout.fourcc(), modifier))
            })
            .filter(|(fourcc, modifier)| self.makes(*fourcc, *modifier, usage))
            .map(Entry::from)
            .collect()
    }

    fn check(&self, request: &Request) -> Result<(), AllocateError> {
        let (width, height, fourcc) = (request.width(), request.height(), request.fourcc());
        if width == 0 || height == 0 {
            return Err(LayoutError::Empty { width, height }.into());
        }
        if width > LIMIT || height > LIMIT {
            return Err(LayoutError::TooLarge { width, height }.into());
        }
        if fourcc.layout().is_none() {
            return Err(LayoutError::UnknownFourcc(fourcc).into());
        }
        if ladder::steps(request).is_empty() { Err(Self::unsupported(request)) } else { Ok(()) }
    }

    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError> {
        self.check(request)?;
        let device = self.device();
        let mut last = Self::unsupported(request);
        for step in ladder::steps(request) {
            match self.step(&device, &step, request) {
                Ok(image) => return Ok(image),
                Err(AllocateError::Unsupported { .. }) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl fmt::Debug for Gbm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gbm")
            .field("device", &self.name)
            .field("driver", &self.driver)
            .field("pixels", &self.pixels)
            .finish_non_exhaustive()
    }
}
