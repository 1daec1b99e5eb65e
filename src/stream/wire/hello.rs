//! What both sides say first.

use std::num::NonZeroU16;
use std::num::NonZeroU64;

use crate::stream::wire::Field;
use crate::stream::wire::Kind;
use crate::stream::wire::MAX_BUFFERS;
use crate::stream::wire::MAX_FRAMES;
use crate::stream::wire::Malformed;
use crate::stream::wire::STREAM_VERSION;
use crate::stream::wire::bytes::Reader;
use crate::stream::wire::bytes::Writer;

const PRODUCER_HELLO_BYTES: usize = 32;
const CONSUMER_HELLO_BYTES: usize = 48;

/// Buffers and frames that can be allowed. Checked below to be those of the pool.
const LIMIT_COUNT: u16 = 64;
const _: () = assert!(LIMIT_COUNT as usize == MAX_BUFFERS && MAX_BUFFERS == MAX_FRAMES);
/// File descriptors that the most buffers can have: one for each plane.
const LIMIT_FDS: u16 = 256;

/// What a consumer says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerHello {
    /// The versions of the stream that it speaks.
    pub versions: Versions,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The device that it imports to, if it is one.
    pub device: Option<DeviceId>,
    /// What it is willing to keep.
    pub limits: Limits,
}

/// What a producer says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProducerHello {
    /// The versions of the stream that it speaks.
    pub versions: Versions,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The device that its buffers are allocated on, if it is one.
    pub device: Option<DeviceId>,
}

impl ConsumerHello {
    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        let mut writer = Writer::new(datagram, Kind::ConsumerHello, CONSUMER_HELLO_BYTES);
        encode(&mut writer, self.versions, self.capabilities, self.device);
        writer.u16(self.limits.buffers);
        writer.u16(self.limits.frames);
        writer.u16(self.limits.fds);
        writer.bytes(&[0; 2]);
        writer.u64(self.limits.bytes.get());
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect(CONSUMER_HELLO_BYTES)?;
        let versions = Versions::decode(reader)?;
        let capabilities = Capabilities::from_bits_retain(reader.u32()?);
        let device = DeviceId::new(reader.u32()?, reader.u32()?);
        Ok(Self { versions, capabilities, device, limits: Limits::decode(reader)? })
    }
}

impl ProducerHello {
    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        let mut writer = Writer::new(datagram, Kind::ProducerHello, PRODUCER_HELLO_BYTES);
        encode(&mut writer, self.versions, self.capabilities, self.device);
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect(PRODUCER_HELLO_BYTES)?;
        let versions = Versions::decode(reader)?;
        let capabilities = Capabilities::from_bits_retain(reader.u32()?);
        let device = DeviceId::new(reader.u32()?, reader.u32()?);
        Ok(Self { versions, capabilities, device })
    }
}

/// The fields that both hellos have.
fn encode(
    writer: &mut Writer<'_>,
    versions: Versions,
    capabilities: Capabilities,
    device: Option<DeviceId>,
) {
    writer.u16(versions.oldest.get());
    writer.u16(versions.newest.get());
    writer.u32(capabilities.bits());
    writer.u32(device.map_or(0, |device| device.major));
    writer.u32(device.map_or(0, |device| device.minor));
}

/// A range of versions of the stream, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Versions {
    oldest: NonZeroU16,
    newest: NonZeroU16,
}

impl Versions {
    /// What this crate speaks.
    pub const SPOKEN: Self = match NonZeroU16::new(STREAM_VERSION) {
        Some(version) => Self { oldest: version, newest: version },
        None => unreachable!(),
    };

    /// `None` if the newest is older than the oldest.
    pub fn new(oldest: NonZeroU16, newest: NonZeroU16) -> Option<Self> {
        (oldest <= newest).then_some(Self { oldest, newest })
    }

    /// The oldest that is spoken.
    pub fn oldest(self) -> u16 {
        self.oldest.get()
    }

    /// The newest that is spoken.
    pub fn newest(self) -> u16 {
        self.newest.get()
    }

    /// The newest version that both speak.
    pub fn common(self, other: Self) -> Option<u16> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest.get())
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let oldest = reader.nonzero_u16(Field::OldestVersion)?;
        let newest = reader.nonzero_u16(Field::NewestVersion)?;
        let found = u64::from(newest.get());
        Self::new(oldest, newest)
            .ok_or(Malformed::OutOfRange { field: Field::NewestVersion, found })
    }
}

