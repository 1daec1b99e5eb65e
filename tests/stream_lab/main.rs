#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A stream between two processes on real devices: what the consumer samples, or scans out, is what
//! the producer has drawn, though it was told of each frame before it was drawn.

#[path = "../common/mod.rs"]
mod common;
mod gpu;
mod pattern;
mod scanout;

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use dmashare::ipc::Channel;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::Overflow;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Size;

use common::child::Process;
use common::leaks::Open;

/// Longer than anything takes in an emulated machine.
const SOON: Duration = Duration::from_secs(60);
/// Each buffer comes twenty times or more.
const FRAMES: u64 = 60;
const BUFFERS: usize = 3;

/// A producer in a process of its own, and a consumer that is connected to it.
fn consumer_of(mut command: Command, settings: &ConsumerSettings) -> (Process, Consumer) {
    let (here, there) = Channel::pair().unwrap();
    command.stdin(Stdio::from(OwnedFd::from(there)));
    (Process::start(command), Consumer::on_channel(here, settings).unwrap())
}

/// What every producer here has in common: no frame is missed.
fn settings() -> ProducerSettings {
    let [width, height] = pattern::SIZE;
    let deadline_ns = u64::try_from(SOON.as_nanos()).unwrap();
    let policy = Policy::fifo(1, Overflow::Block { deadline_ns }).with_hold_limit_ns(deadline_ns);
    let settings = ProducerSettings::new(Size::new(width, height).unwrap());
    settings.buffers(BUFFERS).policy(policy).handshake_timeout(SOON)
}

/// The socket to the process that has started this one.
fn socket() -> Channel {
    Channel::from_fd(std::io::stdin().as_fd().try_clone_to_owned().unwrap()).unwrap()
}

/// What is open once every buffer has come round, and must not become more: but for fences, of which
/// there are never more than two for each buffer.
#[derive(Default)]
struct Steady(Option<Vec<String>>);

impl Steady {
    /// At the same point of each frame.
    fn check(&mut self, frame: u64) {
        if frame > 4 * BUFFERS as u64 {
            let (fences, others): (Vec<_>, _) =
                Open::now().files().into_iter().partition(|name| name.contains("sync_file"));
            assert!(fences.len() <= 2 * BUFFERS, "frame {frame}: {} fences", fences.len());
            assert_eq!(*self.0.get_or_insert_with(|| others.clone()), others, "frame {frame}");
        }
    }
}

/// Waits until the consumer has left.
fn finish(mut producer: Producer) {
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        match producer.next_event() {
            Some(ProducerEvent::Left { end, .. }) => return println!("{end}"),
            Some(event) => println!("{event:?}"),
            None => producer.dispatch_timeout(Duration::from_secs(1)).unwrap(),
        }
    }
    panic!("the consumer stays");
}
