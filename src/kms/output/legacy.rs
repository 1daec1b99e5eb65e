#![allow(deprecated, reason = "the cursor calls are old, and so are the drivers they are for")]
//! Changing an output by one call for each plane.
//!
//! Spec: `DRM_IOCTL_MODE_SETCRTC`, `DRM_IOCTL_MODE_PAGE_FLIP`, `DRM_IOCTL_MODE_SETPLANE`,
//! `DRM_IOCTL_MODE_CURSOR2`, `DRM_IOCTL_MODE_OBJ_SETPROPERTY` in `drm_mode.h`.

use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::device::GemImage;
use crate::device::again;
use crate::kms::Change;
use crate::kms::CommitError;
use crate::kms::Flip;
use crate::kms::Layer;
use crate::kms::Mode;
use crate::kms::Output;
use crate::kms::PlaneKind;
use crate::kms::commit;
use crate::kms::output::slot::Slot;
use crate::sync::SyncFile;

impl Output {
    pub(in crate::kms::output) fn enable_legacy(
        &mut self,
        mode: &Mode,
        layer: &Layer,
    ) -> Result<(), CommitError> {
        self.set_crtc(mode, layer)?;
        self.is_touched = true;
        self.mode = Some((*mode, None));
        for (index, slot) in self.slots.iter().enumerate() {
            if index != self.primary && (slot.plane.framebuffer.is_some() || slot.shown.is_some()) {
                self.hide(slot)?;
            }
        }
        Ok(())
    }

    pub(in crate::kms::output) fn disable_legacy(&mut self) -> Result<(), CommitError> {
        for (index, slot) in self.slots.iter().enumerate() {
            if index != self.primary && slot.shown.is_some() {
                self.hide(slot)?;
            }
        }
        self.is_touched = true;
        let off = again(|| {
            drm_ffi::mode::set_crtc(self.node.as_fd(), self.crtc.id(), 0, 0, 0, &[], None)
        });
        off.map(|_answer| ()).map_err(|errno| refused("DRM_IOCTL_MODE_SETCRTC", errno))
    }

