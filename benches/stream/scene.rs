//! A producer and its consumers.

use std::thread::JoinHandle;
use std::time::Duration;

use dmashare::allocator::Memfd;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Size;

const SOON: Duration = Duration::from_secs(60);

fn formats() -> FormatSet {
    FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)])
}

/// With one buffer: the next frame waits until all consumers have released the last one.
fn producer([width, height]: [u32; 2]) -> Producer {
    let size = Size::new(width, height).expect("a size");
    let settings = ProducerSettings::new(size).usage(Usage::Cpu, formats()).buffers(1);
    Producer::new(Box::new(Memfd::new()), settings).expect("a producer")
}

fn join(producer: &mut Producer) -> Consumer {
    let (here, there) = Channel::pair().expect("two sockets");
    producer.add_peer(here).expect("a place");
    let settings = ConsumerSettings::new(Usage::Cpu, formats());
    Consumer::on_channel(there, &settings).expect("a consumer")
}

/// Sends the next frame, when the last one has come back from everybody.
fn send_frame(producer: &mut Producer) {
    let acquired = producer.acquire_timeout(SOON).expect("a buffer");
    producer.submit(acquired, Ready::Finished, Picture::default()).expect("consumers");
}

/// A producer and so many consumers, one after the other.
pub(crate) struct OneThread {
    producer: Producer,
    consumers: Vec<Consumer>,
}

impl OneThread {
    pub(crate) fn new(size: [u32; 2], consumers: usize) -> Self {
        let mut producer = producer(size);
        let mut consumers: Vec<Consumer> = (0..consumers).map(|_| join(&mut producer)).collect();
        while producer.served().count() < consumers.len() {
            producer.dispatch().expect("a dispatch");
            for consumer in &mut consumers {
                consumer.dispatch().expect("a dispatch");
                while consumer.next_event().is_some() {}
            }
        }
        Self { producer, consumers }
    }

    /// The frames before come back, then the next ones are sent and released.
    pub(crate) fn round_trip(&mut self) {
        send_frame(&mut self.producer);
        for consumer in &mut self.consumers {
            let frame = consumer.next_frame(SOON).expect("a frame");
            consumer.release(frame, Ready::Finished).expect("a producer");
        }
    }
}

/// A producer here, and a consumer in a thread of its own.
pub(crate) struct TwoThreads {
    producer: Option<Producer>,
    thread: Option<JoinHandle<()>>,
}

impl TwoThreads {
    pub(crate) fn new(size: [u32; 2]) -> Self {
        let mut producer = producer(size);
        let mut consumer = join(&mut producer);
        let answer = move || {
            while let Ok(frame) = consumer.next_frame(SOON) {
                consumer.release(frame, Ready::Finished).expect("a producer");
            }
        };
        let thread = Some(std::thread::spawn(answer));
        while producer.served().count() == 0 {
            producer.dispatch_timeout(SOON).expect("a dispatch");
        }
        send_frame(&mut producer);
        Self { producer: Some(producer), thread }
    }

    /// The frame before is released, then the next one is sent.
    pub(crate) fn round_trip(&mut self) {
        send_frame(self.producer.as_mut().expect("a producer"));
    }
}

impl Drop for TwoThreads {
    fn drop(&mut self) {
        self.producer = None;
        self.thread.take().map(JoinHandle::join);
    }
}
