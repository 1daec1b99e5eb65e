//! When something happened on the display.

use std::time::Duration;

/// The clock of a [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// `CLOCK_MONOTONIC`: time since the machine was started, without the times when it slept.
    Monotonic,
    /// `CLOCK_REALTIME`: time since 1970, with the jumps of a clock that is set. Only drivers
    /// without `DRM_CAP_TIMESTAMP_MONOTONIC`: kernels before 4.15 that were told so.
    Realtime,
}

/// When the first pixel of a frame left the CRTC, on one of two clocks.
///
/// Microseconds at best from page flips and vertical blanks, nanoseconds from
/// [`CrtcSequence`](crate::kms::vblank::CrtcSequence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// The clock that was read.
    pub clock: Clock,
    /// What it showed, counted from its beginning.
    pub time: Duration,
}

impl Timestamp {
    /// The time that passed since another moment; `None` if that was later, or of another clock.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        if self.clock == earlier.clock { self.time.checked_sub(earlier.time) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::kms::Clock;
    use crate::kms::Timestamp;

    #[test]
    fn times_of_two_clocks_are_not_compared() {
        let at = |clock, ms| Timestamp { clock, time: Duration::from_millis(ms) };
        let boot = at(Clock::Monotonic, 5);
        assert_eq!(at(Clock::Monotonic, 9).since(boot), Some(Duration::from_millis(4)));
        assert_eq!(boot.since(boot), Some(Duration::ZERO));
        assert_eq!(boot.since(at(Clock::Monotonic, 9)), None);
        assert_eq!(at(Clock::Realtime, 9).since(boot), None);
    }
}