    pub(in crate::kms::output) fn apply_legacy(
        &mut self,
        changes: &[Change<'_>],
    ) -> Result<(), CommitError> {
        for change in changes {
            let index = self.index_of(change.plane())?;
            let Some(slot) = self.slots.get(index) else { continue };
            match change {
                Change::Show { in_fence: Some(_), .. } => return Err(without("IN_FENCE_FD")),
                Change::Show { layer, .. } if index == self.primary => {
                    let (mode, _blob) = self.mode.as_ref().ok_or(CommitError::Off)?;
                    self.set_crtc(mode, layer)?;
                }
                Change::Show { layer, .. } => self.show(slot, layer)?,
                Change::Hide { .. } if index == self.primary => {
                    return Err(without("a screen without its primary plane"));
                }
                Change::Hide { .. } => self.hide(slot)?,
            }
        }
        Ok(())
    }

    pub(in crate::kms::output) fn commit_legacy(
        &mut self,
        changes: &[Change<'_>],
        flip: &Flip<'_>,
        token: u64,
    ) -> Result<Option<SyncFile>, CommitError> {
        if flip.out_fence {
            return Err(without("OUT_FENCE_PTR"));
        }
        if flip.asynchronous && !self.capabilities.async_flip {
            return Err(without("DRM_CAP_ASYNC_PAGE_FLIP"));
        }
        let primary = self.slots.get(self.primary).ok_or(CommitError::Off)?;
        let shown = primary.shown.as_ref().ok_or(CommitError::Off)?;
        let mut framebuffer = shown.framebuffer();
        for change in changes {
            match change {
                Change::Show { in_fence: Some(_), .. } => return Err(without("IN_FENCE_FD")),
                Change::Show { plane, layer, .. } if *plane == primary.plane.handle => {
                    if !shown.is_like(layer) {
                        return Err(without("a flip to another size, place or format"));
                    }
                    framebuffer = layer.framebuffer();
                }
                Change::Show { plane, layer, .. } => {
                    self.slots
                        .get(self.index_of(*plane)?)
                        .map_or(Ok(()), |it| self.show(it, layer))?;
                }
                Change::Hide { plane } if *plane == primary.plane.handle => {
                    return Err(without("a screen without its primary plane"));
                }
                Change::Hide { plane } => {
                    self.slots.get(self.index_of(*plane)?).map_or(Ok(()), |it| self.hide(it))?;
                }
            }
        }
        let flags = if flip.asynchronous { drm_ffi::DRM_MODE_PAGE_FLIP_ASYNC } else { 0 };
        let flags = flags | drm_ffi::DRM_MODE_PAGE_FLIP_EVENT;
        let id = framebuffer.handle().into();
        match commit::page_flip(&self.node, self.crtc.id(), id, flags, token) {
            Ok(()) => Ok(None),
            Err(Errno::NOENT) => Err(CommitError::NoSuchFramebuffer { id }),
            Err(errno) => Err(CommitError::of("DRM_IOCTL_MODE_PAGE_FLIP", errno, || {
                format!("framebuffer {id} on CRTC {}", self.crtc.id())
            })),
        }
    }

    pub(in crate::kms::output) fn restore_legacy(&mut self) -> Result<(), CommitError> {
        for (index, slot) in self.slots.iter().enumerate() {
            if index != self.primary && slot.shown.is_some() {
                self.hide(slot)?;
            }
        }
        let saved = &self.saved.legacy;
        let [x, y] = saved.position;
        let (fd, crtc) = (self.node.as_fd(), self.crtc.id());
        let back = saved.mode.as_ref().filter(|_| saved.framebuffer != 0).map(|mode| {
            let mode = Some(*mode.raw());
            again(|| {
                let connectors = &saved.connectors;
                drm_ffi::mode::set_crtc(fd, crtc, saved.framebuffer, x, y, connectors, mode)
            })
        });
        match back {
            Some(Ok(_)) => Ok(()),
            Some(Err(errno @ (Errno::ACCESS | Errno::PERM))) => {
                Err(refused("DRM_IOCTL_MODE_SETCRTC", errno))
            }
            Some(Err(_)) | None => {
                self.slots.iter_mut().for_each(|slot| slot.shown = None);
                self.disable_legacy()
            }
        }
    }

    fn set_crtc(&self, mode: &Mode, layer: &Layer) -> Result<(), CommitError> {
        let [x, y, width, height] = layer.source_q16();
        let whole = |q16: u32| q16.trailing_zeros() >= 16;
        let pixels = [width >> 16, height >> 16];
        let fills_the_screen = layer.position() == [0, 0]
            && layer.size() == mode.size()
            && pixels == mode.size()
            && [x, y, width, height].into_iter().all(whole);
        if !fills_the_screen {
            return Err(without("a primary plane that is not the size of the screen"));
        }
        let slot = self.slots.get(self.primary).ok_or(CommitError::Off)?;
        self.set_properties(slot, layer)?;
        let framebuffer = layer.framebuffer().handle().into();
        let (connectors, raw) = ([self.connector.id()], Some(*mode.raw()));
        let (fd, crtc) = (self.node.as_fd(), self.crtc.id());
        let set = again(|| {
            drm_ffi::mode::set_crtc(fd, crtc, framebuffer, x >> 16, y >> 16, &connectors, raw)
        });
        set.map(|_answer| ()).map_err(|errno| {
            CommitError::of("DRM_IOCTL_MODE_SETCRTC", errno, || {
                format!("framebuffer {framebuffer} on CRTC {crtc} at {mode}")
            })
        })
    }

    fn show(&self, slot: &Slot, layer: &Layer) -> Result<(), CommitError> {
        if slot.shown.as_ref().is_none_or(|shown| !shown.is_like(layer)) {
            self.set_properties(slot, layer)?;
        }
        if slot.plane.kind == PlaneKind::Cursor {
            return self.show_cursor(layer);
        }
        let framebuffer = layer.framebuffer().handle().into();
        let ([x, y], [width, height]) = (layer.position(), layer.size());
        let [src_x, src_y, src_width, src_height] = layer.source_q16();
        let (fd, crtc, plane) = (self.node.as_fd(), self.crtc.id(), slot.id());
        let set = again(|| {
            drm_ffi::mode::set_plane(
                fd,
                plane,
                crtc,
                framebuffer,
                0,
                x,
                y,
                width,
                height,
                src_x,
                src_y,
                src_width,
                src_height,
            )
        });
        set.map(|_answer| ()).map_err(|errno| {
            CommitError::of("DRM_IOCTL_MODE_SETPLANE", errno, || {
                format!("framebuffer {framebuffer} on plane {plane} of CRTC {crtc}")
            })
        })
    }

    fn hide(&self, slot: &Slot) -> Result<(), CommitError> {
        let (fd, crtc, plane) = (self.node.as_fd(), self.crtc.id(), slot.id());
        if slot.plane.kind == PlaneKind::Cursor {
            let hidden = again(|| drm_ffi::mode::set_cursor(fd, crtc, 0, 0, 0));
            return hidden
                .map(|_answer| ())
                .map_err(|errno| refused("DRM_IOCTL_MODE_CURSOR", errno));
        }
        let set = again(|| drm_ffi::mode::set_plane(fd, plane, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        set.map(|_answer| ()).map_err(|errno| refused("DRM_IOCTL_MODE_SETPLANE", errno))
    }

    fn show_cursor(&self, layer: &Layer) -> Result<(), CommitError> {
        let framebuffer = layer.framebuffer();
        let [width, height] = framebuffer.size();
        if layer.source_q16() != Layer::new(framebuffer).source_q16()
            || layer.size() != [width, height]
        {
            return Err(without("a cursor that is cropped or scaled"));
        }
        // The kernel makes a framebuffer of its own of the handle.
        let image = GemImage::import(&self.node, framebuffer.image()).map_err(|_not_here| {
            CommitError::NoSuchFramebuffer { id: framebuffer.handle().into() }
        })?;
        let handle = image.handles().first().map_or(0, |handle| handle.raw().into());
        let ([x, y], [hot_x, hot_y]) = (layer.position(), layer.cursor_hotspot());
        let (fd, crtc) = (self.node.as_fd(), self.crtc.id());
        again(|| drm_ffi::mode::set_cursor2(fd, crtc, handle, width, height, hot_x, hot_y))
            .and_then(|_answer| again(|| drm_ffi::mode::move_cursor(fd, crtc, x, y)))
            .map(|_answer| ())
            .map_err(|errno| {
                CommitError::of("DRM_IOCTL_MODE_CURSOR2", errno, || {
                    format!("a cursor of {width}x{height} pixels on CRTC {crtc}")
                })
            })
    }

    /// What is beyond `SETPLANE`. What was there before is not set again.
    fn set_properties(&self, slot: &Slot, layer: &Layer) -> Result<(), CommitError> {
        let call = "DRM_IOCTL_MODE_OBJ_SETPROPERTY";
        for setting in layer.settings(&slot.plane)? {
            let mut table = slot.plane.properties.iter();
            let is_there =
                table.any(|it| (it.handle, it.value) == (setting.property, setting.value));
            if is_there && slot.shown.is_none() {
                continue;
            }
            let (property, value, plane) = (setting.property.into(), setting.value, slot.id());
            let kind = drm_ffi::DRM_MODE_OBJECT_PLANE;
            again(|| drm_ffi::mode::set_property(self.node.as_fd(), property, plane, kind, value))
                .map_err(|errno| {
                    CommitError::of(call, errno, || format!("plane {plane}: {property}={value}"))
                })?;
        }
        Ok(())
    }
}

fn without(what: &'static str) -> CommitError {
    CommitError::Unsupported { what }
}

fn refused(call: &'static str, errno: Errno) -> CommitError {
    CommitError::of(call, errno, String::new)
}
