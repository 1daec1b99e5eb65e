//! An image that anybody can hold: checked once, immutable after.
//!
//! A [`Descriptor`] is a claim: a size, a format, file descriptors, offsets and strides, from the
//! caller or from a peer. [`Dmabuf::new`] checks the claim against the layout of the format
//! ([`layout`]) and against what the file descriptors really are ([`Backing`]); what passes is a
//! [`Dmabuf`], and nothing else in this crate accepts an image.
//!
//! A `Dmabuf` owns its file descriptors and closes them when its last clone goes away.
//!
//! Spec: <https://docs.kernel.org/driver-api/dma-buf.html>.

mod access;
pub(crate) mod address_space;
mod backing;
mod buffers;
mod descriptor;
mod exporter;
mod identity;
#[cfg(feature = "egl")]
pub(crate) mod image_map;
mod importer;
pub mod layout;
mod map;
mod mapped_plane;
mod plane;
mod plane_image;
pub(crate) mod raster;
mod refusal;
mod sampling;
pub(crate) mod sys;
mod trial_mapping;
pub(crate) mod volatile;

use std::fmt;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use crate::dmabuf::buffers::Buffers;
use crate::dmabuf::descriptor::Valid;
use crate::dmabuf::layout::Seen;
use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::Modifier;

pub use access::Access;
pub use access::CpuAccess;
pub use access::RowError;
pub use backing::Backing;
pub use backing::BackingError;
pub use backing::BackingKind;
pub use descriptor::Descriptor;
pub use descriptor::DescriptorBuilder;
pub use descriptor::DescriptorError;
pub use descriptor::PlaneClaim;
pub use descriptor::PlaneDescriptor;
pub use identity::Identity;
pub use importer::Importer;
pub use importer::ImporterClass;
pub use map::MapError;
pub use map::Mapping;
pub use plane::Plane;
pub use plane_image::PlaneAsImageError;
pub use raster::DRAW_BLOCK_PIXELS;
pub use refusal::Refusal;

/// The most planes that an image can have, on every interface that passes them on.
pub const MAX_PLANES: usize = 4;

/// How far the sizes of the planes were checked against the sizes of their file descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bounds {
    /// Every byte of every plane lies inside its file descriptor.
    Proven,
    /// The modifier is not linear, so the extent of a plane is its driver's secret: only the
    /// beginning of each plane was checked.
    Beginnings,
    /// The file descriptor is smaller than the image and its driver's kernel side keeps the pixels
    /// elsewhere and checks them itself (see [`Dmabuf::new_kernel_checked`]). A renderer that maps
    /// the buffer must never see it.
    KernelChecked,
}

/// A checked image in one to four planes, shared by file descriptor.
///
/// Width and height are in pixels, offsets and strides in bytes. Row 0 is the first in memory; what
/// is "up" is for the users of the image to agree on (in this crate: row 0 is the top).
///
/// Cloning is cheap: clones share the file descriptors, which are closed with the last of them.
/// [`Dmabuf::duplicate`] makes new file descriptors.
///
/// ```
/// use dmashare::allocator::Allocator;
/// use dmashare::allocator::Memfd;
/// use dmashare::allocator::Request;
/// use dmashare::format::Fourcc;
///
/// let image = Memfd::new().allocate(&Request::new(640, 480, Fourcc::NV12))?;
/// assert_eq!(image.planes().len(), 2);
/// assert_eq!(image.planes()[1].stride_bytes(), 768);
/// # Ok::<(), dmashare::allocator::AllocateError>(())
/// ```
#[derive(Clone)]
pub struct Dmabuf {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    width: u32,
    height: u32,
    fourcc: Fourcc,
    layout: &'static Layout,
    modifier: Modifier,
    bounds: Bounds,
    has_whole_rows: bool,
    buffers: Buffers,
    planes: Vec<Plane>,
}

impl Dmabuf {
    /// Checks a claim and takes its file descriptors over.
    ///
    /// Two to four system calls per plane; nothing is mapped and no driver is asked.
    ///
    /// # Errors
    /// [`Rejected`] holds the reason, and gives the descriptor with its file descriptors back.
    ///
    /// Spec: the rules are those of `framebuffer_check()` in the kernel and of
    /// [`EGL_EXT_image_dma_buf_import`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import.txt).
    pub fn new(descriptor: Descriptor) -> Result<Self, Rejected> {
        Self::validated(descriptor, layout::Extent::Whole)
    }

