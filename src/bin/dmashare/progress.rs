//! What is being done right now, on the standard error output.

use std::io::IsTerminal;
use std::io::Write;
use std::time::Duration;

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

/// A bar on a terminal. Without a terminal it is silent, or one line for each step.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    keeps_steps: bool,
    is_terminal: bool,
}

impl Progress {
    /// A bar for so many steps, which goes away in the end.
    pub(crate) fn bar(steps: usize) -> Self {
        Self::live(Some(u64::try_from(steps).unwrap_or(u64::MAX)))
    }

    /// A spinner whose steps stay as lines, also without a terminal: they are the story.
    pub(crate) fn story() -> Self {
        Self::with(ProgressBar::new_spinner(), "{spinner} {wide_msg}", true)
    }

    /// A bar for so many steps, or a spinner where their number is not known, whose message changes all
    /// the time.
    pub(crate) fn live(steps: Option<u64>) -> Self {
        match steps {
            Some(steps) => Self::with(
                ProgressBar::new(steps),
                "{spinner} [{bar:30}] {pos}/{len} {wide_msg}",
                false,
            ),
            None => Self::with(ProgressBar::new_spinner(), "{spinner} {pos} {wide_msg}", false),
        }
    }

    fn with(bar: ProgressBar, template: &str, keeps_steps: bool) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, keeps_steps, is_terminal: std::io::stderr().is_terminal() }
    }

    /// More steps than were known in the beginning.
    pub(crate) fn expect(&self, more: usize) {
        self.bar.inc_length(u64::try_from(more).unwrap_or(0));
    }

    /// Something begins.
    pub(crate) fn begin(&self, what: impl Into<String>) {
        let what = what.into();
        if self.keeps_steps {
            self.tell(&what);
        }
        self.bar.set_message(what);
    }

    /// It is done.
    pub(crate) fn end(&self) {
        self.bar.inc(1);
    }

    /// A line that stays, also without a terminal.
    pub(crate) fn tell(&self, what: &str) {
        if self.is_terminal {
            self.bar.println(what);
        } else {
            let _nobody_reads = writeln!(std::io::stderr(), "{what}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
