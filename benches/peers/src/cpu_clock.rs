//! How long a process has been on a processor.
//!
//! Spec: clock_getcpuclockid(3).

use std::io;
use std::mem::MaybeUninit;
use std::process::Child;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;

use crate::race::Cost;

/// The clock of a process, which counts the time of all its threads, in the kernel too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuClock(libc::clockid_t);

impl CpuClock {
    /// This process's own.
    pub(crate) const OWN: Self = Self(libc::CLOCK_PROCESS_CPUTIME_ID);

    /// That of a child, until it is waited for.
    pub(crate) fn of(child: &Child) -> Result<Self> {
        let mut clock = MaybeUninit::uninit();
        let pid = libc::pid_t::try_from(child.id())?;
        // SAFETY: the function writes a clock to where it is told, and fails otherwise.
        let failed = unsafe { libc::clock_getcpuclockid(pid, clock.as_mut_ptr()) };
        ensure!(failed == 0, "no clock of the other process");
        // SAFETY: it has not failed.
        Ok(Self(unsafe { clock.assume_init() }))
    }

    /// What it costs this process and the one of this clock to do `step` so many times.
    ///
    /// # Panics
    /// When the other process has ended.
    pub(crate) fn measure(self, times: u32, mut step: impl FnMut()) -> Cost {
        let read = |clock: Self| clock.read().expect("the clock of a process that runs");
        let both = || read(Self::OWN) + read(self);
        let cpu_before = both();
        let start = Instant::now();
        (0..times).for_each(|_| step());
        let wall = start.elapsed();
        Cost { wall, cpu: Some(both().saturating_sub(cpu_before)) }
    }

    pub(crate) fn read(self) -> Result<Duration> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the function writes a time to where it is told.
        let failed = unsafe { libc::clock_gettime(self.0, &raw mut time) };
        if failed != 0 {
            return Err(io::Error::last_os_error()).context("the clock of a process");
        }
        Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
    }
}
