#![warn(clippy::arithmetic_side_effects)]
//! The datagram that announces an image, byte by byte. Pure: no socket, no file descriptor.
//!
//! A datagram is one message. All numbers are little-endian, no field is optional, and what is not
//! used is 0. The file descriptors travel beside it (`SCM_RIGHTS`); the message refers to them by
//! *slot*, their position in that list.
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 0 | 8 | magic | `dmashare` |
//! | 8 | 2 | version | 1 |
//! | 10 | 2 | kind of message | 1: an image. 16 to 31 are for streams, the others are reserved |
//! | 12 | 4 | bytes in the datagram | 88 for an image |
//! | 16 | 4 | width in pixels | |
//! | 20 | 4 | height in pixels | |
//! | 24 | 4 | fourcc | |
//! | 28 | 1 | planes | 1 to 4 |
//! | 29 | 1 | extent | 0: the planes lie inside their buffers; 1: the driver's kernel side checks |
//! | 30 | 1 | fence | 0: the pixels are finished; 1: the last slot holds a sync file |
//! | 31 | 1 | slots | as many as the planes and the fence refer to |
//! | 32 | 8 | modifier | `DRM_FORMAT_MOD_INVALID` for implicit |
//! | 40 | 4 x 12 | planes | see below; all 0 behind the last one |
//!
//! Each plane:
//!
//! | at | bytes | field | must be |
//! |---|---|---|---|
//! | 0 | 4 | offset in bytes | |
//! | 4 | 4 | stride in bytes | |
//! | 8 | 1 | slot | that of an earlier plane, or the next unused one |
//! | 9 | 3 | reserved | 0 |
//!
//! Slots are numbered in the order of their first use and the fence comes last, so each image has
//! exactly one encoding and no slot can be left over. The empty cells of the tables are for
//! [`layout`](crate::dmabuf::layout) to check.

use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::layout::Extent;
use crate::format::Fourcc;
use crate::format::Modifier;

mod fields;

pub(crate) use fields::Fields;

/// The first bytes of every datagram.
pub const MAGIC: [u8; 8] = *b"dmashare";
/// The version of the format that this crate speaks. There is no other yet.
pub const VERSION: u16 = 1;
/// Bytes in front of the fields of the message itself.
pub const HEADER_BYTES: usize = 16;
/// Bytes in the datagram of an image.
pub const IMAGE_BYTES: usize = 88;
/// Bytes of an image behind the header.
pub(crate) const IMAGE_FIELDS_BYTES: usize = IMAGE_BYTES - HEADER_BYTES;
/// The most file descriptors that belong to one message: a buffer per plane, and a fence.
pub const MAX_SLOTS: usize = MAX_PLANES + 1;

const KIND_IMAGE: u16 = 1;
const IMAGE_LENGTH: u32 = 88;
const PLANE_BYTES: usize = 12;
const _: () = assert!(IMAGE_LENGTH as usize == IMAGE_BYTES);
const _: () = assert!(IMAGE_BYTES == HEADER_BYTES + 24 + MAX_PLANES * PLANE_BYTES);

/// Where one plane is said to lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PlaneMessage {
    /// Bytes from the beginning of the buffer to the first row.
    pub offset_bytes: u32,
    /// Bytes from the beginning of one row to the next.
    pub stride_bytes: u32,
    /// Which of the file descriptors holds the buffer.
    pub slot: u8,
}

/// One to four planes whose slots are numbered in the order of their first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaneList {
    planes: [PlaneMessage; MAX_PLANES],
    count: u8,
    slots: u8,
}

