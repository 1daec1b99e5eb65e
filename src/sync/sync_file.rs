#![allow(unsafe_code, reason = "talks to sync files and dma-bufs with ioctls")]
//! A fence that crosses processes and drivers.
//!
//! Spec: <https://docs.kernel.org/driver-api/sync_file.html>, `include/uapi/linux/sync_file.h`,
//! `include/uapi/linux/dma-buf.h`.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;

use crate::dmabuf::Dmabuf;
use crate::dmabuf::sys::DmaBufSyncFile;
use crate::dmabuf::sys::IOCTL_EXPORT_SYNC_FILE;
use crate::dmabuf::sys::IOCTL_IMPORT_SYNC_FILE;
use crate::dmabuf::sys::SYNC_READ;
use crate::dmabuf::sys::SYNC_WRITE;
use crate::sync::sys::FileInfo;
use crate::sync::sys::IOCTL_FILE_INFO;
use crate::sync::sys::IOCTL_MERGE;
use crate::sync::sys::MergeData;

/// What somebody is about to do with a buffer, or has submitted to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Reading: has to wait for those who write.
    Read,
    /// Writing: has to wait for everybody.
    Write,
}

impl Direction {
    const fn flags(self) -> u32 {
        match self {
            Self::Read => SYNC_READ,
            Self::Write => SYNC_WRITE,
        }
    }
}

/// A fence in a file descriptor: "the pixels are ready" or "the buffer is free" once it signals.
///
/// It owns its file descriptor, which is closed on drop. It becomes readable when it signals, so it
/// fits into any event loop through [`AsFd`].
#[derive(Debug)]
#[doc(alias = "sync_file")]
pub struct SyncFile {
    fd: OwnedFd,
}

impl SyncFile {
    /// Takes a file descriptor over, after asking the kernel whether it is a sync file.
    ///
    /// # Errors
    /// [`SyncFileError::NotASyncFile`] for anything else; the file descriptor is closed then.
    ///
    /// Spec: `SYNC_IOC_MERGE`.
    pub fn from_fd(fd: OwnedFd) -> Result<Self, SyncFileError> {
        // A merge with nothing, which makes nothing: only sync files look for a number first, and
        // then for the other sync file. Whether it has signalled is not asked, see `status`.
        match merge(fd.as_fd(), NOTHING) {
            Err(Errno::NOENT | Errno::MFILE) => Ok(Self { fd }),
            Ok(_) | Err(Errno::NOTTY | Errno::INVAL) => Err(SyncFileError::NotASyncFile),
            Err(errno) => Err(SyncFileError::Call { call: "SYNC_IOC_MERGE", errno }),
        }
    }

    /// Takes over what is known to be a sync file, because the kernel has just made it as one, or because
    /// of where it comes from.
    pub(crate) fn of_known_kind(fd: OwnedFd) -> Self {
        Self { fd }
    }

    /// Gives the file descriptor up.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// A second handle to the same fence.
    ///
    /// # Errors
    /// The kernel's error, of which `EMFILE` is the likely one.
    pub fn try_clone(&self) -> Result<Self, Errno> {
        Ok(Self { fd: rustix::io::fcntl_dupfd_cloexec(&self.fd, 0)? })
    }

