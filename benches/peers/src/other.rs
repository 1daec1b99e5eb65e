//! The other process, and what both have cost.

use std::os::fd::OwnedFd;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;

use crate::cpu_clock::CpuClock;
use crate::race::Cost;

/// This program, serving. It ends when its socket is closed.
pub(crate) struct Other {
    child: Child,
    clock: CpuClock,
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
        let clock = CpuClock::of(&child)?;
        Ok(Self { child, clock })
    }

    /// What it costs both processes to do `step` so many times.
    pub(crate) fn measure(&self, times: u32, step: impl FnMut()) -> Cost {
        self.clock.measure(times, step)
    }

    /// The same, once in each `period`, with a pause until the next one.
    pub(crate) fn measure_paced(
        &self,
        times: u32,
        period: Duration,
        mut step: impl FnMut(),
    ) -> Cost {
        let mut due = Instant::now();
        self.measure(times, || {
            step();
            due += period;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        })
    }
}

impl Drop for Other {
    /// Whoever owns this has closed the socket.
    fn drop(&mut self) {
        let ended = self.child.wait();
        debug_assert!(ended.is_ok());
    }
}
