//! Waiting for those who have read a buffer.

use std::time::Duration;
use std::time::Instant;

use rustix::io::Errno;

use super::Acquired;
use super::Producer;
use super::fencing::Fence;
use crate::stream::protocol::producer::PeerId;
use crate::sync::Direction;
use crate::sync::SyncFile;
use crate::sync::SyncFileError;
use crate::sync::WaitError;

impl Producer {
    /// Blocks until nobody who has released a buffer reads it any more, at most for `timeout`.
    ///
    /// These are the fences of all releases. Where a consumer sends none, or has left without
    /// releasing ([tainted](Acquired::is_tainted)), also what the kernel knows of devices that use
    /// the buffer, if it is a dma-buf. Of a CPU that reads on nobody knows.
    ///
    /// # Errors
    /// See [`ReadersError`]. The buffer is still the caller's: wait again, or
    /// [replace](Producer::replace) it.
    pub fn wait_for_readers(
        &self,
        acquired: &Acquired,
        timeout: Duration,
    ) -> Result<(), ReadersError> {
        let deadline = Instant::now().checked_add(timeout);
        let left = || match deadline {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            None => timeout,
        };
        for Fence { from, sync_file } in self.machine.release_fences(acquired.buffer()) {
            wait(sync_file, *from, left())?;
        }
        match self.implicit_fence(acquired)? {
            Some(sync_file) => wait(&sync_file, None, left()),
            None => Ok(()),
        }
    }

    /// One fence for all that [`Producer::wait_for_readers`] waits for, so that a GPU can wait
    /// instead; `None` if there is nothing to wait for. It is new, and the caller's.
    ///
    /// # Errors
    /// [`ReadersError::Call`].
    pub fn readers_fence(&self, acquired: &Acquired) -> Result<Option<SyncFile>, ReadersError> {
        let mut merged = self.implicit_fence(acquired)?;
        for Fence { sync_file, .. } in self.machine.release_fences(acquired.buffer()) {
            merged = Some(match merged {
                None => sync_file.try_clone().map_err(|errno| ReadersError::Call {
                    call: "fcntl(F_DUPFD_CLOEXEC)",
                    errno,
                })?,
                Some(others) => others.merge(sync_file).map_err(of_sync_file)?,
            });
        }
        Ok(merged)
    }

    /// What the kernel knows of the readers that have left no fence here.
    fn implicit_fence(&self, acquired: &Acquired) -> Result<Option<SyncFile>, ReadersError> {
        let is_asked = acquired.is_tainted() || !self.machine.may_receive_fences();
        if !is_asked || !self.has_attached_fences {
            return Ok(None);
        }
        match SyncFile::export_from(acquired.image(), Direction::Write) {
            Ok(sync_file) => Ok(Some(sync_file)),
            Err(SyncFileError::Unsupported { .. }) => Ok(None),
            Err(error) => Err(of_sync_file(error)),
        }
    }
}

/// Work that has failed has ended too.
fn wait(sync_file: &SyncFile, peer: Option<PeerId>, left: Duration) -> Result<(), ReadersError> {
    match sync_file.wait(left) {
        Ok(()) | Err(WaitError::Failed { .. }) => Ok(()),
        Err(WaitError::TimedOut) => Err(ReadersError::TimedOut { peer }),
        Err(WaitError::Call { call, errno }) => Err(ReadersError::Call { call, errno }),
    }
}

fn of_sync_file(error: SyncFileError) -> ReadersError {
    match error {
        SyncFileError::Call { call, errno } => ReadersError::Call { call, errno },
        SyncFileError::Unsupported { ioctl } => {
            ReadersError::Call { call: ioctl, errno: Errno::NOTTY }
        }
        SyncFileError::NotASyncFile => {
            ReadersError::Call { call: "SYNC_IOC_FILE_INFO", errno: Errno::INVAL }
        }
    }
}

/// Why it is not known that nobody reads a buffer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadersError {
    /// A fence did not signal in time.
    #[error("a reader has not finished in time")]
    TimedOut {
        /// Whose fence, to [dismiss](Producer::dismiss) them; `None` if only the kernel knows.
        peer: Option<PeerId>,
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
