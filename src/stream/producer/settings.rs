//! What a producer makes, and how much of it for whom.

use std::time::Duration;

use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Usage;
use crate::stream::Policy;
use crate::stream::producer::PeerFilter;
use crate::stream::protocol::producer as machine;
use crate::stream::wire::Capabilities;
use crate::stream::wire::DeviceId;
use crate::stream::wire::MAX_BUFFERS;
use crate::stream::wire::Size;

/// Enough for one that is written, one that waits, and two that are shown.
const BUFFERS: usize = 4;

/// Twice what a format change brings: all buffers go, and all come.
const MOST_QUEUED: usize = 4 * MAX_BUFFERS;

/// What a [`Producer`](crate::stream::Producer) makes, and how much of it for whom.
///
/// ```
/// use dmashare::format::{FormatSet, Fourcc, Modifier, Usage};
/// use dmashare::stream::{Overflow, Policy, ProducerSettings};
/// use dmashare::stream::wire::Size;
///
/// let size = Size::new(1920, 1080).expect("a size");
/// let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
/// let settings = ProducerSettings::new(size)
///     .usage(Usage::Cpu, formats)
///     .buffers(5)
///     .policy(Policy::fifo(2, Overflow::DropOldest))
///     .most_peers(8);
/// # let _ = settings;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "settings do nothing until a producer is made with them"]
pub struct ProducerSettings {
    pub(in crate::stream::producer) size: Size,
    pub(in crate::stream::producer) sets: Vec<(Usage, FormatSet)>,
    pub(in crate::stream::producer) preferred: Vec<Fourcc>,
    pub(in crate::stream::producer) buffers: usize,
    pub(in crate::stream::producer) most_queued: usize,
    pub(in crate::stream::producer) allow: PeerFilter,
    pub(in crate::stream::producer) machine: machine::Settings,
}

impl ProducerSettings {
    /// The size of all frames, in pixels, until [`Producer::resize`](crate::stream::Producer::resize).
    ///
    /// Unless it is set otherwise: whatever the allocator has for a CPU that draws, 4 buffers, a
    /// mailbox for each of up to 64 consumers, which have 5 seconds for the handshake, fences both
    /// ways, and everybody who can connect.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            sets: Vec::new(),
            preferred: Vec::new(),
            buffers: BUFFERS,
            most_queued: MOST_QUEUED,
            allow: PeerFilter::everybody(),
            machine: machine::Settings::default(),
        }
    }

    /// What is done with the buffers on this side, and the formats that can be used so, the best
    /// first: those that a display can render to, for instance. Each buffer can be used in all the
    /// ways that are named. A usage that is there already gets these formats instead.
    pub fn usage(mut self, usage: Usage, formats: FormatSet) -> Self {
        self.sets.retain(|(known, _)| *known != usage);
        self.sets.push((usage, formats));
        self
    }

    /// The formats that are taken before all others, the best first. The others stay possible.
    pub fn prefer(mut self, fourccs: impl IntoIterator<Item = Fourcc>) -> Self {
        self.preferred = fourccs.into_iter().collect();
        self
    }

    /// How many buffers there are, 1 to 64. With mailboxes a pool never runs dry that has two more
    /// than all consumers together are willing to hold.
    pub fn buffers(self, buffers: usize) -> Self {
        Self { buffers: buffers.clamp(1, MAX_BUFFERS), ..self }
    }

    /// What is done about slow consumers.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.machine.policy = policy;
        self
    }

    /// How many consumers there may be at a time. Each costs a file descriptor and some 3 KiB.
    pub fn most_peers(mut self, most_peers: usize) -> Self {
        self.machine.most_peers = most_peers;
        self
    }

    /// How long a consumer may take from connecting to its first offer.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.machine.handshake_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        self
    }

    /// How many messages wait for a consumer that does not read, beyond what its socket holds. A
    /// consumer for which there are more is sent away.
    pub fn most_queued(self, most_queued: usize) -> Self {
        Self { most_queued, ..self }
    }

    /// Who may connect to the listeners. Their sockets are the owner's alone in any case.
    pub fn allow(self, allow: PeerFilter) -> Self {
        Self { allow, ..self }
    }

    /// The device that frames are drawn with, so that consumers can tell whether it is theirs.
    pub fn device(mut self, device: Option<DeviceId>) -> Self {
        self.machine.hello.device = device;
        self
    }

    /// Whether frames may be submitted with a fence.
    pub fn sends_fences(self, sends: bool) -> Self {
        self.capability(Capabilities::SENDS_FENCES, sends)
    }

    /// Whether frames may be released with a fence. Without, consumers finish reading before they
    /// release.
    pub fn waits_for_fences(self, waits: bool) -> Self {
        self.capability(Capabilities::WAITS_FOR_FENCES, waits)
    }

    /// Whether buffers are made that only their driver can check
    /// ([`Bounds::KernelChecked`](crate::dmabuf::Bounds::KernelChecked)), as those of virtio-gpu.
    /// They are for consumers alone who allow them too.
    pub fn allow_kernel_checked(self, allow: bool) -> Self {
        self.capability(Capabilities::KERNEL_CHECKED, allow)
    }

    fn capability(mut self, capability: Capabilities, has: bool) -> Self {
        self.machine.hello.capabilities.set(capability, has);
        self
    }
}
