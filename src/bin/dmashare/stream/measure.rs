//! What a stream is like, measured at its consumer.

use std::time::Duration;
use std::time::Instant;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Percentiles are exact to three digits.
const DIGITS: u8 = 3;

/// What takes longer than an hour is taken for an hour.
const LONGEST_NS: u64 = 3_600_000_000_000;

/// Counts frames as they come. Its memory does not grow with their number.
#[derive(Debug)]
pub(in crate::stream) struct Measure {
    frames: u64,
    dropped: u64,
    with_fence: u64,
    last_serial: Option<u64>,
    first: Option<Instant>,
    last: Option<Instant>,
    latency_ns: Histogram<u64>,
    interval_ns: Histogram<u64>,
}

/// A frame that has come.
#[derive(Clone, Copy, Debug)]
pub(in crate::stream) struct Arrival {
    pub(in crate::stream) serial: u64,
    pub(in crate::stream) at: Instant,
    /// How long ago it was to be seen, if that is known.
    pub(in crate::stream) latency: Option<Duration>,
    pub(in crate::stream) has_fence: bool,
}

/// Times in microseconds, of which a part was not longer: half, 95 and 99 of 100, and all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(in crate::stream) struct Percentiles {
    pub(in crate::stream) p50: f64,
    pub(in crate::stream) p95: f64,
    pub(in crate::stream) p99: f64,
    pub(in crate::stream) max: f64,
}

impl Measure {
    pub(in crate::stream) fn new() -> Self {
        let histogram = || {
            Histogram::new_with_bounds(1, LONGEST_NS, DIGITS)
                .unwrap_or_else(|error| unreachable!("{DIGITS} digits up to an hour: {error}"))
        };
        Self {
            frames: 0,
            dropped: 0,
            with_fence: 0,
            last_serial: None,
            first: None,
            last: None,
            latency_ns: histogram(),
            interval_ns: histogram(),
        }
    }

    pub(in crate::stream) fn add(&mut self, arrival: Arrival) {
        let Arrival { serial, at, latency, has_fence } = arrival;
        self.frames += 1;
        self.with_fence += u64::from(has_fence);
        if let Some(before) = self.last_serial.replace(serial) {
            self.dropped += serial.saturating_sub(before).saturating_sub(1);
        }
        self.first.get_or_insert(at);
        if let Some(before) = self.last.replace(at) {
            self.interval_ns.saturating_record(nanoseconds(at.saturating_duration_since(before)));
        }
        if let Some(latency) = latency {
            self.latency_ns.saturating_record(nanoseconds(latency));
        }
    }

    pub(in crate::stream) fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames that the producer made and this consumer did not get, between those that it got.
    pub(in crate::stream) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Frames that came with a fence.
    pub(in crate::stream) fn with_fence(&self) -> u64 {
        self.with_fence
    }

    /// From the first frame to the last.
    pub(in crate::stream) fn duration(&self) -> Duration {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.saturating_duration_since(first),
            _ => Duration::ZERO,
        }
    }

    /// Frames per second; `None` before the second frame.
    pub(in crate::stream) fn rate(&self) -> Option<f64> {
        let seconds = self.duration().as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "nobody counts to 2^53 frames")]
        let intervals = self.frames.checked_sub(1)? as f64;
        (seconds > 0.0).then(|| intervals / seconds)
    }

    /// `None` if no frame said when it was to be seen.
    pub(in crate::stream) fn latency(&self) -> Option<Percentiles> {
        Percentiles::of(&self.latency_ns)
    }

    /// From one frame to the next; `None` before the second one.
    pub(in crate::stream) fn interval(&self) -> Option<Percentiles> {
        Percentiles::of(&self.interval_ns)
    }
}

impl Percentiles {
    fn of(histogram: &Histogram<u64>) -> Option<Self> {
        #[allow(clippy::cast_precision_loss, reason = "there are three digits")]
        let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        (!histogram.is_empty()).then(|| Self {
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        })
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three digits are these, rounded.
    fn is_near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= expected / 1000.0
    }

    #[test]
    fn a_thousand_frames_are_what_they_were() {
        let begin = Instant::now();
        let mut measure = Measure::new();
        for number in 1..=1000_u32 {
            measure.add(Arrival {
                // Each tenth frame is dropped.
                serial: u64::from(number + (number - 1) / 9),
                at: begin + number * Duration::from_millis(10),
                // 1 to 1000 microseconds, each once.
                latency: Some(Duration::from_micros(u64::from(number * 3 % 1001))),
                has_fence: number % 2 == 0,
            });
        }
        assert_eq!((measure.frames(), measure.dropped(), measure.with_fence()), (1000, 111, 500));
        assert_eq!(measure.duration(), Duration::from_millis(9990));
        assert!(is_near(measure.rate().unwrap(), 100.0));
        let latency = measure.latency().unwrap();
        let expected = [(latency.p50, 500.0), (latency.p95, 950.0), (latency.p99, 990.0)];
        for (found, expected) in expected.into_iter().chain([(latency.max, 1000.0)]) {
            assert!(is_near(found, expected), "{found} is not {expected}: {latency:?}");
        }
        let interval = measure.interval().unwrap();
        assert!(is_near(interval.p50, 10_000.0) && is_near(interval.max, 10_000.0));
    }

    #[test]
    fn one_frame_has_no_rate_and_none_has_nothing() {
        let mut measure = Measure::new();
        assert_eq!((measure.rate(), measure.latency(), measure.interval()), (None, None, None));
        let at = Instant::now();
        measure.add(Arrival { serial: 40, at, latency: None, has_fence: false });
        assert_eq!((measure.frames(), measure.dropped()), (1, 0));
        assert_eq!((measure.rate(), measure.latency(), measure.interval()), (None, None, None));
    }
}