impl PlaneList {
    /// Takes the planes in the order of the format.
    ///
    /// # Errors
    /// [`Malformed::PlaneCount`] for none or more than four, [`Malformed::Slot`] for a slot that
    /// leaves one out.
    pub fn new(planes: &[PlaneMessage]) -> Result<Self, Malformed> {
        let count = u8::try_from(planes.len()).unwrap_or(u8::MAX);
        if planes.is_empty() || planes.len() > MAX_PLANES {
            return Err(Malformed::PlaneCount { found: count });
        }
        let mut list = Self { planes: [PlaneMessage::default(); MAX_PLANES], count, slots: 0 };
        for (index, (to, from)) in list.planes.iter_mut().zip(planes).enumerate() {
            if from.slot > list.slots {
                return Err(Malformed::Slot { plane: index, found: from.slot });
            }
            if from.slot == list.slots {
                list.slots = list.slots.saturating_add(1);
            }
            *to = *from;
        }
        Ok(list)
    }

    /// Gives each buffer a slot. The caller has one to four planes: the offset and stride of each
    /// in bytes, and whatever tells its buffer from the others.
    pub(in crate::ipc) fn number<B: Copy + PartialEq>(
        planes: impl Iterator<Item = (u32, u32, B)>,
    ) -> Self {
        let mut list = Self { planes: [PlaneMessage::default(); MAX_PLANES], count: 0, slots: 0 };
        let mut slots = [None; MAX_PLANES];
        for (to, (offset_bytes, stride_bytes, buffer)) in list.planes.iter_mut().zip(planes) {
            for (slot, known) in (0..).zip(&mut slots) {
                if *known.get_or_insert(buffer) == buffer {
                    *to = PlaneMessage { offset_bytes, stride_bytes, slot };
                    list.slots = list.slots.max(slot.saturating_add(1));
                    break;
                }
            }
            list.count = list.count.saturating_add(1);
        }
        list
    }

    /// The planes, in the order of the format.
    pub fn as_slice(&self) -> &[PlaneMessage] {
        self.planes.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// How many buffers the planes refer to.
    pub fn slots(&self) -> usize {
        usize::from(self.slots)
    }
}

/// The announcement of an image: what its sender claims. Nothing in it has been compared with a
/// file descriptor, and width, height, fourcc, offsets and strides can have any value.
///
/// ```
/// use dmashare::dmabuf::layout::Extent;
/// use dmashare::format::{Fourcc, Modifier};
/// use dmashare::ipc::wire::{ImageMessage, Malformed, PlaneList, PlaneMessage};
///
/// let plane = PlaneMessage { offset_bytes: 0, stride_bytes: 2560, slot: 0 };
/// let message = ImageMessage {
///     width: 640,
///     height: 480,
///     fourcc: Fourcc::ARGB8888,
///     modifier: Modifier::LINEAR,
///     extent: Extent::Whole,
///     has_fence: false,
///     planes: PlaneList::new(&[plane])?,
/// };
/// let mut bytes = message.encode();
/// assert_eq!(ImageMessage::decode(&bytes), Ok(message));
/// bytes[8] = 2;
/// assert_eq!(ImageMessage::decode(&bytes), Err(Malformed::Version { found: 2 }));
/// # Ok::<(), Malformed>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageMessage {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixel format.
    pub fourcc: Fourcc,
    /// The tiling, common to all planes.
    pub modifier: Modifier,
    /// Who can check that the planes lie inside their buffers: anybody, or the driver alone.
    pub extent: Extent,
    /// Whether a sync file says when the pixels are ready. Without one they are finished.
    pub has_fence: bool,
    /// The planes, in the order of the format.
    pub planes: PlaneList,
}

impl ImageMessage {
    /// How many file descriptors travel with the message.
    pub fn slots(&self) -> usize {
        self.planes.slots().saturating_add(usize::from(self.has_fence))
    }

    /// The datagram.
    pub fn encode(&self) -> [u8; IMAGE_BYTES] {
        let mut fields = Fields::<IMAGE_BYTES>::new();
        fields.put(&Header { kind: KIND_IMAGE, length_bytes: IMAGE_LENGTH }.encode());
        fields.put(&self.encode_fields());
        fields.bytes()
    }

