//! The datagram of an image: each field, each way to be wrong.

use proptest::prelude::*;

use super::*;

/// NV12 in one buffer, with a fence: plane 0 and 1 in slot 0, the fence in slot 1.
fn example() -> ImageMessage {
    let luma = PlaneMessage { offset_bytes: 0, stride_bytes: 0x300, slot: 0 };
    let chroma = PlaneMessage { offset_bytes: 0x5_a000, stride_bytes: 0x300, slot: 0 };
    ImageMessage {
        width: 640,
        height: 480,
        fourcc: Fourcc::NV12,
        modifier: Modifier::from_raw(0x0100_0000_0000_0002),
        extent: Extent::Beginning,
        has_fence: true,
        planes: PlaneList::new(&[luma, chroma]).unwrap(),
    }
}

/// Written by hand from the table in the module's documentation.
#[rustfmt::skip]
const EXAMPLE: [u8; IMAGE_BYTES] = [
    b'd', b'm', b'a', b's', b'h', b'a', b'r', b'e',
    1, 0,  1, 0,  88, 0, 0, 0,
    0x80, 2, 0, 0,  0xe0, 1, 0, 0,  b'N', b'V', b'1', b'2',
    2,  1,  1,  2,
    2, 0, 0, 0, 0, 0, 0, 1,
    0, 0, 0, 0,     0, 3, 0, 0,  0,  0, 0, 0,
    0, 0xa0, 5, 0,  0, 3, 0, 0,  0,  0, 0, 0,
    0, 0, 0, 0,     0, 0, 0, 0,  0,  0, 0, 0,
    0, 0, 0, 0,     0, 0, 0, 0,  0,  0, 0, 0,
];

#[test]
fn encode_known_image_gives_the_documented_bytes() {
    assert_eq!(example().encode(), EXAMPLE);
}

#[test]
fn decode_documented_bytes_gives_the_known_image() {
    assert_eq!(ImageMessage::decode(&EXAMPLE), Ok(example()));
}

/// One changed byte of the example (where, to what) and the error that tells of it.
const MALFORMED: &[(&str, usize, u8, Malformed)] = &[
    ("first byte of the magic", 0, b'D', Malformed::Magic),
    ("last byte of the magic", 7, 0, Malformed::Magic),
    ("version 0", 8, 0, Malformed::Version { found: 0 }),
    ("version 2", 8, 2, Malformed::Version { found: 2 }),
    ("version 257", 9, 1, Malformed::Version { found: 257 }),
    ("kind 0", 10, 0, Malformed::Kind { found: 0 }),
    ("kind 2", 10, 2, Malformed::Kind { found: 2 }),
    ("kind 257", 11, 1, Malformed::Kind { found: 257 }),
    ("shorter than stated", 12, 89, Malformed::StatedLength { stated: 89, found: 88 }),
    ("longer than stated", 12, 0, Malformed::StatedLength { stated: 0, found: 88 }),
    ("much shorter", 15, 1, Malformed::StatedLength { stated: 0x0100_0058, found: 88 }),
    ("no planes", 28, 0, Malformed::PlaneCount { found: 0 }),
    ("a stated plane too few", 28, 1, Malformed::Reserved { plane: 1 }),
    ("five planes", 28, 5, Malformed::PlaneCount { found: 5 }),
    ("255 planes", 28, 255, Malformed::PlaneCount { found: 255 }),
    ("extent 2", 29, 2, Malformed::Extent { found: 2 }),
    ("fence 2", 30, 2, Malformed::Fence { found: 2 }),
    ("a fence without a slot", 31, 1, Malformed::Slots { stated: 1, expected: 2 }),
    ("a slot for nothing", 31, 3, Malformed::Slots { stated: 3, expected: 2 }),
    ("no slots", 31, 0, Malformed::Slots { stated: 0, expected: 2 }),
    ("a slot for a fence that is none", 30, 0, Malformed::Slots { stated: 2, expected: 1 }),
    ("first plane not in the first slot", 48, 1, Malformed::Slot { plane: 0, found: 1 }),
    ("a left out slot", 60, 2, Malformed::Slot { plane: 1, found: 2 }),
    ("a slot that cannot be", 60, 255, Malformed::Slot { plane: 1, found: 255 }),
    ("a second buffer without a slot", 60, 1, Malformed::Slots { stated: 2, expected: 3 }),
    ("first reserved byte", 49, 1, Malformed::Reserved { plane: 0 }),
    ("last reserved byte", 63, 128, Malformed::Reserved { plane: 1 }),
    ("offset of an unused plane", 64, 1, Malformed::Reserved { plane: 2 }),
    ("stride of an unused plane", 83, 1, Malformed::Reserved { plane: 3 }),
    ("slot of an unused plane", 84, 1, Malformed::Reserved { plane: 3 }),
    ("reserved byte of an unused plane", 87, 1, Malformed::Reserved { plane: 3 }),
];

#[test]
fn decode_one_wrong_byte_names_its_field() {
    for (name, at, byte, expected) in MALFORMED {
        let mut datagram = EXAMPLE;
        assert_ne!(datagram[*at], *byte, "{name} changes nothing");
        datagram[*at] = *byte;
        assert_eq!(ImageMessage::decode(&datagram), Err(*expected), "{name}");
    }
}

