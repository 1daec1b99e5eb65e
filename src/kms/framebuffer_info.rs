//! Framebuffers of somebody else.

use std::os::fd::AsFd;

use drm::control::framebuffer;
use rustix::io::Errno;

use crate::device::DeviceError;
use crate::device::GemHandle;
use crate::device::Node;
use crate::device::PrimeFlags;
use crate::device::again;
use crate::dmabuf::Descriptor;
use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::PlaneDescriptor;
use crate::format::Fourcc;
use crate::format::Modifier;

const CALL: &str = "DRM_IOCTL_MODE_GETFB2";

/// What the kernel tells of a framebuffer that anybody made: what is on the screen now, for
/// instance.
///
/// Spec: `DRM_IOCTL_MODE_GETFB2`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "drmModeGetFB2")]
pub struct FramebufferInfo {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// The format that it is shown as.
    pub fourcc: Fourcc,
    /// The tiling; [`Modifier::Implicit`] where the driver does not state modifiers.
    pub modifier: Modifier,
    /// The planes, one to four.
    pub planes: Vec<PlaneInfo>,
}

/// One plane of a framebuffer of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneInfo {
    /// The buffer, closed with its last owner like every handle; the same for planes of one buffer.
    /// `None` for whoever is neither master nor privileged: the pixels are not his to see.
    pub handle: Option<GemHandle>,
    /// Bytes from the beginning of the buffer to the first row.
    pub offset_bytes: u32,
    /// Bytes from row to row.
    pub stride_bytes: u32,
}

impl FramebufferInfo {
    /// Asks for a framebuffer by its id, as [`Plane::framebuffer`](crate::kms::Plane::framebuffer)
    /// and [`Crtc::framebuffer`](crate::kms::Crtc::framebuffer) state it. The handles are new ones,
    /// even for buffers that this open file has handles of already.
    ///
    /// # Errors
    /// - [`ReadBackError::Missing`]: there is no such framebuffer (any more).
    /// - [`ReadBackError::Unsupported`]: the kernel is older than 5.7, or the driver keeps its
    ///   buffers elsewhere.
    /// - [`ReadBackError::Call`].
    #[doc(alias = "drmModeGetFB2")]
    pub fn read(node: &Node, framebuffer: framebuffer::Handle) -> Result<Self, ReadBackError> {
        let answer = again(|| drm_ffi::mode::get_framebuffer2(node.as_fd(), framebuffer.into()))
            .map_err(ReadBackError::of)?;
        let fourcc = Fourcc(answer.pixel_format);
        let states_modifier = answer.flags & drm_ffi::DRM_MODE_FB_MODIFIERS != 0;
        let [modifier, ..] = answer.modifier;
        // Owned before anything can fail.
        let mut planes: Vec<PlaneInfo> = Vec::with_capacity(MAX_PLANES);
        for (index, raw) in answer.handles.into_iter().enumerate() {
            let same = answer.handles.iter().take(index).position(|earlier| *earlier == raw);
            let shared = same.and_then(|earlier| planes.get(earlier)?.handle.clone());
            let handle = match (raw, shared) {
                (0, _) => None,
                (_, Some(handle)) => Some(handle),
                (raw, None) => GemHandle::make::<DeviceError>(node, || Ok(raw)).ok(),
            };
            let (offset_bytes, stride_bytes) = (0, 0);
            planes.push(PlaneInfo { handle, offset_bytes, stride_bytes });
        }
        let numbers = answer.offsets.into_iter().zip(answer.pitches);
        for (plane, (offset_bytes, stride_bytes)) in planes.iter_mut().zip(numbers) {
            (plane.offset_bytes, plane.stride_bytes) = (offset_bytes, stride_bytes);
        }
        let used = planes.iter().rposition(|plane| plane.stride_bytes != 0);
        planes.truncate(used.map_or(1, |last| last + 1));
        Ok(Self {
            size: [answer.width, answer.height],
            fourcc,
            modifier: if states_modifier {
                Modifier::from_raw(modifier)
            } else {
                Modifier::Implicit
            },
            planes,
        })
    }

    /// Whether the buffers came with it: the asker was the master, or privileged.
    pub fn has_buffers(&self) -> bool {
        self.planes.iter().all(|plane| plane.handle.is_some())
    }

    /// The framebuffer as a claim that [`Dmabuf::new`](crate::dmabuf::Dmabuf::new) checks: its
    /// buffers are exported, each once. `None` without buffers.
    ///
    /// # Errors
    /// [`DeviceError`]: the driver cannot export.
    pub fn export(&self) -> Result<Option<Descriptor>, DeviceError> {
        let mut planes: Vec<PlaneDescriptor> = Vec::with_capacity(self.planes.len());
        for (index, plane) in self.planes.iter().enumerate() {
            let Some(handle) = &plane.handle else { return Ok(None) };
            let mut earlier = self.planes.iter().take(index).zip(&planes);
            let shared = earlier.find(|(other, _)| other.handle.as_ref() == Some(handle));
            let fd = match shared {
                Some((_, earlier)) => earlier.fd.clone(),
                None => handle.export(PrimeFlags::READ_WRITE)?.into(),
            };
            let (offset_bytes, stride_bytes) = (plane.offset_bytes, plane.stride_bytes);
            planes.push(PlaneDescriptor { fd, offset_bytes, stride_bytes });
        }
        let [width, height] = self.size;
        let (fourcc, modifier) = (self.fourcc, self.modifier);
        Ok(Some(Descriptor { width, height, fourcc, modifier, planes }))
    }
}

/// Why a framebuffer was not read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadBackError {
    /// There is no such framebuffer.
    #[error("there is no such framebuffer: it was closed, and nobody shows it")]
    Missing,
    /// The kernel or the driver cannot tell.
    #[error(
        "{call} is not supported: the kernel is older than 5.7, or the driver keeps no buffers"
    )]
    Unsupported {
        /// The missing call.
        call: &'static str,
    },
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

impl ReadBackError {
    fn of(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Missing,
            // What a kernel says to a call that it does not know.
            Errno::INVAL | Errno::NODEV | Errno::NOTTY | Errno::NOSYS | Errno::OPNOTSUPP => {
                Self::Unsupported { call: CALL }
            }
            errno => Self::Call { call: CALL, errno },
        }
    }
}
