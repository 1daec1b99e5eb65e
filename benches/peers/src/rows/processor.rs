//! Where processes run that wait for each other.

use anyhow::Result;
use rustix::thread::CpuSet;

/// Measures with this thread on one processor, and with it the processes that it starts meanwhile.
/// Whether the other process is woken there or on another makes more difference than what they do.
pub(crate) fn on_one<T>(measure: impl FnOnce() -> Result<T>) -> Result<T> {
    let everywhere = rustix::thread::sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|cpu| everywhere.is_set(*cpu)).unwrap_or(0);
    let mut one = CpuSet::new();
    one.set(first);
    rustix::thread::sched_setaffinity(None, &one)?;
    let measured = measure();
    rustix::thread::sched_setaffinity(None, &everywhere)?;
    measured
}
