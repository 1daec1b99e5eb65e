//! An object whose fences have rising numbers.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;

use super::binary::SyncObject;
use super::error::SyncObjectError;
use super::error::SyncObjectWaitError;
use super::event::PointEvent;
use super::owned::OwnedObject;
use super::wait;
use super::wait::HowMany;
use super::wait::Until;
use crate::device::Capability;
use crate::device::Node;
use crate::device::again;
use crate::sync::SyncFile;

/// A row of points, numbered from 1 up, each of which is reached when its fence and all before it
/// have signalled. Numbers can be left out.
///
/// It owns its handle on the open node, destroyed on drop, and keeps the node open. Other processes
/// that hold the timeline keep it.
///
/// The kernel does not tell here whether the work behind a fence failed: a failed fence has
/// signalled. [`SyncFile::is_signalled`] tells, on what [`Timeline::export_sync_file`] gives.
///
/// ```no_run
/// use std::time::Duration;
/// use dmashare::device::{Node, NodeKind};
/// use dmashare::sync::{Timeline, Until};
///
/// let node = Node::open_driver("virtio_gpu", NodeKind::Render)?;
/// let timeline = Timeline::new(&node)?;
/// timeline.signal(1)?;
/// timeline.wait(1, Until::Signalled, Duration::from_secs(1))?;
/// assert_eq!(timeline.reached()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[doc(alias = "drm_syncobj")]
#[doc(alias = "wp_linux_drm_syncobj_timeline_v1")]
pub struct Timeline {
    object: OwnedObject,
}

impl Timeline {
    /// A timeline at 0, without points.
    ///
    /// # Errors
    /// [`SyncObjectError::Unsupported`] on drivers without [`Capability::SyncObjectTimeline`];
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_CREATE`.
    pub fn new(node: &Node) -> Result<Self, SyncObjectError> {
        let needs = Capability::SyncObjectTimeline;
        OwnedObject::new(node, needs, false).map(|object| Self { object })
    }

    /// The timeline that somebody exported, on a node of any device. The file descriptor stays the
    /// caller's and is not needed after.
    ///
    /// # Errors
    /// [`SyncObjectError::NotASyncObject`] for anything else; as [`Timeline::new`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE`.
    pub fn import(node: &Node, fd: BorrowedFd<'_>) -> Result<Self, SyncObjectError> {
        let needs = Capability::SyncObjectTimeline;
        OwnedObject::import(node, needs, fd).map(|object| Self { object })
    }

    /// The timeline itself, with all points to come, for another process. The caller owns the file
    /// descriptor, which is closed on exec.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD`.
    pub fn export(&self) -> Result<OwnedFd, SyncObjectError> {
        self.object.export()
    }

    /// Adds a point that is reached as soon as those before it are.
    ///
    /// # Errors
    /// - [`SyncObjectError::PointZero`], [`SyncObjectError::Backwards`]: the point is not above all
    ///   that there are. Somebody else who adds one at the same moment is not seen.
    /// - [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL`.
    #[doc(alias = "drmSyncobjTimelineSignal")]
    pub fn signal(&self, point: u64) -> Result<(), SyncObjectError> {
        self.is_next(point)?;
        let (fd, handle) = (self.object.fd(), self.object.handle());
        again(|| drm_ffi::syncobj::timeline_signal(fd, &[handle], &[point]))
            .map(|_answer| ())
            .map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", errno))
    }

    /// Takes all points away; the timeline is at 0 again. Waits for points go on.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_RESET`.
    pub fn reset(&self) -> Result<(), SyncObjectError> {
        again(|| drm_ffi::syncobj::reset(self.object.fd(), &[self.object.handle()]))
            .map(|_answer| ())
            .map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_RESET", errno))
    }

    /// The last point that is reached, 0 if none is. Does not block.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_QUERY`.
    #[doc(alias = "drmSyncobjQuery")]
    pub fn reached(&self) -> Result<u64, SyncObjectError> {
        self.query(false)
    }

