//! Which buffer is with the driver, and which with a user.

use std::fmt;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use rustix::io::Errno;

use crate::dmabuf::Dmabuf;
use crate::dmabuf::InvalidDescriptor;
use crate::dmabuf::Plane;
use crate::v4l2::Device;
use crate::v4l2::Format;
use crate::v4l2::Frame;
use crate::v4l2::FrameError;
use crate::v4l2::QueueError;
use crate::v4l2::sys;
use crate::v4l2::sys::Dequeued;
use crate::v4l2::sys::MAX_BUFFERS;
use crate::v4l2::sys::MemoryKind;

/// The buffers of a capture. It lives as long as the capture or one of its frames, and gives the
/// buffers up when it goes.
pub(in crate::v4l2) struct Queue {
    device: Device,
    format: Format,
    memory: MemoryKind,
    buffer_count: usize,
    state: Mutex<State>,
}

struct State {
    is_streaming: bool,
    slots: Vec<Slot>,
}

/// The buffers of one frame.
pub(in crate::v4l2) struct Slot {
    place: Place,
    image: Dmabuf,
    /// Where the driver has begun to write in each buffer, which `image` accounts for.
    offsets_bytes: [u32; MAX_BUFFERS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// With nobody.
    Idle,
    /// With the driver.
    Queued,
    /// In a frame.
    Held,
}

impl State {
    fn has(&self, place: Place) -> bool {
        self.slots.iter().any(|slot| slot.place == place)
    }
}

impl Slot {
    pub(in crate::v4l2) fn new(image: Dmabuf) -> Self {
        Self { place: Place::Idle, image, offsets_bytes: [0; MAX_BUFFERS] }
    }
}

impl Queue {
    pub(in crate::v4l2) fn new(
        device: Device,
        format: Format,
        memory: MemoryKind,
        slots: Vec<Slot>,
    ) -> Self {
        let buffer_count = slots.len();
        let state = Mutex::new(State { is_streaming: false, slots });
        Self { device, format, memory, buffer_count, state }
    }

    pub(in crate::v4l2) fn device(&self) -> &Device {
        &self.device
    }

    pub(in crate::v4l2) fn format(&self) -> &Format {
        &self.format
    }

    pub(in crate::v4l2) fn buffer_count(&self) -> usize {
        self.buffer_count
    }

    pub(in crate::v4l2) fn images(&self) -> Vec<Dmabuf> {
        self.state().slots.iter().map(|slot| slot.image.clone()).collect()
    }

    pub(in crate::v4l2) fn start(&self) -> Result<(), QueueError> {
        let mut state = self.state();
        if state.is_streaming {
            return Ok(());
        }
        let started = self.queue_idle(&mut state).and_then(|()| {
            sys::stream_on(self.device.as_fd(), self.device.interface())
                .map_err(|errno| QueueError::of("VIDIOC_STREAMON", errno))
        });
        state.is_streaming = started.is_ok();
        if started.is_err() {
            // Takes back what was queued; that it fails as well is no news.
            let _ignored = self.stream_off(&mut state);
        }
        started
    }

    pub(in crate::v4l2) fn stop(&self) -> Result<(), QueueError> {
        let mut state = self.state();
        if !std::mem::take(&mut state.is_streaming) {
            return Ok(());
        }
        self.stream_off(&mut state)
    }

    /// The next frame if there is one; the wait for it is without the lock.
    pub(in crate::v4l2) fn take(self: &Arc<Self>) -> Result<Option<Frame>, FrameError> {
        let mut state = self.state();
        if !state.is_streaming {
            return Err(FrameError::Stopped);
        }
        if !state.has(Place::Queued) {
            // What could not be given back is tried again, for there is nothing else to wait for.
            self.queue_idle(&mut state)?;
        }
        if !state.has(Place::Queued) {
            return Err(FrameError::AllHeld);
        }
        let (node, interface) = (self.device.as_fd(), self.device.interface());
        let dequeued = match sys::dequeue(node, interface, self.memory) {
            Err(Errno::AGAIN) => return Ok(None),
            dequeued => dequeued.map_err(|errno| FrameError::of("VIDIOC_DQBUF", errno))?,
        };
        let unknown = FrameError::UnknownBuffer { buffer: dequeued.index };
        let index = usize::try_from(dequeued.index).unwrap_or(usize::MAX);
        let slot = state.slots.get_mut(index).filter(|slot| slot.place == Place::Queued);
        let slot = slot.ok_or(unknown)?;
        slot.place = Place::Held;
        let image = self.image_of(slot, &dequeued);
        drop(state);
        if image.is_err() {
            let _refused = self.give_back(index);
        }
        Ok(Some(Frame::new(Arc::clone(self), index, image?, self.description(&dequeued))))
    }

