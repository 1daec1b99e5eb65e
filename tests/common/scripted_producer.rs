//! A producer that says whatever a test wants, over a bare socket.

use std::num::NonZeroU32;
use std::num::NonZeroU64;
use std::ops::Deref;

use dmashare::dmabuf::layout::Extent;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::wire::Announce;
use dmashare::stream::wire::BufferId;
use dmashare::stream::wire::Capabilities;
use dmashare::stream::wire::Colour;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::Format;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::ProducerHello;
use dmashare::stream::wire::Size;
use dmashare::stream::wire::Versions;

use crate::common::buffer::sealed_memfd;
use crate::common::scripted_socket::ScriptedSocket;

pub(crate) const FOURCC: Fourcc = Fourcc::XRGB8888;
/// What an image of 8x8 pixels needs.
pub(crate) const IMAGE_BYTES: u64 = 256;

/// The other end of a consumer's connection.
pub(crate) struct ScriptedProducer {
    socket: ScriptedSocket,
}

impl ScriptedProducer {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { socket: ScriptedSocket { channel } }
    }

    /// Connected to a consumer that wants linear XRGB8888 for the CPU, and that has spoken first.
    pub(crate) fn with_consumer() -> (Self, Consumer) {
        Self::with_settings(&settings())
    }

    pub(crate) fn with_settings(settings: &ConsumerSettings) -> (Self, Consumer) {
        let (here, there) = Channel::pair().unwrap();
        (Self::new(here), Consumer::on_channel(there, settings).unwrap())
    }

    /// The same, once hellos, offer and format have been said and so many buffers announced, and
    /// the consumer has taken all that.
    pub(crate) fn streaming(buffers: u16) -> (Self, Consumer) {
        Self::streaming_with(&settings(), buffers)
    }

    pub(crate) fn streaming_with(settings: &ConsumerSettings, buffers: u16) -> (Self, Consumer) {
        let (producer, mut consumer) = Self::with_settings(settings);
        assert!(matches!(producer.receive(), Message::ConsumerHello(_)));
        producer.send(&hello());
        take_events(&mut consumer);
        assert!(matches!(producer.receive(), Message::Offer(_)));
        producer.send(&Message::Format(format(1, 1)));
        for number in 0..buffers {
            producer.announce(number);
            take_events(&mut consumer);
        }
        take_events(&mut consumer);
        (producer, consumer)
    }

    /// Announces a buffer of generation 1 in new memory.
    pub(crate) fn announce(&self, number: u16) {
        self.send_with(&announce(1, number), &[&sealed_memfd(IMAGE_BYTES)]);
    }
}

impl Deref for ScriptedProducer {
    type Target = ScriptedSocket;

    fn deref(&self) -> &ScriptedSocket {
        &self.socket
    }
}

/// A CPU that reads linear XRGB8888.
pub(crate) fn settings() -> ConsumerSettings {
    ConsumerSettings::new(Usage::Cpu, FormatSet::from_iter([(FOURCC, Modifier::LINEAR)]))
}

/// Dispatches until there is nothing more, and returns all events.
pub(crate) fn take_events(consumer: &mut Consumer) -> Vec<ConsumerEvent> {
    let mut events = Vec::new();
    loop {
        consumer.dispatch().unwrap();
        let before = events.len();
        events.extend(std::iter::from_fn(|| consumer.next_event()));
        if events.len() == before {
            return events;
        }
    }
}

pub(crate) fn id(number: u16) -> BufferId {
    BufferId::new(number).unwrap()
}

/// Of a producer that does fences.
pub(crate) fn hello() -> Message {
    hello_with(Capabilities::WAITS_FOR_FENCES | Capabilities::SENDS_FENCES)
}

pub(crate) fn hello_with(capabilities: Capabilities) -> Message {
    let versions = Versions::SPOKEN;
    Message::ProducerHello(ProducerHello { versions, capabilities, device: None })
}

pub(crate) fn format(generation: u32, answers: u32) -> Format {
    Format {
        generation: NonZeroU32::new(generation).unwrap(),
        answers: NonZeroU32::new(answers).unwrap(),
        size: Size::new(8, 8).unwrap(),
        fourcc: FOURCC,
        modifier: Modifier::LINEAR,
        external_only: false,
    }
}

/// 8x8 pixels in the first slot.
pub(crate) fn image() -> ImageMessage {
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

pub(crate) fn announce(generation: u32, number: u16) -> Message {
    announce_image(generation, number, image())
}

pub(crate) fn announce_image(generation: u32, number: u16, image: ImageMessage) -> Message {
    let generation = NonZeroU32::new(generation).unwrap();
    Message::Announce(Announce::new(generation, id(number), image))
}

/// A frame without a fence.
pub(crate) fn frame(serial: u64, number: u16) -> Frame {
    Frame {
        serial: NonZeroU64::new(serial).unwrap(),
        user_serial: 0,
        presentation_ns: None,
        buffer: id(number),
        has_fence: false,
        damage: Damage::EVERYTHING,
        colour: Colour::UNSPECIFIED,
    }
}
