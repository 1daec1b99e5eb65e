//! Any datagram is decoded without a panic, and what is accepted has no other encoding.

use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::MAX_SLOTS;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::MAX_ENTRIES;
use dmashare::stream::wire::MAX_MESSAGE_BYTES;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;
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
