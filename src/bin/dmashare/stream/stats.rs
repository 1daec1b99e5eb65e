//! `dmashare stream stats`: how fast a stream is, how late, and what it drops.

use std::io;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use comfy_table::Cell;
use dmashare::ipc::Ready;
use dmashare::stream::ReceivedFrame;
use rustix::time::ClockId;
use serde::Serialize;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::progress::Progress;
use crate::screen::Screen;
use crate::screen::Tone;
use crate::seconds::seconds;
use crate::stream::measure::Arrival;
use crate::stream::measure::Measure;
use crate::stream::measure::Percentiles;
use crate::stream::reader::ReaderArgs;
use crate::stream::source::Next;
use crate::stream::source::Source;
use crate::stream::source::SourceArgs;

/// What `dmashare stream stats` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    reader: ReaderArgs,
    /// Ends after so many frames, instead of with the stream.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frames: Option<u64>,
    /// Ends after so much time, counted from the first frame.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,
    /// Prints one JSON document (schema 1) instead of a table.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Frames are given back as soon as their fences have signalled; nothing is read. The latency is the \
time since the frame's presentation time, which is when `dmashare stream send` began with it: \
drawing, handing over and fences are in it. Dropped frames are those that the producer made and \
left out here.

Examples:
  dmashare stream stats demo --seconds 5
  dmashare stream stats demo --frames 1000 --json | jq .latency_us.p99

JSON: schema, size, fourcc, modifier, frames, dropped, with_fence, seconds, fps,
  latency_us, interval_us   {p50, p95, p99, max}, or null where nothing is known";

/// The version of the shape in which `--json` prints.
const SCHEMA: u32 = 1;

/// The names of the fields are stable within one `schema`; fields may be added to it.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    /// Width and height in pixels.
    size: [u32; 2],
    fourcc: String,
    modifier: String,
    frames: u64,
    dropped: u64,
    with_fence: u64,
    seconds: f64,
    fps: Option<f64>,
    latency_us: Option<Percentiles>,
    interval_us: Option<Percentiles>,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let reader = args.reader.open()?;
    let mut source = args.source.connect(&reader.settings())?;
    let progress = Progress::live(args.frames);
    let measure = measure(args, &mut source, &progress)?;
    drop(progress);
    let report = report(&source, &measure)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &report).attempt("the report cannot be printed")?;
        writeln!(out)?;
    } else {
        print(&report, out)?;
    }
    Ok(Outcome::Good)
}

fn measure(args: &Args, source: &mut Source, progress: &Progress) -> Result<Measure, Failure> {
    let mut measure = Measure::new();
    loop {
        match source.next()? {
            Next::Frame(frame) => {
                measure.add(arrival(&frame));
                let released = source.consumer.release(frame, Ready::Finished);
                released.attempt("the frame cannot be given back")?;
                progress.begin(live(&measure));
                progress.end();
            }
            Next::Gone(_) => {}
            Next::Over => return Ok(measure),
        }
        let is_enough = args.frames.is_some_and(|most| measure.frames() >= most)
            || args.seconds.is_some_and(|most| measure.duration() >= most);
        if is_enough {
            return Ok(measure);
        }
    }
}

fn arrival(frame: &ReceivedFrame) -> Arrival {
    let now = rustix::time::clock_gettime(ClockId::Monotonic);
    let now = Duration::try_from(now).unwrap_or_default();
    let due = frame.presentation_ns().map(|due| Duration::from_nanos(due.get()));
    Arrival {
        serial: frame.serial().get(),
        at: Instant::now(),
        latency: due.map(|due| now.saturating_sub(due)),
        has_fence: frame.fence().is_some(),
    }
}

/// One line for now.
fn live(measure: &Measure) -> String {
    let rate = measure.rate().map_or(String::from("-"), |rate| format!("{rate:.1}"));
    let latency = measure.latency().map_or(String::new(), |latency| {
        format!(", latency {:.0} us (p99 {:.0})", latency.p50, latency.p99)
    });
    format!("{rate} fps{latency}, {} dropped", measure.dropped())
}

fn report(source: &Source, measure: &Measure) -> Result<Report, Failure> {
    let format = source.format.ok_or_else(|| Failure::new("the producer sent no frame"))?;
    Ok(Report {
        schema: SCHEMA,
        size: [format.size.width(), format.size.height()],
        fourcc: format.fourcc.to_string(),
        modifier: format.modifier.to_string(),
        frames: measure.frames(),
        dropped: measure.dropped(),
        with_fence: measure.with_fence(),
        seconds: measure.duration().as_secs_f64(),
        fps: measure.rate(),
        latency_us: measure.latency(),
        interval_us: measure.interval(),
    })
}

fn print(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let screen = Screen::new();
    let mut table = screen.table([]);
    let mut row = |title: &str, value: Cell| {
        table.add_row([Cell::new(title), value]);
    };
    let [width, height] = report.size;
    row("image", Cell::new(format!("{width}x{height} {}", report.fourcc)));
    row("modifier", Cell::new(&report.modifier));
    row("frames", Cell::new(format!("{} in {:.3} s", report.frames, report.seconds)));
    let tone = if report.dropped == 0 { Tone::Good } else { Tone::Bad };
    row("dropped", screen.word(report.dropped, tone));
    row("with a fence", Cell::new(report.with_fence));
    let rate = report.fps.map_or(String::from("unknown"), |fps| format!("{fps:.2}"));
    row("frames per second", Cell::new(rate));
    row("latency", Cell::new(in_words(report.latency_us)));
    row("from frame to frame", Cell::new(in_words(report.interval_us)));
    writeln!(out, "{}", table.trim_fmt())
}

fn in_words(percentiles: Option<Percentiles>) -> String {
    let Some(Percentiles { p50, p95, p99, max }) = percentiles else {
        return String::from("unknown");
    };
    format!("p50 {p50:.0} us, p95 {p95:.0} us, p99 {p99:.0} us, at most {max:.0} us")
}
