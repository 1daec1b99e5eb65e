//! The vertical blanks of one CRTC.

use std::ffi::c_long;
use std::os::fd::AsFd;
use std::time::Duration;
use std::time::Instant;

use drm::Device as _;
use drm::DriverCapability;
use drm::control::crtc;
use drm_ffi::drm_crtc_get_sequence;
use drm_ffi::drm_crtc_queue_sequence;
use rustix::io::Errno;

use crate::device::Node;
use crate::kms::Clock;
use crate::kms::Crtc;
use crate::kms::Sequence;
use crate::kms::Timestamp;
use crate::kms::vblank::CountTarget;
use crate::kms::vblank::Target;
use crate::kms::vblank::VblankError;
use crate::kms::vblank::sys;
use crate::kms::vblank::sys::WaitVblank;
use crate::kms::vblank::target;

/// A frame, and when its first pixel left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "drm_wait_vblank_reply")]
pub struct Frame {
    /// Its number.
    pub sequence: Sequence,
    /// When, in microseconds.
    pub time: Timestamp,
}

/// A frame counted in 64 bits, and when its first pixel left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "drm_crtc_get_sequence")]
pub struct CrtcSequence {
    /// Its number. The low half is the [`Sequence`].
    pub count: u64,
    /// When, in nanoseconds, always on the monotonic clock.
    pub time: Timestamp,
    /// Whether a mode is set.
    pub active: bool,
}

/// The vertical blanks of one CRTC.
///
/// It holds a clone of the node, and no resource of the kernel's.
#[derive(Clone, Debug)]
pub struct Vblank {
    node: Node,
    crtc: crtc::Handle,
    crtc_bits: u32,
    clock: Clock,
}

impl Vblank {
    /// The vertical blanks of this CRTC. It may be off; asking for them fails then.
    ///
    /// # Errors
    /// - [`VblankError::Unsupported`]: it is beyond the second of the list, and the driver cannot
    ///   be asked for those (no `DRM_CAP_VBLANK_HIGH_CRTC`).
    pub fn new(node: &Node, crtc: &Crtc) -> Result<Self, VblankError> {
        let has = |capability| node.get_driver_capability(capability).is_ok_and(|it| it != 0);
        let has_high = has(DriverCapability::VBlankHighCRTC);
        let crtc_bits = target::crtc_bits(crtc.index, has_high)
            .ok_or(VblankError::Unsupported { what: "DRM_CAP_VBLANK_HIGH_CRTC" })?;
        let monotonic = has(DriverCapability::MonotonicTimestamp);
        let clock = if monotonic { Clock::Monotonic } else { Clock::Realtime };
        Ok(Self { node: node.clone(), crtc: crtc.handle, crtc_bits, clock })
    }

    /// The CRTC.
    pub fn crtc(&self) -> crtc::Handle {
        self.crtc
    }

    /// The last frame. Does not block.
    ///
    /// # Errors
    /// As for [`Vblank::wait`], but never [`VblankError::TimedOut`].
    pub fn query(&self) -> Result<Frame, VblankError> {
        self.wait(Target::After(0))
    }

    /// Blocks until a frame begins, and tells which one it is: the one that was asked for, or a
    /// later one if this thread was slow.
    ///
    /// # Errors
    /// - [`VblankError::CrtcOff`], [`VblankError::NoSuchCrtc`].
    /// - [`VblankError::TimedOut`]: it did not begin within three seconds.
    /// - [`VblankError::Unsupported`]: the driver does not count vertical blanks.
    /// - [`VblankError::Call`]: the kernel refused.
    ///
    /// Spec: `DRM_IOCTL_WAIT_VBLANK`.
    #[doc(alias = "drmWaitVBlank")]
    pub fn wait(&self, target: Target) -> Result<Frame, VblankError> {
        let (kind, sequence) = target.request();
        let reply = self.call(kind, sequence, 0)?;
        let seconds = u64::try_from(reply.signal_or_seconds).unwrap_or(0);
        let microseconds = u64::try_from(reply.microseconds).unwrap_or(0);
        let time = Duration::from_secs(seconds).saturating_add(Duration::from_micros(microseconds));
        let time = Timestamp { clock: self.clock, time };
        Ok(Frame { sequence: Sequence(reply.sequence), time })
    }

