//! The other process, and what both have cost.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::race::Cost;

/// This program, serving. It ends when its socket is closed.
pub(crate) struct Other {
    child: Child,
    clock: libc::clockid_t,
}

impl Other {
    /// Starts it with a socket as standard input, and memory as standard output if it is to have some.
    pub(crate) fn start(
        kind: &str,
        [width, height]: [u32; 2],
        socket: OwnedFd,
        memory: Option<OwnedFd>,
    ) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", kind, &width.to_string(), &height.to_string()]);
        command.stdin(Stdio::from(socket));
        command.stdout(memory.map_or_else(Stdio::inherit, Stdio::from));
        let child = command.spawn().context("this program once more")?;
        let mut clock = MaybeUninit::uninit();
        let pid = libc::pid_t::try_from(child.id())?;
        // SAFETY: the function writes a clock to where it is told, and fails otherwise.
        let failed = unsafe { libc::clock_getcpuclockid(pid, clock.as_mut_ptr()) };
        ensure!(failed == 0, "no clock of the other process");
        // SAFETY: it has not failed.
        Ok(Self { child, clock: unsafe { clock.assume_init() } })
    }

    /// What it costs both processes to do `step` so many times.
    pub(crate) fn measure(&self, times: u32, mut step: impl FnMut()) -> Cost {
        let clocks = [libc::CLOCK_PROCESS_CPUTIME_ID, self.clock];
        let cpu_before: Duration = clocks.into_iter().map(read).sum();
        let start = Instant::now();
        (0..times).for_each(|_| step());
        let wall = start.elapsed();
        let cpu_after: Duration = clocks.into_iter().map(read).sum();
        Cost { wall, cpu: Some(cpu_after.saturating_sub(cpu_before)) }
    }
}

impl Drop for Other {
    /// Whoever owns this has closed the socket.
    fn drop(&mut self) {
        let ended = self.child.wait();
        debug_assert!(ended.is_ok());
    }
}

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the function writes a time to where it is told.
    let failed = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(failed, 0, "no such clock");
    let seconds = u64::try_from(time.tv_sec).expect("a time after 0");
    Duration::new(seconds, u32::try_from(time.tv_nsec).expect("less than a second"))
}
