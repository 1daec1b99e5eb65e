//! What the tests of both sides need: a format, images of it, and one of each message.

use std::num::NonZeroU16;
use std::num::NonZeroU32;
use std::num::NonZeroU64;

use super::consumer;
use super::consumer::Consumer;
use super::producer;
use super::producer::Output;
use super::producer::PeerId;
use super::producer::Producer;
use crate::dmabuf::layout::Extent;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Usage;
use crate::ipc::wire::ImageMessage;
use crate::ipc::wire::PlaneList;
use crate::ipc::wire::PlaneMessage;
use crate::stream::policy::Policy;
use crate::stream::wire::*;

pub(in crate::stream) const FOURCC: Fourcc = Fourcc::XRGB8888;
pub(in crate::stream) const IMAGE_BYTES: u64 = 256;

pub(in crate::stream) fn size() -> Size {
    Size::new(8, 8).unwrap()
}

pub(in crate::stream) fn image() -> ImageMessage {
    let plane = PlaneMessage { offset_bytes: 0, stride_bytes: 32, slot: 0 };
    ImageMessage {
        width: 8,
        height: 8,
        fourcc: FOURCC,
        modifier: Modifier::LINEAR,
        extent: Extent::Whole,
        has_fence: false,
        planes: PlaneList::new(&[plane]).unwrap(),
    }
}

pub(in crate::stream) fn sets() -> Vec<(Usage, FormatSet)> {
    vec![(Usage::Sample, FormatSet::from_iter([(FOURCC, Modifier::LINEAR)]))]
}

/// A set that the stream's format is not in.
pub(in crate::stream) fn other_sets() -> Vec<(Usage, FormatSet)> {
    vec![(Usage::Sample, FormatSet::from_iter([(Fourcc::NV12, Modifier::LINEAR)]))]
}

pub(in crate::stream) fn id(number: u16) -> BufferId {
    BufferId::new(number).unwrap()
}

pub(in crate::stream) fn serial(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

pub(in crate::stream) fn offer(number: u32, sets: &[(Usage, FormatSet)]) -> Message {
    Message::Offer(Offer::new(NonZeroU32::new(number).unwrap(), None, sets).unwrap())
}

pub(in crate::stream) fn format(generation: u32, answers: u32) -> Format {
    Format {
        generation: NonZeroU32::new(generation).unwrap(),
        answers: NonZeroU32::new(answers).unwrap(),
        size: size(),
        fourcc: FOURCC,
        modifier: Modifier::LINEAR,
        external_only: false,
    }
}

pub(in crate::stream) fn announce(generation: u32, buffer: u16) -> Message {
    let generation = NonZeroU32::new(generation).unwrap();
    Message::Announce(Announce::new(generation, id(buffer), image()))
}

pub(in crate::stream) fn frame(number: u64, buffer: u16) -> Frame {
    Frame {
        serial: serial(number),
        user_serial: 0,
        presentation_ns: None,
        buffer: id(buffer),
        has_fence: false,
        damage: Damage::EVERYTHING,
        colour: Colour::UNSPECIFIED,
    }
}

pub(in crate::stream) fn release(number: u64, buffer: u16) -> Message {
    Message::Release(Release { serial: serial(number), buffer: id(buffer), has_fence: false })
}

pub(in crate::stream) fn goodbye() -> Message {
    Message::Goodbye(Goodbye { reason: Reason::Finished, text: Text::default() })
}

pub(in crate::stream) fn consumer_hello(limits: Limits) -> Message {
    let hello = consumer::Settings::default().hello;
    Message::ConsumerHello(ConsumerHello { limits, ..hello })
}

/// Versions that nobody here speaks.
pub(in crate::stream) fn later_versions() -> Versions {
    let version = NonZeroU16::new(STREAM_VERSION + 1).unwrap();
    Versions::new(version, version).unwrap()
}

/// A valid message of a kind: what it would be in the middle of a stream.
pub(in crate::stream) fn of_kind(kind: Kind) -> Message {
    match kind {
        Kind::ConsumerHello => consumer_hello(Limits::default()),
        Kind::ProducerHello => Message::ProducerHello(producer::Settings::default().hello),
        Kind::Offer => offer(2, &sets()),
        Kind::Format => Message::Format(format(2, 1)),
        Kind::Announce => announce(1, 3),
        Kind::Retire => Message::Retire(Retire { buffer: id(1) }),
        Kind::Frame => Message::from(frame(2, 1)),
        Kind::Release => release(1, 0),
        Kind::Goodbye => goodbye(),
    }
}

/// A producer whose stream has a format and so many buffers.
pub(in crate::stream) fn producer(policy: Policy, buffers: u16) -> Producer<u32> {
    let settings = producer::Settings { policy, ..producer::Settings::default() };
    let mut producer = Producer::new(settings);
    producer.configure(size(), FOURCC, Modifier::LINEAR, false, 0).unwrap();
    for number in 0..buffers {
        assert_eq!(producer.add(image(), IMAGE_BYTES, 0), Ok(id(number)));
    }
    assert_eq!(producer.next_output(), None);
    producer
}

/// Connects a consumer that is served at once, and is willing to hold so many frames.
pub(in crate::stream) fn serve(producer: &mut Producer<u32>, frames: u16) -> PeerId {
    let peer = producer.connect(0).unwrap();
    let limits = Limits::default().with_frames(frames);
    producer.receive(peer, consumer_hello(limits), None, 0);
    producer.receive(peer, offer(1, &sets()), None, 0);
    peer
}

pub(in crate::stream) fn outputs(producer: &mut Producer<u32>) -> Vec<Output> {
    std::iter::from_fn(|| producer.next_output()).collect()
}

/// The frames that are sent, as peer, serial and buffer. Nothing else may be put out.
pub(in crate::stream) fn frames(producer: &mut Producer<u32>) -> Vec<(PeerId, u64, u8)> {
    let frame = |output| match output {
        Output::Send { peer, message: Message::Frame(frame) } => {
            (peer, frame.serial.get(), frame.buffer.get())
        }
        other => panic!("{other:?}"),
    };
    outputs(producer).into_iter().map(frame).collect()
}

pub(in crate::stream) fn consumer(limits: Limits) -> Consumer {
    let settings = consumer::Settings::default();
    let hello = ConsumerHello { limits, ..settings.hello };
    let settings = consumer::Settings { hello, ..settings };
    Consumer::new(settings, None, &sets(), 0).unwrap()
}

/// A consumer that was told of a format and of buffers 0 to 2.
pub(in crate::stream) fn served_consumer(limits: Limits) -> Consumer {
    let mut consumer = consumer(limits);
    consumer.receive(of_kind(Kind::ProducerHello), 0);
    consumer.receive(Message::Format(format(1, 1)), 0);
    for number in 0..3 {
        consumer.receive(announce(1, number), IMAGE_BYTES);
    }
    consumer_outputs(&mut consumer);
    consumer
}

pub(in crate::stream) fn consumer_outputs(consumer: &mut Consumer) -> Vec<consumer::Output> {
    std::iter::from_fn(|| consumer.next_output()).collect()
}