    /// As [`Dmabuf::new`], for an image whose driver exports a file descriptor smaller than the
    /// image and checks every access in the kernel (virtio-gpu exports one page for any size).
    ///
    /// Layout and kind are checked as always; that the planes fit into the file descriptor is not.
    /// Only a dma-buf can be claimed like this, and no renderer that maps buffers will get it.
    ///
    /// # Errors
    /// As [`Dmabuf::new`]; [`InvalidDescriptor::NotKernelChecked`] if a plane is no dma-buf.
    pub fn new_kernel_checked(descriptor: Descriptor) -> Result<Self, Rejected> {
        Self::validated(descriptor, layout::Extent::Beginning)
    }

    /// As [`Dmabuf::new`], for an image that a driver made for this process: a buffer of GBM, an
    /// exported texture. Where its exporter is known to keep the pixels elsewhere (virtio-gpu with
    /// 3D), it is one of [`Dmabuf::new_kernel_checked`], whatever its size.
    ///
    /// Not for the claims of a peer, who could name any buffer: those are [`Dmabuf::new`]'s.
    ///
    /// # Errors
    /// As [`Dmabuf::new`].
    pub fn from_driver(descriptor: Descriptor) -> Result<Self, Rejected> {
        let is_elsewhere =
            |plane: &PlaneDescriptor| exporter::keeps_pixels_elsewhere(plane.fd.as_fd());
        if descriptor.planes.iter().any(is_elsewhere) {
            return Self::new_kernel_checked(descriptor);
        }
        Self::new(descriptor)
    }

    fn validated(descriptor: Descriptor, extent: layout::Extent) -> Result<Self, Rejected> {
        match descriptor.validate(extent) {
            Ok(Valid { seen: Seen { bounds, layout, has_whole_rows }, backings }) => {
                let buffers = Buffers::of(&backings);
                let planes = descriptor
                    .planes
                    .into_iter()
                    .zip(backings)
                    .map(|(plane, backing)| Plane::new(plane, backing))
                    .collect();
                let inner = Inner {
                    width: descriptor.width,
                    height: descriptor.height,
                    fourcc: descriptor.fourcc,
                    layout,
                    modifier: descriptor.modifier,
                    bounds,
                    has_whole_rows,
                    buffers,
                    planes,
                };
                Ok(Self { inner: Arc::new(inner) })
            }
            Err(reason) => Err(Rejected { reason, descriptor: Box::new(descriptor) }),
        }
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.inner.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.inner.height
    }

    /// The pixel format.
    pub fn fourcc(&self) -> Fourcc {
        self.inner.fourcc
    }

