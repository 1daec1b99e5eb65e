//! A frame to another process through GStreamer, beside a stream of the crate's.

use std::time::Duration;

use anyhow::Context as _;
use anyhow::Result;
use dmashare::format::Usage;

use crate::race::Contender;
use crate::race::Cost;
use crate::race::Pace;
use crate::race::race_of;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::stream::BARE;
use crate::rows::stream::Bare;
use crate::rows::stream::Stream;
use crate::serve;
use crate::unixfd::Frames;

pub(super) const TITLE: &str = "A frame to another process through GStreamer";

const GSTREAMER: &str = "GStreamer";

const PER_SECOND: u32 = 500;

/// A run comes to its end sooner, or never.
const LIMIT: Duration = Duration::from_secs(5);

/// How often a run is tried that comes to no end.
const ATTEMPTS: u32 = 3;

/// Whether there is GStreamer with all that the pipelines need.
pub(super) fn trial() -> Result<()> {
    // The first start of all looks at every plugin there is.
    frames([64, 64], 1).transfer(Duration::from_secs(60)).map(drop)
}

pub(super) fn measure(pace: Pace) -> Result<Table> {
    let rounds_and_times = if pace.is_quick() { [3, 300] } else { [7, 500] };
    let period = Duration::from_secs(1) / PER_SECOND;
    let mut cases = Vec::new();
    let mut failure = None;
    for size in [[64, 64], [3840, 2160]] {
        let bare = Bare::start()?;
        let mut stream = Stream::start(serve::STREAM, Usage::Cpu, size)?;
        let contenders = vec![
            Contender::timed(OURS, |times| stream.paced(times, period)),
            Contender::timed(BARE, |times| bare.paced(times, period)),
            Contender::timed(GSTREAMER, |times| {
                patiently(frames(size, times)).unwrap_or_else(|reason| {
                    failure = Some(reason);
                    Duration::ZERO.into()
                })
            }),
        ];
        let pixels = f64::from(size[0]) * f64::from(size[1]);
        let label = format!("{}x{}", size[0], size[1]);
        cases.push(race_of(rounds_and_times, label, Some(pixels), contenders));
    }
    if let Some(reason) = failure {
        return Err(reason);
    }
    let less = cases.iter().map(|case| case.ratio(OURS, GSTREAMER));
    let goals = vec![Goal::at_most("less CPU time for a frame than GStreamer", 1.0, less)];
    Ok(Table {
        id: "gstreamer".to_owned(),
        title: TITLE.to_owned(),
        what: format!(
            "`videotestsrc num-buffers=1 ! imagefreeze ! unixfdsink` in one process and `unixfdsrc ! \
             fakesink` in another: the source draws once, into shared memory that the sink offers it, \
             and these bytes are sent again and again without a copy. Beside it `Producer` and \
             `Consumer`, and two bare sockets that send datagrams of the same lengths as these. \
             Nobody looks at a pixel, and all send {PER_SECOND} frames a second, so that each frame \
             wakes processes that sleep. Ratios are of the CPU time of both processes together, without \
             what they take to start and to end."
        ),
        x: Some("pixels".to_owned()),
        cases,
        goals,
        notes: vec![without_a_clock(if pace.is_quick() { 1 } else { ATTEMPTS })],
    })
}

fn frames(size: [u32; 2], count: u32) -> Frames {
    Frames { size, count, per_second: PER_SECOND, is_paced: true }
}

/// Once more, if it comes to no end.
fn patiently(frames: Frames) -> Result<Cost> {
    let mut cost = frames.cost(LIMIT);
    for _ in 1..ATTEMPTS {
        cost = cost.or_else(|_| frames.cost(LIMIT));
    }
    cost.with_context(|| format!("the last of {ATTEMPTS} runs"))
}

/// What becomes of it when nobody says when a frame is due.
fn without_a_clock(runs: u32) -> String {
    let frames = Frames { is_paced: false, ..frames([64, 64], 5000) };
    let limit = Duration::from_secs(3);
    let ended: Vec<Duration> = (0..runs).filter_map(|_| frames.transfer(limit).ok()).collect();
    let mut note = format!(
        "As fast as they can (`sync=false`), {} of {runs} runs of {} frames came to their end within \
         {} s.",
        ended.len(),
        frames.count,
        limit.as_secs(),
    );
    if let Some(fastest) = ended.iter().min() {
        let rate = f64::from(frames.count) / fastest.as_secs_f64();
        note += &format!(" The fastest took {rate:.0} frames a second, its start included.");
    }
    if ended.len() < runs as usize {
        note += " Both processes wait for each other then: the sink sends with the lock held that its \
                 other thread needs to receive what is released, and when both directions of the \
                 socket are full, nobody reads. Therefore the clock.";
    }
    note
}
