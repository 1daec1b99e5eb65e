#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A frame costs no memory: not to think about it, not to write it down, not to read it.

mod common;

use dmashare::dmabuf::layout::Extent;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
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

use common::allocations;
use common::allocations::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

const FOURCC: Fourcc = Fourcc::XRGB8888;

/// A producer with three consumers, and the datagrams between them.
struct Scene {
    producer: Producer<u32>,
    consumers: Vec<(PeerId, Consumer)>,
    datagram: Vec<u8>,
    spares: SpareFrames,
    to_release: Vec<(usize, BufferId)>,
    frames: u64,
}

impl Scene {
    fn new() -> Self {
        let mut producer = Producer::new(producer::Settings::default());
        let size = Size::new(8, 8).unwrap();
        producer.configure(size, FOURCC, Modifier::LINEAR, false, 0).unwrap();
        let plane = PlaneMessage { offset_bytes: 0, stride_bytes: 32, slot: 0 };
        let image = ImageMessage {
            width: 8,
            height: 8,
            fourcc: FOURCC,
            modifier: Modifier::LINEAR,
            extent: Extent::Whole,
            has_fence: false,
            planes: PlaneList::new(&[plane]).unwrap(),
        };
        for _ in 0..8 {
            producer.add(image, 256, 0).unwrap();
        }
        let sets = [(Usage::Sample, FormatSet::from_iter([(FOURCC, Modifier::LINEAR)]))];
        let consumer = || Consumer::new(consumer::Settings::default(), None, &sets, 0).unwrap();
        let consumers = (0..3).map(|_| (producer.connect(0).unwrap(), consumer())).collect();
        let datagram = Vec::with_capacity(65536);
        let (spares, to_release) = (SpareFrames::new(), Vec::with_capacity(64));
        Self { producer, consumers, datagram, spares, to_release, frames: 0 }
    }

    /// Carries all messages until there are none, each as a datagram.
    fn carry(&mut self, number: u64) {
        let Self { producer, consumers, datagram, spares, to_release, frames } = self;
        loop {
            let mut is_quiet = true;
            while let Some(output) = producer.next_output() {
                is_quiet = false;
                if let producer::Output::Send { peer, message } = &output {
                    message.encode(datagram);
                    let mut known = consumers.iter_mut();
                    let (_, consumer) = known.find(|(known, _)| known == peer).unwrap();
                    consumer.receive(Message::decode_with(datagram, spares).unwrap(), 256);
                }
                producer.recycle(output);
            }
            for (place, (peer, consumer)) in consumers.iter_mut().enumerate() {
                while let Some(output) = consumer.next_output() {
                    is_quiet = false;
                    match output {
                        consumer::Output::Send(message) => {
                            message.encode(datagram);
                            let message = Message::decode_with(datagram, spares).unwrap();
                            let fence = (message.slots() == 1).then_some(7);
                            producer.receive(*peer, message, fence, 0);
                        }
                        consumer::Output::Frame(frame) => {
                            *frames += 1;
                            to_release.push((place, frame.buffer));
                            spares.put(frame);
                        }
                        consumer::Output::Left(end) => panic!("{end:?}"),
                        _ => {}
                    }
                }
            }
            if is_quiet {
                break;
            }
        }
        // One keeps up, the others hold each frame for a while.
        to_release.retain(|(place, buffer)| {
            let is_done = *place == 0 || number % 3 == *place as u64;
            if is_done {
                consumers[*place].1.release(*buffer, true).unwrap();
            }
            !is_done
        });
    }

    fn draw(&mut self) {
        if let Ok(acquired) = self.producer.acquire(0) {
            drop(self.producer.take_release_fences(acquired.buffer));
            self.producer.submit(acquired.buffer, Picture::default(), Some(1), 0).unwrap();
        }
    }
}

#[test]
fn steady_stream_allocates_nothing() {
    let mut scene = Scene::new();
    for number in 0..100 {
        scene.draw();
        scene.carry(number);
    }
    let frames = scene.frames;
    let allocations = allocations::during(|| {
        for number in 0..10_000 {
            scene.draw();
            scene.carry(number);
        }
    });
    assert_eq!(allocations, 0);
    assert!(scene.frames - frames > 15_000, "{} frames", scene.frames - frames);
}
