//! File descriptors to build images from, without any device.

use std::os::fd::OwnedFd;

use rustix::fs::MemfdFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::SealFlags;

/// Plain memory that its owner can still shrink.
pub(crate) fn unsealed_memfd(size_bytes: u64) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = rustix::fs::memfd_create("dmashare-test", flags).unwrap();
    rustix::fs::ftruncate(&fd, size_bytes).unwrap();
    fd
}

/// Plain memory that can be trusted to stay.
pub(crate) fn sealed_memfd(size_bytes: u64) -> OwnedFd {
    let fd = unsealed_memfd(size_bytes);
    rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK).unwrap();
    fd
}

/// The same memory through a file descriptor for reading only.
pub(crate) fn read_only(fd: &OwnedFd) -> OwnedFd {
    use std::os::fd::AsRawFd;
    open(&format!("/proc/self/fd/{}", fd.as_raw_fd()), OFlags::RDONLY)
}

/// A device that swallows everything and has no size.
pub(crate) fn dev_null() -> OwnedFd {
    open("/dev/null", OFlags::RDWR)
}

/// A directory.
pub(crate) fn directory() -> OwnedFd {
    open("/proc/self", OFlags::RDONLY | OFlags::DIRECTORY)
}

/// The reading end of a pipe whose other end is closed.
pub(crate) fn pipe() -> OwnedFd {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap().0
}

fn open(path: &str, flags: OFlags) -> OwnedFd {
    rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).unwrap()
}
