//! The compositor.

use std::fs;
use std::fs::File;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use tempfile::TempDir;

use crate::cpu_clock::CpuClock;
use crate::wayland::picture::Picture;

const SOCKET: &str = "wayland-peers";
const LOG: &str = "log";

/// Longer than weston takes to start on a slow machine.
const SOON: Duration = Duration::from_secs(30);

/// weston without a screen, drawing with GL into memory. Its shell gives the whole output to the one
/// window that it has.
pub(crate) struct Weston {
    child: Child,
    clock: CpuClock,
    /// Its runtime folder.
    folder: TempDir,
}

impl Weston {
    /// Starts it with an output of `width` by `height` pixels.
    pub(crate) fn start([width, height]: [u32; 2]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("weston");
        command.args(["--backend=headless", "--renderer=gl", "--shell=kiosk-shell.so"]);
        // `--debug` lets any client take screenshots.
        command.args(["--no-config", "--idle-time=0", "--debug"]);
        // A thousand frames in a second, which is the most that weston makes: it is not waited longer
        // than necessary.
        command.arg("--refresh-rate=1000000").arg(format!("--socket={SOCKET}"));
        command.arg(format!("--width={width}")).arg(format!("--height={height}"));
        command.env("XDG_RUNTIME_DIR", folder.path());
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        // Of all renderers it imports memory that no device made. With threads of its own it would
        // take longer to wake them than to draw.
        command.env("LIBGL_ALWAYS_SOFTWARE", "1").env("LP_NUM_THREADS", "0");
        let log = File::create(folder.path().join(LOG))?;
        command.stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("weston")?;
        let clock = CpuClock::of(&child)?;
        let mut weston = Self { child, clock, folder };
        weston.wait_until_it_listens()?;
        let log = weston.log();
        ensure!(log.contains("GL renderer: llvmpipe"), "weston draws with something else:\n{log}");
        Ok(weston)
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let start = Instant::now();
        while self.connect().is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("weston ended with {status}:\n{}", self.log());
            }
            ensure!(start.elapsed() < SOON, "weston does not listen:\n{}", self.log());
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The socket of a new client.
    pub(crate) fn connect(&self) -> Result<UnixStream> {
        UnixStream::connect(self.folder.path().join(SOCKET)).context("weston's socket")
    }

    /// The CPU time of all of its threads.
    pub(crate) fn clock(&self) -> CpuClock {
        self.clock
    }

    /// What is on the output.
    pub(crate) fn screenshot(&self) -> Result<Picture> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("weston-screenshooter");
        command.current_dir(folder.path()).env("XDG_RUNTIME_DIR", self.folder.path());
        let output = command.env("WAYLAND_DISPLAY", SOCKET).output().context("a screenshot")?;
        let file = fs::read_dir(folder.path())?.next();
        let file = file.with_context(|| format!("no screenshot: {output:?}\n{}", self.log()))??;
        Picture::read(&file.path())
    }

    /// What it has said.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_else(|error| error.to_string())
    }
}

impl Drop for Weston {
    fn drop(&mut self) {
        // Nothing is left to be said to it.
        let killed = self.child.kill();
        let ended = self.child.wait();
        debug_assert!(killed.is_ok() && ended.is_ok());
    }
}