    /// As [`Vblank::wait`], but not longer than `timeout`, which may also be longer than three
    /// seconds. Wakes up for each frame in between, so that the timeout is exact to a frame.
    ///
    /// # Errors
    /// As for [`Vblank::wait`]; [`VblankError::TimedOut`] after `timeout`, or after three seconds
    /// without any frame.
    pub fn wait_timeout(&self, target: Target, timeout: Duration) -> Result<Frame, VblankError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut last = self.query()?;
        let end = match target {
            Target::After(frames) => last.sequence.plus(frames),
            Target::AtOrNext(frame) if !frame.is_after(last.sequence) => last.sequence.plus(1),
            Target::At(frame) | Target::AtOrNext(frame) => frame,
        };
        while end.is_after(last.sequence) {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(VblankError::TimedOut);
            }
            last = self.wait(Target::At(last.sequence.plus(1)))?;
        }
        Ok(last)
    }

    /// Asks for an [`Event::Vblank`](crate::kms::event::Event::Vblank) with this user data at a
    /// frame, and tells which frame that will be. Does not block.
    ///
    /// # Errors
    /// - [`VblankError::QueueFull`].
    /// - [`VblankError::UserData`]: on a 32-bit machine the kernel takes 32 bits here.
    /// - Otherwise as for [`Vblank::query`].
    #[doc(alias = "DRM_VBLANK_EVENT")]
    pub fn queue(&self, target: Target, user_data: u64) -> Result<Sequence, VblankError> {
        // The kernel's type is `unsigned long`; the bits are what counts.
        let signal = isize::try_from(user_data.cast_signed());
        let signal = signal.map_err(|_too_wide| VblankError::UserData { user_data })?;
        let (kind, sequence) = target.request();
        let reply = self.call(kind | target::EVENT, sequence, signal as c_long)?;
        Ok(Sequence(reply.sequence))
    }

    /// The last frame, in 64 bits and in nanoseconds. Does not block.
    ///
    /// # Errors
    /// As for [`Vblank::query`]; [`VblankError::Unsupported`] also before Linux 4.15.
    ///
    /// Spec: `DRM_IOCTL_CRTC_GET_SEQUENCE`.
    #[doc(alias = "drmCrtcGetSequence")]
    pub fn count(&self) -> Result<CrtcSequence, VblankError> {
        let mut data = drm_crtc_get_sequence { crtc_id: self.crtc.into(), ..Default::default() };
        sys::get_sequence(&self.node, &mut data)
            .map_err(|errno| self.refused("DRM_IOCTL_CRTC_GET_SEQUENCE", errno))?;
        let time = Duration::from_nanos(u64::try_from(data.sequence_ns).unwrap_or(0));
        let time = Timestamp { clock: Clock::Monotonic, time };
        Ok(CrtcSequence { count: data.sequence, time, active: data.active != 0 })
    }

    /// Asks for an [`Event::Sequence`](crate::kms::event::Event::Sequence) with this user data at a
    /// frame, and tells which frame that will be. Does not block.
    ///
    /// # Errors
    /// - [`VblankError::QueueFull`].
    /// - Otherwise as for [`Vblank::count`].
    ///
    /// Spec: `DRM_IOCTL_CRTC_QUEUE_SEQUENCE`.
    #[doc(alias = "drmCrtcQueueSequence")]
    pub fn queue_count(&self, target: CountTarget, user_data: u64) -> Result<u64, VblankError> {
        let (flags, sequence) = target.request();
        let crtc_id = self.crtc.into();
        let mut data = drm_crtc_queue_sequence { crtc_id, flags, sequence, user_data };
        sys::queue_sequence(&self.node, &mut data)
            .map_err(|errno| self.refused("DRM_IOCTL_CRTC_QUEUE_SEQUENCE", errno))?;
        Ok(data.sequence)
    }

    fn call(&self, kind: u32, sequence: u32, signal: c_long) -> Result<WaitVblank, VblankError> {
        let kind = kind | self.crtc_bits;
        let mut data = WaitVblank { kind, sequence, signal_or_seconds: signal, microseconds: 0 };
        sys::wait_vblank(&self.node, &mut data)
            .map_err(|errno| self.refused("DRM_IOCTL_WAIT_VBLANK", errno))?;
        Ok(data)
    }

    /// What an error number means here. `EINVAL` is a CRTC that is off or that is not there, for
    /// the rest of each request is right.
    fn refused(&self, call: &'static str, errno: Errno) -> VblankError {
        match errno {
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => {
                VblankError::Unsupported { what: call }
            }
            Errno::BUSY => VblankError::TimedOut,
            Errno::NOMEM => VblankError::QueueFull,
            Errno::INVAL if self.exists() => VblankError::CrtcOff { crtc: self.crtc },
            Errno::INVAL | Errno::NOENT => VblankError::NoSuchCrtc { crtc: self.crtc },
            errno => VblankError::Call { call, errno },
        }
    }

    fn exists(&self) -> bool {
        drm_ffi::mode::get_crtc(self.node.as_fd(), self.crtc.into()).is_ok()
    }
}
