//! The buffers of a camera, and the frames in them.

use std::fmt;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;

use crate::dmabuf::Dmabuf;
use crate::v4l2::CaptureError;
use crate::v4l2::Device;
use crate::v4l2::Format;
use crate::v4l2::Frame;
use crate::v4l2::FrameError;
use crate::v4l2::QueueError;
use crate::v4l2::queue::Queue;
use crate::v4l2::queue::Slot;
use crate::v4l2::sys;
use crate::v4l2::sys::MemoryKind;

/// Longer than anybody lives, and countable by every kernel.
const FOREVER: Timespec = Timespec { tv_sec: 1 << 32, tv_nsec: 0 };

/// What a camera captures, into dma-bufs of its own or of somebody else's.
///
/// A device has one at a time. Dropped, it stops the camera; frames that are still held stay as they
/// are, and the camera is free for another capture when the last of them is gone.
///
/// Frames can be taken and given back from any thread.
pub struct Capture {
    queue: Arc<Queue>,
}

impl Capture {
    /// Lets the driver allocate buffers for so many frames of the format that is set, and exports
    /// them. The driver may make it more. Three are enough where one frame is shown while the next
    /// is captured.
    ///
    /// # Errors
    /// - [`CaptureError::Unsupported`]: the driver does not allocate, or not export.
    /// - [`CaptureError::Format`]: what is set is nothing that images can have.
    /// - [`CaptureError::NoBuffers`], [`CaptureError::Busy`], [`CaptureError::Unplugged`].
    /// - [`CaptureError::Rejected`]: the buffers are too small for their format.
    /// - [`CaptureError::Call`]: the kernel refused, for want of memory or of file descriptors.
    #[doc(alias = "VIDIOC_EXPBUF")]
    pub fn export(device: &Device, frames: u32) -> Result<Self, CaptureError> {
        let mut setup = Setup::begin(device, MemoryKind::Mmap)?;
        let granted = setup.request("VIDIOC_REQBUFS", frames)?;
        for index in 0..granted {
            let buffers = setup.exported(index)?;
            let image = setup.format.image_in(&buffers)?;
            setup.slots.push(Slot::new(image));
        }
        Ok(setup.finish())
    }

    /// Lets the camera write into these images, which have the format that is set: see
    /// [`FormatRequest::like`](crate::v4l2::FormatRequest::like) and [`Format::image_in`]. The images
    /// stay the caller's as well, whose to see that nobody else writes to them.
    ///
    /// Whether the driver can reach their memory turns out with [`Capture::start`].
    ///
    /// # Errors
    /// - [`CaptureError::Unsupported`]: the driver writes into its own buffers alone.
    /// - [`CaptureError::Misfit`]: an image is not what the camera writes.
    /// - [`CaptureError::TooMany`]: the driver takes fewer. Nothing is captured into any.
    /// - The others as for [`Capture::export`].
    #[doc(alias = "V4L2_MEMORY_DMABUF")]
    pub fn import(device: &Device, images: &[Dmabuf]) -> Result<Self, CaptureError> {
        let mut setup = Setup::begin(device, MemoryKind::DmaBuf)?;
        let wanted = u32::try_from(images.len()).unwrap_or(u32::MAX);
        let granted = setup.request("VIDIOC_REQBUFS(DMABUF)", wanted)?;
        if granted < wanted {
            let granted = usize::try_from(granted).unwrap_or(usize::MAX);
            return Err(CaptureError::TooMany { wanted: images.len(), granted });
        }
        for (index, image) in images.iter().enumerate() {
            let check = setup.format.check(image);
            check.map_err(|misfit| CaptureError::Misfit { image: index, misfit })?;
        }
        setup.slots.extend(images.iter().cloned().map(Slot::new));
        Ok(setup.finish())
    }

    /// What is captured.
    pub fn format(&self) -> &Format {
        self.queue.format()
    }

    /// The images of all buffers by their numbers, to be imported before the first frame comes.
    /// [`Frame::image`] is one of them, unless the driver begins behind the beginning of a buffer,
    /// which it says with the first frame in it.
    pub fn images(&self) -> Vec<Dmabuf> {
        self.queue.images()
    }

    /// How many frames there can be at a time.
    pub fn buffer_count(&self) -> usize {
        self.queue.buffer_count()
    }

    /// The camera.
    pub fn device(&self) -> &Device {
        self.queue.device()
    }

    /// Starts the camera, with all buffers whose frames are not held. Does nothing if it runs.
    ///
    /// # Errors
    /// [`QueueError::Unplugged`]; [`QueueError::Call`] if the driver cannot start, or cannot reach
    /// the memory of an imported image.
    #[doc(alias = "VIDIOC_STREAMON")]
    pub fn start(&self) -> Result<(), QueueError> {
        self.queue.start()
    }

