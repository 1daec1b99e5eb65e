//! Buffers of `drm`'s users as images that anybody can hold.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use drm::buffer::Buffer;
use drm::buffer::Handle;
use drm::buffer::PlanarBuffer;

use crate::device::DeviceError;
use crate::device::PrimeFlags;
use crate::device::prime;
use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::PlaneDescriptor;
use crate::dmabuf::Rejected;
use crate::format::Fourcc;
use crate::format::Modifier;

/// A buffer of a `drm` user, or of GBM, as an image: each distinct handle is exported once. The
/// handles stay the owner's, open, and are not closed here.
///
/// `device` is the open file on which the handles are valid. A buffer that states no modifier is
/// taken to be [implicit](Modifier::Implicit). Where the driver is known to keep the pixels elsewhere
/// (`virtio_gpu`), no CPU gets at them through the image ([`Dmabuf::from_driver`]); for its dumb
/// buffers, which it keeps in memory, there is [`DumbBuffer`](crate::device::DumbBuffer).
///
/// # Errors
/// [`ExportError`]; nothing stays open.
///
/// Spec: `DRM_IOCTL_PRIME_HANDLE_TO_FD`.
#[doc(alias = "drmPrimeHandleToFD")]
pub fn export_planar_buffer(
    device: impl AsFd,
    buffer: &impl PlanarBuffer,
    flags: PrimeFlags,
) -> Result<Dmabuf, ExportError> {
    let mut fds: Vec<(Handle, Arc<OwnedFd>)> = Vec::with_capacity(MAX_PLANES);
    let mut planes = Vec::with_capacity(MAX_PLANES);
    let numbers = buffer.offsets().into_iter().zip(buffer.pitches());
    let mut ended = false;
    for (index, (handle, (offset_bytes, stride_bytes))) in
        buffer.handles().into_iter().zip(numbers).enumerate()
    {
        let Some(handle) = handle else {
            ended = true;
            continue;
        };
        if ended {
            return Err(ExportError::Gap { plane: index });
        }
        let known = fds.iter().find(|(other, _)| *other == handle).map(|(_, fd)| Arc::clone(fd));
        let fd = match known {
            Some(fd) => fd,
            None => Arc::new(prime::export(device.as_fd(), handle, flags)?),
        };
        fds.push((handle, Arc::clone(&fd)));
        planes.push(PlaneDescriptor { fd, offset_bytes, stride_bytes });
    }
    let (width, height) = buffer.size();
    let descriptor = Descriptor {
        width,
        height,
        fourcc: Fourcc::from(buffer.format()),
        modifier: buffer.modifier().map_or(Modifier::Implicit, Modifier::from),
        planes,
    };
    Dmabuf::from_driver(descriptor).map_err(ExportError::NotAnImage)
}

/// As [`export_planar_buffer`], for a buffer in one plane. `drm`'s trait does not state its
/// modifier, so the caller does: [`Modifier::LINEAR`] for a dumb buffer.
///
/// # Errors
/// [`ExportError`]; nothing stays open.
///
/// Spec: `DRM_IOCTL_PRIME_HANDLE_TO_FD`.
pub fn export_buffer(
    device: impl AsFd,
    buffer: &impl Buffer,
    modifier: Modifier,
    flags: PrimeFlags,
) -> Result<Dmabuf, ExportError> {
    let fd = prime::export(device.as_fd(), buffer.handle(), flags)?;
    let (width, height) = buffer.size();
    let fourcc = Fourcc::from(buffer.format());
    let mut claim = Descriptor::packed([width, height], fourcc, fd, buffer.pitch());
    claim.modifier = modifier;
    Dmabuf::from_driver(claim).map_err(ExportError::NotAnImage)
}

/// Why a buffer did not become an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A plane has a handle and one before it has none.
    #[error("plane {plane} has a handle and a plane before it has none")]
    Gap {
        /// The plane, counted from 0.
        plane: usize,
    },
    /// What was exported does not hold the image that the numbers describe. The claim is in it, with
    /// its file descriptors.
    #[error("the buffer does not hold such an image: {0}")]
    NotAnImage(Rejected),
    /// The driver cannot export, or the handle is none of this open file's (`ENOENT`).
    #[error(transparent)]
    Device(#[from] DeviceError),
}