    /// Whether it has signalled. Does not block.
    ///
    /// # Errors
    /// [`WaitError::Failed`] if the work behind the fence failed, [`WaitError::Call`] if the
    /// kernel did.
    pub fn is_signalled(&self) -> Result<bool, WaitError> {
        match self.wait(Duration::ZERO) {
            Ok(()) => Ok(true),
            Err(WaitError::TimedOut) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Blocks until it signals, at most for `timeout`. There is no way to wait without an end: a
    /// peer's fence may never signal.
    ///
    /// # Errors
    /// - [`WaitError::TimedOut`]: not signalled in time; the fence can be waited for again.
    /// - [`WaitError::Failed`]: the work behind the fence failed.
    /// - [`WaitError::Call`]: the kernel refused.
    ///
    /// Spec: `poll(2)` with `POLLIN` on a sync file.
    pub fn wait(&self, timeout: Duration) -> Result<(), WaitError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => timeout,
            };
            // A timeout that the kernel cannot count is longer than anybody lives.
            let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1 << 40, tv_nsec: 0 });
            let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&left)) {
                Ok(0) => return Err(WaitError::TimedOut),
                Ok(_) => break,
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => {
                    return Err(WaitError::Call { call: "poll", errno });
                }
            }
        }
        match self.status() {
            Ok(0) => Err(WaitError::TimedOut),
            Ok(status) if status < 0 => Err(WaitError::Failed { status }),
            Ok(_) => Ok(()),
            Err(errno) => Err(WaitError::Call { call: "SYNC_IOC_FILE_INFO", errno }),
        }
    }

    /// A fence that signals when both have. Neither is consumed.
    ///
    /// # Errors
    /// [`SyncFileError::Call`].
    ///
    /// Spec: `SYNC_IOC_MERGE`.
    #[doc(alias = "SYNC_IOC_MERGE")]
    pub fn merge(&self, other: &Self) -> Result<Self, SyncFileError> {
        merge(self.as_fd(), other.fd.as_raw_fd())
            .map_err(|errno| SyncFileError::Call { call: "SYNC_IOC_MERGE", errno })
            .and_then(|fd| take_over(fd, "SYNC_IOC_MERGE"))
    }

    /// The fence that has to be waited for before a buffer is used in this direction: the bridge
    /// from implicit to explicit synchronisation. One fence for all buffers of the image.
    ///
    /// # Errors
    /// - [`SyncFileError::Unsupported`]: the image is a memfd, which has no fences, or the kernel
    ///   is older than 6.0.
    /// - [`SyncFileError::Call`]: the kernel refused.
    ///
    /// Spec: `DMA_BUF_IOCTL_EXPORT_SYNC_FILE`.
    #[doc(alias = "DMA_BUF_IOCTL_EXPORT_SYNC_FILE")]
    pub fn export_from(image: &Dmabuf, direction: Direction) -> Result<Self, SyncFileError> {
        let mut merged: Option<Self> = None;
        for fd in image.distinct_fds() {
            let mut data = DmaBufSyncFile { flags: direction.flags(), fd: -1 };
            update::<IOCTL_EXPORT_SYNC_FILE, _>(fd, &mut data)
                .map_err(|errno| unsupported("DMA_BUF_IOCTL_EXPORT_SYNC_FILE", errno))?;
            let fence = take_over(data.fd, "DMA_BUF_IOCTL_EXPORT_SYNC_FILE")?;
            merged = Some(match merged {
                None => fence,
                Some(others) => others.merge(&fence)?,
            });
        }
        merged.ok_or(SyncFileError::NotASyncFile)
    }

    /// Tells the users of a buffer that synchronise implicitly about this fence: the bridge from
    /// explicit to implicit synchronisation. The fence is not consumed.
    ///
    /// # Errors
    /// As [`SyncFile::export_from`].
    ///
    /// Spec: `DMA_BUF_IOCTL_IMPORT_SYNC_FILE`.
    #[doc(alias = "DMA_BUF_IOCTL_IMPORT_SYNC_FILE")]
    pub fn import_into(&self, image: &Dmabuf, direction: Direction) -> Result<(), SyncFileError> {
        for fd in image.distinct_fds() {
            let mut data = DmaBufSyncFile { flags: direction.flags(), fd: self.fd.as_raw_fd() };
            update::<IOCTL_IMPORT_SYNC_FILE, _>(fd, &mut data)
                .map_err(|errno| unsupported("DMA_BUF_IOCTL_IMPORT_SYNC_FILE", errno))?;
        }
        Ok(())
    }

    /// 0 while it waits, 1 when signalled, a negative error number when the work failed. Asked of no
    /// fence that can still signal: the kernel makes up a name with the answer, and where it asks a
    /// display's driver for its part just when the fence signals, it ends in a `BUG()` (Linux 7.3,
    /// `fence_to_crtc()`).
    fn status(&self) -> Result<i32, Errno> {
        let mut info = FileInfo::default();
        update::<IOCTL_FILE_INFO, _>(self.fd.as_fd(), &mut info)?;
        Ok(info.status)
    }
}

impl AsFd for SyncFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A memfd answers `ENOTTY`, and so does a dma-buf of an old kernel.
fn unsupported(ioctl: &'static str, errno: Errno) -> SyncFileError {
    match errno {
        Errno::NOTTY => SyncFileError::Unsupported { ioctl },
        errno => SyncFileError::Call { call: ioctl, errno },
    }
}

/// No file descriptor.
const NOTHING: i32 = -1;

/// Makes one fence of two, and gives its file descriptor.
fn merge(fd: BorrowedFd<'_>, fd2: i32) -> Result<i32, Errno> {
    let mut name = [0; 32];
    for (to, from) in name.iter_mut().zip(b"dmashare") {
        *to = *from;
    }
    let mut data = MergeData { name, fd2, fence: NOTHING, flags: 0, pad: 0 };
    update::<IOCTL_MERGE, _>(fd, &mut data)?;
    Ok(data.fence)
}

fn take_over(fd: i32, call: &'static str) -> Result<SyncFile, SyncFileError> {
    if fd < 0 {
        return Err(SyncFileError::Call { call, errno: Errno::BADF });
    }
    // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the kernel has
    // just installed it for this call (sync_file.h, dma-buf.h).
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    Ok(SyncFile::of_known_kind(fd))
}

/// An ioctl that reads and writes `data`; interrupted calls are made again.
pub(in crate::sync) fn update<const OPCODE: Opcode, T>(
    fd: BorrowedFd<'_>,
    data: &mut T,
) -> Result<(), Errno> {
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `T`; each opcode of this file is built
        // from the type that it is called with, and the sizes are asserted in the `sys` modules.
        let request = unsafe { Updater::<OPCODE, T>::new(data) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor; another kind of
        // file answers ENOTTY without touching memory (ioctl(2)).
        match unsafe { rustix::ioctl::ioctl(fd, request) } {
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
}

/// Why a sync file could not be made or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncFileError {
    /// The buffer, or the kernel, has no such call.
    #[error("{ioctl} is not supported: the buffer is a memfd, or the kernel is older than 6.0")]
    Unsupported {
        /// The missing ioctl.
        ioctl: &'static str,
    },
    /// The file descriptor is something else.
    #[error("the file descriptor is no sync file")]
    NotASyncFile,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why a fence was not waited for to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// It did not signal in time.
    #[error("the fence did not signal in time")]
    TimedOut,
    /// The work behind it failed; the pixels are not what they should be.
    #[error("the work behind the fence failed with status {status}")]
    Failed {
        /// The negative error number that its driver gave.
        status: i32,
    },
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
