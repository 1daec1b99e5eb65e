//! One program at work: how fast it is, and which system calls it makes.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::PipeReader;
use std::os::unix::process::CommandExt as _;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use rustix::process::Signal;
use rustix::process::WaitOptions;
use tempfile::TempDir;

use crate::cpu_clock::CpuClock;
use crate::scanout::contender::Contender;
use crate::scanout::frames::Frames;
use crate::scanout::trace;
use crate::scanout::trace::PerFrame;

/// What is measured of a program that has begun to show frames. kmscube tells every two seconds.
const WINDOW: Duration = Duration::from_millis(1900);

/// Frames of a run whose system calls are counted.
const TRACED_FRAMES: u32 = 60;

/// What a program did in the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) frames_per_second: f64,
    /// CPU time for a frame. In a guest that counts, its instructions.
    pub(crate) cpu_ns: f64,
}

/// What was known of a program when it told of its frames.
#[derive(Clone, Copy)]
struct Moment {
    frames: u32,
    at: Instant,
    cpu: Duration,
}

/// Runs a program undisturbed until its frames were seen for long enough.
pub(crate) fn pace(contender: &Contender) -> Result<Pace> {
    let mut program = Program::start(contender.command(&[]))?;
    let clock = CpuClock::of(&program.child)?;
    let mut first: Option<Moment> = None;
    let last = program.until(|frames| {
        let now = Moment { frames, at: Instant::now(), cpu: clock.read()? };
        let first = first.get_or_insert(now);
        Ok((now.at - first.at >= WINDOW).then_some(now))
    })?;
    let first = first.context("no first frame")?;
    let frames = f64::from(last.frames - first.frames);
    ensure!(frames > 0.0, "no frame in {WINDOW:?}");
    Ok(Pace {
        frames_per_second: frames / (last.at - first.at).as_secs_f64(),
        cpu_ns: (last.cpu - first.cpu).as_secs_f64() * 1e9 / frames,
    })
}

/// Runs a program under strace, and counts the system calls of its frames in the steady state.
pub(crate) fn calls(contender: &Contender) -> Result<PerFrame> {
    let folder = TempDir::new()?;
    let file = folder.path().join("calls");
    let strace = ["strace", "-f", "-s", "0", "-o", file.to_str().context("a path in UTF-8")?, "--"];
    let mut program = Program::start(contender.command(&strace))?;
    program.until(|frames| Ok((frames >= TRACED_FRAMES).then_some(())))?;
    drop(program);
    let trace = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    trace::per_frame(&trace)
}

/// Makes this process the one that waits for whoever loses its parent.
pub(crate) fn adopt_orphans() -> Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).context("subreaper")
}

/// A running program, which is ended on drop.
struct Program {
    child: Child,
    /// Never ends: programs of others would, too.
    _input: Option<ChildStdin>,
    output: BufReader<PipeReader>,
}

impl Program {
    fn start(mut command: Command) -> Result<Self> {
        let (output, theirs) = std::io::pipe()?;
        command.stdin(Stdio::piped()).stdout(theirs.try_clone()?).stderr(theirs);
        command.process_group(0);
        let name = command.get_program().to_owned();
        let mut child = command.spawn().with_context(|| name.display().to_string())?;
        Ok(Self { _input: child.stdin.take(), child, output: BufReader::new(output) })
    }

    /// Reads what it prints until `enough` has what it wants, given the frames so far.
    fn until<T>(&mut self, mut enough: impl FnMut(u32) -> Result<Option<T>>) -> Result<T> {
        let mut frames = Frames::default();
        let mut said = String::new();
        for line in (&mut self.output).lines() {
            let line = line?;
            if let Some(found) = frames.after(&line).map(&mut enough).transpose()?.flatten() {
                return Ok(found);
            }
            said = line;
        }
        let status = self.child.wait()?;
        bail!("it ended too soon ({status}) and said last: {said}");
    }
}

impl Drop for Program {
    /// Ends it and what it has started, such as what strace traces, and waits until all are gone: who
    /// has the monitor keeps it until then.
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        let told = rustix::process::kill_process_group(group, Signal::TERM);
        debug_assert!(told.is_ok());
        while rustix::process::wait(WaitOptions::empty()).is_ok() {}
    }
}