    /// What follows the header.
    pub(crate) fn encode_fields(&self) -> [u8; IMAGE_FIELDS_BYTES] {
        let mut fields = Fields::<IMAGE_FIELDS_BYTES>::new();
        fields.put(&self.width.to_le_bytes());
        fields.put(&self.height.to_le_bytes());
        fields.put(&self.fourcc.0.to_le_bytes());
        fields.put(&[
            self.planes.count,
            u8::from(self.extent == Extent::Beginning),
            u8::from(self.has_fence),
            self.planes.slots.saturating_add(u8::from(self.has_fence)),
        ]);
        fields.put(&self.modifier.to_raw().to_le_bytes());
        for plane in &self.planes.planes {
            fields.put(&plane.offset_bytes.to_le_bytes());
            fields.put(&plane.stride_bytes.to_le_bytes());
            fields.put(&[plane.slot, 0, 0, 0]);
        }
        fields.bytes()
    }

    /// Reads a datagram. Allocates nothing.
    ///
    /// # Errors
    /// [`Malformed`]: one variant for each field that can be wrong.
    pub fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        let reader = Reader::behind_header(datagram, datagram.len())?;
        match reader.rest.first_chunk() {
            Some(fields) => Self::decode_fields(fields),
            None => Err(reader.wrong_length()),
        }
    }

    /// Reads what follows the header. Allocates nothing.
    pub(crate) fn decode_fields(fields: &[u8; IMAGE_FIELDS_BYTES]) -> Result<Self, Malformed> {
        let mut reader = Reader { rest: fields, datagram_bytes: IMAGE_BYTES };
        let width = reader.u32()?;
        let height = reader.u32()?;
        let fourcc = Fourcc(reader.u32()?);
        let [count, extent, fence, slots] = reader.take()?;
        let modifier = Modifier::from_raw(u64::from_le_bytes(reader.take()?));
        let message = Self {
            width,
            height,
            fourcc,
            modifier,
            extent: match extent {
                0 => Extent::Whole,
                1 => Extent::Beginning,
                found => return Err(Malformed::Extent { found }),
            },
            has_fence: match fence {
                0 => false,
                1 => true,
                found => return Err(Malformed::Fence { found }),
            },
            planes: reader.planes(count)?,
        };
        if usize::from(slots) != message.slots() {
            return Err(Malformed::Slots { stated: slots, expected: message.slots() });
        }
        Ok(message)
    }

    /// Why a datagram is refused of which only the beginning was received, because it is longer
    /// than any message. `found` is its real length in bytes.
    pub(in crate::ipc) fn refuse_cut(beginning: &[u8], found: usize) -> Malformed {
        match Reader::behind_header(beginning, found) {
            Err(malformed) => malformed,
            Ok(_) => Malformed::Length { expected: IMAGE_BYTES, found },
        }
    }
}

/// What every datagram begins with: which message it is, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: u16,
    pub(crate) length_bytes: u32,
}

impl Header {
    /// The first bytes of the datagram.
    pub(crate) fn encode(self) -> [u8; HEADER_BYTES] {
        let mut fields = Fields::<HEADER_BYTES>::new();
        fields.put(&MAGIC);
        fields.put(&VERSION.to_le_bytes());
        fields.put(&self.kind.to_le_bytes());
        fields.put(&self.length_bytes.to_le_bytes());
        fields.bytes()
    }

    /// Reads the header, and returns what follows it. Any kind and any length are let through: they
    /// are for the one who knows the message. `datagram_bytes` is the length that was sent.
    pub(crate) fn decode(
        datagram: &[u8],
        datagram_bytes: usize,
    ) -> Result<(Self, &[u8]), Malformed> {
        let mut reader = Reader { rest: datagram, datagram_bytes };
        if reader.take()? != MAGIC {
            return Err(Malformed::Magic);
        }
        let version = u16::from_le_bytes(reader.take()?);
        if version != VERSION {
            return Err(Malformed::Version { found: version });
        }
        let kind = u16::from_le_bytes(reader.take()?);
        Ok((Self { kind, length_bytes: reader.u32()? }, reader.rest))
    }
}

