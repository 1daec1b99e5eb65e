//! What a consumer wants, and how much of it.

use std::time::Duration;

use crate::format::FormatSet;
use crate::format::Usage;
use crate::stream::protocol::consumer as machine;
use crate::stream::wire::Capabilities;
use crate::stream::wire::DeviceId;
use crate::stream::wire::Limits;
use crate::stream::wire::Size;

/// What a [`Consumer`](crate::stream::Consumer) wants, and how much of it.
///
/// ```
/// use std::time::Duration;
///
/// use dmashare::format::{FormatSet, Fourcc, Modifier, Usage};
/// use dmashare::stream::ConsumerSettings;
/// use dmashare::stream::wire::Size;
///
/// let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
/// let settings = ConsumerSettings::new(Usage::Cpu, formats)
///     .wished_size(Size::new(1920, 1080))
///     .frames(3)
///     .handshake_timeout(Duration::from_secs(1));
/// # let _ = settings;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "settings do nothing until a consumer is made with them"]
pub struct ConsumerSettings {
    pub(in crate::stream::consumer) sets: Vec<(Usage, FormatSet)>,
    pub(in crate::stream::consumer) wished_size: Option<Size>,
    pub(in crate::stream::consumer) machine: machine::Settings,
    pub(in crate::stream::consumer) handshake_timeout: Duration,
}

impl ConsumerSettings {
    /// What is done with the frames, and the formats that can be used so, the best first: those of
    /// a display's `formats()` for a renderer, linear ones for a CPU.
    ///
    /// Unless it is set otherwise: any size, the [default limits](Limits::default), fences both
    /// ways, 5 seconds for the handshake, and no image that only its driver can check.
    pub fn new(usage: Usage, formats: FormatSet) -> Self {
        Self {
            sets: vec![(usage, formats)],
            wished_size: None,
            machine: machine::Settings::default(),
            handshake_timeout: Duration::from_secs(5),
        }
    }

    /// What else is done with the same frames, and the formats for that. Each frame can be used in
    /// all these ways. A usage that is there already gets these formats instead.
    pub fn usage(mut self, usage: Usage, formats: FormatSet) -> Self {
        self.sets.retain(|(known, _)| *known != usage);
        self.sets.push((usage, formats));
        self
    }

    /// The size that frames would best have, in pixels; `None` for whatever the producer has. The
    /// producer need not follow.
    pub fn wished_size(self, size: Option<Size>) -> Self {
        Self { wished_size: size, ..self }
    }

    /// How many buffers, file descriptors and bytes are let in, and how many frames are held at a
    /// time.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.machine.hello.limits = limits;
        self
    }

    /// How many frames are held at a time, 1 to 64: one for who copies or converts, two for who
    /// shows one while the next is being made ready. What the producer has beyond these waits with
    /// it, or is dropped, as its policy says.
    pub fn frames(mut self, frames: u16) -> Self {
        self.machine.hello.limits = self.machine.hello.limits.with_frames(frames);
        self
    }

    /// The device that frames are imported to, so that the producer can allocate for it.
    pub fn device(mut self, device: Option<DeviceId>) -> Self {
        self.machine.hello.device = device;
        self
    }

    /// Whether frames may come with a fence. Without, the producer finishes each before it is sent.
    pub fn waits_for_fences(self, waits: bool) -> Self {
        self.capability(Capabilities::WAITS_FOR_FENCES, waits)
    }

    /// Whether frames are released with a fence. Without, reading is finished before they are.
    pub fn sends_fences(self, sends: bool) -> Self {
        self.capability(Capabilities::SENDS_FENCES, sends)
    }

    /// Lets images in that only their driver can check
    /// ([`Bounds::KernelChecked`](crate::dmabuf::Bounds::KernelChecked)). See
    /// [`Channel::allow_kernel_checked`](crate::ipc::Channel::allow_kernel_checked) for when that
    /// is safe.
    pub fn allow_kernel_checked(self, allow: bool) -> Self {
        self.capability(Capabilities::KERNEL_CHECKED, allow)
    }

    /// How long to wait for the connection to be accepted, and then for the producer's hello.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.machine.handshake_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        self.handshake_timeout = timeout;
        self
    }

    fn capability(mut self, capability: Capabilities, has: bool) -> Self {
        self.machine.hello.capabilities.set(capability, has);
        self
    }
}
