//! The programs that are measured.

use std::process::Command;

use anyhow::Context as _;
use anyhow::Result;

use crate::rows::OURS;
use crate::scanout::Task;
use crate::scanout::monitor::Monitor;
use crate::scanout::monitor::SIZE;

/// Where a contest takes place.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) driver: String,
    node: String,
    connector: u32,
    crtc: u32,
    pub(crate) mode: String,
    /// Whether there is a GPU whose driver notes in buffers what it draws.
    is_gpu: bool,
}

impl Place {
    /// The monitor of a driver; nobody has it open afterwards.
    pub(crate) fn find(driver: &str, is_gpu: bool) -> Result<Self> {
        let Monitor { node, way, .. } = Monitor::find(driver)?;
        let refresh_hz = f64::from(way.mode.refresh_millihertz()) / 1000.0;
        Ok(Self {
            driver: driver.to_owned(),
            node: node.path().context("the node has no path")?.display().to_string(),
            connector: way.connector.into(),
            crtc: way.crtc.into(),
            mode: format!("{}x{}, {refresh_hz:.2} Hz", SIZE[0], SIZE[1]),
            is_gpu,
        })
    }
}

/// A program that shows frames until it has shown enough, or until its input ends.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: String,
    words: Vec<String>,
}

impl Contender {
    /// All for a task, those of others first.
    pub(crate) fn all(place: &Place, task: Task) -> Result<Vec<Self>> {
        let Place { driver, node, connector, crtc, .. } = place;
        let [width, height] = SIZE;
        let size = format!("{width}x{height}");
        // Its output would come at the end, because it goes through a pipe.
        let kmscube = ["stdbuf", "-oL", "kmscube", "-D", node, "-v", &size, "-c", FRAMES];
        let target = format!("{connector}@{crtc}:{size}");
        let program = std::env::current_exe()?.display().to_string();
        let ours = |task, way| [&*program, "scanout", task, driver, way, FRAMES];
        Ok(match task {
            Task::Draw if place.is_gpu => vec![
                Self::new("kmscube", &kmscube),
                Self::new("kmscube -A", &[&kmscube[..], &["-A"]].concat()),
                Self::new(OURS, &ours("draw", "implicit")),
                Self::new(OURS_WITH_FENCES, &ours("draw", "fence")),
            ],
            Task::Draw => vec![
                Self::new("kmscube", &kmscube),
                Self::new("kmscube -A", &[&kmscube[..], &["-A"]].concat()),
                // The processor draws: a fence would have signalled before it is there.
                Self::new(OURS, &ours("draw", "default")),
            ],
            Task::Flip => vec![
                Self::new("modetest -v", &["modetest", "-M", driver, "-s", &target, "-v"]),
                Self::new(OURS, &ours("flip", "events")),
                Self::new(OURS_BLOCKING, &ours("flip", "blocking")),
            ],
        })
    }

    fn new(name: &str, words: &[&str]) -> Self {
        Self { name: name.to_owned(), words: words.iter().map(|word| (*word).to_owned()).collect() }
    }

    /// The program as it is, or as the last arguments of another one's.
    pub(crate) fn command(&self, around: &[&str]) -> Command {
        let mut words = around.iter().copied().chain(self.words.iter().map(String::as_str));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }

    /// Whether it is the crate's own, which has no reason not to work.
    pub(crate) fn is_ours(&self) -> bool {
        self.name.starts_with(OURS)
    }
}

/// More than anybody is let show.
const FRAMES: &str = "100000";

pub(crate) const OURS_WITH_FENCES: &str = "dmashare, fences";
pub(crate) const OURS_BLOCKING: &str = "dmashare, blocking";
