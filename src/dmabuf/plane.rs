//! One plane of a checked image.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::dmabuf::Backing;
use crate::dmabuf::Identity;
use crate::dmabuf::PlaneDescriptor;

/// One plane of a [`Dmabuf`](crate::dmabuf::Dmabuf): where its rows are.
#[derive(Clone, Debug)]
pub struct Plane {
    fd: Arc<OwnedFd>,
    offset_bytes: u32,
    stride_bytes: u32,
    backing: Backing,
}

impl Plane {
    pub(in crate::dmabuf) fn new(plane: PlaneDescriptor, backing: Backing) -> Self {
        Self {
            fd: plane.fd,
            offset_bytes: plane.offset_bytes,
            stride_bytes: plane.stride_bytes,
            backing,
        }
    }

    /// New file descriptors for all planes; those that shared one share the new one.
    pub(in crate::dmabuf) fn duplicate_all(
        planes: &[Self],
    ) -> Result<Vec<Self>, rustix::io::Errno> {
        let mut copies: Vec<Self> = Vec::with_capacity(planes.len());
        for (index, plane) in planes.iter().enumerate() {
            let shared = planes
                .iter()
                .take(index)
                .position(|earlier| Arc::ptr_eq(&earlier.fd, &plane.fd))
                .and_then(|earlier| copies.get(earlier))
                .map(|copy| Arc::clone(&copy.fd));
            let fd = match shared {
                Some(fd) => fd,
                None => Arc::new(rustix::io::fcntl_dupfd_cloexec(&plane.fd, 0)?),
            };
            copies.push(Self { fd, ..plane.clone() });
        }
        Ok(copies)
    }

    /// The file descriptor, still owned by the image. Planes of one buffer may share one.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// A handle that keeps the file descriptor open beyond the image.
    pub fn shared_fd(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.fd)
    }

    /// Bytes from the beginning of the buffer to the first row. At most `i32::MAX`.
    pub fn offset_bytes(&self) -> u32 {
        self.offset_bytes
    }

    /// Bytes from the beginning of one row (of blocks) to the next. At most `i32::MAX`.
    #[doc(alias = "pitch")]
    pub fn stride_bytes(&self) -> u32 {
        self.stride_bytes
    }

    /// What the file descriptor was found to be.
    pub fn backing(&self) -> Backing {
        self.backing
    }

    /// Which memory the plane lies in.
    pub fn identity(&self) -> Identity {
        self.backing.identity()
    }
}
