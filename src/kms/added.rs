//! A framebuffer's id, from the kernel and back to it.

use std::os::fd::AsFd;

use drm::control::framebuffer;
use drm::control::from_u32;
use rustix::io::Errno;

use crate::device::Node;
use crate::device::again;
use crate::dmabuf::MAX_PLANES;
use crate::kms::FramebufferError;
use crate::kms::framebuffer_plan::FramebufferPlan;
use crate::kms::sys;

/// A framebuffer's id on an open file, given up when dropped.
#[derive(Debug)]
pub(in crate::kms) struct Added {
    handle: framebuffer::Handle,
    node: Node,
    is_removed: bool,
}

impl Added {
    /// The handles are not needed after.
    pub(in crate::kms) fn new(
        node: &Node,
        plan: &FramebufferPlan,
        handles: &[u32; MAX_PLANES],
    ) -> Result<Self, FramebufferError> {
        let id = add(node, plan, handles)?;
        let handle =
            from_u32(id).ok_or(FramebufferError::Call { call: ADD_FB2, errno: Errno::BADF })?;
        Ok(Self { handle, node: node.clone(), is_removed: false })
    }

    pub(in crate::kms) fn handle(&self) -> framebuffer::Handle {
        self.handle
    }

    pub(in crate::kms) fn node(&self) -> &Node {
        &self.node
    }

    /// Turns off what shows it.
    pub(in crate::kms) fn remove(mut self) -> Result<(), Errno> {
        let removed = again(|| drm_ffi::mode::rm_fb(self.node.as_fd(), self.handle.into()));
        // The id may be somebody else's by now.
        self.is_removed = removed.is_ok();
        removed
    }
}

impl Drop for Added {
    fn drop(&mut self) {
        if self.is_removed {
            return;
        }
        let id = self.handle.into();
        let closed = match sys::close_framebuffer(&self.node, id) {
            // What a kernel before 6.8 says to a call that it does not know.
            Err(Errno::INVAL | Errno::NOTTY | Errno::NOSYS | Errno::OPNOTSUPP) => {
                again(|| drm_ffi::mode::rm_fb(self.node.as_fd(), id))
            }
            closed => closed,
        };
        if let Err(errno) = closed {
            tracing::warn!(node = ?self.node, id, %errno, "framebuffer not closed");
        }
    }
}

const ADD_FB2: &str = "DRM_IOCTL_MODE_ADDFB2";

/// The id of a new framebuffer.
fn add(
    node: &Node,
    plan: &FramebufferPlan,
    handles: &[u32; MAX_PLANES],
) -> Result<u32, FramebufferError> {
    let FramebufferPlan { size: [width, height], fourcc, strides_bytes, offsets_bytes, .. } = plan;
    let flags = if plan.states_modifiers { drm_ffi::DRM_MODE_FB_MODIFIERS } else { 0 };
    let added = again(|| {
        let numbers = (handles, strides_bytes, offsets_bytes, &plan.modifiers);
        let (handles, strides, offsets, modifiers) = numbers;
        drm_ffi::mode::add_fb2(
            node.as_fd(),
            *width,
            *height,
            fourcc.0,
            handles,
            strides,
            offsets,
            modifiers,
            flags,
        )
    });
    match added {
        Ok(answer) => Ok(answer.fb_id),
        Err(Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS) => add_legacy(node, plan, handles),
        Err(errno @ (Errno::INVAL | Errno::RANGE)) => {
            Err(FramebufferError::Refused { errno, strides_bytes: *strides_bytes })
        }
        Err(errno) => Err(FramebufferError::Call { call: ADD_FB2, errno }),
    }
}

/// The same for a driver that has the oldest call alone, as on machines whose bytes are in the
/// other order.
fn add_legacy(
    node: &Node,
    plan: &FramebufferPlan,
    [handle, ..]: &[u32; MAX_PLANES],
) -> Result<u32, FramebufferError> {
    let [width, height] = plan.size;
    let [stride_bytes, ..] = plan.strides_bytes;
    let unsupported = FramebufferError::Unsupported { call: ADD_FB2, fourcc: plan.fourcc };
    let format = plan.legacy().ok_or(unsupported)?;
    let (bpp, depth) = (format.bits_per_pixel, format.depth);
    again(|| drm_ffi::mode::add_fb(node.as_fd(), width, height, stride_bytes, bpp, depth, *handle))
        .map(|answer| answer.fb_id)
        .map_err(|errno| FramebufferError::Call { call: "DRM_IOCTL_MODE_ADDFB", errno })
}