    /// How the format arranges the bytes of its planes. A modifier may have added planes to these.
    pub(crate) fn layout(&self) -> &'static Layout {
        self.inner.layout
    }

    /// The tiling, common to all planes.
    pub fn modifier(&self) -> Modifier {
        self.inner.modifier
    }

    /// How far the planes are known to fit their file descriptors.
    pub fn bounds(&self) -> Bounds {
        self.inner.bounds
    }

    /// The planes, one to four, in the order of the format.
    pub fn planes(&self) -> &[Plane] {
        &self.inner.planes
    }

    /// Whether every plane can be mapped for writing through its file descriptor, as software
    /// renderers do even when they only read.
    pub fn is_writable(&self) -> bool {
        self.inner.buffers.are_writable
    }

    /// Whether every plane is a real dma-buf, as opposed to a sealed memfd.
    pub fn is_dma_buf(&self) -> bool {
        self.planes().iter().all(|plane| plane.backing().kind() == BackingKind::DmaBuf)
    }

    /// Whether every plane is known to have room for a last row as long as its other ones.
    pub(in crate::dmabuf) fn has_whole_rows(&self) -> bool {
        self.inner.has_whole_rows
    }

    /// What holds for the buffers of all planes.
    pub(in crate::dmabuf) fn buffers(&self) -> Buffers {
        self.inner.buffers
    }

    /// Whether two images are the same memory: the same inodes at the same offsets, whatever the
    /// numbers of their file descriptors.
    pub fn is_same_memory(&self, other: &Self) -> bool {
        let place = |plane: &Plane| (plane.identity(), plane.offset_bytes());
        self.planes().len() == other.planes().len()
            && self.planes().iter().map(place).eq(other.planes().iter().map(place))
    }

    /// A second image with file descriptors of its own to the same memory. Planes that share a
    /// file descriptor share the new one too.
    ///
    /// # Errors
    /// The kernel's error, of which `EMFILE` is the likely one. Nothing stays open then.
    #[doc(alias = "F_DUPFD_CLOEXEC")]
    pub fn duplicate(&self) -> Result<Self, rustix::io::Errno> {
        let planes = Plane::duplicate_all(self.planes())?;
        let inner = Inner {
            width: self.inner.width,
            height: self.inner.height,
            fourcc: self.inner.fourcc,
            layout: self.inner.layout,
            modifier: self.inner.modifier,
            bounds: self.inner.bounds,
            has_whole_rows: self.inner.has_whole_rows,
            buffers: self.inner.buffers,
            planes,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// One plane as an image of its own, in the same memory: its bytes taken for those of a format of
    /// one plane, row by row. The width is what fits into the rows, so that luma of `NV12` is an image
    /// of `R8` of the same size, and chroma one of `GR88` of half the size.
    ///
    /// No file descriptor is made: the new image shares that of the plane. What is known about the
    /// bounds of this image is known about the new one.
    ///
    /// ```
    /// use dmashare::allocator::{Allocator, Memfd, Request};
    /// use dmashare::format::Fourcc;
    ///
    /// let image = Memfd::new().allocate(&Request::new(641, 480, Fourcc::NV12))?;
    /// let chroma = image.plane_as_image(1, Fourcc::GR88)?;
    /// assert_eq!((chroma.width(), chroma.height()), (321, 240));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PlaneAsImageError`]; with [`PlaneAsImageError::Tiled`] for bytes that a modifier that is not
    /// linear puts elsewhere, depending on the size of the pixels.
    pub fn plane_as_image(&self, plane: usize, fourcc: Fourcc) -> Result<Self, PlaneAsImageError> {
        plane_image::of(self, plane, fourcc)
    }

    /// The file descriptors of the distinct buffers behind the planes, each once, in plane order.
    /// Still owned by the image.
    pub fn distinct_fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.distinct_planes().map(Plane::fd)
    }

    /// How many bytes the distinct buffers behind the planes have together, as their file
    /// descriptors say. A driver that keeps the pixels elsewhere
    /// ([`Bounds::KernelChecked`]) says less than they take.
    pub fn size_bytes(&self) -> u64 {
        let sizes = self.distinct_planes().map(|plane| plane.backing().size_bytes());
        sizes.fold(0, u64::saturating_add)
    }

    /// The first plane in each buffer.
    fn distinct_planes(&self) -> impl Iterator<Item = &Plane> {
        let planes = self.planes();
        planes.iter().enumerate().filter_map(move |(index, plane)| {
            let first = planes.iter().position(|other| other.identity() == plane.identity());
            (first == Some(index)).then_some(plane)
        })
    }
}

impl fmt::Debug for Dmabuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dmabuf")
            .field("width", &self.inner.width)
            .field("height", &self.inner.height)
            .field("fourcc", &self.inner.fourcc)
            .field("modifier", &self.inner.modifier)
            .field("bounds", &self.inner.bounds)
            .field("planes", &self.inner.planes)
            .finish()
    }
}

/// Why a claim is no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDescriptor {
    /// The numbers do not describe an image of this format.
    #[error(transparent)]
    Layout(#[from] layout::LayoutError),
    /// A file descriptor cannot hold an image.
    #[error("plane {plane} has no usable buffer")]
    Backing {
        /// The plane, counted from 0.
        plane: usize,
        /// What is wrong with its file descriptor.
        source: BackingError,
    },
    /// The image is said to be checked by its driver's kernel side, but it is no dma-buf.
    #[error("plane {plane} is a memfd, whose size nobody else checks: use `Dmabuf::new`")]
    NotKernelChecked {
        /// The plane, counted from 0.
        plane: usize,
    },
}

/// A claim that was refused, with its file descriptors still in it.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Rejected {
    reason: InvalidDescriptor,
    descriptor: Box<Descriptor>,
}

impl Rejected {
    /// Why it was refused.
    pub fn reason(&self) -> &InvalidDescriptor {
        &self.reason
    }

    /// The claim, with the ownership of its file descriptors.
    pub fn into_descriptor(self) -> Descriptor {
        *self.descriptor
    }
}

impl From<Rejected> for InvalidDescriptor {
    /// Keeps the reason and closes the file descriptors.
    fn from(rejected: Rejected) -> Self {
        rejected.reason
    }
}
