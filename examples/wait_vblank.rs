//! The clock of a display: waits for its vertical blanks, and prints the true refresh rate.
//!
//! The kernel counts the vertical blanks of each CRTC and notes when each was. Anybody who may open
//! the node may wait for them, beside a display server too. Each wait names the frame that it is
//! for, so that none is counted twice and those that are missed are known.
//!
//! Needs a display that is on, or, with `--modeset`, one that nobody else uses, such as the virtual
//! one (`modprobe vkms`). Run it with
//!
//! ```text
//! cargo run --features drm --example wait_vblank -- --count 120
//! cargo run --features drm --example wait_vblank -- --modeset
//! ```
//!
//! You should see a line for each frame, with its number and the time since the one before, then the
//! rate, which is near the monitor's mode but seldom a round number. With `--modeset` the monitor is
//! grey meanwhile, and put back as it was.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::time::Duration;

use clap::Parser;
use dmashare::device::Device;
use dmashare::device::DumbBuffer;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Crtc;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Output;
use dmashare::kms::SequenceTracker;
use dmashare::kms::Topology;
use dmashare::kms::vblank::Frame;
use dmashare::kms::vblank::Target;
use dmashare::kms::vblank::Vblank;

use crate::common::monitor::Monitor;
use crate::common::monitor::NO_DEVICE;
use crate::common::report::Report;

/// Waits for vertical blanks and prints their numbers, the intervals and the refresh rate.
#[derive(Parser)]
struct Arguments {
    /// How many frames to wait for
    #[arg(long, value_name = "N", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// The driver of the display [default: the first display that is on]
    #[arg(long, value_name = "DRIVER")]
    driver: Option<String>,
    /// The place of the CRTC in the device's list, from 0 [default: the first that is on]
    #[arg(long, value_name = "INDEX")]
    crtc: Option<u32>,
    /// Turn the first monitor on, and put it back after; nobody else may be using it
    #[arg(long, conflicts_with = "crtc")]
    modeset: bool,
}

fn main() -> Result<(), Report> {
    let Arguments { count, driver, crtc, modeset } = Arguments::parse();
    if modeset {
        let monitor = Monitor::find(driver.as_deref())?;
        // The monitor is on until this is dropped.
        let output = light(&monitor)?;
        let crtc = monitor.topology.crtc(output.crtc());
        let crtc = crtc.ok_or_else(|| Report::new("the CRTC of the monitor is gone"))?;
        return watch(&monitor.node, crtc, count);
    }
    let (node, crtc) = find(driver.as_deref(), crtc)?;
    watch(&node, &crtc, count)
}

/// The CRTC that was asked for, or the first that is on.
fn find(driver: Option<&str>, index: Option<u32>) -> Result<(Node, Crtc), Report> {
    let mut reasons = vec!["no vertical blanks to wait for".to_owned()];
    for device in Device::all() {
        let Some(card) = device.node(NodeKind::Primary) else { continue };
        let card = card.path.display();
        let node = match device.open(NodeKind::Primary) {
            Ok(node) if driver.is_none_or(|it| it == node.driver()) => node,
            Ok(other) => {
                reasons.push(format!("{card}: its driver is {}", other.driver()));
                continue;
            }
            Err(error) => {
                reasons.push(format!("{card}: {error}"));
                continue;
            }
        };
        match crtc_of(&node, index) {
            Ok(crtc) => return Ok((node, crtc)),
            Err(reason) => reasons.push(format!("{card}: {reason:?}")),
        }
    }
    if reasons.len() == 1 {
        reasons.push(NO_DEVICE.to_owned());
    }
    Err(Report::new(reasons.join("\n  ")))
}

fn crtc_of(node: &Node, index: Option<u32>) -> Result<Crtc, Report> {
    let crtcs = Topology::read_known(node)?.crtcs;
    let count = crtcs.len();
    let found = match index {
        Some(index) => crtcs.into_iter().find(|crtc| crtc.index == index),
        None => crtcs.into_iter().find(|crtc| crtc.mode.is_some()),
    };
    found.ok_or_else(|| match index {
        Some(index) => Report::new(format!("no CRTC {index}: it has {count}, from 0")),
        None => Report::new("no CRTC is on (a display server turns one on, and so does --modeset)"),
    })
}

/// Shows a grey picture on a monitor, until the output is dropped.
fn light(Monitor { node, topology, way }: &Monitor) -> Result<Output, Report> {
    let [width, height] = way.mode.size();
    let buffer = DumbBuffer::create(node, width, height, 32)?;
    let mapping = buffer.map()?;
    let row = vec![0x40; buffer.row_bytes()];
    for y in 0..height {
        mapping.write_row(y, &row)?;
    }
    let image = buffer.export_image(Fourcc::XRGB8888)?;
    let picture = Framebuffer::new(node, topology, &image, Alpha::Ignore)?;
    let mut output = Output::new(node, way.connector, way.crtc)?;
    output.enable(&way.mode, &Layer::new(&picture))?;
    Ok(output)
}

fn watch(node: &Node, crtc: &Crtc, count: u32) -> Result<(), Report> {
    println!("{}: CRTC {} (number {})", node.driver(), u32::from(crtc.handle), crtc.index);
    let vblank = Vblank::new(node, crtc)?;
    let first = vblank.query()?;
    let mut numbers = SequenceTracker::starting_at(first.sequence);
    let mut last = first;
    let mut missed = 0;
    for _ in 0..count {
        let frame = vblank.wait(Target::AtOrNext(last.sequence.plus(1)))?;
        let interval = frame.time.since(last.time).unwrap_or_default();
        let skipped = frame.sequence.distance_from(last.sequence).saturating_sub(1).max(0);
        missed += skipped;
        let missing = if skipped > 0 { format!("  ({skipped} missed)") } else { String::new() };
        println!(
            "frame {}  +{:.3} ms{missing}",
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
