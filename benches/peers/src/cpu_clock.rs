//! The CPU time of other processes.

use std::mem::MaybeUninit;
use std::time::Duration;

use anyhow::Result;
use anyhow::ensure;

/// Counts what a process uses, in all its threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuClock(libc::clockid_t);

impl CpuClock {
    /// This process's.
    pub(crate) const OWN: Self = Self(libc::CLOCK_PROCESS_CPUTIME_ID);

    /// That of a process, for as long as it is not waited for.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let mut clock = MaybeUninit::uninit();
        // SAFETY: the function writes a clock to where it is told, and fails otherwise.
        let failed = unsafe { libc::clock_getcpuclockid(process.try_into()?, clock.as_mut_ptr()) };
        ensure!(failed == 0, "no clock of the other process");
        // SAFETY: it has not failed.
        Ok(Self(unsafe { clock.assume_init() }))
    }

    /// What was used so far.
    pub(crate) fn read(self) -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the function writes a time to where it is told.
        let failed = unsafe { libc::clock_gettime(self.0, &raw mut time) };
        assert_eq!(failed, 0, "no such clock");
        let seconds = u64::try_from(time.tv_sec).expect("a time after 0");
        Duration::new(seconds, u32::try_from(time.tv_nsec).expect("less than a second"))
    }
}
