#![allow(clippy::arithmetic_side_effects, reason = "an overflow is how a test fails")]
//! What holds for each message, and for each datagram.

use proptest::prelude::*;

use super::strategies::messages;
use super::*;
use crate::ipc::wire;
use crate::ipc::wire::ImageMessage;
use crate::ipc::wire::MAX_SLOTS;

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if cfg!(miri) {
        config.cases = 16;
        config.failure_persistence = None;
    }
    config
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut datagram = Vec::new();
    message.encode(&mut datagram);
    datagram
}

/// What is accepted has no other encoding: no byte is ignored.
fn assert_refused_or_canonical(datagram: &[u8]) {
    if let Ok(accepted) = Message::decode(datagram) {
        assert_eq!(encoded(&accepted), datagram, "{accepted:?}");
        assert!(accepted.slots() <= MAX_SLOTS);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn decode_encoded_message_gives_it_back(message in messages()) {
        let datagram = encoded(&message);
        prop_assert!(datagram.len() <= MAX_MESSAGE_BYTES);
        let decoded = Message::decode(&datagram);
        prop_assert_eq!(decoded.as_ref(), Ok(&message));
        // Sets are equal in whatever order, datagrams are not.
        prop_assert_eq!(encoded(&decoded.unwrap()), datagram);
    }

    #[test]
    fn message_has_the_file_descriptors_that_its_bytes_state(message in messages()) {
        let datagram = encoded(&message);
        // The slots of the image, and the fences of a frame and of a release.
        let stated = match message.kind() {
            Kind::Announce => datagram[39],
            Kind::Frame => datagram[42],
            Kind::Release => datagram[26],
            _ => 0,
        };
        prop_assert_eq!(message.slots(), usize::from(stated));
    }

    /// Each byte with each of its bits turned, and with the values at the ends.
    #[test]
    fn decode_message_with_one_changed_byte_is_refused_or_canonical(message in messages()) {
        let mut datagram = encoded(&message);
        let all_bytes = if cfg!(miri) { 64.min(datagram.len()) } else { datagram.len() };
        for at in 0..all_bytes {
            let before = datagram[at];
            let turned = (0..8).map(|bit| before ^ (1 << bit));
            for byte in turned.chain([0, 0x7f, 0x80, 0xff]) {
                datagram[at] = byte;
                assert_refused_or_canonical(&datagram);
            }
            datagram[at] = before;
        }
    }

    #[test]
    fn decode_message_of_another_length_is_refused(message in messages(), more in 1_usize..40) {
        let mut datagram = encoded(&message);
        let length = datagram.len();
        for shorter in 0..length {
            prop_assert!(Message::decode(&datagram[..shorter]).is_err());
        }
        datagram.resize(length + more, 0);
        let refused = Malformed::StatedLength {
            stated: u32::try_from(length).unwrap(),
            found: length + more,
        };
        prop_assert_eq!(Message::decode(&datagram), Err(refused));
        datagram[12..16].copy_from_slice(&u32::try_from(length + more).unwrap().to_le_bytes());
        let refused = Malformed::Length { expected: length, found: length + more };
        prop_assert_eq!(Message::decode(&datagram), Err(refused));
    }

    #[test]
    fn decode_arbitrary_fields_never_panics(
        kind in proptest::sample::select(&Kind::ALL[..]),
        fields in proptest::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..200),
    ) {
        let length = u32::try_from(16 + fields.len()).unwrap();
        let header = wire::Header { kind: kind.code(), length_bytes: length }.encode();
        assert_refused_or_canonical(&[header.as_slice(), &fields].concat());
    }

    /// What was in the memory before is of no meaning.
    #[test]
    fn frame_is_read_over_another_one(messages in proptest::collection::vec(messages(), 1..8)) {
        let mut spares = SpareFrames::new();
        for message in messages {
            let read = Message::decode_with(&encoded(&message), &mut spares);
            prop_assert_eq!(&read, &Ok(message));
            if let Ok(Message::Frame(frame)) = read {
                spares.put(frame);
            }
        }
    }

    /// The two protocols share a header and cannot be taken for each other.
    #[test]
    fn no_message_of_a_stream_is_an_image(message in messages()) {
        let refused = wire::Malformed::Kind { found: message.kind().code() };
        prop_assert_eq!(ImageMessage::decode(&encoded(&message)), Err(refused));
    }
}

#[test]
fn encode_uses_the_memory_that_it_is_given() {
    let frame = Frame {
        serial: std::num::NonZeroU64::MIN,
        user_serial: 0,
        presentation_ns: None,
        buffer: BufferId::new(0).unwrap(),
        has_fence: false,
        damage: Damage::EVERYTHING,
        colour: Colour::UNSPECIFIED,
    };
    let mut datagram = Vec::with_capacity(512);
    let memory = datagram.as_ptr();
    for _ in 0..3 {
        Message::from(frame).encode(&mut datagram);
        assert_eq!(datagram.len(), 48);
        assert_eq!((datagram.as_ptr(), datagram.capacity()), (memory, 512));
    }
}
