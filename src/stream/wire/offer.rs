//! What a consumer can use.

use std::num::NonZeroU32;

use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Usage;
use crate::stream::wire::Field;
use crate::stream::wire::Kind;
use crate::stream::wire::MAX_ENTRIES;
use crate::stream::wire::Malformed;
use crate::stream::wire::Size;
use crate::stream::wire::bytes::Reader;
use crate::stream::wire::bytes::Writer;

const OFFER_BYTES: usize = 32;
const SET_BYTES: usize = 8;
const ENTRY_BYTES: usize = 16;

/// What a consumer can use: for each of its usages the formats, with all their modifiers, the best
/// first.
///
/// ```
/// use std::num::NonZeroU32;
///
/// use dmashare::format::{FormatSet, Fourcc, Modifier, Usage};
/// use dmashare::stream::wire::{Message, Offer};
///
/// let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
/// let offer = Offer::new(NonZeroU32::MIN, None, &[(Usage::Sample, formats.clone())])?;
/// let mut datagram = Vec::new();
/// Message::Offer(offer).encode(&mut datagram);
/// let Message::Offer(received) = Message::decode(&datagram)? else { unreachable!() };
/// assert_eq!(received.formats(Usage::Sample), Some(&formats));
/// assert_eq!(received.formats(Usage::ScanOut), None);
/// # Ok::<(), dmashare::stream::wire::Malformed>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    number: NonZeroU32,
    wished_size: Option<Size>,
    /// In the order of the usages' codes.
    sets: Vec<(Usage, FormatSet)>,
}

impl Offer {
    /// Makes an offer of one to four sets, in any order.
    ///
    /// # Errors
    /// [`Malformed::OutOfRange`] for the
    /// - [`Field::Sets`]: there is none, or more than there are usages;
    /// - [`Field::Usage`]: two sets have the same;
    /// - [`Field::Entries`]: a set is empty, or all sets together have more than 2048 entries.
    pub fn new(
        number: NonZeroU32,
        wished_size: Option<Size>,
        sets: &[(Usage, FormatSet)],
    ) -> Result<Self, Malformed> {
        let mut sets = sets.to_vec();
        sets.sort_by_key(|(usage, _)| code_of(*usage));
        let refuse = |field, found: usize| Malformed::OutOfRange { field, found: found as u64 };
        if !(1..=4).contains(&sets.len()) {
            return Err(refuse(Field::Sets, sets.len()));
        }
        let mut entries = 0_usize;
        let mut before = 0;
        for (usage, formats) in &sets {
            if code_of(*usage) <= before {
                return Err(refuse(Field::Usage, usize::from(code_of(*usage))));
            }
            before = code_of(*usage);
            entries = entries.saturating_add(formats.len());
            if formats.is_empty() || entries > MAX_ENTRIES {
                return Err(refuse(Field::Entries, formats.len()));
            }
        }
        Ok(Self { number, wished_size, sets })
    }

    /// Counts the offers of a consumer.
    pub fn number(&self) -> NonZeroU32 {
        self.number
    }

    /// The size that would suit the consumer best, if one would.
    pub fn wished_size(&self) -> Option<Size> {
        self.wished_size
    }

    /// Each usage with what can be used so: at least one of each.
    pub fn sets(&self) -> impl ExactSizeIterator<Item = (Usage, &FormatSet)> {
        self.sets.iter().map(|(usage, formats)| (*usage, formats))
    }

