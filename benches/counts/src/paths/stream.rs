//! A frame from the producer to its consumers and back, without a socket: what is thought about it,
//! and what is written and read.

use std::collections::VecDeque;

use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::stream::protocol::consumer;
use dmashare::stream::protocol::consumer::Consumer;
use dmashare::stream::protocol::producer;
use dmashare::stream::protocol::producer::PeerId;
use dmashare::stream::protocol::producer::Picture;
use dmashare::stream::protocol::producer::Producer;
use dmashare::stream::wire::BufferId;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Size;
use dmashare::stream::wire::SpareFrames;

use crate::path::Path;
use crate::paths::wire;

/// A multiple of every number of buffers, so that each is as often used.
const TIMES: u32 = 64;

pub(crate) fn paths() -> impl Iterator<Item = Path> {
    let consumers = [1, 8, 64].map(|consumers| frame("consumers", consumers, consumers, 4));
    let buffers = [2, 16].map(|buffers| frame("buffers", buffers, 1, buffers));
    consumers.into_iter().chain(buffers)
}

fn frame(what: &str, number: u32, consumers: u32, buffers: u32) -> Path {
    let mut stream = Stream::new(consumers, buffers);
    Path::new(format!("stream frame {what}/{number}"), TIMES, move || stream.frame())
}

/// A producer and its consumers, all of whom give a frame back at once.
struct Stream {
    producer: Producer<u32>,
    consumers: VecDeque<(PeerId, Consumer)>,
    datagram: Vec<u8>,
    spares: SpareFrames,
    arrived: Vec<BufferId>,
}

impl Stream {
    fn new(consumers: u32, buffers: u32) -> Self {
        let mut producer = Producer::new(producer::Settings::default());
        let size = Size::new(64, 64).expect("a size");
        let (fourcc, modifier) = (Fourcc::XRGB8888, Modifier::LINEAR);
        producer.configure(size, fourcc, modifier, false, 0).expect("a format");
        for _ in 0..buffers {
            producer.add(wire::image(1), 64 * 256, 0).expect("a place in the pool");
        }
        let sets = [(Usage::Sample, FormatSet::from_iter([(fourcc, modifier)]))];
        let connect = |_| {
            let consumer = Consumer::new(consumer::Settings::default(), None, &sets, 0);
            (producer.connect(0).expect("a place"), consumer.expect("an offer"))
        };
        let consumers = (0..consumers).map(connect).collect();
        let (datagram, spares, arrived) = (Vec::new(), SpareFrames::new(), Vec::new());
        let mut stream = Self { producer, consumers, datagram, spares, arrived };
        stream.carry();
        stream
    }

    /// Draws a frame that everybody gets and gives back.
    fn frame(&mut self) {
        let acquired = self.producer.acquire(0).expect("a free buffer");
        drop(self.producer.take_release_fences(acquired.buffer));
        let submitted = self.producer.submit(acquired.buffer, Picture::default(), Some(1), 0);
        submitted.expect("room in every queue");
        self.carry();
    }

    /// Carries messages, each as a datagram, until nobody has one.
    fn carry(&mut self) {
        while self.carry_to_consumers() | self.carry_to_producer() {}
    }

    fn carry_to_consumers(&mut self) -> bool {
        let mut has_carried = false;
        while let Some(output) = self.producer.next_output() {
            has_carried = true;
            if let producer::Output::Send { peer, message } = &output {
                message.encode(&mut self.datagram);
                let message = Message::decode_with(&self.datagram, &mut self.spares);
                // Messages come in the order of the consumers: the search ends where it begins.
                let steps = self.consumers.iter().take_while(|(known, _)| known != peer).count();
                self.consumers.rotate_left(steps);
                let (_, consumer) = self.consumers.front_mut().expect("its consumer");
                consumer.receive(message.expect("a message"), 64 * 256);
            }
            self.producer.recycle(output);
        }
        has_carried
    }

    fn carry_to_producer(&mut self) -> bool {
        let Self { producer, consumers, datagram, spares, arrived } = self;
        let mut has_carried = false;
        for (peer, consumer) in consumers {
            while let Some(output) = consumer.next_output() {
                has_carried = true;
                match output {
                    consumer::Output::Send(message) => {
                        message.encode(datagram);
                        let message = Message::decode_with(datagram, spares).expect("a message");
                        let fence = (message.slots() == 1).then_some(7);
                        producer.receive(*peer, message, fence, 0);
                    }
                    consumer::Output::Frame(frame) => {
                        arrived.push(frame.buffer);
                        spares.put(frame);
                    }
                    _ => {}
                }
            }
            for buffer in arrived.drain(..) {
                consumer.release(buffer, true).expect("a frame that it holds");
            }
        }
        has_carried
    }
}
