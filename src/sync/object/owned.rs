//! One handle of a synchronisation object, destroyed once.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::error::SyncObjectError;
use super::sys;
use crate::device::Capability;
use crate::device::Node;
use crate::device::again;
use crate::sync::SyncFile;

/// A handle on an open file. The kernel makes a new one for each import, so each has one owner.
#[derive(Debug)]
pub(super) struct OwnedObject {
    node: Node,
    handle: u32,
}

impl OwnedObject {
    pub(super) fn new(
        node: &Node,
        needs: Capability,
        signalled: bool,
    ) -> Result<Self, SyncObjectError> {
        const CALL: &str = "DRM_IOCTL_SYNCOBJ_CREATE";
        require(node, needs, CALL)?;
        let answer = again(|| drm_ffi::syncobj::create(node.as_fd(), signalled))
            .map_err(|errno| failed(node, CALL, errno))?;
        Ok(Self { node: node.clone(), handle: answer.handle })
    }

    pub(super) fn import(
        node: &Node,
        needs: Capability,
        fd: BorrowedFd<'_>,
    ) -> Result<Self, SyncObjectError> {
        const CALL: &str = "DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE";
        require(node, needs, CALL)?;
        match sys::import(node.as_fd(), fd) {
            Ok(handle) => Ok(Self { node: node.clone(), handle }),
            Err(Errno::INVAL | Errno::BADF) => Err(SyncObjectError::NotASyncObject),
            Err(errno) => Err(failed(node, CALL, errno)),
        }
    }

    pub(super) fn export(&self) -> Result<OwnedFd, SyncObjectError> {
        sys::export(self.fd(), self.handle)
            .map_err(|errno| self.failed("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", errno))
    }

    pub(super) fn export_fence(&self, point: Option<u64>) -> Result<SyncFile, Errno> {
        sys::export_fence(self.fd(), self.handle, point).map(SyncFile::of_known_kind)
    }

    pub(super) fn import_fence(&self, file: &SyncFile, point: Option<u64>) -> Result<(), Errno> {
        sys::import_fence(self.fd(), self.handle, file.as_fd(), point)
    }

    /// The fence of a point of another object, or that of a binary one at 0, to a point here.
    pub(super) fn transfer(&self, point: u64, from: &Self, from_point: u64) -> Result<(), Errno> {
        let transfer =
            || drm_ffi::syncobj::transfer(self.fd(), from.handle, self.handle, from_point, point);
        again(transfer).map(|_answer| ())
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.node.as_fd()
    }

    pub(super) fn handle(&self) -> u32 {
        self.handle
    }

    pub(super) fn failed(&self, call: &'static str, errno: Errno) -> SyncObjectError {
        failed(&self.node, call, errno)
    }
}

fn require(node: &Node, needs: Capability, call: &'static str) -> Result<(), SyncObjectError> {
    if node.has(needs) {
        return Ok(());
    }
    Err(SyncObjectError::Unsupported { call, driver: node.driver().to_owned() })
}

fn failed(node: &Node, call: &'static str, errno: Errno) -> SyncObjectError {
    match errno {
        Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => {
            SyncObjectError::Unsupported { call, driver: node.driver().to_owned() }
        }
        errno => SyncObjectError::Call { call, errno },
    }
}

impl Drop for OwnedObject {
    fn drop(&mut self) {
        let destroy = || drm_ffi::syncobj::destroy(self.node.as_fd(), self.handle);
        if let Err(errno) = again(destroy) {
            let handle = self.handle;
            tracing::warn!(node = ?self.node, handle, %errno, "DRM_IOCTL_SYNCOBJ_DESTROY");
        }
    }
}
