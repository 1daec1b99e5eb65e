#![allow(unsafe_code, reason = "takes over file descriptors that the kernel has made")]
//! Changing an output all at once.

use std::os::fd::AsFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use crate::kms::Change;
use crate::kms::CommitError;
use crate::kms::Flip;
use crate::kms::FramebufferInfo;
use crate::kms::Layer;
use crate::kms::Mode;
use crate::kms::Output;
use crate::kms::ReadBackError;
use crate::kms::commit::Blob;
use crate::kms::commit::CommitFlags;
use crate::sync::SyncFile;

/// What the kernel puts into `OUT_FENCE_PTR` when there is no fence.
const NO_FENCE: i32 = -1;

impl Output {
    pub(in crate::kms::output) fn enable_atomic(
        &mut self,
        mode: &Mode,
        layer: &Layer,
    ) -> Result<(), CommitError> {
        let blob = Blob::of_mode(&self.node, mode)?;
        self.request.clear();
        self.ask_for_room()?;
        let crtc = self.crtc.id();
        self.request.set(self.connector.id(), wanted(self.connector.crtc)?, crtc.into());
        self.request.set(crtc, wanted(self.crtc.mode)?, blob.id());
        self.request.set(crtc, wanted(self.crtc.active)?, 1);
        for (index, slot) in self.slots.iter().enumerate() {
            if index == self.primary {
                slot.set_layer(&mut self.request, crtc, layer)?;
            } else {
                slot.set_off(&mut self.request)?;
            }
        }
        self.test_and_commit(CommitFlags::ALLOW_MODESET)?;
        self.is_touched = true;
        self.mode = Some((*mode, Some(blob)));
        Ok(())
    }

    pub(in crate::kms::output) fn disable_atomic(&mut self) -> Result<(), CommitError> {
        self.request.clear();
        self.ask_for_room()?;
        let crtc = self.crtc.id();
        self.request.set(self.connector.id(), wanted(self.connector.crtc)?, 0);
        self.request.set(crtc, wanted(self.crtc.mode)?, 0);
        self.request.set(crtc, wanted(self.crtc.active)?, 0);
        for slot in &self.slots {
            slot.set_off(&mut self.request)?;
        }
        self.request.commit(&self.node, CommitFlags::ALLOW_MODESET, 0)?;
        self.is_touched = true;
        Ok(())
    }

