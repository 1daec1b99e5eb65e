//! Any datagram is decoded without a panic, and what is accepted has no other encoding.

use std::num::NonZeroU64;

use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::MAX_SLOTS;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::MAX_ENTRIES;
use dmashare::stream::wire::MAX_MESSAGE_BYTES;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::SpareFrames;
use dmashare::stream::wire::Text;

/// Treats the input as a datagram.
pub(crate) fn run(datagram: &[u8]) {
    let Ok(message) = Message::decode(datagram) else {
        return;
    };
    let mut encoded = Vec::new();
    message.encode(&mut encoded);
    assert_eq!(encoded, datagram);
    assert!(datagram.len() <= MAX_MESSAGE_BYTES);
    assert!(message.slots() <= MAX_SLOTS);
    assert!(ImageMessage::decode(datagram).is_err());

    // What was received can be made by hand.
    let mut spares = used_frames();
    assert_eq!(Message::decode_with(datagram, &mut spares).as_ref(), Ok(&message));
    match message {
        Message::Offer(offer) => {
            let sets: Vec<_> = offer.sets().map(|(usage, set)| (usage, set.clone())).collect();
            assert!(sets.iter().map(|(_, set)| set.len()).sum::<usize>() <= MAX_ENTRIES);
            assert!(sets.iter().all(|(usage, set)| offer.formats(*usage) == Some(set)));
            assert_eq!(Offer::new(offer.number(), offer.wished_size(), &sets), Ok(offer));
        }
        Message::Frame(frame) => {
            let made = frame.damage.rectangles().map_or(Damage::EVERYTHING, Damage::new);
            assert_eq!(made, frame.damage);
        }
        Message::Goodbye(goodbye) => assert_eq!(Text::new(goodbye.text.as_str()), goodbye.text),
        _ => {}
    }
}

/// Memory of a frame that says much.
fn used_frames() -> SpareFrames {
    let mut spares = SpareFrames::new();
    let mut frame = spares.take();
    let column = |x| Rectangle::new(x, 0, 1, 1).expect("a rectangle");
    frame.damage = Damage::new(&(0..16).map(column).collect::<Vec<_>>());
    frame.user_serial = u64::MAX;
    frame.presentation_ns = NonZeroU64::new(u64::MAX);
    frame.has_fence = true;
    spares.put(frame);
    spares
}
