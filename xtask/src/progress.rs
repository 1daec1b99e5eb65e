//! What the user sees while something takes long: a spinner or a bar on a terminal, plain lines
//! with the time elsewhere.

use std::io;
use std::io::IsTerminal;
use std::sync::LazyLock;
use std::time::Duration;
use std::time::Instant;

use indicatif::MultiProgress;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use crate::process::Observer;

/// How often a plain line says that work goes on.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// The bars of all work that goes on at the same time, one below the other.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

const SPINNER: &str = "{spinner} {prefix} {elapsed} {wide_msg}";
const BAR: &str = "{spinner} {prefix} {elapsed} [{bar:24}] {percent:>3} % {wide_msg}";

/// One piece of work, shown from [`Task::start`] to [`Task::finish`].
///
/// Writes to the standard error, so that results on the standard output can be piped on.
#[derive(Debug)]
pub(crate) struct Task {
    name: String,
    started: Instant,
    display: Display,
}

#[derive(Debug)]
enum Display {
    Terminal(ProgressBar),
    Plain { last_line: String, next_heartbeat: Instant },
}

impl Task {
    /// Shows that `name` has begun.
    pub(crate) fn start(name: &str) -> Self {
        let started = Instant::now();
        let display = if io::stderr().is_terminal() {
            let bar = BARS.add(ProgressBar::new_spinner().with_style(style(SPINNER)));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            Display::Terminal(bar)
        } else {
            eprintln!("==> {name}");
            Display::Plain { last_line: String::new(), next_heartbeat: started + HEARTBEAT }
        };
        Self { name: name.to_owned(), started, display }
    }

    /// Shows how much is done, 0 to 100, and what is being done.
    pub(crate) fn percent(&mut self, percent: u64, message: &str) {
        if let Display::Terminal(bar) = &self.display {
            if bar.length() != Some(100) {
                bar.set_length(100);
                bar.set_style(style(BAR));
            }
            bar.set_position(percent);
        }
        self.line(message);
    }

    /// Shows that the work is over, in one line with the time, and gives back that time.
    pub(crate) fn finish(self, verdict: &str) -> Duration {
        let elapsed = self.started.elapsed();
        if let Display::Terminal(bar) = &self.display {
            bar.finish_and_clear();
        }
        BARS.suspend(|| {
            eprintln!("{verdict:>9}  {} ({:.1} s)", self.name, elapsed.as_secs_f32());
        });
        elapsed
    }
}

impl Observer for Task {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        match &mut self.display {
            Display::Terminal(bar) => bar.set_message(line.to_owned()),
            Display::Plain { last_line, .. } => line.clone_into(last_line),
        }
    }

    fn tick(&mut self) {
        let Display::Plain { last_line, next_heartbeat } = &mut self.display else {
            return;
        };
        let now = Instant::now();
        if now >= *next_heartbeat {
            *next_heartbeat = now + HEARTBEAT;
            let seconds = self.started.elapsed().as_secs();
            eprintln!("    {} goes on, {seconds} s: {last_line}", self.name);
        }
    }
}

/// A style of this file's templates; both are constants, so the fallback is never seen.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::BAR;
    use super::SPINNER;

    #[test]
    fn templates_are_understood() {
        for template in [SPINNER, BAR] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