    /// The last point that has a fence, reached or not, 0 if none has. Does not block.
    ///
    /// # Errors
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_QUERY` with `DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED` (Linux 5.5).
    #[doc(alias = "drmSyncobjQuery2")]
    pub fn submitted(&self) -> Result<u64, SyncObjectError> {
        self.query(true)
    }

    fn query(&self, submitted: bool) -> Result<u64, SyncObjectError> {
        let mut points = [0];
        let (fd, handle) = (self.object.fd(), self.object.handle());
        again(|| drm_ffi::syncobj::query(fd, &[handle], &mut points, submitted))
            .map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_QUERY", errno))?;
        let [point] = points;
        Ok(point)
    }

    /// Blocks until a point is reached, or has a fence ([`Until::Available`]), at most for
    /// `timeout`; a zero timeout asks and does not block.
    ///
    /// # Errors
    /// [`SyncObjectWaitError`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT`.
    #[doc(alias = "drmSyncobjTimelineWait")]
    pub fn wait(
        &self,
        point: u64,
        until: Until,
        timeout: Duration,
    ) -> Result<(), SyncObjectWaitError> {
        let one = std::iter::once((&self.object, point));
        wait::points(one, HowMany::All, until, timeout).map(|_index| ())
    }

    /// Blocks until one of several points of timelines of one node comes, and says which.
    ///
    /// # Errors
    /// [`SyncObjectWaitError`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT`.
    pub fn wait_any(
        points: &[(&Self, u64)],
        until: Until,
        timeout: Duration,
    ) -> Result<usize, SyncObjectWaitError> {
        let points = points.iter().map(|(timeline, point)| (&timeline.object, *point));
        wait::points(points, HowMany::Any, until, timeout)
    }

    /// Blocks until all of several points of timelines of one node have come.
    ///
    /// # Errors
    /// [`SyncObjectWaitError`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT` with `DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL`.
    pub fn wait_all(
        points: &[(&Self, u64)],
        until: Until,
        timeout: Duration,
    ) -> Result<(), SyncObjectWaitError> {
        let points = points.iter().map(|(timeline, point)| (&timeline.object, *point));
        wait::points(points, HowMany::All, until, timeout).map(|_index| ())
    }

