//! Images that planes can read.

use std::os::fd::AsFd;
use std::sync::Arc;

use drm::control::framebuffer;
use drm_ffi::drm_clip_rect;
use rustix::io::Errno;

use crate::device::GemImage;
use crate::device::Node;
use crate::device::NodeKind;
use crate::device::again;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::MAX_PLANES;
use crate::format::Fourcc;
use crate::kms::Alpha;
use crate::kms::FramebufferError;
use crate::kms::Rectangle;
use crate::kms::Topology;
use crate::kms::added::Added;
use crate::kms::framebuffer_plan::FramebufferPlan;

/// The most rectangles that one call takes (`DRM_MODE_FB_DIRTY_MAX_CLIPS`).
const MOST_CLIPS: usize = 256;

/// An image that planes can read.
///
/// It holds its [`Dmabuf`], and the kernel holds the buffers: no GEM handle is kept. Cloning is
/// cheap. With the last clone the kernel's id is given up, **without** turning off what shows the
/// framebuffer: the picture stays until another one replaces it, and the kernel frees the memory
/// then. Keep a clone as long as the framebuffer is shown all the same: its pixels must not be drawn
/// over before it has been replaced, and the id can be given to another framebuffer.
///
/// A picture that was left on the screen can be read back by the next master. Where it is secret,
/// turn the plane off first, or use [`Framebuffer::remove`].
///
/// On kernels before 6.8, which have no `CLOSEFB`, giving the id up turns off every plane that shows
/// the framebuffer, and the CRTC where the driver cannot run it without a primary plane. The same
/// happens on all kernels when the open file is closed before the framebuffer is dropped; it holds
/// its [`Node`], so that cannot be.
///
/// Spec: `DRM_IOCTL_MODE_ADDFB2`, `DRM_IOCTL_MODE_CLOSEFB`.
#[derive(Clone, Debug)]
#[doc(alias = "drmModeAddFB2WithModifiers")]
#[doc(alias = "drmModeAddFB2")]
pub struct Framebuffer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    added: Added,
    fourcc: Fourcc,
    image: Dmabuf,
}