/// Bytes whose value is for the layout to judge, not for the format.
#[test]
fn decode_any_number_in_a_free_field_is_accepted() {
    let free = (16..28).chain(32..48).chain(52..60);
    for at in free {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut datagram = EXAMPLE;
            datagram[at] = byte;
            let message = ImageMessage::decode(&datagram).unwrap();
            assert_eq!(message.encode(), datagram, "byte {at}");
        }
    }
}

#[test]
fn decode_any_other_length_is_refused() {
    let long = [EXAMPLE.as_slice(), &[0; 12]].concat();
    for length in (0..long.len()).filter(|length| *length != IMAGE_BYTES) {
        let expected = Malformed::Length { expected: IMAGE_BYTES, found: length };
        assert_eq!(ImageMessage::decode(&long[..length]), Err(expected));
    }
}

/// A later version may be longer: then its number is what has to be told.
#[test]
fn refuse_cut_datagram_names_version_before_length() {
    let mut later = EXAMPLE;
    assert_eq!(
        ImageMessage::refuse_cut(&later, 4096),
        Malformed::Length { expected: IMAGE_BYTES, found: 4096 }
    );
    later[8] = 2;
    assert_eq!(ImageMessage::refuse_cut(&later, 4096), Malformed::Version { found: 2 });
}

#[test]
fn decode_implicit_modifier_is_no_explicit_one() {
    let message = ImageMessage { modifier: Modifier::Implicit, ..example() };
    let datagram = message.encode();
    assert_eq!(datagram[32..40], 0x00ff_ffff_ffff_ffff_u64.to_le_bytes());
    assert_eq!(ImageMessage::decode(&datagram).unwrap().modifier, Modifier::Implicit);
}

#[test]
fn plane_list_of_none_or_five_is_refused() {
    let plane = PlaneMessage::default();
    assert_eq!(PlaneList::new(&[]), Err(Malformed::PlaneCount { found: 0 }));
    assert_eq!(PlaneList::new(&[plane; 5]), Err(Malformed::PlaneCount { found: 5 }));
    assert_eq!(PlaneList::new(&[plane; 1000]), Err(Malformed::PlaneCount { found: 255 }));
}

/// Which planes share a buffer, and the slots that they get.
#[test]
fn number_gives_each_buffer_one_slot_in_order_of_first_use() {
    let cases: [(&[char], &[u8]); 6] = [
        (&['a'], &[0]),
        (&['a', 'a'], &[0, 0]),
        (&['a', 'b'], &[0, 1]),
        (&['a', 'b', 'a'], &[0, 1, 0]),
        (&['a', 'b', 'c', 'd'], &[0, 1, 2, 3]),
        (&['a', 'b', 'b', 'c'], &[0, 1, 1, 2]),
    ];
    for (buffers, slots) in cases {
        let planes = buffers.iter().zip(1..).map(|(buffer, number)| (number, number * 2, *buffer));
        let list = PlaneList::number(planes);
        let found: Vec<u8> = list.as_slice().iter().map(|plane| plane.slot).collect();
        assert_eq!(found, slots);
        assert_eq!(list.slots(), usize::from(slots.iter().max().unwrap() + 1));
        assert_eq!(PlaneList::new(list.as_slice()), Ok(list));
    }
}

#[test]
fn image_in_four_buffers_with_a_fence_has_the_most_slots() {
    let planes = [0, 1, 2, 3].map(|slot| PlaneMessage { slot, ..PlaneMessage::default() });
    let message = ImageMessage { planes: PlaneList::new(&planes).unwrap(), ..example() };
    assert_eq!((message.slots(), MAX_SLOTS), (5, 5));
    assert_eq!(ImageMessage::decode(&message.encode()), Ok(message));
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if cfg!(miri) {
        config.cases = 16;
        config.failure_persistence = None;
    }
    config
}

fn planes() -> impl Strategy<Value = PlaneList> {
    proptest::collection::vec((any::<u32>(), any::<u32>(), 0_u8..4), 1..=MAX_PLANES)
        .prop_map(|planes| PlaneList::number(planes.into_iter()))
}

fn messages() -> impl Strategy<Value = ImageMessage> {
    let size = (any::<u32>(), any::<u32>());
    let format = (any::<u32>(), any::<u64>());
    (size, format, any::<bool>(), any::<bool>(), planes()).prop_map(
        |((width, height), (fourcc, modifier), whole, has_fence, planes)| ImageMessage {
            width,
            height,
            fourcc: Fourcc(fourcc),
            modifier: Modifier::from_raw(modifier),
            extent: if whole { Extent::Whole } else { Extent::Beginning },
            has_fence,
            planes,
        },
    )
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn decode_encoded_message_gives_it_back(message in messages()) {
        prop_assert_eq!(ImageMessage::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn decode_arbitrary_bytes_never_panics(
        datagram in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = ImageMessage::decode(&datagram);
    }

    /// What is accepted has no other encoding: no byte is ignored.
    #[test]
    fn decode_message_with_changed_bytes_is_refused_or_canonical(
        message in messages(),
        changes in proptest::collection::vec((0..IMAGE_BYTES, any::<u8>()), 1..4),
    ) {
        let mut datagram = message.encode();
        for (at, byte) in changes {
            datagram[at] = byte;
        }
        if let Ok(accepted) = ImageMessage::decode(&datagram) {
            prop_assert_eq!(accepted.encode(), datagram);
            prop_assert!(accepted.slots() <= MAX_SLOTS);
        }
    }
}
