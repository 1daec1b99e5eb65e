#![allow(unsafe_code, reason = "brackets CPU accesses with ioctls")]
//! The CPU's view of an image.
//!
//! A mapping is expensive and can be kept; an access is cheap and brackets each use, so that caches
//! are flushed where the memory is not coherent. Between the two calls of the bracket the bytes can
//! still change under us, because another device or process may write: so there is no `&[u8]` here,
//! only copies in and out.
//!
//! Spec: <https://docs.kernel.org/driver-api/dma-buf.html#cpu-access-to-dma-buffer-objects>.

use std::fmt;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::ioctl::Setter;

use crate::dmabuf::Access;
use crate::dmabuf::BackingKind;
use crate::dmabuf::Bounds;
use crate::dmabuf::CpuAccess;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::RowError;
use crate::dmabuf::mapped_plane::MappedPlane;
use crate::dmabuf::sys;
use crate::format::Modifier;

impl Dmabuf {
    /// Maps all planes of a linear image into the address space. Keep the mapping as long as the
    /// image is in use: it costs several system calls, an access costs two.
    ///
    /// The mapping holds a clone of the image.
    ///
    /// # Errors
    /// - [`MapError::NotLinear`]: the bytes of a tiled or implicit image mean nothing to a CPU.
    /// - [`MapError::OutOfReach`]: the file descriptor does not hold the pixels
    ///   ([`Bounds::KernelChecked`]).
    /// - [`MapError::ReadOnly`]: `access` writes and a file descriptor is read-only.
    /// - [`MapError::Call`]: the kernel refused.
    ///
    /// Spec: `mmap(2)`.
    #[doc(alias = "mmap")]
    pub fn map(&self, access: Access) -> Result<Mapping, MapError> {
        if !self.modifier().is_linear() {
            return Err(MapError::NotLinear(self.modifier()));
        }
        if self.bounds() != Bounds::Proven {
            return Err(MapError::OutOfReach);
        }
        if access.writes() && !self.is_writable() {
            return Err(MapError::ReadOnly);
        }
        let shapes = self.layout().planes();
        let planes = self
            .planes()
            .iter()
            .zip(shapes)
            .map(|(plane, shape)| MappedPlane::new(self, plane, *shape, access))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Mapping { planes, dmabuf: self.clone(), access })
    }
}

/// All planes of an image in the address space, until dropped.
pub struct Mapping {
    planes: Vec<MappedPlane>,
    dmabuf: Dmabuf,
    access: Access,
}

impl Mapping {
    /// The image.
    pub fn dmabuf(&self) -> &Dmabuf {
        &self.dmabuf
    }

    /// Begins a CPU access. Caches are brought up to date; it is **not** waited for a GPU that is
    /// still drawing: wait for the fence that came with the image first.
    ///
    /// May block while the driver moves the memory.
    ///
    /// # Errors
    /// - [`MapError::ReadOnly`]: it was mapped for reading and `access` writes.
    /// - [`MapError::Call`]: the driver refused.
    ///
    /// Spec: `DMA_BUF_IOCTL_SYNC`. A memfd is coherent and has no such call.
    #[doc(alias = "DMA_BUF_IOCTL_SYNC")]
    pub fn begin(&mut self, access: Access) -> Result<CpuAccess<'_>, MapError> {
        if access.writes() && !self.access.writes() {
            return Err(MapError::ReadOnly);
        }
        for (begun, fd) in self.dmabuf.distinct_fds().enumerate() {
            if let Err(errno) = self.bracket(fd, access.flags()) {
                self.end(access, begun);
                return Err(MapError::Call { call: "DMA_BUF_IOCTL_SYNC", errno });
            }
        }
        Ok(CpuAccess { mapping: self, access, ended: false })
    }

    /// Ends the access to the first `count` distinct buffers; the first error is returned, the
    /// others are ended all the same.
    pub(in crate::dmabuf) fn end(&self, access: Access, count: usize) -> Option<Errno> {
        let flags = access.flags() | sys::SYNC_END;
        let fds = self.dmabuf.distinct_fds().take(count);
        fds.map(|fd| self.bracket(fd, flags).err()).fold(None, Option::or)
    }

    fn bracket(&self, fd: BorrowedFd<'_>, flags: u32) -> Result<(), Errno> {
        let flags = u64::from(flags);
        if self.dmabuf.planes().iter().all(|plane| plane.backing().kind() == BackingKind::Memfd) {
            return Ok(());
        }
        loop {
            // SAFETY: `Setter` requires that the opcode takes a `struct dma_buf_sync`; `sys` asserts
            // opcode and size against dma-buf.h.
            let request = unsafe {
                Setter::<{ sys::IOCTL_SYNC }, sys::DmaBufSync>::new(sys::DmaBufSync { flags })
            };
            // SAFETY: `ioctl` requires a request that is right for the file descriptor; a file
            // descriptor that is no dma-buf answers ENOTTY without touching memory (ioctl(2)).
            match unsafe { rustix::ioctl::ioctl(fd, request) } {
                Err(Errno::INTR | Errno::AGAIN) => {}
                other => return other,
            }
        }
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("dmabuf", &self.dmabuf)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Mapping {
    pub(in crate::dmabuf) fn planes(&self) -> &[MappedPlane] {
        &self.planes
    }

    /// The plane that has such a row, of this length.
    pub(in crate::dmabuf) fn plane(
        &self,
        plane: usize,
        row: u32,
        length: usize,
    ) -> Result<&MappedPlane, RowError> {
        let mapped = self.planes.get(plane).ok_or(RowError::Plane { plane })?;
        if row >= mapped.rows() {
            return Err(RowError::Row { row, rows: mapped.rows() });
        }
        if length != mapped.row_bytes() {
            return Err(RowError::Length { expected: mapped.row_bytes(), found: length });
        }
        Ok(mapped)
    }
}

/// Why an image cannot be mapped, or an access cannot begin or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The rows of the image do not lie one after the other.
    #[error("an image with modifier {0} cannot be read by a CPU: allocate it LINEAR")]
    NotLinear(Modifier),
    /// The pixels are not behind the file descriptor.
    #[error("the file descriptor does not hold the pixels: read them through its own device")]
    OutOfReach,
    /// A file descriptor, or the mapping, is for reading only.
    #[error("the buffer is read-only")]
    ReadOnly,
    /// The image is larger than the address space.
    #[error("the image does not fit the address space")]
    AddressSpace,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
