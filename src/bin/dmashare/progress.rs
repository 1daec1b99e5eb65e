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
        let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
        Self::with(bar, "{spinner} [{bar:30}] {pos}/{len} {wide_msg}", false)
    }

    /// A spinner whose steps stay as lines, also without a terminal: they are the story.
    pub(crate) fn story() -> Self {
        Self::with(ProgressBar::new_spinner(), "{spinner} {wide_msg}", true)
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
            self.keep(&what);
        }
        self.bar.set_message(what);
    }

    /// It is done.
    pub(crate) fn end(&self) {
        self.bar.inc(1);
    }

    fn keep(&self, what: &str) {
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
