//! A script in a guest for the project's other commands.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use anyhow::bail;

use crate::cli::LabArgs;
use crate::lab::Machine;
use crate::lab::guest::Accelerator;
use crate::lab::guest::Configuration;
use crate::lab::guest::Job;
use crate::lab::guest::Limits;
use crate::process::Observer;
use crate::repository;

/// How much of the output is shown when the script fails.
const SHOWN_LINES: usize = 20;

/// Shell commands in the guest with the virtio-gpu, in the repository's root.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    pub(crate) commands: String,
    /// Where what they leave in `$DMASHARE_LAB_DIR/keep` is copied to.
    pub(crate) keep: &'a Path,
    pub(crate) limit: Duration,
    /// The longest time between two lines of output.
    pub(crate) silence: Duration,
    /// Whether the guest's processor takes a nanosecond for each instruction, so that CPU times are
    /// counts.
    pub(crate) counts: bool,
}

/// Runs a script.
///
/// # Errors
/// When the guest cannot be booted, with the last lines of its console; when the script fails, with
/// those of its output.
pub(crate) fn run(script: Script<'_>, observer: &mut dyn Observer) -> Result<()> {
    let Script { commands, keep, limit, silence, counts } = script;
    let mut machine = Machine::prepare(&LabArgs { no_kvm: counts, ..LabArgs::default() })?;
    if counts {
        machine.accelerator = Accelerator::Counting;
    }
    let keep = Some(keep.to_path_buf());
    let job = Job { folder: repository::root(), commands, on_terminal: false, keep };
    let limits = Limits { boot: Limits::BOOT, silence, total: limit };
    let mut listener = Listener { observer, last: VecDeque::new() };
    let ending = machine.guest(Configuration::Gpu).run(&job, limits, None, &mut listener)?;
    for complaint in ending.complaints() {
        eprintln!("kernel: {complaint}");
    }
    let status = ending.status()?;
    if status != 0 {
        let said: Vec<_> = listener.last.into();
        bail!("the guest's commands ended with {status} and said last:\n{}", said.join("\n"));
    }
    Ok(())
}

/// Passes on what the script prints, and keeps its end.
struct Listener<'a> {
    observer: &'a mut dyn Observer,
    last: VecDeque<String>,
}

impl Observer for Listener<'_> {
    fn line(&mut self, line: &str) {
        if self.last.len() == SHOWN_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
        self.observer.line(line);
    }

    fn tick(&mut self) {
        self.observer.tick();
    }
}