/// What is left to read of a datagram.
struct Reader<'a> {
    rest: &'a [u8],
    datagram_bytes: usize,
}

impl<'a> Reader<'a> {
    /// Reads the header. Version and kind come before the length, which another version may have
    /// changed.
    fn behind_header(datagram: &'a [u8], datagram_bytes: usize) -> Result<Self, Malformed> {
        let (header, rest) = Header::decode(datagram, datagram_bytes)?;
        let reader = Self { rest, datagram_bytes };
        if header.kind != KIND_IMAGE {
            return Err(Malformed::Kind { found: header.kind });
        }
        if datagram_bytes != IMAGE_BYTES {
            return Err(reader.wrong_length());
        }
        let stated = header.length_bytes;
        if stated as usize != datagram_bytes {
            return Err(Malformed::StatedLength { stated, found: datagram_bytes });
        }
        Ok(reader)
    }

    /// The next `N` bytes.
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (field, rest) = self.rest.split_first_chunk().ok_or_else(|| self.wrong_length())?;
        self.rest = rest;
        Ok(*field)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn planes(&mut self, count: u8) -> Result<PlaneList, Malformed> {
        let mut planes = [PlaneMessage::default(); MAX_PLANES];
        let used = usize::from(count);
        if !(1..=MAX_PLANES).contains(&used) {
            return Err(Malformed::PlaneCount { found: count });
        }
        for (index, plane) in planes.iter_mut().enumerate() {
            *plane = PlaneMessage {
                offset_bytes: self.u32()?,
                stride_bytes: self.u32()?,
                slot: u8::from_le_bytes(self.take()?),
            };
            let reserved: [u8; 3] = self.take()?;
            if reserved != [0; 3] || (index >= used && *plane != PlaneMessage::default()) {
                return Err(Malformed::Reserved { plane: index });
            }
        }
        PlaneList::new(planes.get(..used).unwrap_or_default())
    }

    fn wrong_length(&self) -> Malformed {
        Malformed::Length { expected: IMAGE_BYTES, found: self.datagram_bytes }
    }
}

/// Why a datagram is no message. Planes are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the operands that the message and the name explain")]
pub enum Malformed {
    /// Shorter or longer than the message that it claims to be.
    #[error("a datagram of {found} bytes instead of {expected}")]
    Length { expected: usize, found: usize },
    /// It does not begin with [`MAGIC`]: the peer speaks something else.
    #[error("the datagram is not dmashare's")]
    Magic,
    /// The peer speaks another version of this format.
    #[error("version {found} of the format, but only {VERSION} is spoken here")]
    Version { found: u16 },
    /// No message of this kind exists in this version.
    #[error("a message of unknown kind {found}")]
    Kind { found: u16 },
    /// The datagram contradicts its header.
    #[error("a datagram of {found} bytes whose header states {stated}")]
    StatedLength { stated: u32, found: usize },
    /// No plane, or more than four.
    #[error("an image of {found} planes")]
    PlaneCount { found: u8 },
    /// Neither 0 nor 1.
    #[error("unknown extent {found}")]
    Extent { found: u8 },
    /// Neither 0 nor 1.
    #[error("unknown kind of fence {found}")]
    Fence { found: u8 },
    /// A plane leaves out a slot, or refers to one that cannot exist.
    #[error("plane {plane} lies in slot {found}, which leaves out another")]
    Slot { plane: usize, found: u8 },
    /// The number of slots is not that of the file descriptors that planes and fence refer to.
    #[error("{stated} slots are stated, {expected} are referred to")]
    Slots { stated: u8, expected: usize },
    /// A reserved byte, or a plane behind the last one, is not 0.
    #[error("reserved bytes of plane {plane} are not 0")]
    Reserved { plane: usize },
}

#[cfg(test)]
mod tests;