    /// Stops the camera: no buffer is written to any more. Frames that are held stay valid. Whoever
    /// waits for one gets [`FrameError::Stopped`]. Does nothing if it does not run.
    ///
    /// # Errors
    /// [`QueueError::Unplugged`], [`QueueError::Call`]; it counts as stopped all the same.
    #[doc(alias = "VIDIOC_STREAMOFF")]
    pub fn stop(&self) -> Result<(), QueueError> {
        self.queue.stop()
    }

    /// The next frame, for which it blocks at most for `timeout`; with 0, not at all. In an event
    /// loop, the device ([`AsFd`]) is readable when one is there.
    ///
    /// # Errors
    /// - [`FrameError::TimedOut`], [`FrameError::AllHeld`]: none now; ask again.
    /// - [`FrameError::Stopped`], [`FrameError::DeviceFailed`]: none until it is started (again).
    /// - [`FrameError::Unplugged`]: none any more.
    /// - [`FrameError::UnknownBuffer`], [`FrameError::Rejected`], [`FrameError::Call`]: the driver
    ///   or the kernel did what it should not.
    #[doc(alias = "VIDIOC_DQBUF")]
    pub fn frame(&self, timeout: Duration) -> Result<Frame, FrameError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut has_complained = false;
        loop {
            if let Some(frame) = self.queue.take()? {
                return Ok(frame);
            }
            if has_complained {
                return Err(FrameError::Call { call: "poll", errno: Errno::IO });
            }
            has_complained = self.wait(deadline)? == Ready::Complaint;
        }
    }

    /// Blocks until a frame may be there.
    fn wait(&self, deadline: Option<Instant>) -> Result<Ready, FrameError> {
        loop {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.map(|left| Timespec::try_from(left).unwrap_or(FOREVER));
            let device = self.queue.device();
            let mut fds = [PollFd::new(device, PollFlags::IN)];
            match rustix::event::poll(&mut fds, left.as_ref()) {
                Ok(0) => return Err(FrameError::TimedOut),
                Ok(_) => {
                    let is_ready = fds.iter().all(|fd| fd.revents().contains(PollFlags::IN));
                    return Ok(if is_ready { Ready::Frame } else { Ready::Complaint });
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => return Err(FrameError::of("poll", errno)),
            }
        }
    }
}

/// What the kernel says of a node that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ready {
    Frame,
    /// An error, of which the next call says more.
    Complaint,
}

impl Drop for Capture {
    fn drop(&mut self) {
        if let Err(error) = self.queue.stop() {
            tracing::debug!(%error, "a camera was not stopped");
        }
    }
}

impl AsFd for Capture {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.device().as_fd()
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("queue", &self.queue).finish()
    }
}

/// A capture that is being set up: dropped half-way, it leaves nothing.
struct Setup {
    device: Device,
    format: Format,
    memory: MemoryKind,
    slots: Vec<Slot>,
    is_finished: bool,
}

impl Setup {
    fn begin(device: &Device, memory: MemoryKind) -> Result<Self, CaptureError> {
        let format = device.format()?;
        if !device.take_queue() {
            return Err(CaptureError::Busy);
        }
        let device = device.clone();
        Ok(Self { device, format, memory, slots: Vec::new(), is_finished: false })
    }

    /// How many buffers the driver grants.
    fn request(&mut self, call: &'static str, count: u32) -> Result<u32, CaptureError> {
        if count == 0 {
            return Err(CaptureError::NoBuffers);
        }
        let (node, interface) = (self.device.as_fd(), self.device.interface());
        let granted = sys::request_buffers(node, interface, self.memory, count);
        let granted = match granted {
            // The kernel's word for a kind of memory that the driver does not have.
            Err(Errno::INVAL) => return Err(CaptureError::Unsupported { call }),
            granted => granted.map_err(|errno| CaptureError::of(call, errno))?,
        };
        // Another program may have set another format until it was fixed by this call.
        self.format = self.device.format()?;
        Ok(granted)
    }

    fn exported(&self, index: u32) -> Result<Vec<Arc<OwnedFd>>, CaptureError> {
        let (node, interface) = (self.device.as_fd(), self.device.interface());
        let buffers = 0..u32::try_from(self.format.buffers_bytes().len()).unwrap_or(0);
        let export = |buffer| sys::export_buffer(node, interface, index, buffer).map(Arc::new);
        let exported: Result<_, _> = buffers.map(export).collect();
        exported.map_err(|errno| CaptureError::of("VIDIOC_EXPBUF", errno))
    }

    fn finish(mut self) -> Capture {
        self.is_finished = true;
        let slots = std::mem::take(&mut self.slots);
        let queue = Queue::new(self.device.clone(), self.format.clone(), self.memory, slots);
        Capture { queue: Arc::new(queue) }
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if !self.is_finished {
            // Buffers can be given up when nobody has them.
            self.slots.clear();
            Queue::dissolve(&self.device, self.memory);
        }
    }
}