    /// Lets the camera write to a buffer again, whose frame is gone.
    pub(in crate::v4l2) fn give_back(&self, index: usize) -> Result<(), QueueError> {
        let mut state = self.state();
        let is_streaming = state.is_streaming;
        let Some(slot) = state.slots.get_mut(index) else { return Ok(()) };
        slot.place = Place::Idle;
        if is_streaming { self.queue_slot(index, slot) } else { Ok(()) }
    }

    /// Gives up the buffers of a device that streams no more, and lets it have others.
    pub(in crate::v4l2) fn dissolve(device: &Device, memory: MemoryKind) {
        let given_up = sys::request_buffers(device.as_fd(), device.interface(), memory, 0);
        if let Err(errno) = given_up {
            // Kernels before 4.20 keep buffers that are still shared until the device is closed.
            tracing::debug!(%errno, "a camera's buffers were not given up");
        }
        device.give_queue_back();
    }

    fn queue_idle(&self, state: &mut State) -> Result<(), QueueError> {
        let idle = state.slots.iter_mut().enumerate().filter(|(_, it)| it.place == Place::Idle);
        for (index, slot) in idle {
            self.queue_slot(index, slot)?;
        }
        Ok(())
    }

    fn queue_slot(&self, index: usize, slot: &mut Slot) -> Result<(), QueueError> {
        let (node, interface) = (self.device.as_fd(), self.device.interface());
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let sizes = self.format.buffers_bytes();
        match self.memory {
            MemoryKind::Mmap => sys::queue_own(node, interface, number, sizes.len()),
            MemoryKind::DmaBuf => {
                let buffers: Vec<_> =
                    slot.image.distinct_fds().zip(sizes.iter().copied()).collect();
                sys::queue_dma_bufs(node, interface, number, &buffers)
            }
        }
        .map_err(|errno| QueueError::of("VIDIOC_QBUF", errno))?;
        slot.place = Place::Queued;
        Ok(())
    }

    fn stream_off(&self, state: &mut State) -> Result<(), QueueError> {
        let stopped = sys::stream_off(self.device.as_fd(), self.device.interface());
        for slot in state.slots.iter_mut().filter(|slot| slot.place == Place::Queued) {
            slot.place = Place::Idle;
        }
        stopped.map_err(|errno| QueueError::of("VIDIOC_STREAMOFF", errno))
    }

    /// The image that was captured. Drivers may begin behind the beginning of a buffer, and say so
    /// when they have; mostly they begin at the same place in all frames.
    fn image_of(&self, slot: &mut Slot, frame: &Dequeued) -> Result<Dmabuf, InvalidDescriptor> {
        let offsets_bytes = frame.contents.map(|[start, _]| start);
        if slot.offsets_bytes != offsets_bytes {
            let planes = self.format.planes().iter().zip(slot.image.planes());
            let mut buffers: Vec<_> = Vec::new();
            for (place, plane) in planes {
                if place.buffer == buffers.len() {
                    buffers.push(Plane::shared_fd(plane));
                }
            }
            slot.image = self.format.image_at(&buffers, &offsets_bytes)?;
            slot.offsets_bytes = offsets_bytes;
        }
        Ok(slot.image.clone())
    }

    fn description(&self, frame: &Dequeued) -> Description {
        let is_short = |(buffer, [start, end]): (usize, &[u32; 2])| {
            self.format.content_bytes(buffer) > Some(u64::from(end.saturating_sub(*start)))
        };
        let buffers = self.format.buffers_bytes().len();
        let is_incomplete = frame.contents.iter().take(buffers).enumerate().any(is_short);
        let clock = frame.flags & sys::BUF_FLAG_TIMESTAMP_MASK;
        Description {
            sequence: frame.sequence,
            timestamp: if clock == sys::BUF_FLAG_TIMESTAMP_MONOTONIC { time(frame) } else { None },
            is_damaged: is_incomplete || frame.flags & sys::BUF_FLAG_ERROR != 0,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of a frame besides its image.
#[derive(Clone, Copy, Debug)]
pub(in crate::v4l2) struct Description {
    pub(in crate::v4l2) sequence: u32,
    pub(in crate::v4l2) timestamp: Option<Duration>,
    pub(in crate::v4l2) is_damaged: bool,
}

/// `None` if it is before zero.
fn time(frame: &Dequeued) -> Option<Duration> {
    let seconds = Duration::from_secs(u64::try_from(frame.seconds).ok()?);
    seconds.checked_add(Duration::from_micros(u64::try_from(frame.microseconds).ok()?))
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Buffers can be given up when nobody has them.
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.slots.clear();
        Self::dissolve(&self.device, self.memory);
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("device", &self.device)
            .field("format", &self.format)
            .field("memory", &self.memory)
            .field("buffer_count", &self.buffer_count)
            .finish_non_exhaustive()
    }
}
