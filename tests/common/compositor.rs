//! A Wayland compositor of the test's own, without a screen.

use std::fs;
use std::os::unix::net::UnixStream;
use std::process::Command;

use tempfile::TempDir;

use crate::common::patience;
use crate::common::picture::Picture;
use crate::common::program::Program;

const SOCKET: &str = "wayland-dmashare";

/// weston, drawing with GL into memory. Its shell gives the whole output to each window.
pub(crate) struct Compositor {
    program: Program,
    runtime_dir: TempDir,
}

impl Compositor {
    /// Starts it with one output of this size in units of `scale` by `scale` pixels.
    pub(crate) fn start([width, height]: [u32; 2], scale: u32) -> Self {
        let runtime_dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("weston");
        command.args(["--backend=headless", "--renderer=gl", "--shell=kiosk-shell.so"]);
        // `--debug` lets any client take screenshots.
        command.args(["--no-config", "--idle-time=0", "--debug"]);
        command.arg(format!("--width={width}")).arg(format!("--height={height}"));
        command.arg(format!("--scale={scale}")).arg(format!("--socket={SOCKET}"));
        command.env("XDG_RUNTIME_DIR", runtime_dir.path());
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        let mut program = Program::start(command);
        program.line("the end of its start", |line| line.contains("kiosk-shell.so").then_some(()));
        let socket = runtime_dir.path().join(SOCKET);
        patience::until("weston's socket", || UnixStream::connect(&socket).ok());
        Self { program, runtime_dir }
    }

    /// Has a program connect to it.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("XDG_RUNTIME_DIR", self.runtime_dir.path()).env("WAYLAND_DISPLAY", SOCKET);
    }

    /// What is on the output.
    pub(crate) fn screenshot(&self) -> Picture {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("weston-screenshooter");
        self.apply(command.current_dir(folder.path()));
        Program::start(command).finish();
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        let [Ok(file)] = &files[..] else {
            panic!("one screenshot, not {files:?}:\n{}", self.program.printed());
        };
        Picture::read(&file.path())
    }
}
