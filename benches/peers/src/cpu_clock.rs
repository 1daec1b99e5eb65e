//! CPU time of processes, all of their threads together.

use std::mem::MaybeUninit;
use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use anyhow::ensure;

use crate::race::Cost;

/// The CPU time that a process has used, as user and in the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuClock(libc::clockid_t);

impl CpuClock {
    pub(crate) const OWN: Self = Self(libc::CLOCK_PROCESS_CPUTIME_ID);

    pub(crate) fn of(pid: u32) -> Result<Self> {
        let mut clock = MaybeUninit::uninit();
        let pid = libc::pid_t::try_from(pid)?;
        // SAFETY: the function writes a clock to where it is told, and fails otherwise.
        let failed = unsafe { libc::clock_getcpuclockid(pid, clock.as_mut_ptr()) };
        ensure!(failed == 0, "no clock of process {pid}");
        // SAFETY: it has not failed.
        Ok(Self(unsafe { clock.assume_init() }))
    }

    /// What it costs this process and the one of this clock to do `step` so many times.
    pub(crate) fn measure(self, times: u32, mut step: impl FnMut()) -> Cost {
        let clocks = [Self::OWN, self];
        let cpu_before: Duration = clocks.into_iter().map(Self::read).sum();
        let start = Instant::now();
        (0..times).for_each(|_| step());
        let wall = start.elapsed();
        let cpu_after: Duration = clocks.into_iter().map(Self::read).sum();
        Cost { wall, cpu: Some(cpu_after.saturating_sub(cpu_before)) }
    }

    fn read(self) -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the function writes a time to where it is told.
        let failed = unsafe { libc::clock_gettime(self.0, &raw mut time) };
        assert_eq!(failed, 0, "no such clock");
        let seconds = u64::try_from(time.tv_sec).expect("a time after 0");
        Duration::new(seconds, u32::try_from(time.tv_nsec).expect("less than a second"))
    }
}
