//! What a driver gives as the file descriptor of a fence.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::io::FdFlags;

use crate::sync::SyncFile;
use crate::sync::SyncFileError;

/// Takes the file descriptors of a display's fences over.
///
/// A driver makes all of them in the same way. So the first is looked at, and those that come later,
/// one in each frame, cost no system call to learn the same again. Were one of them something else all
/// the same, then whoever waits for it or is given it would say so.
#[derive(Debug, Default)]
pub(in crate::egl) struct FenceFds {
    /// Whether they are closed on exec. Empty before the first.
    close_on_exec: OnceLock<bool>,
}

impl FenceFds {
    /// Closes `fd` if it is no fence.
    pub(in crate::egl) fn take(&self, fd: OwnedFd) -> Result<SyncFile, SyncFileError> {
        let known = self.close_on_exec.get().copied();
        let closes = known.unwrap_or_else(|| is_closed_on_exec(&fd));
        if !closes && let Err(errno) = rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC) {
            tracing::warn!(%errno, "the file descriptor of a fence stays open across exec");
        }
        if known.is_some() {
            return Ok(SyncFile::of_known_kind(fd));
        }
        let fence = SyncFile::from_fd(fd)?;
        // Another thread has found the same out.
        let _either = self.close_on_exec.set(closes);
        Ok(fence)
    }
}

/// Mesa's are, since it stopped using `dup()`.
fn is_closed_on_exec(fd: &OwnedFd) -> bool {
    rustix::io::fcntl_getfd(fd).is_ok_and(|flags| flags.contains(FdFlags::CLOEXEC))
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::FenceFds;
    use crate::sync::SyncFileError;

    #[test]
    fn what_is_no_fence_is_refused_however_often_it_comes() {
        let fds = FenceFds::default();
        for _ in 0..2 {
            let (reader, _writer) = std::io::pipe().unwrap();
            let refused = fds.take(OwnedFd::from(reader)).unwrap_err();
            assert_eq!(refused, SyncFileError::NotASyncFile);
        }
    }
}
