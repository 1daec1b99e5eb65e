//! One guest at work, seen from the host.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::lab::guest::Photograph;
use crate::lab::guest::folder::Folder;
use crate::lab::guest::monitor::Monitor;
use crate::process::Observer;
use crate::process::watch;

const PAUSE: Duration = Duration::from_millis(50);

/// How long things may take before the guest is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Until the job begins.
    pub(crate) boot: Duration,
    /// Without a line from the job.
    pub(crate) silence: Duration,
    /// All together.
    pub(crate) total: Duration,
}

impl Limits {
    /// The time a guest takes to boot, many times over.
    pub(crate) const BOOT: Duration = Duration::from_secs(300);

    /// Of a job that may take as long as it likes.
    pub(crate) const NONE: Self =
        Self { boot: Self::BOOT, silence: Duration::MAX, total: Duration::MAX };
}

/// Passes on what a job says, answers what it asks of the host, and keeps the time.
pub(super) struct Session<'a> {
    folder: &'a Folder,
    monitor: Option<&'a Monitor>,
    limits: Limits,
    photograph: Option<&'a Photograph>,
    observer: &'a mut dyn Observer,
    booted: Instant,
    job_began: Option<Instant>,
    last_line: Instant,
    has_photographed: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        folder: &'a Folder,
        monitor: Option<&'a Monitor>,
        limits: Limits,
        photograph: Option<&'a Photograph>,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let now = Instant::now();
        Self {
            folder,
            monitor,
            limits,
            photograph,
            observer,
            booted: now,
            job_began: None,
            last_line: now,
            has_photographed: false,
        }
    }

    /// Runs QEMU with its output read line by line.
    pub(super) fn watched(&mut self, command: Command) -> Result<()> {
        let total = self.limits.total;
        // The observer has seen it all, and what became of the job is in the folder.
        watch(command, total, self).map(drop)
    }

    /// Runs QEMU on this program's own terminal.
    pub(super) fn attended(&mut self, mut command: Command) -> Result<()> {
        let mut child = command.spawn().context("cannot start QEMU")?;
        while child.try_wait().context("wait")?.is_none() {
            self.tick();
            if self.stop().is_some() {
                child.kill().context("kill")?;
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Hands the photograph out.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn deliver(&self, photograph: &Photograph) -> Result<()> {
        let picture = self.folder.path("screenshot.png");
        if !picture.exists() {
            let reason = fs::read_to_string(self.folder.path("screenshot.error"));
            bail!(
                "no photograph: {}",
                reason.unwrap_or_else(|_| "the job was too short".to_owned())
            );
        }
        let file = &photograph.file;
        fs::copy(picture, file).map(drop).with_context(|| file.display().to_string())
    }

    fn answer_requests(&mut self) {
        let request = self.folder.path("screenshot.request");
        if self.is_time_for_the_photograph() || request.exists() {
            self.photograph_monitor();
            // The guest waits for this file to go.
            let _none_by_us = fs::remove_file(request);
        }
    }

    fn is_time_for_the_photograph(&mut self) -> bool {
        let after = self.photograph.and_then(|photograph| photograph.after);
        let is_time = !self.has_photographed
            && self.job_began.zip(after).is_some_and(|(began, after)| began.elapsed() >= after);
        self.has_photographed |= is_time;
        is_time
    }

    fn photograph_monitor(&self) {
        let part = self.folder.path("screenshot.part");
        for earlier in ["screenshot.png", "screenshot.error"] {
            let _none = fs::remove_file(self.folder.path(earlier));
        }
        let taken = match self.monitor {
            Some(monitor) => monitor.photograph(&part),
            None => Err(anyhow::anyhow!("this guest has no monitor")),
        };
        let taken = taken.and_then(|()| Ok(fs::rename(part, self.folder.path("screenshot.png"))?));
        if let Err(error) = taken {
            // The guest reads it; a file that cannot be written here has no reader either.
            let _unread = fs::write(self.folder.path("screenshot.error"), format!("{error:#}"));
        }
    }
}

impl Observer for Session<'_> {
    fn line(&mut self, line: &str) {
        self.last_line = Instant::now();
        self.observer.line(line);
    }

    fn tick(&mut self) {
        if self.job_began.is_none() && self.folder.has_started() {
            self.job_began = Some(Instant::now());
            self.last_line = Instant::now();
        }
        self.answer_requests();
        self.observer.tick();
    }

    fn stop(&self) -> Option<String> {
        let Limits { boot, silence, .. } = self.limits;
        if self.job_began.is_none() {
            return (self.booted.elapsed() > boot)
                .then(|| format!("the guest has not booted after {} s", boot.as_secs()));
        }
        (self.last_line.elapsed() > silence)
            .then(|| format!("the guest has said nothing for {} s", silence.as_secs()))
    }
}
