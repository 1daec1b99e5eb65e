//! Where processes run that wait for each other.

use anyhow::Result;
use rustix::thread::CpuSet;

/// Measures with this thread on one processor, and with it the processes that it starts meanwhile.
/// Whether the other process is woken there or on another makes more difference than what they do.
pub(crate) fn on_one<T>(measure: impl FnOnce() -> Result<T>) -> Result<T> {
    on(0, measure)
}

/// The same on another processor, if there is one.
pub(crate) fn on_another<T>(measure: impl FnOnce() -> Result<T>) -> Result<T> {
    on(1, measure)
}

/// Whether there is more than one.
pub(crate) fn are_several() -> Result<bool> {
    Ok(rustix::thread::sched_getaffinity(None)?.count() > 1)
}

fn on<T>(place: usize, measure: impl FnOnce() -> Result<T>) -> Result<T> {
    let everywhere = rustix::thread::sched_getaffinity(None)?;
    let mut all = (0..CpuSet::MAX_CPU).filter(|cpu| everywhere.is_set(*cpu));
    let mut one = CpuSet::new();
    one.set(all.nth(place).unwrap_or(0));
    rustix::thread::sched_setaffinity(None, &one)?;
    let measured = measure();
    rustix::thread::sched_setaffinity(None, &everywhere)?;
    measured
}
