//! What a CRTC shows, back in memory.

use std::time::Duration;
use std::time::Instant;

use drm::control::connector;

use crate::dmabuf::Dmabuf;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::CommitError;
use crate::kms::Connector;
use crate::kms::Framebuffer;
use crate::kms::Output;
use crate::kms::Topology;
use crate::kms::vblank::Target;
use crate::sync::WaitError;

/// Longer than a frame takes, and shorter than anybody's patience.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// A writeback connector: takes a picture of what a CRTC shows, with all planes blended, as a
/// monitor would get it.
///
/// The connector is tied to the CRTC of an [`Output`] with the first picture, and stays there until
/// that output is dropped.
///
/// Spec: <https://docs.kernel.org/gpu/drm-kms.html#writeback-connectors>.
#[derive(Clone, Debug)]
pub struct Writeback {
    connector: connector::Handle,
    formats: FormatSet,
    crtc_property: u32,
    framebuffer_property: u32,
    fence_property: u32,
}

impl Writeback {
    /// The writeback connector that can take pictures of this output.
    ///
    /// # Errors
    /// [`CaptureError::Unsupported`]: there is none, or the output uses legacy calls.
    pub fn new(output: &Output) -> Result<Self, CaptureError> {
        let topology = Topology::read_known(output.node()).map_err(CommitError::from)?;
        let reaches = |it: &&Connector| {
            it.is_writeback() && topology.crtcs_of(it).any(|crtc| crtc.handle == output.crtc())
        };
        let found = topology.connectors.iter().find(reaches);
        let found = found.ok_or(CaptureError::Unsupported)?;
        let id =
            |name| found.properties.handle(name).map(u32::from).ok_or(CaptureError::Unsupported);
        Ok(Self {
            connector: found.handle,
            formats: found.writeback_formats.clone().unwrap_or_default(),
            crtc_property: id("CRTC_ID")?,
            framebuffer_property: id("WRITEBACK_FB_ID")?,
            fence_property: id("WRITEBACK_OUT_FENCE_PTR")?,
        })
    }

    /// What it writes.
    pub fn formats(&self) -> &FormatSet {
        &self.formats
    }

    /// Takes a picture of what the output shows into `target`, which is as large as the mode, and
    /// gives its image back when all pixels are there. Blocks for a frame or two.
    ///
    /// The image is the one that `target` was made of; nothing is copied by the CPU.
    ///
    /// # Errors
    /// - [`CaptureError::Size`], [`CaptureError::Format`]: `target` is not what it can write.
    /// - [`CaptureError::Commit`]: the kernel refused, or the output is off or flips.
    /// - [`CaptureError::Wait`]: not done within `timeout`. The kernel may still write into the
    ///   image, until the next picture is taken or the output is dropped.
    #[doc(alias = "WRITEBACK_FB_ID")]
    pub fn capture(
        &self,
        output: &mut Output,
        target: &Framebuffer,
        timeout: Duration,
    ) -> Result<Dmabuf, CaptureError> {
        let mode = output.mode().ok_or(CommitError::Off)?.size();
        if target.size() != mode {
            return Err(CaptureError::Size { size: target.size(), mode });
        }
        let (fourcc, modifier) = (target.fourcc(), target.image().modifier());
        if !self.formats.contains(fourcc, modifier) {
            return Err(CaptureError::Format { fourcc, modifier, formats: self.formats.clone() });
        }
        self.write_into(output, target, timeout)?;
        if output.node().driver() == "vkms" {
            // Its clean-up comes after its fence; see `write_into`. A frame is enough, mostly.
            let _only_to_be_kind = output.vblank().map(|it| it.wait(Target::After(1)));
        }
        Ok(target.image().clone())
    }

    /// Asks for the picture until it is there.
    ///
    /// vkms turns its composer off when it cleans up after a picture, even if another one was asked
    /// for since (Linux 7.3, `vkms_wb_cleanup_job()`): that one is never taken, and its fence is
    /// the one that the picture after it signals. So the same picture is asked for again, and its
    /// first fence is right.
    fn write_into(
        &self,
        output: &mut Output,
        target: &Framebuffer,
        timeout: Duration,
    ) -> Result<(), CaptureError> {
        let (id, crtc): (u32, u32) = (target.handle().into(), output.crtc().into());
        let settings = [(self.crtc_property, crtc.into()), (self.framebuffer_property, id.into())];
        let deadline = Instant::now().checked_add(timeout);
        let mut first = None;
        loop {
            let fence =
                output.commit_writeback(self.connector.into(), &settings, self.fence_property)?;
            // Without a fence the kernel has nothing to write.
            let first = first.get_or_insert(fence.ok_or(CaptureError::Unsupported)?);
            let left = deadline.map_or(timeout, |it| it.saturating_duration_since(Instant::now()));
            match first.wait(left.min(ASK_AGAIN_AFTER)) {
                Err(WaitError::TimedOut) if left > ASK_AGAIN_AFTER => {
                    tracing::debug!(driver = output.node().driver(), "no picture: asking again");
                }
                other => return Ok(other?),
            }
        }
    }
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The device has no writeback connector for this CRTC.
    #[error("this CRTC has no writeback connector, or it is not driven by atomic commits")]
    Unsupported,
    /// The image has another size than the mode.
    #[error("the image of {}x{} pixels is not as large as the mode, {}x{}", size[0], size[1], mode[0], mode[1])]
    Size {
        /// Width and height of the image in pixels.
        size: [u32; 2],
        /// Width and height of the mode in pixels.
        mode: [u32; 2],
    },
    /// It does not write this format.
    #[error("the writeback connector does not write {fourcc} ({modifier}), but {formats}")]
    Format {
        /// The format of the image.
        fourcc: Fourcc,
        /// Its modifier.
        modifier: Modifier,
        /// What it writes.
        formats: FormatSet,
    },
    /// The change of the display was refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The picture was not complete in time.
    #[error(transparent)]
    Wait(#[from] WaitError),
}