    pub(in crate::kms::output) fn apply_atomic(
        &mut self,
        changes: &[Change<'_>],
    ) -> Result<(), CommitError> {
        self.request.clear();
        self.ask_for(changes)?;
        let committed = if self.changes_more_than_framebuffers(changes) {
            self.test_and_commit(CommitFlags::empty())
        } else {
            self.request.commit(&self.node, CommitFlags::empty(), 0)
        };
        self.damage.clear();
        committed.map_err(|error| self.explained(error, changes))
    }

    pub(in crate::kms::output) fn commit_atomic(
        &mut self,
        changes: &[Change<'_>],
        flip: &Flip<'_>,
        token: u64,
    ) -> Result<Option<SyncFile>, CommitError> {
        if flip.asynchronous && !self.capabilities.atomic_async_flip {
            return Err(CommitError::Unsupported { what: "DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP" });
        }
        self.request.clear();
        self.ask_for(changes)?;
        // No change is a flip all the same, and without an object there is no event.
        if let Some(active) = self.crtc.active.filter(|_| !flip.asynchronous) {
            self.request.set(self.crtc.id(), active, 1);
        }
        if self.changes_more_than_framebuffers(changes) {
            let tested = self.request.commit(&self.node, CommitFlags::TEST_ONLY, 0);
            tested.map_err(|error| self.explained(error, changes))?;
        }
        let mut fence = NO_FENCE;
        if flip.out_fence {
            let property = self.crtc.out_fence;
            let property = property.ok_or(CommitError::Unsupported { what: "OUT_FENCE_PTR" })?;
            let address = (&raw mut fence).expose_provenance();
            self.request.set(self.crtc.id(), property, u64::try_from(address).unwrap_or(0));
        }
        let mut flags = CommitFlags::NONBLOCK | CommitFlags::EVENT;
        flags.set(CommitFlags::ASYNC, flip.asynchronous);
        let committed = self.request.commit(&self.node, flags, token);
        self.damage.clear();
        committed.map_err(|error| self.explained(error, changes))?;
        Ok(take_fence(fence))
    }

    pub(in crate::kms::output) fn restore_atomic(&mut self) -> Result<(), CommitError> {
        self.saved.ask_back(&mut self.request);
        let restored = self.request.commit(&self.node, CommitFlags::ALLOW_MODESET, 0);
        match restored {
            // Whoever made the framebuffers that were there is gone, and they with it.
            Err(CommitError::Refused { .. }) => self.disable_atomic(),
            other => other,
        }
    }

    /// Asks for a change of this output to be written back.
    pub(in crate::kms) fn commit_writeback(
        &mut self,
        connector: u32,
        settings: &[(u32, u64)],
        fence_property: u32,
    ) -> Result<Option<SyncFile>, CommitError> {
        self.expect_idle()?;
        self.request.clear();
        for (property, value) in settings {
            self.request.set(connector, *property, *value);
        }
        let mut fence = NO_FENCE;
        let address = (&raw mut fence).expose_provenance();
        self.request.set(connector, fence_property, u64::try_from(address).unwrap_or(0));
        self.request.commit(&self.node, CommitFlags::ALLOW_MODESET, 0)?;
        Ok(take_fence(fence))
    }

    /// Cuts off what is in the way.
    fn ask_for_room(&mut self) -> Result<(), CommitError> {
        for other in &self.saved.others {
            self.request.set(other.id(), wanted(other.crtc)?, 0);
        }
        if let Some(left) = &self.saved.left_crtc {
            self.request.set(left.id(), wanted(left.mode)?, 0);
            self.request.set(left.id(), wanted(left.active)?, 0);
        }
        Ok(())
    }

    /// Asks for changes. The kernel takes hold of the damage's blobs with the commit.
    fn ask_for(&mut self, changes: &[Change<'_>]) -> Result<(), CommitError> {
        self.damage.clear();
        for change in changes {
            let index = self.index_of(change.plane())?;
            let Some(slot) = self.slots.get(index) else { continue };
            let Change::Show { layer, in_fence, damage, .. } = change else {
                slot.set_off(&mut self.request)?;
                continue;
            };
            match &slot.shown {
                Some(shown) if shown.is_like(layer) => {
                    slot.set_framebuffer(&mut self.request, layer.framebuffer())?;
                }
                _ => slot.set_layer(&mut self.request, self.crtc.id(), layer)?,
            }
            if let Some(fence) = in_fence {
                slot.set_in_fence(&mut self.request, fence.as_fd())?;
            }
            // A hint: a driver that does not want it is not told.
            if let Some(property) = slot.damage_property().filter(|_| !damage.is_empty()) {
                let blob = Blob::of_damage(&self.node, damage)?;
                self.request.set(slot.id(), property, blob.id());
                self.damage.push(blob);
            }
        }
        Ok(())
    }

    fn test_and_commit(&mut self, flags: CommitFlags) -> Result<(), CommitError> {
        self.request.commit(&self.node, flags | CommitFlags::TEST_ONLY, 0)?;
        self.request.commit(&self.node, flags, 0)
    }

    fn changes_more_than_framebuffers(&self, changes: &[Change<'_>]) -> bool {
        changes.iter().any(|change| match change {
            Change::Show { plane, layer, .. } => {
                !self.shown(*plane).is_some_and(|shown| shown.is_like(layer))
            }
            Change::Hide { plane } => self.shown(*plane).is_some(),
        })
    }

    /// The kernel says `EINVAL` for a framebuffer that somebody has removed, and for all else.
    fn explained(&self, error: CommitError, changes: &[Change<'_>]) -> CommitError {
        let CommitError::Refused { .. } = error else { return error };
        let is_gone = |change: &Change<'_>| match change {
            Change::Show { layer, .. } => {
                let handle = layer.framebuffer().handle();
                let read = FramebufferInfo::read(&self.node, handle);
                let is_gone = matches!(read, Err(ReadBackError::Missing));
                is_gone.then(|| CommitError::NoSuchFramebuffer { id: handle.into() })
            }
            Change::Hide { .. } => None,
        };
        changes.iter().find_map(is_gone).unwrap_or(error)
    }
}

/// The property's id, which every atomic driver has.
fn wanted(property: Option<u32>) -> Result<u32, CommitError> {
    property.ok_or(CommitError::Unsupported { what: "DRM_CLIENT_CAP_ATOMIC" })
}

/// The fence that the kernel has just made, if it has.
fn take_fence(fence: i32) -> Option<SyncFile> {
    if fence < 0 {
        return None;
    }
    // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the kernel has
    // just installed it for this commit, which it said went well (complete_signaling()).
    let fd = unsafe { OwnedFd::from_raw_fd(fence) };
    Some(SyncFile::of_known_kind(fd))
}
