//! GStreamer's `unixfdsink` and `unixfdsrc`, each in a process of its own, as people start them.

use std::env;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;

use crate::cpu_clock::CpuClock;
use crate::race::Cost;

const LAUNCH: &str = "gst-launch-1.0";

/// How long the sink may take to make its socket.
const SOCKET_LIMIT: Duration = Duration::from_secs(10);

/// What both processes take to start and to draw the image, and more.
const START: Duration = Duration::from_millis(1200);

/// For how long frames go on behind those that are measured.
const REST: Duration = Duration::from_millis(300);

/// How often is looked whether something has happened that nobody tells.
const PAUSE: Duration = Duration::from_millis(5);

/// Frames from one process to another, all with one image that lies in shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frames {
    pub(crate) size: [u32; 2],
    pub(crate) count: u32,
    pub(crate) per_second: u32,
    /// Whether the sink waits until a frame is due; else it sends them as they come.
    pub(crate) is_paced: bool,
}

impl Frames {
    /// Sends them all, and says how long that took, the start of the programs included.
    ///
    /// # Errors
    /// When one of the processes fails, or they have not ended within `limit`.
    pub(crate) fn transfer(self, limit: Duration) -> Result<Duration> {
        let start = Instant::now();
        Pair::start(self)?.wait_until(start + limit)?;
        Ok(start.elapsed())
    }

    /// Sends them, paced, in the midst of more: what that costs both processes while they do
    /// nothing else.
    ///
    /// # Errors
    /// When one of the processes fails, has not ended within `limit` after all frames were due, or
    /// began so late that they were not at work the whole time.
    pub(crate) fn cost(self, limit: Duration) -> Result<Cost> {
        let per_second = self.per_second;
        let count_in = |time: Duration| (time.as_secs_f64() * f64::from(per_second)) as u32;
        let time_of = |count: u32| Duration::from_secs(count.into()) / per_second;
        let count = count_in(START) + self.count + count_in(REST);
        let mut pair = Pair::start(Self { count, is_paced: true, ..self })?;
        thread::sleep(START);
        let (start, cpu_before) = (Instant::now(), pair.cpu_time()?);
        thread::sleep(time_of(self.count));
        let (measured, cpu_after) = (start.elapsed(), pair.cpu_time()?);
        pair.wait_until(Instant::now() + REST + limit)?;
        // All have arrived, and the last one not before it was due.
        let began = Instant::now() - time_of(count);
        ensure!(began < start, "the first frame came {:?} too late", began - start);
        let wall = time_of(self.count);
        let is_measured = wall.as_secs_f64() / measured.as_secs_f64();
        Ok(Cost { wall, cpu: Some((cpu_after - cpu_before).mul_f64(is_measured)) })
    }

    /// Draws once, into memory that the sink offers, and sends that again and again. The first
    /// frames are due when the other process is there: behind time they would come all at once.
    fn sink(self, socket: &Socket) -> Vec<String> {
        let Self { size: [width, height], count, per_second, is_paced } = self;
        let image = format!("video/x-raw,format=BGRA,width={width},height={height}");
        let rate = format!("video/x-raw,framerate={per_second}/1");
        let sink = format!(
            "unixfdsink socket-path={} wait-for-connection=true ts-offset=200000000 sync={is_paced}",
            socket.0.display()
        );
        let pipeline = format!(
            "videotestsrc num-buffers=1 ! {image} ! imagefreeze num-buffers={count} ! {rate} ! {sink}"
        );
        pipeline.split(' ').map(str::to_owned).collect()
    }

    /// Looks at no pixel.
    fn source(self, socket: &Socket) -> Vec<String> {
        let (path, count) = (socket.0.display(), self.count);
        let pipeline =
            format!("unixfdsrc socket-path={path} num-buffers={count} ! fakesink sync=false");
        pipeline.split(' ').map(str::to_owned).collect()
    }
}

/// Both processes. The socket goes last.
struct Pair {
    both: [Running; 2],
    _socket: Socket,
}

impl Pair {
    fn start(frames: Frames) -> Result<Self> {
        let socket = Socket::new();
        let start = Instant::now();
        let mut sink = Running::start(frames.sink(&socket))?;
        while !socket.0.exists() {
            sink.ended()?;
            ensure!(start.elapsed() < SOCKET_LIMIT, "unixfdsink makes no socket");
            thread::sleep(PAUSE);
        }
        let source = Running::start(frames.source(&socket))?;
        Ok(Self { both: [source, sink], _socket: socket })
    }

    fn cpu_time(&self) -> Result<Duration> {
        let [source, sink] = &self.both;
        Ok(source.clock.read()? + sink.clock.read()?)
    }

    fn wait_until(&mut self, end: Instant) -> Result<()> {
        for one in &mut self.both {
            while one.ended()?.is_none() {
                ensure!(Instant::now() < end, "{LAUNCH} comes to no end");
                thread::sleep(PAUSE);
            }
        }
        Ok(())
    }
}

/// The path of a socket, which is gone with this.
struct Socket(PathBuf);

impl Socket {
    fn new() -> Self {
        let socket = Self(env::temp_dir().join(format!("dmashare-peers-{}", process::id())));
        // Of a run that was killed, whose process had the same number.
        let _ = fs::remove_file(&socket.0);
        socket
    }
}

impl Drop for Socket {
    /// The sink has removed it, if it has ended by itself.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A pipeline in a process, which is ended with this.
struct Running {
    child: Child,
    clock: CpuClock,
}

impl Running {
    fn start(pipeline: Vec<String>) -> Result<Self> {
        let mut command = Command::new(LAUNCH);
        command.arg("--quiet").args(pipeline).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::piped()).spawn().context(LAUNCH)?;
        let clock = CpuClock::of(&child)?;
        Ok(Self { child, clock })
    }

    /// # Errors
    /// When it has failed, with what it complains of.
    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait().context(LAUNCH)?;
        if let Some(status) = status.filter(|status| !status.success()) {
            let mut words = String::new();
            if let Some(mut pipe) = self.child.stderr.take() {
                pipe.read_to_string(&mut words).context(LAUNCH)?;
            }
            let is_reason = |line: &&str| line.contains("ERROR") || line.contains("erroneous");
            let words = words.lines().find(is_reason).unwrap_or_default();
            bail!("{LAUNCH}: {status}: {words}");
        }
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails for one that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
