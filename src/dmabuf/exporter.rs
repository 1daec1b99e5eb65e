#![allow(unsafe_code, reason = "asks a DRM device about a buffer with ioctls")]
//! Whose buffer a dma-buf is.
//!
//! Spec: `dma_buf_show_fdinfo()` in `drivers/dma-buf/dma-buf.c`,
//! <https://docs.kernel.org/gpu/drm-mm.html#prime-buffer-sharing>.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;

use crate::dmabuf::sys::DrmModeMapDumb;
use crate::dmabuf::sys::DrmPrimeHandle;
use crate::dmabuf::sys::IOCTL_MODE_MAP_DUMB;
use crate::dmabuf::sys::IOCTL_PRIME_FD_TO_HANDLE;

/// The name that buffers have whose driver exports them with the kernel's helper: that of the module
/// the helper is in, whatever the driver.
///
/// Spec: `drm_gem_prime_export()` in `drivers/gpu/drm/drm_prime.c`, "white lie for debug".
const DRM_HELPER: &str = "drm";

/// The driver of virtio-gpu, which exports its buffers itself.
///
/// Spec: `virtgpu_gem_prime_export()` in `drivers/gpu/drm/virtio/virtgpu_prime.c`.
pub(in crate::dmabuf) const VIRTIO_GPU: &str = "virtio_gpu";

/// Whether a buffer of this exporter may be a "dumb" one of a device, as far as its name tells.
pub(in crate::dmabuf) fn may_be_dumb(name: &str) -> bool {
    [DRM_HELPER, VIRTIO_GPU].contains(&name)
}

/// Whether the driver that exported a dma-buf keeps the pixels elsewhere than behind the file
/// descriptor, and checks every access to them in the kernel.
///
/// A virtio-gpu with 3D does: its pixels are on the host, and what is behind the file descriptor is
/// smaller than the image (one page for a texture, measured with Mesa 25.0.7 on Linux 7.3) or not up to
/// date. One without 3D keeps them in the buffer, which the exporter's name does not tell: whoever
/// allocates there has to know.
pub(in crate::dmabuf) fn keeps_pixels_elsewhere(fd: BorrowedFd<'_>) -> bool {
    name(fd).is_ok_and(|name| name == VIRTIO_GPU)
}

/// Whether a file is a render node, by its number.
///
/// Spec: `drm_minor_alloc()` in `drivers/gpu/drm/drm_drv.c`: 64 numbers for each kind of node.
pub(in crate::dmabuf) fn is_render_node(node: &Path) -> bool {
    const DRM_MAJOR: u32 = 226;
    let is_render = |device| {
        rustix::fs::major(device) == DRM_MAJOR && (128..192).contains(&rustix::fs::minor(device))
    };
    rustix::fs::stat(node).is_ok_and(|stat| is_render(stat.st_rdev))
}

/// What the kernel calls the exporter: `udmabuf`, the name of a dma-heap, `drm` for all drivers that
/// export with the kernel's helper, or that of a driver (`virtio_gpu`).
///
/// Needs `/proc`; `ENODATA` if the file is no dma-buf.
pub(in crate::dmabuf) fn name(fd: BorrowedFd<'_>) -> Result<String, Errno> {
    let path = format!("/proc/self/fdinfo/{}", fd.as_raw_fd());
    let info = std::fs::read_to_string(path)
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    name_in(&info).map(str::to_owned).ok_or(Errno::NODATA)
}

fn name_in(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("exp_name:")).map(str::trim)
}

/// Whether a dma-buf is a "dumb" buffer of the device behind a primary node (`/dev/dri/card0`), which
/// its users map through the device.
///
/// The device is opened anew: a handle on a shared open file would be the very handle of whoever
/// imported the buffer there, and go away under them. Closing the file gives the new one back.
///
/// Spec: `drm_gem_prime_import_dev()` recognises the device's own buffers;
/// `drm_gem_dumb_map_offset()` answers `EINVAL` for all others.
pub(in crate::dmabuf) fn is_own_buffer(fd: BorrowedFd<'_>, node: &Path) -> Result<bool, Errno> {
    let device = open(node)?;
    let Some(handle) = import(device.as_fd(), fd)? else { return Ok(false) };
    let mut map = DrmModeMapDumb { handle, pad: 0, offset: 0 };
    match update::<IOCTL_MODE_MAP_DUMB, _>(device.as_fd(), &mut map) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Whether the kernel driver behind a node takes a dma-buf at all: its own, and those of others that it
/// can reach. What the driver above makes of it is another matter.
///
/// Spec: `drm_gem_prime_fd_to_handle()`; a virtio-gpu with 3D answers `ENODEV` to all buffers but its
/// own (`virtgpu_gem_prime_import_sg_table()` of Linux 7.3).
pub(in crate::dmabuf) fn is_taken(fd: BorrowedFd<'_>, node: &Path) -> Result<bool, Errno> {
    let device = open(node)?;
    Ok(import(device.as_fd(), fd)?.is_some())
}

fn open(node: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(node, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
}

/// A handle that goes with the open file; `None` if the driver takes no such buffer.
fn import(device: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> Result<Option<u32>, Errno> {
    let mut prime = DrmPrimeHandle { handle: 0, flags: 0, fd: fd.as_raw_fd() };
    match update::<IOCTL_PRIME_FD_TO_HANDLE, _>(device, &mut prime) {
        Ok(()) => Ok(Some(prime.handle)),
        Err(errno @ (Errno::NOTTY | Errno::ACCESS | Errno::PERM | Errno::NOMEM)) => Err(errno),
        Err(_cannot_import) => Ok(None),
    }
}

/// An ioctl that reads and writes `data`; interrupted calls are made again.
fn update<const OPCODE: Opcode, T>(device: BorrowedFd<'_>, data: &mut T) -> Result<(), Errno> {
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `T`; each opcode of this file is built
        // from the type that it is called with, and the sizes are asserted in `sys`.
        let request = unsafe { Updater::<OPCODE, T>::new(data) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor; another kind of
        // file answers ENOTTY without touching memory (ioctl(2)).
        match unsafe { rustix::ioctl::ioctl(device, request) } {
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::MemfdFlags;

    #[test]
    fn name_in_fdinfo_is_found() {
        let info = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t8\nsize:\t65536\ncount:\t1\n\
                    exp_name:\tudmabuf\n";
        assert_eq!(name_in(info), Some("udmabuf"));
        assert_eq!(name_in("pos:\t0\nname:\tdrm\n"), None);
    }

    #[test]
    fn name_of_memfd_is_no_data() {
        let memfd = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        assert_eq!(name(memfd.as_fd()), Err(Errno::NODATA));
    }

    #[test]
    fn is_own_buffer_on_what_is_no_device_is_an_error() {
        let memfd = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        let ask = |node| is_own_buffer(memfd.as_fd(), Path::new(node));
        assert_eq!(ask("/dev/null"), Err(Errno::NOTTY));
        assert_eq!(ask("/dev/dri/no-such-node"), Err(Errno::NOENT));
    }
}
