#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What a frame costs its consumer: one `recvmsg`, one `send` for its release, and nothing else.

mod common;

use std::time::Duration;

use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Rectangle;
use dmashare::stream::wire::SpareFrames;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;

use common::allocations;
use common::allocations::Counting;
use common::child;
use common::child::Case;
use common::leaks::Open;
use common::scripted_producer::ScriptedProducer;
use common::scripted_producer::frame;
use common::system_calls;

#[global_allocator]
static COUNTING: Counting = Counting;

const FRAMES: usize = 10_000;

/// A producer that sends frames and looks at what comes back with other system calls than the
/// consumer's, and without memory of its own.
struct Scene {
    producer: ScriptedProducer,
    consumer: Consumer,
    datagram: Vec<u8>,
    spares: SpareFrames,
    serial: u64,
}

impl Scene {
    fn new() -> Self {
        let (producer, consumer) = ScriptedProducer::streaming(3);
        let (datagram, spares) = (Vec::with_capacity(512), SpareFrames::new());
        Self { producer, consumer, datagram, spares, serial: 0 }
    }

    /// Sends a frame with all the damage that a message has room for.
    fn send(&mut self) {
        self.serial += 1;
        let mut damage = Damage::NOTHING;
        for x in 0..8 {
            for y in 0..2 {
                damage.merge(&Damage::new(&[Rectangle::new(x, y, 1, 1).unwrap()]));
            }
        }
        let buffer = u16::try_from(self.serial % 3).unwrap();
        let mut sent = self.spares.take();
        *sent = Frame { damage, ..frame(self.serial, buffer) };
        let message = Message::Frame(sent);
        message.encode(&mut self.datagram);
        if let Message::Frame(sent) = message {
            self.spares.put(sent);
        }
        rustix::net::send(&self.producer.channel, &self.datagram, SendFlags::DONTWAIT).unwrap();
    }

    /// Takes the release of that frame.
    fn take_release(&self) {
        let mut bytes = [0; 64];
        let channel = &self.producer.channel;
        let (length, _) = rustix::net::recv(channel, &mut bytes, RecvFlags::DONTWAIT).unwrap();
        let Message::Release(release) = Message::decode(&bytes[..length]).unwrap() else {
            panic!()
        };
        assert_eq!(release.serial.get(), self.serial);
    }

    /// One frame as an event loop takes it.
    fn turn(&mut self) {
        self.send();
        self.consumer.dispatch().unwrap();
        let Some(ConsumerEvent::Frame(frame)) = self.consumer.next_event() else { panic!() };
        assert_eq!(frame.serial().get(), self.serial);
        self.consumer.release(frame, Ready::Finished).unwrap();
        self.take_release();
    }

    /// One frame for who blocks.
    fn blocking_turn(&mut self) {
        self.send();
        let frame = self.consumer.next_frame(Duration::from_secs(60)).unwrap();
        self.consumer.release(frame, Ready::Finished).unwrap();
        self.take_release();
    }
}

fn assert_calls(turn: fn(&mut Scene)) {
    let mut scene = Scene::new();
    turn(&mut scene);
    let calls = system_calls::during(|| (0..FRAMES).for_each(|_| turn(&mut scene)));
    // Half of the sends are the producer's.
    let expected =
        [(libc::SYS_sendto, 2 * FRAMES), (libc::SYS_recvmsg, FRAMES), (libc::SYS_recvfrom, FRAMES)];
    assert_eq!(calls, expected.into_iter().collect());
}

fn assert_no_memory(turn: fn(&mut Scene)) {
    let mut scene = Scene::new();
    (0..100).for_each(|_| turn(&mut scene));
    let before = Open::now();
    let allocations = allocations::during(|| (0..FRAMES).for_each(|_| turn(&mut scene)));
    before.assert_unchanged();
    assert_eq!(allocations, 0);
}

const CASES: &[Case] = &[
    ("system calls in an event loop", || assert_calls(Scene::turn)),
    ("system calls when a frame is there already", || assert_calls(Scene::blocking_turn)),
    ("memory in an event loop", || assert_no_memory(Scene::turn)),
    ("memory of who blocks", || assert_no_memory(Scene::blocking_turn)),
    ("system calls are counted", || {
        let calls = system_calls::during(|| {
            for _ in 0..3 {
                let _ = rustix::process::getppid();
            }
        });
        assert_eq!(calls, [(libc::SYS_getppid, 3)].into_iter().collect());
    }),
];

#[test]
fn frame_costs_one_call_each_way_and_no_memory() {
    child::run_once("frame_costs_one_call_each_way_and_no_memory", CASES);
}