bitflags::bitflags! {
    /// What one side can do. Bits that are not named here belong to later versions: they are kept
    /// and mean nothing.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Capabilities: u32 {
        /// It waits for the fences that it is sent.
        const WAITS_FOR_FENCES = 1;
        /// It sends fences. One that does not finishes its work before it says so.
        const SENDS_FENCES = 2;
        /// It takes images that only the driver can check
        /// ([`Bounds::KernelChecked`](crate::dmabuf::Bounds::KernelChecked)), or sends such.
        const KERNEL_CHECKED = 4;
    }
}

/// A device, as the kernel numbers it (`dev_t`). The nodes of one device have several numbers, so
/// that two differ proves nothing; that they are equal does.
///
/// Spec: `makedev(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "dev_t")]
pub struct DeviceId {
    major: u32,
    minor: u32,
}

impl DeviceId {
    /// `None` for 0:0, which is no device.
    pub fn new(major: u32, minor: u32) -> Option<Self> {
        ((major, minor) != (0, 0)).then_some(Self { major, minor })
    }

    /// The driver's number.
    pub fn major(self) -> u32 {
        self.major
    }

    /// The driver's number for the device.
    pub fn minor(self) -> u32 {
        self.minor
    }
}

/// What a consumer is willing to keep. A producer that goes beyond has broken the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    buffers: u16,
    frames: u16,
    fds: u16,
    bytes: NonZeroU64,
}

impl Default for Limits {
    /// 16 buffers in at most 64 file descriptors and 1 GiB, and 2 frames.
    fn default() -> Self {
        Self {
            buffers: 16,
            frames: 2,
            fds: 64,
            bytes: NonZeroU64::MIN.saturating_add((1 << 30) - 1),
        }
    }
}

impl Limits {
    /// The same with another number of buffers, between 1 and 64.
    #[must_use]
    pub fn with_buffers(self, buffers: u16) -> Self {
        Self { buffers: buffers.clamp(1, LIMIT_COUNT), ..self }
    }

    /// The same with another number of frames that may be held at a time, between 1 and 64.
    #[must_use]
    pub fn with_frames(self, frames: u16) -> Self {
        Self { frames: frames.clamp(1, LIMIT_COUNT), ..self }
    }

    /// The same with another number of file descriptors, between 1 and 256.
    #[must_use]
    pub fn with_fds(self, fds: u16) -> Self {
        Self { fds: fds.clamp(1, LIMIT_FDS), ..self }
    }

    /// The same with another number of bytes for all buffers together.
    #[must_use]
    pub fn with_bytes(self, bytes: NonZeroU64) -> Self {
        Self { bytes, ..self }
    }

    /// How many buffers it imports at a time.
    pub fn buffers(self) -> usize {
        usize::from(self.buffers)
    }

    /// How many frames it holds at a time.
    pub fn frames(self) -> usize {
        usize::from(self.frames)
    }

    /// How many file descriptors it keeps for buffers.
    pub fn fds(self) -> usize {
        usize::from(self.fds)
    }

    /// How many bytes all buffers may have together.
    pub fn bytes(self) -> u64 {
        self.bytes.get()
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut count = |field, most| {
            let found = reader.u16()?;
            let refused = Malformed::OutOfRange { field, found: u64::from(found) };
            if (1..=most).contains(&found) { Ok(found) } else { Err(refused) }
        };
        let buffers = count(Field::LimitBuffers, LIMIT_COUNT)?;
        let frames = count(Field::LimitFrames, LIMIT_COUNT)?;
        let fds = count(Field::LimitFds, LIMIT_FDS)?;
        reader.reserved::<2>()?;
        let bytes = reader.nonzero_u64(Field::LimitBytes)?;
        Ok(Self { buffers, frames, fds, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(oldest: u16, newest: u16) -> Versions {
        Versions::new(NonZeroU16::new(oldest).unwrap(), NonZeroU16::new(newest).unwrap()).unwrap()
    }

    #[test]
    fn common_version_is_the_newest_of_both() {
        for (one, other, common) in [
            ((1, 1), (1, 1), Some(1)),
            ((1, 3), (2, 9), Some(3)),
            ((1, 2), (2, 3), Some(2)),
            ((4, 9), (1, 5), Some(5)),
            ((1, 1), (2, 3), None),
            ((4, 5), (1, 3), None),
        ] {
            let [one, other] = [one, other].map(|(oldest, newest)| versions(oldest, newest));
            assert_eq!(one.common(other), common);
            assert_eq!(other.common(one), common);
        }
    }

    #[test]
    fn limits_are_brought_into_range() {
        let limits = Limits::default().with_buffers(0).with_frames(1000).with_fds(u16::MAX);
        assert_eq!((limits.buffers(), limits.frames(), limits.fds()), (1, 64, 256));
        assert_eq!(limits.bytes(), 1 << 30);
    }
}
