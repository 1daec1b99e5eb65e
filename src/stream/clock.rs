//! What time it is, for deadlines.

use std::time::Duration;

use rustix::time::ClockId;

const SECOND_NS: u64 = 1_000_000_000;

/// Nanoseconds of `CLOCK_MONOTONIC`, which never goes back and is the same in all processes.
pub(in crate::stream) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds.saturating_mul(SECOND_NS).saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
}

/// So much later than a moment.
pub(in crate::stream) fn after(moment_ns: u64, timeout: Duration) -> u64 {
    moment_ns.saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
}
