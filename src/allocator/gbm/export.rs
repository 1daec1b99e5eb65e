//! From a buffer of GBM to an image that anybody can hold.
//!
//! Whether a dma-buf can be mapped for writing is settled when it is exported for the first time:
//! later exports of the same memory return the same file, even when the first file descriptor is
//! closed. GBM asks for reading alone (measured with Mesa 25.0.7 on vgem, vkms and virtio-gpu), so
//! the kernel is asked for a writable one first. GBM is asked all the same: its driver must take note
//! that the memory is shared, or would give it to somebody else when the buffer goes.
//!
//! Spec: `drm_gem_prime_handle_to_dmabuf()` in `drivers/gpu/drm/drm_prime.c`.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::io::FdFlags;

use crate::allocator::AllocateError;
use crate::allocator::AllocatorKind;
use crate::allocator::Request;
use crate::allocator::gbm::buffer_object::BufferObject;
use crate::allocator::gbm::sys;
use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::PlaneDescriptor;
use crate::format::Modifier;

/// Where a driver keeps the pixels of its buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::allocator::gbm) enum Pixels {
    /// In the memory behind the file descriptor, whatever the exporter does with others.
    InBuffer,
    /// Where the exporter is known to keep them.
    WithExporter,
}

/// The image in a buffer. The file descriptors keep the memory when the buffer goes.
pub(in crate::allocator::gbm) fn dmabuf(
    bo: &BufferObject<'_>,
    request: &Request,
    modifier: Modifier,
    pixels: Pixels,
) -> Result<Dmabuf, AllocateError> {
    let descriptor = Descriptor {
        width: request.width(),
        height: request.height(),
        fourcc: request.fourcc(),
        modifier,
        planes: planes(bo)
            .map_err(|errno| AllocateError::Call { call: "gbm_bo_get_fd_for_plane", errno })?,
    };
    let checked = match pixels {
        Pixels::InBuffer => Dmabuf::new(descriptor),
        Pixels::WithExporter => Dmabuf::from_driver(descriptor),
    };
    checked.map_err(|rejected| AllocateError::Rejected {
        allocator: AllocatorKind::Gbm,
        source: rejected.into(),
    })
}

/// Planes in the same memory share a file descriptor.
fn planes(bo: &BufferObject<'_>) -> Result<Vec<PlaneDescriptor>, Errno> {
    let mut planes: Vec<PlaneDescriptor> = Vec::new();
    let mut handles = Vec::new();
    for plane in (0..).take(bo.plane_count()) {
        let handle = bo.handle(plane);
        let same = handles.iter().position(|earlier| handle.is_some() && *earlier == handle);
        let fd = match same.and_then(|earlier| planes.get(earlier)) {
            Some(earlier) => Arc::clone(&earlier.fd),
            None => Arc::new(exported(bo, plane, handle)?),
        };
        handles.push(handle);
        planes.push(PlaneDescriptor {
            fd,
            offset_bytes: bo.offset_bytes(plane),
            stride_bytes: bo.stride_bytes(plane),
        });
    }
    Ok(planes)
}

/// A file descriptor of one plane, for writing where that can be had.
fn exported(bo: &BufferObject<'_>, plane: i32, handle: Option<u32>) -> Result<OwnedFd, Errno> {
    let by_kernel = handle.and_then(|handle| sys::writable_fd(bo.device_fd(), handle).ok());
    let fd = match (bo.fd(plane), by_kernel) {
        (Ok(by_driver), Some(by_kernel)) if !is_writable(&by_driver) => by_kernel,
        (Ok(by_driver), _) => by_driver,
        (Err(_unshared), Some(by_kernel)) => by_kernel,
        (Err(errno), None) => return Err(errno),
    };
    rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    Ok(fd)
}

fn is_writable(fd: impl AsFd) -> bool {
    rustix::fs::fcntl_getfl(fd).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}
