//! What it costs to hand a frame over and to get its buffer back, beside the least that two sockets
//! cost who send datagrams of the same lengths.
//!
//! `cargo bench --bench stream`. An item is a frame of one consumer. What is compared with each other
//! is better measured in turns, so that both meet the same noise:
//! `cargo bench --bench stream -- --ratios`.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot run has to stop, and says what it found"
)]

mod bare;
mod ratios;
mod scene;

use divan::Bencher;
use divan::counter::ItemsCount;

use bare::BarePair;
use bare::BareThreads;
use bare::Wait;
use scene::OneThread;
use scene::TwoThreads;

const SIZES: [[u32; 2]; 2] = [[64, 64], [7680, 4320]];
const WAITS: [Wait; 2] = [Wait::Blocking, Wait::EventLoop];
const CONSUMERS: [usize; 3] = [1, 8, 64];

fn main() {
    if std::env::args().any(|argument| argument == "--ratios") {
        ratios::print();
    } else {
        divan::main();
    }
}

/// Both sides in a thread of their own: who waits is woken.
#[divan::bench(args = SIZES)]
fn two_threads(bencher: Bencher, size: [u32; 2]) {
    let mut scene = TwoThreads::new(size);
    bencher.bench_local(|| scene.round_trip());
}

/// The same for two bare sockets.
#[divan::bench(args = WAITS)]
fn two_threads_bare(bencher: Bencher, wait: Wait) {
    let mut pair = BareThreads::new(wait);
    bencher.bench_local(|| pair.round_trip());
}

/// One side after the other: nobody waits, and what is left is the work itself.
#[divan::bench(args = SIZES)]
fn one_thread(bencher: Bencher, size: [u32; 2]) {
    let mut scene = OneThread::new(size, 1);
    bencher.bench_local(|| scene.round_trip());
}

/// The same for two bare sockets.
#[divan::bench(args = WAITS)]
fn one_thread_bare(bencher: Bencher, wait: Wait) {
    let mut pair = BarePair::new(wait);
    bencher.bench_local(|| pair.round_trip());
}

/// One producer and several consumers: the time of an item is that of a consumer.
#[divan::bench(args = CONSUMERS)]
fn fan_out(bencher: Bencher, consumers: usize) {
    let mut scene = OneThread::new([64, 64], consumers);
    bencher.counter(ItemsCount::new(consumers)).bench_local(|| scene.round_trip());
}