    /// What can be used in one way; `None` if the consumer does not.
    pub fn formats(&self, usage: Usage) -> Option<&FormatSet> {
        self.sets().find_map(|(known, formats)| (known == usage).then_some(formats))
    }

    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        let set_bytes = |formats: &FormatSet| {
            formats.len().saturating_mul(ENTRY_BYTES).saturating_add(SET_BYTES)
        };
        let sets_bytes: usize = self.sets().map(|(_, formats)| set_bytes(formats)).sum();
        let length_bytes = OFFER_BYTES.saturating_add(sets_bytes);
        let mut writer = Writer::new(datagram, Kind::Offer, length_bytes);
        writer.u32(self.number.get());
        writer.u32(self.wished_size.map_or(0, Size::width));
        writer.u32(self.wished_size.map_or(0, Size::height));
        writer.u8(u8::try_from(self.sets.len()).unwrap_or(u8::MAX));
        writer.bytes(&[0; 3]);
        for (usage, formats) in self.sets() {
            writer.u8(code_of(usage));
            writer.u8(0);
            writer.u16(u16::try_from(formats.len()).unwrap_or(u16::MAX));
            writer.u32(0);
            for entry in formats.entries() {
                writer.u32(entry.fourcc.0);
                writer.flag(entry.external_only);
                writer.bytes(&[0; 3]);
                writer.modifier(entry.modifier);
            }
        }
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect_at_least(OFFER_BYTES)?;
        let number = reader.nonzero_u32(Field::OfferNumber)?;
        let wished_size = match [reader.u32()?, reader.u32()?] {
            [0, 0] => None,
            [width, height] => Some(Size::check(width, height)?),
        };
        let count = reader.u8()?;
        if !(1..=4).contains(&count) {
            return Err(Malformed::OutOfRange { field: Field::Sets, found: u64::from(count) });
        }
        reader.reserved::<3>()?;
        let mut sets = Vec::new();
        let mut length_bytes = OFFER_BYTES;
        let mut entries = 0_usize;
        let mut before = 0;
        for _ in 0..count {
            let usage = reader.u8()?;
            let (is_next, known) = (usage > before, usage_of(usage));
            let (true, Some(known)) = (is_next, known) else {
                return Err(Malformed::OutOfRange { field: Field::Usage, found: u64::from(usage) });
            };
            before = usage;
            reader.reserved::<1>()?;
            let found = reader.u16()?;
            let first = entries;
            entries = entries.saturating_add(usize::from(found));
            if found == 0 || entries > MAX_ENTRIES {
                let found = u64::from(found);
                return Err(Malformed::OutOfRange { field: Field::Entries, found });
            }
            reader.reserved::<4>()?;
            let set_bytes =
                usize::from(found).saturating_mul(ENTRY_BYTES).saturating_add(SET_BYTES);
            length_bytes = length_bytes.saturating_add(set_bytes);
            reader.expect_at_least(length_bytes)?;
            sets.push((known, decode_entries(reader, first..entries)?));
        }
        reader.expect(length_bytes)?;
        Ok(Self { number, wished_size, sets })
    }
}

/// Entries in the order that a [`FormatSet`] gives them back in: the other orders would be other
/// encodings of the same offer.
fn decode_entries(
    reader: &mut Reader<'_>,
    numbers: std::ops::Range<usize>,
) -> Result<FormatSet, Malformed> {
    let mut formats = FormatSet::new();
    let mut last = None;
    for number in numbers {
        let fourcc = Fourcc(reader.u32()?);
        let external_only = reader.flag(Field::ExternalOnly)?;
        reader.reserved::<3>()?;
        let modifier = reader.modifier()?;
        let is_apart = last != Some(fourcc) && formats.contains_fourcc(fourcc);
        if is_apart || !formats.insert(Entry { fourcc, modifier, external_only }) {
            return Err(Malformed::EntryOrder { entry: number });
        }
        last = Some(fourcc);
    }
    Ok(formats)
}

fn code_of(usage: Usage) -> u8 {
    match usage {
        Usage::Sample => 1,
        Usage::Render => 2,
        Usage::ScanOut => 3,
        Usage::Cpu => 4,
    }
}

fn usage_of(code: u8) -> Option<Usage> {
    let usages = [Usage::Sample, Usage::Render, Usage::ScanOut, Usage::Cpu];
    usages.into_iter().find(|usage| code_of(*usage) == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Modifier;
    use crate::stream::wire::Message;

    fn formats(count: u32) -> FormatSet {
        (0..count).map(|code| (Fourcc(code), Modifier::LINEAR)).collect()
    }

    fn refused(sets: &[(Usage, FormatSet)]) -> Malformed {
        Offer::new(NonZeroU32::MIN, None, sets).unwrap_err()
    }

    #[test]
    fn offer_that_could_not_be_received_is_refused() {
        let refuse = |field, found| Malformed::OutOfRange { field, found };
        assert_eq!(refused(&[]), refuse(Field::Sets, 0));
        let twice = [(Usage::Cpu, formats(1)), (Usage::Cpu, formats(2))];
        assert_eq!(refused(&twice), refuse(Field::Usage, 4));
        assert_eq!(refused(&[(Usage::Cpu, formats(0))]), refuse(Field::Entries, 0));
        let many = [(Usage::Cpu, formats(1024)), (Usage::Sample, formats(1025))];
        assert_eq!(refused(&many), refuse(Field::Entries, 1024));
    }

    #[test]
    fn longest_offer_is_the_longest_message() {
        let sets = [Usage::Cpu, Usage::ScanOut, Usage::Render, Usage::Sample];
        let sets = sets.map(|usage| (usage, formats(512)));
        let offer = Offer::new(NonZeroU32::MAX, Size::new(1, 1), &sets).unwrap();
        let mut datagram = Vec::new();
        offer.encode(&mut datagram);
        assert_eq!(datagram.len(), crate::stream::wire::MAX_MESSAGE_BYTES);
        assert_eq!(offer.sets().map(|(usage, _)| code_of(usage)).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let found = Message::decode(&datagram);
        assert_eq!(found, Ok(Message::Offer(offer)));
    }
}
