#![allow(unsafe_code, reason = "turns a memfd into a dma-buf with an ioctl")]
//! Images in anonymous memory behind a real dma-buf.
//!
//! Spec: `include/uapi/linux/udmabuf.h`, `drivers/dma-buf/udmabuf.c`.

use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::allocator::AllocateError;
use crate::allocator::Allocator;
use crate::allocator::AllocatorKind;
use crate::allocator::OpenError;
use crate::allocator::Request;
use crate::allocator::linear;
use crate::allocator::memfd;
use crate::allocator::sys::UDMABUF_FLAGS_CLOEXEC;
use crate::allocator::sys::UdmabufCreate;
use crate::dmabuf::Dmabuf;
use crate::format::FormatSet;
use crate::format::Usage;

const PATH: &str = "/dev/udmabuf";

const HINTS: [&str; 2] = [
    "modprobe udmabuf, or a kernel with CONFIG_UDMABUF",
    "usually for the group `kvm`: join it, or ask for a udev rule",
];

/// The largest buffer in MiB.
const SIZE_LIMIT: &str = "/sys/module/udmabuf/parameters/size_limit_mb";

/// The limit of kernels that do not tell it, in MiB.
const DEFAULT_SIZE_LIMIT_MIB: u64 = 64;

/// Allocates images with `/dev/udmabuf`: anonymous memory with all that a dma-buf has, such as
/// fences. Software renderers map them, and GPUs may import them.
///
/// Owns the device's file descriptor. Its images are independent of it: they stay when it goes.
#[derive(Debug)]
pub struct Udmabuf {
    device: OwnedFd,
}

impl Udmabuf {
    /// Opens the device.
    ///
    /// # Errors
    /// [`OpenError::Missing`], [`OpenError::Denied`] or [`OpenError::Call`].
    #[doc(alias = "/dev/udmabuf")]
    pub fn open() -> Result<Self, OpenError> {
        rustix::fs::open(PATH, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
            .map(|device| Self { device })
            .map_err(|errno| OpenError::of_open(PATH, errno, HINTS))
    }

    /// Turns sealed memory into a dma-buf, which keeps the memory; the memfd is closed.
    fn create(&self, bytes: u64) -> Result<OwnedFd, AllocateError> {
        let memory = memfd::sealed(bytes)?;
        loop {
            let request = UdmabufCreate {
                memfd: memory.as_raw_fd(),
                flags: UDMABUF_FLAGS_CLOEXEC,
                offset: 0,
                size: bytes,
            };
            // SAFETY: `ioctl` requires a request that is right for the file descriptor: it is that
            // of /dev/udmabuf; another kind of file answers ENOTTY without touching memory
            // (ioctl(2)).
            match unsafe { rustix::ioctl::ioctl(&self.device, request) } {
                Ok(fd) => return Ok(fd),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => return Err(AllocateError::Call { call: "UDMABUF_CREATE", errno }),
            }
        }
    }
}

impl Allocator for Udmabuf {
    fn kind(&self) -> AllocatorKind {
        AllocatorKind::Udmabuf
    }

    fn formats(&self, _usage: Usage) -> FormatSet {
        linear::formats()
    }

    fn check(&self, request: &Request) -> Result<(), AllocateError> {
        let plan = linear::plan(self.kind(), request)?;
        plan.buffers_bytes().iter().try_for_each(|bytes| within(*bytes, limit_bytes()))
    }

    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError> {
        self.check(request)?;
        linear::allocate(self.kind(), request, |bytes, _stride_bytes| self.create(bytes))
    }
}

/// The kernel itself answers `EINVAL` alone, which says nothing.
fn within(bytes: u64, limit_bytes: u64) -> Result<(), AllocateError> {
    if bytes > limit_bytes {
        return Err(AllocateError::OverLimit { bytes, limit_bytes, parameter: SIZE_LIMIT });
    }
    Ok(())
}

/// What the administrator allows at this moment.
fn limit_bytes() -> u64 {
    let limit_mib = std::fs::read_to_string(SIZE_LIMIT)
        .ok()
        .and_then(|text| text.trim().parse::<u64>().ok())
        .unwrap_or(DEFAULT_SIZE_LIMIT_MIB);
    limit_mib.saturating_mul(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_more_than_the_limit_names_the_parameter() {
        assert_eq!(within(1 << 26, 1 << 26), Ok(()));
        let refused = within((1 << 26) + 1, 1 << 26).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a buffer of 67108865 bytes is over the limit of 67108864: raise \
             /sys/module/udmabuf/parameters/size_limit_mb"
        );
    }
}
