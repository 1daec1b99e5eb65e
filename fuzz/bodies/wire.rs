//! Any datagram is decoded without a panic, and what is accepted has no other encoding.

use dmashare::ipc::wire::IMAGE_BYTES;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::MAX_SLOTS;
use dmashare::ipc::wire::PlaneList;

/// Treats the input as a datagram.
pub(crate) fn run(datagram: &[u8]) {
    let Ok(message) = ImageMessage::decode(datagram) else {
        return;
    };
    assert_eq!(datagram.len(), IMAGE_BYTES);
    assert_eq!(message.encode(), datagram);

    let planes = message.planes.as_slice();
    assert!((1..=4).contains(&planes.len()));
    assert_eq!(PlaneList::new(planes), Ok(message.planes));

    // Each slot is referred to.
    let buffers = message.planes.slots();
    assert!((0..buffers).all(|slot| planes.iter().any(|plane| usize::from(plane.slot) == slot)));
    assert!(planes.iter().all(|plane| usize::from(plane.slot) < buffers));
    assert_eq!(message.slots(), buffers + usize::from(message.has_fence));
    assert!(message.slots() <= MAX_SLOTS);
}
