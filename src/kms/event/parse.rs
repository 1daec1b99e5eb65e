#![warn(clippy::arithmetic_side_effects)]
//! The bytes that a node gives when it is read.
//!
//! Each event begins with its kind and its length. Neither is believed: a length that reaches beyond
//! the bytes that are there, or does not even cover the header, ends the reading with an error.

use std::time::Duration;

use drm::control::from_u32;

use crate::kms::Clock;
use crate::kms::Sequence;
use crate::kms::Timestamp;
use crate::kms::event::Event;
use crate::kms::event::SequenceEvent;
use crate::kms::event::VblankEvent;

/// Bytes of `struct drm_event`.
const HEADER_BYTES: usize = 8;
/// Bytes of `struct drm_event_vblank` and of `struct drm_event_crtc_sequence`.
const EVENT_BYTES: usize = 32;

/// Why bytes are no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedEvent {
    /// Fewer bytes than a header are left.
    #[error("{left_bytes} bytes are less than the {HEADER_BYTES} of an event's header")]
    NoHeader {
        /// How many there are.
        left_bytes: usize,
    },
    /// The length does not cover the header, or reaches beyond what is there. Where the next event
    /// begins cannot be known.
    #[error("an event of kind {kind} says that it has {length_bytes} of {left_bytes} bytes")]
    Length {
        /// What it says it is.
        kind: u32,
        /// How long it says it is.
        length_bytes: u32,
        /// How many bytes there are.
        left_bytes: usize,
    },
    /// The length is less than an event of this kind has. The next event can be read.
    #[error("an event of kind {kind} has {length_bytes} bytes, less than {EVENT_BYTES}")]
    Short {
        /// What it is.
        kind: u32,
        /// How long it is.
        length_bytes: u32,
    },
}

/// The events in the bytes of one `read(2)`, in their order. Any bytes are read safely, and nothing
/// is allocated.
///
/// Events of unknown kinds are [`Event::Unknown`], and bytes at the end of a known one that this
/// crate does not know are passed over, as the kernel asks for. After
/// [`MalformedEvent::NoHeader`] and [`MalformedEvent::Length`] it is at its end.
#[derive(Clone, Debug)]
pub struct EventParser<'bytes> {
    rest: &'bytes [u8],
    clock: Clock,
}

impl<'bytes> EventParser<'bytes> {
    /// Reads these bytes. `clock` is that of the times in them.
    pub const fn new(bytes: &'bytes [u8], clock: Clock) -> Self {
        Self { rest: bytes, clock }
    }

    /// The bytes that were not read yet.
    pub const fn rest(&self) -> &'bytes [u8] {
        self.rest
    }

    fn take(&mut self) -> Result<Event, MalformedEvent> {
        let bytes = std::mem::take(&mut self.rest);
        let left_bytes = bytes.len();
        let header = bytes.first_chunk::<HEADER_BYTES>();
        let header = header.ok_or(MalformedEvent::NoHeader { left_bytes })?;
        let [kind, length_bytes] = words(header);
        let length = usize::try_from(length_bytes).unwrap_or(usize::MAX);
        let (event, rest) = match bytes.split_at_checked(length) {
            Some(parts) if length >= HEADER_BYTES => parts,
            _ => return Err(MalformedEvent::Length { kind, length_bytes, left_bytes }),
        };
        self.rest = rest;
        let whole = || {
            event.first_chunk::<EVENT_BYTES>().ok_or(MalformedEvent::Short { kind, length_bytes })
        };
        Ok(match kind {
            drm_ffi::DRM_EVENT_VBLANK => Event::Vblank(vblank(whole()?, self.clock)),
            drm_ffi::DRM_EVENT_FLIP_COMPLETE => Event::Flip(vblank(whole()?, self.clock)),
            drm_ffi::DRM_EVENT_CRTC_SEQUENCE => Event::Sequence(sequence(whole()?)),
            kind => Event::Unknown { kind, length_bytes },
        })
    }
}

impl Iterator for EventParser<'_> {
    type Item = Result<Event, MalformedEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.take())
    }
}

/// `struct drm_event_vblank`: the header, user data, seconds, microseconds, frame, CRTC.
fn vblank(bytes: &[u8; EVENT_BYTES], clock: Clock) -> VblankEvent {
    let [_, _, low, high, seconds, microseconds, frame, crtc] = words(bytes);
    let time = Duration::from_secs(seconds.into())
        .saturating_add(Duration::from_micros(microseconds.into()));
    VblankEvent {
        user_data: joined(low, high),
        time: Timestamp { clock, time },
        sequence: Sequence(frame),
        crtc: from_u32(crtc),
    }
}

/// `struct drm_event_crtc_sequence`: the header, user data, nanoseconds, frame.
fn sequence(bytes: &[u8; EVENT_BYTES]) -> SequenceEvent {
    let [_, _, user_low, user_high, ns_low, ns_high, low, high] = words(bytes);
    let time_ns = joined(ns_low, ns_high).cast_signed();
    // The clock does not go below zero; a driver's number may.
    let time = Duration::from_nanos(u64::try_from(time_ns).unwrap_or(0));
    SequenceEvent {
        user_data: joined(user_low, user_high),
        time: Timestamp { clock: Clock::Monotonic, time },
        count: joined(low, high),
    }
}

/// A 64-bit number of the halves as they lie in memory.
fn joined(first: u32, second: u32) -> u64 {
    let [low, high] =
        if cfg!(target_endian = "little") { [first, second] } else { [second, first] };
    (u64::from(high) << 32) | u64::from(low)
}

fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    let (chunks, _rest) = bytes.as_chunks::<4>();
    for (word, bytes) in words.iter_mut().zip(chunks) {
        *word = u32::from_ne_bytes(*bytes);
    }
    words
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use drm::control::from_u32;
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::any;
    use proptest::prop_assert;
    use proptest::proptest;

    use crate::kms::Clock;
    use crate::kms::Sequence;
    use crate::kms::Timestamp;
    use crate::kms::event::Event;
    use crate::kms::event::EventParser;
    use crate::kms::event::MalformedEvent;
    use crate::kms::event::SequenceEvent;
    use crate::kms::event::VblankEvent;

    fn bytes(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn wide(number: u64) -> [u32; 2] {
        let bytes = number.to_ne_bytes();
        [&bytes[..4], &bytes[4..]].map(|half| u32::from_ne_bytes(half.try_into().unwrap()))
    }

    fn flip(user_data: u64) -> Vec<u8> {
        let [low, high] = wide(user_data);
        bytes(&[2, 32, low, high, 12, 345_678, 99, 41])
    }

    fn parse(bytes: &[u8]) -> Vec<Result<Event, MalformedEvent>> {
        EventParser::new(bytes, Clock::Monotonic).collect()
    }

    #[test]
    fn each_kind_has_its_numbers() {
        let time = Timestamp { clock: Clock::Monotonic, time: Duration::from_micros(12_345_678) };
        let expected = VblankEvent {
            user_data: u64::MAX - 1,
            time,
            sequence: Sequence(99),
            crtc: from_u32(41),
        };
        assert_eq!(parse(&flip(u64::MAX - 1)), [Ok(Event::Flip(expected))]);
        let [user_low, user_high] = wide(7);
        let vblank = bytes(&[1, 32, user_low, user_high, 12, 345_678, 99, 0]);
        let expected = VblankEvent { user_data: 7, crtc: None, ..expected };
        assert_eq!(parse(&vblank), [Ok(Event::Vblank(expected))]);
        let [ns, count] = [wide(5_000_000_001), wide(1 << 40)];
        let sequence = bytes(&[3, 32, user_low, user_high, ns[0], ns[1], count[0], count[1]]);
        let time = Timestamp { clock: Clock::Monotonic, time: Duration::new(5, 1) };
        let expected = SequenceEvent { user_data: 7, time, count: 1 << 40 };
        assert_eq!(parse(&sequence), [Ok(Event::Sequence(expected))]);
    }

    #[test]
    fn events_that_came_together_are_read_one_by_one() {
        let mut all = flip(1);
        all.extend(bytes(&[0x8000_0001, 12, 0xdead_beef]));
        // Longer than this crate knows: a later kernel's.
        all.extend(bytes(&[2, 40, 0, 0, 0, 0, 5, 41, 1, 2]));
        all.extend(flip(3));
        let kinds: Vec<_> = parse(&all)
            .into_iter()
            .map(|event| match event.unwrap() {
                Event::Flip(flip) => (flip.sequence.0, 0),
                Event::Unknown { kind, length_bytes } => (kind, length_bytes),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds, [(99, 0), (0x8000_0001, 12), (5, 0), (99, 0)]);
    }

    #[test]
    fn lengths_that_lie_end_the_reading() {
        for length_bytes in [0, 1, 7, 33, 65, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let mut lie = flip(1);
            lie[4..8].copy_from_slice(&length_bytes.to_ne_bytes());
            let error = MalformedEvent::Length { kind: 2, length_bytes, left_bytes: 32 };
            assert_eq!(parse(&lie), [Err(error)]);
            let mut after_a_true_one = flip(1);
            after_a_true_one.extend(lie);
            let read = parse(&after_a_true_one);
            assert!(matches!(read[..], [Ok(Event::Flip(_)), Err(_)]), "{read:?}");
        }
    }

    #[test]
    fn event_that_is_cut_off_is_an_error() {
        for end in 1..32 {
            let read = parse(&flip(1)[..end]);
            match read[..] {
                [Err(MalformedEvent::NoHeader { left_bytes })] => assert_eq!(left_bytes, end),
                [Err(MalformedEvent::Length { left_bytes, .. })] => assert_eq!(left_bytes, end),
                _ => panic!("{read:?}"),
            }
        }
        assert_eq!(parse(&[]), []);
    }

    #[test]
    fn known_event_that_is_too_short_is_passed_over() {
        let mut all = bytes(&[2, 12, 0]);
        all.extend(flip(1));
        let read = parse(&all);
        assert_eq!(read[0], Err(MalformedEvent::Short { kind: 2, length_bytes: 12 }));
        assert!(matches!(read[1..], [Ok(Event::Flip(_))]), "{read:?}");
    }

    #[test]
    fn times_that_no_clock_shows_do_not_overflow() {
        let [Ok(Event::Flip(flip))] = parse(&bytes(&[2, 32, 0, 0, u32::MAX, u32::MAX, 0, 0]))[..]
        else {
            panic!("no flip");
        };
        assert_eq!(flip.time.time, Duration::new(u64::from(u32::MAX) + 4294, 967_295_000));
        let ns = wide(u64::MAX);
        let read = parse(&bytes(&[3, 32, 0, 0, ns[0], ns[1], 0, 0]));
        let [Ok(Event::Sequence(event))] = read[..] else { panic!("{read:?}") };
        assert_eq!(event.time.time, Duration::ZERO);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 4 } else { 2048 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let read = parse(&bytes);
            prop_assert!(read.len() <= bytes.len() / 8 + 1);
            let mut parser = EventParser::new(&bytes, Clock::Realtime);
            let mut left = bytes.len();
            while parser.next().is_some() {
                prop_assert!(parser.rest().len() < left);
                left = parser.rest().len();
            }
            prop_assert!(parser.rest().is_empty());
        }
    }
}
