//! A consumer that says whatever a test wants, over a bare socket.

use std::num::NonZeroU32;
use std::ops::Deref;

use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::stream::PeerId;
use dmashare::stream::Producer;
use dmashare::stream::wire::Capabilities;
use dmashare::stream::wire::ConsumerHello;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Limits;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::Versions;

use crate::common::scripted_socket::ScriptedSocket;

/// The other end of a producer's connection.
pub(crate) struct ScriptedConsumer {
    socket: ScriptedSocket,
}

impl ScriptedConsumer {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { socket: ScriptedSocket { channel } }
    }

    /// Connected to this producer, and silent.
    pub(crate) fn joined(producer: &mut Producer) -> (PeerId, Self) {
        let (here, there) = Channel::pair().unwrap();
        let peer = producer.add_peer(here).unwrap();
        (peer, Self::new(there))
    }

    /// The same, once it has been sent a format and all buffers.
    pub(crate) fn served(producer: &mut Producer) -> (PeerId, Self) {
        let (peer, consumer) = Self::joined(producer);
        consumer.send(&hello());
        consumer.send(&offer(1));
        producer.dispatch().unwrap();
        assert!(producer.served().any(|served| served == peer));
        while !matches!(consumer.receive(), Message::Format(_)) {}
        (peer, consumer)
    }

    /// The next frame, behind whatever comes before it.
    pub(crate) fn frame(&self) -> Frame {
        loop {
            if let Message::Frame(frame) = self.receive() {
                return *frame;
            }
        }
    }
}

impl Deref for ScriptedConsumer {
    type Target = ScriptedSocket;

    fn deref(&self) -> &ScriptedSocket {
        &self.socket
    }
}

/// Of a consumer that does fences.
pub(crate) fn hello() -> Message {
    hello_with(Capabilities::WAITS_FOR_FENCES | Capabilities::SENDS_FENCES)
}

pub(crate) fn hello_with(capabilities: Capabilities) -> Message {
    let limits = Limits::default();
    let versions = Versions::SPOKEN;
    Message::ConsumerHello(ConsumerHello { versions, capabilities, device: None, limits })
}

/// Linear XRGB8888 for the CPU.
pub(crate) fn offer(number: u32) -> Message {
    offer_of(number, Fourcc::XRGB8888)
}

pub(crate) fn offer_of(number: u32, fourcc: Fourcc) -> Message {
    let formats = FormatSet::from_iter([(fourcc, Modifier::LINEAR)]);
    let number = NonZeroU32::new(number).unwrap();
    Message::Offer(Offer::new(number, None, &[(Usage::Cpu, formats)]).unwrap())
}

/// Of a frame, without a fence.
pub(crate) fn release(frame: &Frame) -> Release {
    Release { serial: frame.serial, buffer: frame.buffer, has_fence: false }
}
