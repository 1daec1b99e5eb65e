//! Messages to bytes and back.

use std::hint::black_box;
use std::num::NonZeroU64;

use dmashare::dmabuf::layout::Extent;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
use dmashare::stream::wire::BufferId;
use dmashare::stream::wire::Colour;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::SpareFrames;

use crate::path::Path;

const TIMES: u32 = 100;

pub(crate) fn paths() -> impl Iterator<Item = Path> {
    let image = image(4);
    let buffer = BufferId::new(2).expect("a buffer of a pool");
    let serial = NonZeroU64::MIN;
    let rectangle = |at| Rectangle::new(at, at, 8, 8).expect("a rectangle");
    let frame = Message::from(Frame {
        serial,
        user_serial: 7,
        presentation_ns: None,
        buffer,
        has_fence: true,
        damage: Damage::new(&[rectangle(0), rectangle(16)]),
        colour: Colour::UNSPECIFIED,
    });
    let release = Message::Release(Release { serial, buffer, has_fence: true });
    let encode_image = Path::new("encode image", TIMES, move || {
        black_box(black_box(&image).encode());
    });
    let datagram = image.encode();
    let decode_image = Path::new("decode image", TIMES, move || {
        black_box(ImageMessage::decode(black_box(&datagram)).expect("an image"));
    });
    [encode_image, decode_image]
        .into_iter()
        .chain(both_ways("frame", frame))
        .chain(both_ways("release", release))
}

/// An image whose planes are each in a buffer of their own.
pub(crate) fn image(planes: u8) -> ImageMessage {
    let plane = |slot| PlaneMessage { offset_bytes: 0, stride_bytes: 256, slot };
    let planes: Vec<_> = (0..planes).map(plane).collect();
    ImageMessage {
        width: 64,
        height: 64,
        fourcc: Fourcc::XRGB8888,
        modifier: Modifier::LINEAR,
        extent: Extent::Whole,
        has_fence: false,
        planes: PlaneList::new(&planes).expect("planes in order"),
    }
}

fn both_ways(name: &str, message: Message) -> [Path; 2] {
    let mut datagram = Vec::new();
    message.encode(&mut datagram);
    let bytes = datagram.clone();
    let encode = Path::new(format!("encode {name}"), TIMES, move || {
        black_box(&message).encode(black_box(&mut datagram));
    });
    let mut spares = SpareFrames::new();
    let decode = Path::new(format!("decode {name}"), TIMES, move || {
        let message = Message::decode_with(black_box(&bytes), &mut spares);
        if let Message::Frame(frame) = black_box(message.expect("a message")) {
            spares.put(frame);
        }
    });
    [encode, decode]
}