    /// Has an event become readable when a point comes, at once if it is there already.
    /// [`Until::SubmittedSignals`] means [`Until::Signalled`] here.
    ///
    /// # Errors
    /// [`SyncObjectError::Unsupported`] on kernels before 6.6; [`SyncObjectError::PointZero`],
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_EVENTFD`.
    #[doc(alias = "drmSyncobjEventfd")]
    pub fn notify(
        &self,
        point: u64,
        until: Until,
        event: &PointEvent,
    ) -> Result<(), SyncObjectError> {
        const CALL: &str = "DRM_IOCTL_SYNCOBJ_EVENTFD";
        is_point(point)?;
        let (fd, handle) = (self.object.fd(), self.object.handle());
        let available = until == Until::Available;
        again(|| drm_ffi::syncobj::eventfd(fd, handle, point, event.as_fd(), available))
            .map(|_answer| ())
            .map_err(|errno| match errno {
                // It is an eventfd and the flags are right, so the call itself is not known.
                Errno::INVAL => self.object.failed(CALL, Errno::OPNOTSUPP),
                errno => self.object.failed(CALL, errno),
            })
    }

    /// Adds a point with this fence. The sync file is not consumed.
    ///
    /// # Errors
    /// As [`Timeline::signal`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE` with `DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE` (Linux
    /// 6.16); before, through a binary object and `DRM_IOCTL_SYNCOBJ_TRANSFER`.
    #[doc(alias = "drmSyncobjImportSyncFile")]
    pub fn import_sync_file(&self, point: u64, file: &SyncFile) -> Result<(), SyncObjectError> {
        self.is_next(point)?;
        match self.object.import_fence(file, Some(point)) {
            Err(Errno::INVAL) => {
                let between = SyncObject::new(self.object.node(), false)?;
                between.import_sync_file(file)?;
                self.put(point, &between.object, 0)
            }
            other => {
                other.map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", errno))
            }
        }
    }

    /// A fence that signals when this point is reached.
    ///
    /// # Errors
    /// [`SyncObjectError::NotSubmitted`] if the point has no fence; [`SyncObjectError::PointZero`],
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD` with `DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE` (Linux
    /// 6.16); before, through a binary object and `DRM_IOCTL_SYNCOBJ_TRANSFER`.
    #[doc(alias = "drmSyncobjExportSyncFile")]
    pub fn export_sync_file(&self, point: u64) -> Result<SyncFile, SyncObjectError> {
        is_point(point)?;
        match self.object.export_fence(Some(point)) {
            // An old kernel and a missing fence have the same error.
            Err(Errno::INVAL) => {
                let between = SyncObject::new(self.object.node(), false)?;
                self.transfer_to_binary(point, &between)?;
                between.export_sync_file()
            }
            other => {
                other.map_err(|errno| self.object.failed("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", errno))
            }
        }
    }

    /// Adds a point with the fence that another timeline of the same node has at `from_point`.
    ///
    /// # Errors
    /// - [`SyncObjectError::NotSubmitted`]: there is no fence.
    /// - [`SyncObjectError::OtherNode`].
    /// - As [`Timeline::signal`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_TRANSFER`.
    #[doc(alias = "drmSyncobjTransfer")]
    pub fn transfer(
        &self,
        point: u64,
        from: &Self,
        from_point: u64,
    ) -> Result<(), SyncObjectError> {
        is_point(from_point)?;
        self.is_next(point)?;
        self.put(point, &from.object, from_point)
    }

    /// Adds a point with the fence that a binary object of the same node has now.
    ///
    /// # Errors
    /// As [`Timeline::transfer`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_TRANSFER` from point 0.
    pub fn transfer_from_binary(
        &self,
        point: u64,
        from: &SyncObject,
    ) -> Result<(), SyncObjectError> {
        self.is_next(point)?;
        self.put(point, &from.object, 0)
    }

    /// Puts the fence of a point into a binary object of the same node.
    ///
    /// # Errors
    /// [`SyncObjectError::NotSubmitted`], [`SyncObjectError::OtherNode`],
    /// [`SyncObjectError::Call`].
    ///
    /// Spec: `DRM_IOCTL_SYNCOBJ_TRANSFER` to point 0.
    pub fn transfer_to_binary(&self, point: u64, to: &SyncObject) -> Result<(), SyncObjectError> {
        is_point(point)?;
        transfer(&to.object, 0, &self.object, point)
    }

    fn put(&self, point: u64, from: &OwnedObject, from_point: u64) -> Result<(), SyncObjectError> {
        transfer(&self.object, point, from, from_point)
    }

    /// The kernel takes points in any order and then does not know which are reached
    /// (`drm_syncobj_add_point()`).
    fn is_next(&self, point: u64) -> Result<(), SyncObjectError> {
        is_point(point)?;
        let last = self.submitted()?;
        if point <= last { Err(SyncObjectError::Backwards { point, last }) } else { Ok(()) }
    }
}

const fn is_point(point: u64) -> Result<(), SyncObjectError> {
    if point == 0 { Err(SyncObjectError::PointZero) } else { Ok(()) }
}

fn transfer(
    to: &OwnedObject,
    point: u64,
    from: &OwnedObject,
    from_point: u64,
) -> Result<(), SyncObjectError> {
    if to.node() != from.node() {
        return Err(SyncObjectError::OtherNode);
    }
    to.transfer(point, from, from_point).map_err(|errno| match errno {
        Errno::INVAL => SyncObjectError::NotSubmitted,
        errno => to.failed("DRM_IOCTL_SYNCOBJ_TRANSFER", errno),
    })
}
