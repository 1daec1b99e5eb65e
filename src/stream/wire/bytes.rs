//! The fields of a datagram, one after the other.

use std::num::NonZeroU16;
use std::num::NonZeroU32;
use std::num::NonZeroU64;

use crate::format::Modifier;
use crate::ipc::wire::HEADER_BYTES;
use crate::ipc::wire::Header;
use crate::stream::wire::BufferId;
use crate::stream::wire::Field;
use crate::stream::wire::Kind;
use crate::stream::wire::Malformed;

/// What is left to read of a datagram.
pub(in crate::stream::wire) struct Reader<'a> {
    rest: &'a [u8],
    datagram_bytes: usize,
    /// What follows `rest`, which is for somebody else.
    behind_bytes: usize,
}

impl<'a> Reader<'a> {
    /// Reads the header.
    pub(in crate::stream::wire) fn behind_header(
        datagram: &'a [u8],
    ) -> Result<(Kind, Self), Malformed> {
        let datagram_bytes = datagram.len();
        if datagram_bytes < HEADER_BYTES {
            return Err(Malformed::Length { expected: HEADER_BYTES, found: datagram_bytes });
        }
        let (header, rest) = Header::decode(datagram, datagram_bytes).map_err(Malformed::Header)?;
        let kind = Kind::from_code(header.kind)?;
        let stated = header.length_bytes;
        if stated as usize != datagram_bytes {
            return Err(Malformed::StatedLength { stated, found: datagram_bytes });
        }
        Ok((kind, Self { rest, datagram_bytes, behind_bytes: 0 }))
    }

    /// Checks the length of the whole datagram.
    pub(in crate::stream::wire) fn expect(&self, expected: usize) -> Result<(), Malformed> {
        if self.datagram_bytes == expected { Ok(()) } else { Err(self.wrong_length(expected)) }
    }

    /// Checks that the datagram has the part that every message of its kind has.
    pub(in crate::stream::wire) fn expect_at_least(
        &self,
        expected: usize,
    ) -> Result<(), Malformed> {
        if self.datagram_bytes >= expected { Ok(()) } else { Err(self.wrong_length(expected)) }
    }

    fn wrong_length(&self, expected: usize) -> Malformed {
        Malformed::Length { expected, found: self.datagram_bytes }
    }

    /// How many bytes of the datagram have been read.
    fn at(&self) -> usize {
        let left = self.rest.len().saturating_add(self.behind_bytes);
        self.datagram_bytes.saturating_sub(left)
    }

    /// The next `N` bytes, for fields that are always there: as their number is known, nobody has to
    /// ask for each field whether it is.
    #[inline]
    pub(in crate::stream::wire) fn fixed<const N: usize>(&mut self) -> Result<Self, Malformed> {
        let Some((fields, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.wrong_length(self.at().saturating_add(N)));
        };
        self.rest = rest;
        let behind_bytes = rest.len().saturating_add(self.behind_bytes);
        Ok(Self { rest: fields, datagram_bytes: self.datagram_bytes, behind_bytes })
    }

    /// The next `N` bytes.
    pub(in crate::stream::wire) fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let Some((field, rest)) = self.rest.split_first_chunk() else {
            return Err(self.wrong_length(self.at().saturating_add(N)));
        };
        self.rest = rest;
        Ok(*field)
    }

    /// All bytes that are left.
    pub(in crate::stream::wire) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// The next `N` bytes, which must be 0.
    pub(in crate::stream::wire) fn reserved<const N: usize>(&mut self) -> Result<(), Malformed> {
        let at = self.at();
        if self.take()? == [0; N] { Ok(()) } else { Err(Malformed::Reserved { at }) }
    }

    pub(in crate::stream::wire) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    pub(in crate::stream::wire) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    pub(in crate::stream::wire) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(in crate::stream::wire) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    pub(in crate::stream::wire) fn nonzero_u16(
        &mut self,
        field: Field,
    ) -> Result<NonZeroU16, Malformed> {
        NonZeroU16::new(self.u16()?).ok_or(Malformed::OutOfRange { field, found: 0 })
    }

    pub(in crate::stream::wire) fn nonzero_u32(
        &mut self,
        field: Field,
    ) -> Result<NonZeroU32, Malformed> {
        NonZeroU32::new(self.u32()?).ok_or(Malformed::OutOfRange { field, found: 0 })
    }

    pub(in crate::stream::wire) fn nonzero_u64(
        &mut self,
        field: Field,
    ) -> Result<NonZeroU64, Malformed> {
        NonZeroU64::new(self.u64()?).ok_or(Malformed::OutOfRange { field, found: 0 })
    }

    pub(in crate::stream::wire) fn flag(&mut self, field: Field) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(Malformed::OutOfRange { field, found: u64::from(found) }),
        }
    }

    pub(in crate::stream::wire) fn buffer(&mut self) -> Result<BufferId, Malformed> {
        let found = self.u16()?;
        BufferId::new(found)
            .ok_or(Malformed::OutOfRange { field: Field::Buffer, found: u64::from(found) })
    }

    pub(in crate::stream::wire) fn modifier(&mut self) -> Result<Modifier, Malformed> {
        Ok(Modifier::from_raw(self.u64()?))
    }
}

/// The header of a message that has so many bytes with it.
pub(in crate::stream::wire) fn header(kind: Kind, length_bytes: usize) -> [u8; HEADER_BYTES] {
    let length_bytes = u32::try_from(length_bytes).unwrap_or(u32::MAX);
    Header { kind: kind.code(), length_bytes }.encode()
}

/// A datagram that is being written. Its memory is the caller's and is used again, so that nothing
/// is allocated for a frame.
pub(in crate::stream::wire) struct Writer<'a> {
    datagram: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins with the header.
    pub(in crate::stream::wire) fn new(
        datagram: &'a mut Vec<u8>,
        kind: Kind,
        length_bytes: usize,
    ) -> Self {
        datagram.clear();
        datagram.extend_from_slice(&header(kind, length_bytes));
        Self { datagram }
    }

    pub(in crate::stream::wire) fn bytes(&mut self, field: &[u8]) {
        self.datagram.extend_from_slice(field);
    }

    pub(in crate::stream::wire) fn u8(&mut self, field: u8) {
        self.datagram.push(field);
    }

    pub(in crate::stream::wire) fn flag(&mut self, field: bool) {
        self.u8(u8::from(field));
    }

    pub(in crate::stream::wire) fn u16(&mut self, field: u16) {
        self.bytes(&field.to_le_bytes());
    }

    pub(in crate::stream::wire) fn u32(&mut self, field: u32) {
        self.bytes(&field.to_le_bytes());
    }

    pub(in crate::stream::wire) fn u64(&mut self, field: u64) {
        self.bytes(&field.to_le_bytes());
    }

    pub(in crate::stream::wire) fn buffer(&mut self, buffer: BufferId) {
        self.u16(u16::from(buffer.get()));
    }

    pub(in crate::stream::wire) fn modifier(&mut self, modifier: Modifier) {
        self.u64(modifier.to_raw());
    }
}