impl Framebuffer {
    /// Makes a framebuffer of an image, after checking all that can be known before the kernel is
    /// asked. The GEM handles that this takes are closed again before it returns.
    ///
    /// `topology` is that of `node`'s device. Any open file of a primary node may make framebuffers;
    /// showing them takes the master.
    ///
    /// Bytes, offsets and strides were checked against the buffer when the image was made. For an
    /// image that is [checked by its kernel side](Dmabuf::new_kernel_checked) the driver has to do
    /// it, and virtio-gpu's does not until the picture is shown.
    ///
    /// # Errors
    /// [`FramebufferError`]. `Refused` is the driver's word about a layout that is right in itself.
    pub fn new(
        node: &Node,
        topology: &Topology,
        image: &Dmabuf,
        alpha: Alpha,
    ) -> Result<Self, FramebufferError> {
        if node.kind() != NodeKind::Primary {
            return Err(FramebufferError::NotPrimary { kind: node.kind() });
        }
        let plan = FramebufferPlan::new(topology, image, alpha)?;
        let imported = GemImage::import(node, image)?;
        let mut handles = [0; MAX_PLANES];
        for (to, handle) in handles.iter_mut().zip(imported.handles()) {
            *to = handle.raw().into();
        }
        let added = Added::new(node, &plan, &handles)?;
        let inner = Inner { added, fourcc: plan.fourcc, image: image.clone() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The kernel's id: the value of the property `FB_ID`.
    pub fn handle(&self) -> framebuffer::Handle {
        self.inner.added.handle()
    }

    /// The image. As long as somebody shows the framebuffer it must not be drawn into.
    pub fn image(&self) -> &Dmabuf {
        &self.inner.image
    }

    /// The format that it is shown as: the image's, or that without alpha.
    pub fn fourcc(&self) -> Fourcc {
        self.inner.fourcc
    }

    /// Width and height in pixels.
    pub fn size(&self) -> [u32; 2] {
        [self.inner.image.width(), self.inner.image.height()]
    }

    /// The open file that the id belongs to.
    pub fn node(&self) -> &Node {
        self.inner.added.node()
    }

    /// Says that pixels were drawn into a framebuffer while it is shown, so that a display which
    /// does not read all of it for every frame (a virtual machine's, USB, self-refreshing panels)
    /// fetches them. No rectangle means all of it, and so do more than 256.
    ///
    /// Only legacy clients need this: an atomic commit states the property `FB_DAMAGE_CLIPS`. May
    /// block until the next vertical blank. Allocates nothing.
    ///
    /// # Errors
    /// - [`DirtyError::Unsupported`]: the driver reads all of it for every frame, so there is nothing
    ///   to do.
    /// - [`DirtyError::NotMaster`], [`DirtyError::Call`].
    ///
    /// Spec: `DRM_IOCTL_MODE_DIRTYFB`.
    #[doc(alias = "drmModeDirtyFB")]
    pub fn mark_dirty(&self, parts: &[Rectangle]) -> Result<(), DirtyError> {
        let mut clips = [drm_clip_rect::default(); MOST_CLIPS];
        // Without any clip drm-ffi passes a pointer to nothing, which the kernel refuses.
        let all = [Rectangle::of_size(self.size())];
        let parts = if (1..=MOST_CLIPS).contains(&parts.len()) { parts } else { &all };
        for (clip, part) in clips.iter_mut().zip(parts) {
            *clip = clip_of(part);
        }
        let clips = clips.get(..parts.len()).unwrap_or(&clips);
        let id = self.handle().into();
        again(|| drm_ffi::mode::dirty_fb(self.node().as_fd(), id, clips))
            .map(|_answer| ())
            .map_err(DirtyError::of)
    }

    /// Turns off every plane that shows the framebuffer, and the CRTC where the driver cannot run it
    /// without a primary plane (vkms can), and removes it: nobody can read its pixels back after. May
    /// block until the next vertical blank.
    ///
    /// # Errors
    /// - [`RemoveError::Shared`]: there are other clones; gives this one back.
    /// - [`RemoveError::Call`]: the kernel refused; the framebuffer is dropped.
    ///
    /// Spec: `DRM_IOCTL_MODE_RMFB`.
    #[doc(alias = "drmModeRmFB")]
    pub fn remove(self) -> Result<(), RemoveError> {
        let inner =
            Arc::try_unwrap(self.inner).map_err(|inner| RemoveError::Shared(Self { inner }))?;
        inner
            .added
            .remove()
            .map_err(|errno| RemoveError::Call { call: "DRM_IOCTL_MODE_RMFB", errno })
    }
}

impl PartialEq for Framebuffer {
    /// The same framebuffer, not merely the same image.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Framebuffer {}

/// A rectangle in the kernel's 16-bit numbers, which reach as far as any display.
fn clip_of(part: &Rectangle) -> drm_clip_rect {
    let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    drm_clip_rect {
        x1: narrow(part.x),
        y1: narrow(part.y),
        x2: narrow(part.x.saturating_add(part.width)),
        y2: narrow(part.y.saturating_add(part.height)),
    }
}

/// Why a driver was not told what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DirtyError {
    /// The driver reads all of a framebuffer for every frame: nothing has to be done.
    #[error("{call} is not supported: this driver reads all of a framebuffer for every frame")]
    Unsupported {
        /// The missing call.
        call: &'static str,
    },
    /// Another open file is master.
    #[error("only the master of the display may do this, and somebody else is it")]
    NotMaster,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl DirtyError {
    fn of(errno: Errno) -> Self {
        let call = "DRM_IOCTL_MODE_DIRTYFB";
        match errno {
            Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOTTY => Self::Unsupported { call },
            Errno::ACCESS => Self::NotMaster,
            errno => Self::Call { call, errno },
        }
    }
}

/// Why a framebuffer was not removed from the display.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// Somebody else holds a clone.
    #[error("the framebuffer has other owners, who may be showing it")]
    Shared(Framebuffer),
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
