//! Waiting for synchronisation objects, always with an end.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::ClockId;
use rustix::time::Timespec;

use super::error::SyncObjectWaitError;
use super::owned::OwnedObject;
use crate::device::again;

/// The most objects that can be waited for at once: the lists are on the stack.
pub const MAX_WAIT: usize = 64;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Until {
    /// The fence signals. Where there is none yet, one is waited for first.
    #[doc(alias = "DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT")]
    Signalled,
    /// The fence signals, and there must be one already.
    SubmittedSignals,
    /// There is a fence: what it stands for was submitted to a device, and can be waited for by
    /// another device. For [timelines](super::Timeline) alone.
    #[doc(alias = "DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE")]
    Available,
}

/// How many of several objects are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HowMany {
    Any,
    All,
}

/// The handles of the objects on the stack, in order.
pub(super) struct Handles {
    handles: [u32; MAX_WAIT],
    count: usize,
}

impl Handles {
    pub(super) fn new<'object>(
        objects: impl ExactSizeIterator<Item = &'object OwnedObject>,
    ) -> Result<(Self, &'object OwnedObject), SyncObjectWaitError> {
        let count = objects.len();
        let mut handles = [0; MAX_WAIT];
        if count > MAX_WAIT {
            return Err(SyncObjectWaitError::TooMany { count });
        }
        let mut first: Option<&OwnedObject> = None;
        for (to, object) in handles.iter_mut().zip(objects) {
            if first.is_some_and(|first| first.node() != object.node()) {
                return Err(SyncObjectWaitError::OtherNode);
            }
            first = first.or(Some(object));
            *to = object.handle();
        }
        // The kernel says that nothing at all has signalled.
        let first = first.ok_or(SyncObjectWaitError::Nothing)?;
        Ok((Self { handles, count }, first))
    }

    pub(super) fn get(&self) -> &[u32] {
        self.handles.get(..self.count).unwrap_or_default()
    }
}

/// Waits for binary objects; the index of the first that signalled, where one is enough.
pub(super) fn binary<'object>(
    objects: impl ExactSizeIterator<Item = &'object OwnedObject>,
    how_many: HowMany,
    until: Until,
    timeout: Duration,
) -> Result<usize, SyncObjectWaitError> {
    let (handles, first) = Handles::new(objects)?;
    let (deadline_ns, all) = (deadline_ns(timeout), how_many == HowMany::All);
    let for_submit = until != Until::SubmittedSignals;
    let wait = || drm_ffi::syncobj::wait(first.fd(), handles.get(), deadline_ns, all, for_submit);
    let answer = to_the_end(deadline_ns, wait)
        .map_err(|errno| error("DRM_IOCTL_SYNCOBJ_WAIT", errno))?
        .first_signaled;
    Ok(usize::try_from(answer).unwrap_or(usize::MAX))
}

/// Waits for points; the index of the first that came, where one is enough.
pub(super) fn points<'object>(
    objects: impl ExactSizeIterator<Item = (&'object OwnedObject, u64)> + Clone,
    how_many: HowMany,
    until: Until,
    timeout: Duration,
) -> Result<usize, SyncObjectWaitError> {
    let (handles, first) = Handles::new(objects.clone().map(|(object, _)| object))?;
    let mut points = [0; MAX_WAIT];
    for (to, (_, point)) in points.iter_mut().zip(objects) {
        if point == 0 {
            return Err(SyncObjectWaitError::PointZero);
        }
        *to = point;
    }
    let points = points.get(..handles.count).unwrap_or_default();
    let (deadline_ns, all) = (deadline_ns(timeout), how_many == HowMany::All);
    let (for_submit, available) = (until == Until::Signalled, until == Until::Available);
    let wait = || {
        let handles = handles.get();
        let fd = first.fd();
        drm_ffi::syncobj::timeline_wait(
            fd,
            handles,
            points,
            deadline_ns,
            all,
            for_submit,
            available,
        )
    };
    let answer = to_the_end(deadline_ns, wait)
        .map_err(|errno| error("DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", errno))?
        .first_signaled;
    Ok(usize::try_from(answer).unwrap_or(usize::MAX))
}

/// Waits again when the kernel gives up early. It counts in ticks of its scheduler, of which the
/// first has begun already, and so ends up to one tick (10 ms) before its time: Linux 7.3,
/// `drm_timeout_abs_to_jiffies()`.
fn to_the_end<T>(deadline_ns: i64, mut wait: impl FnMut() -> io::Result<T>) -> Result<T, Errno> {
    loop {
        match again(&mut wait) {
            Err(Errno::TIME) if after(now(), Duration::ZERO) < deadline_ns => {}
            other => return other,
        }
    }
}

fn error(call: &'static str, errno: Errno) -> SyncObjectWaitError {
    match errno {
        Errno::TIME => SyncObjectWaitError::TimedOut,
        Errno::INVAL => SyncObjectWaitError::NotSubmitted,
        errno => SyncObjectWaitError::Call { call, errno },
    }
}

/// The end of a wait that begins now, as the kernel counts it: in nanoseconds of `CLOCK_MONOTONIC`.
/// An absolute end stays the same when a signal interrupts the wait.
fn deadline_ns(timeout: Duration) -> i64 {
    after(now(), timeout)
}

fn now() -> Timespec {
    rustix::time::clock_gettime(ClockId::Monotonic)
}

/// What the kernel cannot count is longer than anybody lives; 292 years are enough.
fn after(now: Timespec, timeout: Duration) -> i64 {
    let now_ns = i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec);
    let timeout_ns = i128::try_from(timeout.as_nanos()).unwrap_or(i128::MAX / 2);
    i64::try_from(now_ns.saturating_add(timeout_ns)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_of_any_timeout_is_a_time_to_come() {
        let now = Timespec { tv_sec: 10, tv_nsec: 999_999_999 };
        assert_eq!(after(now, Duration::ZERO), 10_999_999_999);
        assert_eq!(after(now, Duration::from_nanos(1)), 11_000_000_000);
        assert_eq!(after(now, Duration::MAX), i64::MAX);
    }

    #[test]
    fn errors_of_the_kernel_are_told_apart() {
        assert_eq!(error("", Errno::TIME), SyncObjectWaitError::TimedOut);
        assert_eq!(error("", Errno::INVAL), SyncObjectWaitError::NotSubmitted);
        let call = SyncObjectWaitError::Call { call: "x", errno: Errno::NOENT };
        assert_eq!(error("x", Errno::NOENT), call);
    }
}
