//! Costs beside each other. They take turns, many times, and what is compared are medians, so that
//! a machine that has other things to do slows all of them down.

use std::time::Duration;
use std::time::Instant;

use crate::SIZES;
use crate::WAITS;
use crate::bare::BarePair;
use crate::bare::BareThreads;
use crate::scene::OneThread;
use crate::scene::TwoThreads;

const TURNS: usize = 400;
const ROUND_TRIPS: u32 = 50;

/// Something to measure: its name, how many frames are handed over at once, and that.
struct Contender<'a> {
    name: &'static str,
    frames: u32,
    round_trip: Box<dyn FnMut() + 'a>,
    samples: Vec<Duration>,
}

impl<'a> Contender<'a> {
    fn new(name: &'static str, frames: u32, round_trip: impl FnMut() + 'a) -> Self {
        let round_trip = Box::new(round_trip);
        Self { name, frames, round_trip, samples: Vec::with_capacity(TURNS) }
    }

    fn turn(&mut self) {
        let round_trips = ROUND_TRIPS.div_ceil(self.frames);
        let start = Instant::now();
        (0..round_trips).for_each(|_| (self.round_trip)());
        self.samples.push(start.elapsed() / (round_trips * self.frames));
    }

    fn median(&mut self) -> Duration {
        self.samples.sort();
        self.samples.get(self.samples.len() / 2).copied().unwrap_or_default()
    }
}

/// Measures all, and prints each beside the first.
fn compare(title: &str, contenders: &mut [Contender<'_>]) {
    for _ in 0..TURNS {
        contenders.iter_mut().for_each(Contender::turn);
    }
    println!("{title}");
    let mut first = None;
    for contender in contenders {
        let median = contender.median();
        let ratio = median.as_secs_f64() / first.get_or_insert(median).as_secs_f64();
        println!("    {:<24} {:>9.2} us   {ratio:.3}", contender.name, median.as_secs_f64() * 1e6);
    }
}

/// Everything that there is to compare.
pub(crate) fn print() {
    let [small, large] = SIZES;
    let [mut bare, mut bare_loop] = WAITS.map(BareThreads::new);
    let (mut of_small, mut of_large) = (TwoThreads::new(small), TwoThreads::new(large));
    compare(
        "a frame there and back, two threads",
        &mut [
            Contender::new("bare sockets", 1, || bare.round_trip()),
            Contender::new("bare event loops", 1, || bare_loop.round_trip()),
            Contender::new("64x64", 1, || of_small.round_trip()),
            Contender::new("7680x4320", 1, || of_large.round_trip()),
        ],
    );
    let [mut bare, mut bare_loop] = WAITS.map(BarePair::new);
    let (mut of_small, mut of_large) = (OneThread::new(small, 1), OneThread::new(large, 1));
    compare(
        "a frame there and back, one thread",
        &mut [
            Contender::new("bare sockets", 1, || bare.round_trip()),
            Contender::new("bare event loops", 1, || bare_loop.round_trip()),
            Contender::new("64x64", 1, || of_small.round_trip()),
            Contender::new("7680x4320", 1, || of_large.round_trip()),
        ],
    );
    let [mut one, mut eight, mut many] = [1, 8, 64].map(|count| OneThread::new(small, count));
    compare(
        "for each of several consumers",
        &mut [
            Contender::new("1 consumer", 1, || one.round_trip()),
            Contender::new("8 consumers", 8, || eight.round_trip()),
            Contender::new("64 consumers", 64, || many.round_trip()),
        ],
    );
}
