//! How often something is shown.

use std::fmt;

use dmashare::kms::Flipped;

/// What the display said of its flips.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    first: Option<Flipped>,
    last: Option<Flipped>,
    flips: u32,
}

impl Rate {
    /// Takes note of a flip that is over.
    pub(crate) fn count(&mut self, flipped: Option<Flipped>) {
        let Some(flipped) = flipped else { return };
        self.first.get_or_insert(flipped);
        self.last = Some(flipped);
        self.flips += 1;
    }
}

impl fmt::Display for Rate {
    /// `59.97 frames per second, 2 vertical blanks without a new frame`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return f.write_str("no flip was seen");
        };
        let seconds = last.time.since(first.time).unwrap_or_default().as_secs_f64();
        if seconds == 0.0 {
            return f.write_str("one flip was seen");
        }
        let rate = f64::from(self.flips - 1) / seconds;
        let blanks = last.sequence.distance_from(first.sequence);
        let missed = i64::from(blanks) - i64::from(self.flips - 1);
        write!(f, "{rate:.2} frames per second, {missed} vertical blanks without a new frame")
    }
}
