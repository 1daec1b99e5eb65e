//! Any bytes are read as events without a panic, each event is no longer than what is there, and
//! what is known of it is what a second account of the bytes says.

use dmashare::kms::Clock;
use dmashare::kms::event::Event;
use dmashare::kms::event::EventParser;
use dmashare::kms::event::MalformedEvent;

/// Treats the input as what `read(2)` gave.
pub(crate) fn run(bytes: &[u8]) {
    let mut parser = EventParser::new(bytes, Clock::Monotonic);
    let mut at = 0;
    while let Some(event) = parser.next() {
        let next = bytes.len() - parser.rest().len();
        assert!(next > at, "an event without a length");
        match event {
            Ok(event) => check(event, &bytes[at..next]),
            Err(MalformedEvent::Short { kind, length_bytes }) => {
                assert!((1..=3).contains(&kind) && (8..32).contains(&length_bytes));
                assert_eq!(next - at, length_bytes as usize);
            }
            Err(_) => assert!(parser.rest().is_empty()),
        }
        at = next;
    }
    assert_eq!(at, bytes.len());
}

fn check(event: Event, bytes: &[u8]) {
    let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    let wide = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!(word(4) as usize, bytes.len());
    match event {
        Event::Flip(event) | Event::Vblank(event) => {
            assert!([1, 2].contains(&word(0)));
            assert_eq!(event.user_data, wide(8));
            assert_eq!(
                event.time.time.as_secs(),
                u64::from(word(16)) + u64::from(word(20)) / 1_000_000
            );
            assert_eq!(event.time.time.subsec_micros(), word(20) % 1_000_000);
            assert_eq!(event.sequence.0, word(24));
            assert_eq!(event.crtc.map_or(0, u32::from), word(28));
        }
        Event::Sequence(event) => {
            assert_eq!(word(0), 3);
            assert_eq!(event.user_data, wide(8));
            let ns = i128::from(wide(16).cast_signed()).max(0);
            assert_eq!(event.time.time.as_nanos().cast_signed(), ns);
            assert_eq!(event.count, wide(24));
        }
        Event::Unknown { kind, .. } => assert!(!(1..=3).contains(&kind) && kind == word(0)),
        other => panic!("{other:?}"),
    }
}
