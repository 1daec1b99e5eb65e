//! Guests: booted by QEMU on this machine's own root file system, to run one job.
//!
//! The kernel mounts the root over 9p, read-only, and starts `init.sh`, which puts a layer of
//! memory on it. The host and the guest share one folder, `/run/lab` in the guest, which the
//! variable `DMASHARE_LAB_DIR` names there:
//!
//! | file | written by | meaning |
//! |---|---|---|
//! | `init`, `job` | host | what the guest runs |
//! | `started` | guest | the job begins |
//! | `status` | guest | exit status of the job, in digits; the guest ends |
//! | `screenshot.request` | guest | asks for a photograph of the monitor; empty |
//! | `screenshot.png` | host | the photograph, 8 bits per channel, RGB; written before the request is removed |
//! | `screenshot.error` | host | why there is none, in its place |
//! | `keep/` | guest | files that are kept when the guest is gone (`--keep`) |
//!
//! What the job prints comes over a serial port of its own, so that the kernel's messages, which
//! go to the console, are kept apart.

mod accelerator;
mod configuration;
mod folder;
mod job;
mod monitor;
mod qemu;
mod session;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

pub(super) use crate::lab::guest::accelerator::Accelerator;
pub(super) use crate::lab::guest::configuration::Configuration;
use crate::lab::guest::folder::Folder;
pub(super) use crate::lab::guest::job::Job;
pub(super) use crate::lab::guest::job::line;
use crate::lab::guest::monitor::Monitor;
pub(super) use crate::lab::guest::session::Limits;
use crate::lab::guest::session::Session;
use crate::process::Observer;

/// A machine that has not been booted yet.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) kernel: PathBuf,
    pub(super) accelerator: Accelerator,
    pub(super) configuration: Configuration,
}

/// How a guest ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// Exit status of the job; `None` when the guest did not get that far.
    pub(super) status: Option<i32>,
    /// What the kernel and QEMU said.
    pub(super) console: String,
}

/// When and where to put a photograph of the monitor.
#[derive(Clone, Debug)]
pub(super) struct Photograph {
    pub(super) file: PathBuf,
    /// So long after the job began; at its end if `None`.
    pub(super) after: Option<Duration>,
}

impl Guest {
    /// Boots, runs `job` to its end and tells `observer` what it prints.
    ///
    /// # Errors
    /// When QEMU or the X server cannot be started; not when the guest or the job fails.
    pub(super) fn run(
        &self,
        job: &Job,
        limits: Limits,
        photograph: Option<&Photograph>,
        observer: &mut dyn Observer,
    ) -> Result<Ending> {
        let folder = Folder::new(&job.script(self.configuration), photograph)?;
        let monitor = self.configuration.has_monitor().then(Monitor::start).transpose()?;
        let display = monitor.as_ref().map(Monitor::display);
        let command = self.command(&folder, display, job.on_terminal);
        let mut session = Session::new(&folder, monitor.as_ref(), limits, photograph, observer);
        if job.on_terminal {
            session.attended(command)?;
        } else {
            session.watched(command)?;
        }
        if let Some(photograph) = photograph {
            session.deliver(photograph)?;
        }
        if let Some(to) = &job.keep {
            folder.keep(to)?;
        }
        Ok(Ending { status: folder.status(), console: folder.console() })
    }
}

/// Whether somebody sits at a terminal, so that a job can use it.
pub(super) fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

impl Ending {
    /// The exit status.
    ///
    /// # Errors
    /// When there is none: with the last lines of the guest's console.
    pub(super) fn status(&self) -> Result<i32> {
        self.status.with_context(|| {
            let last = last_lines(&self.console, 40);
            format!("the guest ended before its job did; its console said last:\n{last}")
        })
    }

    /// Lines in which the kernel complains of itself.
    pub(super) fn complaints(&self) -> impl Iterator<Item = &str> {
        const WORDS: [&str; 4] = ["WARNING:", "BUG:", "Oops", "refcount_t:"];
        let is_complaint = |line: &&str| WORDS.iter().any(|word| line.contains(word));
        self.console.lines().filter(is_complaint)
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let hidden = text.lines().count().saturating_sub(count);
    text.lines().skip(hidden).flat_map(|line| ["  | ", line.trim_end(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::Ending;

    fn ending(status: Option<i32>, console: &str) -> Ending {
        Ending { status, console: console.to_owned() }
    }

    #[test]
    fn guest_without_a_status_fails_with_its_last_lines() {
        let console = (0..100).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let error = ending(None, &console).status().unwrap_err().to_string();
        assert!(error.contains("line 60\n") && error.ends_with("line 99\n"), "{error}");
        assert!(!error.contains("line 59"), "{error}");
        assert_eq!(ending(Some(3), &console).status().unwrap(), 3);
    }

    #[test]
    fn warning_of_the_kernel_is_a_complaint() {
        let console = "[ 1.0] Run /init\n[ 2.0] WARNING: drivers/gpu/drm/drm_vblank.c:1 at f\n";
        assert_eq!(ending(Some(0), console).complaints().count(), 1);
    }
}
