#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]
//! Waits for vertical blanks and prints their numbers, the intervals and the refresh rate.
//!
//! ```text
//! cargo run --features drm --example wait_vblank -- --count 120
//! ```

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use dmashare::device::DumbBuffer;
use dmashare::device::Node;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Crtc;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Output;
use dmashare::kms::Pipeline;
use dmashare::kms::PipelineRequest;
use dmashare::kms::SequenceTracker;
use dmashare::kms::Topology;
use dmashare::kms::vblank::Frame;
use dmashare::kms::vblank::Target;
use dmashare::kms::vblank::Vblank;

type Failure = Box<dyn std::error::Error>;

const NOTHING_LIT: &str =
    "no CRTC is on: start a display server, or pass --modeset to light one up";

/// Waits for vertical blanks and prints their numbers, the intervals and the refresh rate.
#[derive(Debug, Parser)]
struct Arguments {
    /// Frames to wait for.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// The primary node of the device; without it, the first that has a CRTC that is on (or, with
    /// --modeset, a monitor).
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
    /// The place of the CRTC in the device's list, from 0; without it, the first that is on.
    #[arg(long, value_name = "INDEX")]
    crtc: Option<u32>,
    /// Light the first monitor up, and turn it off again after. Nobody else may be using the
    /// display.
    #[arg(long, conflicts_with = "crtc")]
    modeset: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("wait_vblank: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (node, topology) = find(arguments)?;
    let lit = if arguments.modeset { Some(light(&node, &topology)?) } else { None };
    let crtc = match &lit {
        Some(output) => topology.crtc(output.crtc()),
        None => choose(&topology, arguments.crtc)?,
    };
    let crtc = crtc.ok_or(NOTHING_LIT)?;
    println!("{}: CRTC {} (number {})", topology.driver, u32::from(crtc.handle), crtc.index);
    watch(&Vblank::new(&node, crtc)?, arguments.count)
}

/// The node that was asked for, or the first that will do.
fn find(arguments: &Arguments) -> Result<(Node, Topology), Failure> {
    if let Some(path) = &arguments.node {
        return look(path);
    }
    let mut paths: Vec<_> = std::fs::read_dir("/dev/dri")
        .map_err(|error| format!("/dev/dri: {error}: this machine has no display device"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("card"))
        })
        .collect();
    paths.sort();
    let mut reasons = vec!["no display to watch".to_owned()];
    for path in paths {
        match look(&path) {
            Ok(found) if is_usable(&found.1, arguments) => return Ok(found),
            Ok(_) => reasons.push(format!("{}: {NOTHING_LIT}", path.display())),
            Err(failure) => reasons.push(format!("{}: {failure}", path.display())),
        }
    }
    Err(reasons.join("\n  ").into())
}

fn look(path: &Path) -> Result<(Node, Topology), Failure> {
    let node = Node::open(path)?;
    let topology = Topology::read(&node)?;
    Ok((node, topology))
}

fn is_usable(topology: &Topology, arguments: &Arguments) -> bool {
    if arguments.modeset {
        return Pipeline::choose(topology, &PipelineRequest::default()).is_ok();
    }
    arguments.crtc.is_some() && !topology.crtcs.is_empty()
        || topology.crtcs.iter().any(|crtc| crtc.mode.is_some())
}

fn choose(topology: &Topology, index: Option<u32>) -> Result<Option<&Crtc>, Failure> {
    let Some(index) = index else {
        return Ok(topology.crtcs.iter().find(|crtc| crtc.mode.is_some()));
    };
    let found = topology.crtcs.iter().find(|crtc| crtc.index == index);
    let count = topology.crtcs.len();
    found.map(Some).ok_or_else(|| format!("--crtc {index}: the device has {count}, from 0").into())
}

/// Shows a grey picture on the first monitor, until the output is dropped.
fn light(node: &Node, topology: &Topology) -> Result<Output, Failure> {
    let pipeline = Pipeline::choose(topology, &PipelineRequest::default())?;
    let [width, height] = pipeline.mode.size();
    let buffer = DumbBuffer::create(node, width, height, 32)?;
    let mapping = buffer.map()?;
    let row = vec![0x40; buffer.row_bytes()];
    for y in 0..height {
        mapping.write_row(y, &row)?;
    }
    let image = buffer.export_image(Fourcc::XRGB8888)?;
    let picture = Framebuffer::new(node, topology, &image, Alpha::Ignore)?;
    let mut output = Output::new(node, pipeline.connector, pipeline.crtc)?;
    output.enable(&pipeline.mode, &Layer::new(&picture))?;
    Ok(output)
}

fn watch(vblank: &Vblank, count: u32) -> Result<(), Failure> {
    let first = vblank.query()?;
    let mut numbers = SequenceTracker::starting_at(first.sequence);
    let mut last = first;
    let mut missed = 0;
    for _ in 0..count {
        let frame = vblank.wait(Target::AtOrNext(last.sequence.plus(1)))?;
        let interval = frame.time.since(last.time).unwrap_or_default();
        let skipped = frame.sequence.distance_from(last.sequence).saturating_sub(1).max(0);
        missed += skipped;
        let note = if skipped > 0 { format!("  ({skipped} missed)") } else { String::new() };
        println!(
            "frame {}  +{:.3} ms{note}",
            numbers.widen(frame.sequence),
            milliseconds(interval)
        );
        last = frame;
    }
    println!("{}", summary(first, last, missed));
    Ok(())
}

fn summary(first: Frame, last: Frame, missed: i32) -> String {
    let frames = last.sequence.distance_from(first.sequence);
    let took = last.time.since(first.time).unwrap_or_default();
    if took.is_zero() {
        return format!(
            "{frames} frames in no time: this driver does not note the time of a frame"
        );
    }
    let rate = f64::from(frames) / took.as_secs_f64();
    format!("{frames} frames in {:.3} ms: {rate:.3} Hz, {missed} missed", milliseconds(took))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
