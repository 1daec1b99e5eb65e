#![allow(unsafe_code, reason = "hands the kernel an array to fill")]
//! What the kernel tells about the fences in a sync file.
//!
//! Spec: `SYNC_IOC_FILE_INFO`, `include/uapi/linux/sync_file.h`.

use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::ioctl::Updater;

use crate::sync::SyncFile;
use crate::sync::SyncFileError;
use crate::sync::sync_file::update;
use crate::sync::sys::FileInfo;
use crate::sync::sys::IOCTL_FILE_INFO;
use crate::sync::sys::RawFenceInfo;

/// Whether a fence has signalled, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FenceStatus {
    /// The work behind it goes on.
    Waiting,
    /// The work is done.
    Signalled,
    /// The work failed, with this negative error number of its driver.
    Failed(i32),
}

impl FenceStatus {
    const fn of(status: i32) -> Self {
        match status {
            0 => Self::Waiting,
            1.. => Self::Signalled,
            _ => Self::Failed(status),
        }
    }
}

/// What a sync file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncFileInfo {
    /// The name that its maker gave it, or that the kernel made up, at most 31 bytes.
    pub name: String,
    /// That of all fences together.
    pub status: FenceStatus,
    /// The fences, one of each timeline. A fence that had signalled already may have been left out
    /// of a merge.
    pub fences: Vec<FenceInfo>,
}

/// One fence of a sync file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FenceInfo {
    /// The driver whose work it stands for, at most 31 bytes.
    pub driver: String,
    /// The queue or the timeline of that work, as the driver names it, at most 31 bytes.
    pub timeline: String,
    /// Whether it has signalled.
    pub status: FenceStatus,
    /// When it signalled, in nanoseconds of `CLOCK_MONOTONIC`; 0 if it has not.
    pub timestamp_ns: u64,
}

impl SyncFile {
    /// Who the fence is from, and when it signalled: for diagnosis and for measuring. Allocates;
    /// does not block.
    ///
    /// Ask it of fences that have signalled, unless it is known that they are no display's: Linux 7.3
    /// can end in a `BUG()` where one signals while it is asked. Nothing else here asks for names.
    ///
    /// # Errors
    /// [`SyncFileError::Call`].
    ///
    /// Spec: `SYNC_IOC_FILE_INFO`.
    #[doc(alias = "SYNC_IOC_FILE_INFO")]
    #[doc(alias = "sync_fence_info")]
    pub fn info(&self) -> Result<SyncFileInfo, SyncFileError> {
        let failed = |errno| SyncFileError::Call { call: "SYNC_IOC_FILE_INFO", errno };
        let mut info = FileInfo::default();
        update::<IOCTL_FILE_INFO, _>(self.as_fd(), &mut info).map_err(failed)?;
        let mut fences = vec![RawFenceInfo::default(); info.num_fences as usize];
        if !fences.is_empty() {
            self.fill(&mut info, &mut fences).map_err(failed)?;
        }
        // Fences that signal in between may be gone.
        fences.truncate(info.num_fences as usize);
        Ok(SyncFileInfo {
            name: text(&info.name),
            status: FenceStatus::of(info.status),
            fences: fences.iter().map(FenceInfo::of).collect(),
        })
    }

    /// Has the kernel fill the array; it says in `info` how much of it.
    fn fill(&self, info: &mut FileInfo, fences: &mut [RawFenceInfo]) -> Result<(), Errno> {
        info.num_fences = u32::try_from(fences.len()).unwrap_or(u32::MAX);
        info.sync_fence_info = fences.as_mut_ptr().expose_provenance() as u64;
        loop {
            // SAFETY: `Updater` requires that the opcode takes this struct, and the struct that its
            // pointer and number describe memory that the kernel may write: the array lives on, is
            // borrowed mutably, and is never filled further than the number says (sync_file.c).
            let request = unsafe { Updater::<IOCTL_FILE_INFO, FileInfo>::new(info) };
            // SAFETY: `ioctl` requires a request that is right for the file descriptor, which is a
            // sync file's; another kind of file answers ENOTTY without touching memory (ioctl(2)).
            match unsafe { rustix::ioctl::ioctl(self, request) } {
                Err(Errno::INTR | Errno::AGAIN) => {}
                other => return other,
            }
        }
    }
}

impl FenceInfo {
    fn of(raw: &RawFenceInfo) -> Self {
        let status = FenceStatus::of(raw.status);
        Self {
            driver: text(&raw.driver_name),
            timeline: text(&raw.obj_name),
            status,
            timestamp_ns: if status == FenceStatus::Waiting { 0 } else { raw.timestamp_ns },
        }
    }
}

/// Up to the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_with_a_zero_or_with_the_bytes() {
        assert_eq!(text(b"sw_sync\0rest"), "sw_sync");
        assert_eq!(text(&[b'a'; 32]).len(), 32);
        assert_eq!(text(b"\xff\0"), "\u{fffd}");
        assert_eq!(text(b""), "");
    }

    #[test]
    fn status_of_every_sign_is_told() {
        assert_eq!(FenceStatus::of(0), FenceStatus::Waiting);
        assert_eq!(FenceStatus::of(1), FenceStatus::Signalled);
        assert_eq!(FenceStatus::of(-5), FenceStatus::Failed(-5));
    }
}
