//! Frames on a monitor, beside kmscube and modetest: what runs in a guest of the lab.
//!
//! `cargo xtask bench` boots the guest and runs `scanout measure` there, and `scanout count` in another
//! one, which counts instructions. The others are the crate's part in it, programs of their own like
//! those that they are compared with:
//!
//! ```text
//! dmashare-peers scanout measure RESULTS.json
//! dmashare-peers scanout count SO_FAR.json RESULTS.json
//! dmashare-peers scanout draw DRIVER implicit|fence|default FRAMES
//! dmashare-peers scanout flip DRIVER events|blocking FRAMES
//! ```

mod contender;
mod count;
mod cube;
mod draw;
mod flip;
mod frames;
mod measure;
mod monitor;
mod record;
mod run;
mod trace;

use anyhow::Result;
use anyhow::bail;

pub(crate) use crate::scanout::record::Contest;
pub(crate) use crate::scanout::record::Participant;
pub(crate) use crate::scanout::record::Scanouts;
pub(crate) use crate::scanout::record::Task;

/// Runs one of the commands.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    match *words {
        ["measure", file] => measure::all(file.as_ref()),
        ["count", so_far, file] => count::all(so_far.as_ref(), file.as_ref()),
        ["draw", driver, way, frames] => draw::frames(driver, way, frames.parse()?),
        ["flip", driver, way, frames] => flip::frames(driver, way, frames.parse()?),
        _ => bail!("scanout measure RESULTS.json, or count, or draw, or flip"),
    }
}
