//! An object that holds one fence at a time.

use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;

use super::error::SyncObjectError;
use super::error::SyncObjectWaitError;
use super::owned::OwnedObject;
use super::wait;
use super::wait::HowMany;
use super::wait::Until;
use crate::device::Capability;
use crate::device::Node;
use crate::device::again;
use crate::sync::SyncFile;

/// A place for one fence, which can be empty, and whose fence can be replaced.
///
/// It owns its handle on the open node, destroyed on drop, and keeps the node open. Other processes
/// that hold the object keep it.
///
/// The kernel does not tell here whether the work behind a fence failed: a failed fence has
/// signalled. [`SyncFile::is_signalled`] tells, on what [`SyncObject::export_sync_file`] gives.
#[derive(Debug)]
#[doc(alias = "drm_syncobj")]
#[doc(alias = "drmSyncobjCreate")]
pub struct SyncObject {
    pub(super) object: OwnedObject,
}

impl SyncObject {
    /// An object without a fence, or with one that has signalled.
    ///
    /// # Errors
    /// [`SyncObjectError::Unsupported`] on drivers without [`Capability::SyncObject`];
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_CREATE`.
    pub fn new(node: &Node, signalled: bool) -> Result<Self, SyncObjectError> {
        OwnedObject::new(node, Capability::SyncObject, signalled).map(|object| Self { object })
    }

    /// The object that somebody exported, on a node of any device. The file descriptor stays the
    /// caller's and is not needed after.
    ///
    /// # Errors
    /// [`SyncObjectError::NotASyncObject`] for anything else; as [`SyncObject::new`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE`.
    #[doc(alias = "drmSyncobjFDToHandle")]
    pub fn import(node: &Node, fd: BorrowedFd<'_>) -> Result<Self, SyncObjectError> {
        OwnedObject::import(node, Capability::SyncObject, fd).map(|object| Self { object })
    }

    /// The object itself, with all fences to come, for another process. The caller owns the file
    /// descriptor, which is closed on exec.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD`.
    #[doc(alias = "drmSyncobjHandleToFD")]
    pub fn export(&self) -> Result<OwnedFd, SyncObjectError> {
        self.object.export()
    }

    /// Puts a fence that has signalled in place of the one that is there.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_SIGNAL`.
    #[doc(alias = "drmSyncobjSignal")]
    pub fn signal(&self) -> Result<(), SyncObjectError> {
        again(|| drm_ffi::syncobj::signal(self.object.fd(), &[self.object.handle()]))
            .map(|_answer| ())
            .map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_SIGNAL", errno))
    }

    /// Takes the fence away.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_RESET`.
    #[doc(alias = "drmSyncobjReset")]
    pub fn reset(&self) -> Result<(), SyncObjectError> {
        again(|| drm_ffi::syncobj::reset(self.object.fd(), &[self.object.handle()]))
            .map(|_answer| ())
            .map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_RESET", errno))
    }

    /// Blocks until the fence signals, at most for `timeout`; a zero timeout asks and does not
    /// block. [`Until::Available`] is for timelines and means [`Until::Signalled`] here.
    ///
    /// # Errors
    /// [`SyncObjectWaitError`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_WAIT`.
    #[doc(alias = "drmSyncobjWait")]
    pub fn wait(&self, until: Until, timeout: Duration) -> Result<(), SyncObjectWaitError> {
        let one = std::iter::once(&self.object);
        wait::binary(one, HowMany::All, until, timeout).map(|_index| ())
    }

    /// Whether there is a fence and it has signalled. Does not block.
    ///
    /// # Errors
    /// [`SyncObjectWaitError::Call`].
    pub fn is_signalled(&self) -> Result<bool, SyncObjectWaitError> {
        match self.wait(Until::Signalled, Duration::ZERO) {
            Ok(()) => Ok(true),
            Err(SyncObjectWaitError::TimedOut) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Blocks until one of several objects of one node signals, and says which.
    ///
    /// # Errors
    /// [`SyncObjectWaitError`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_WAIT`.
    pub fn wait_any(
        objects: &[&Self],
        until: Until,
        timeout: Duration,
    ) -> Result<usize, SyncObjectWaitError> {
        wait::binary(objects.iter().map(|one| &one.object), HowMany::Any, until, timeout)
    }

    /// Blocks until all of several objects of one node have signalled.
    ///
    /// # Errors
    /// [`SyncObjectWaitError`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_WAIT` with `DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL`.
    pub fn wait_all(
        objects: &[&Self],
        until: Until,
        timeout: Duration,
    ) -> Result<(), SyncObjectWaitError> {
        let objects = objects.iter().map(|one| &one.object);
        wait::binary(objects, HowMany::All, until, timeout).map(|_index| ())
    }

    /// Puts this fence in place of the one that is there. The sync file is not consumed.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE` with the object's handle, which `drm` leaves out.
    #[doc(alias = "drmSyncobjImportSyncFile")]
    pub fn import_sync_file(&self, file: &SyncFile) -> Result<(), SyncObjectError> {
        self.object
            .import_fence(file, None)
            .map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", errno))
    }

    /// The fence that is there now.
    ///
    /// # Errors
    /// [`SyncObjectError::NotSubmitted`] if there is none; [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD`.
    #[doc(alias = "drmSyncobjExportSyncFile")]
    pub fn export_sync_file(&self) -> Result<SyncFile, SyncObjectError> {
        self.object.export_fence(None).map_err(|errno| match errno {
            Errno::INVAL => SyncObjectError::NotSubmitted,
            errno => self.object.failed("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", errno),
        })
    }
}
