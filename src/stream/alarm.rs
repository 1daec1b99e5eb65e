//! A deadline that an event loop can wait for.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::io::Errno;
use rustix::time::Itimerspec;
use rustix::time::TimerfdClockId;
use rustix::time::TimerfdFlags;
use rustix::time::TimerfdTimerFlags;
use rustix::time::Timespec;

const OFF_NS: u64 = 0;
/// Long ago: as soon as the machine had started.
const AT_ONCE_NS: u64 = 1;
const SECOND_NS: u64 = 1_000_000_000;

/// A timer that becomes readable at a moment of [`now_ns`](crate::stream::clock::now_ns), and stays
/// so until it is set to another one.
///
/// Spec: `timerfd_create(2)`.
#[derive(Debug)]
pub(in crate::stream) struct Alarm {
    timer: OwnedFd,
    /// What it was set to last.
    set_ns: AtomicU64,
}

impl Alarm {
    /// A timer that is not set.
    pub(in crate::stream) fn new() -> Result<Self, Errno> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { timer, set_ns: AtomicU64::new(OFF_NS) })
    }

    /// Sets it, or switches it off. Costs no system call if nothing changes.
    pub(in crate::stream) fn set(&self, until_ns: Option<u64>) -> Result<(), Errno> {
        let until_ns = until_ns.map_or(OFF_NS, |until_ns| until_ns.max(AT_ONCE_NS));
        if self.set_ns.load(Ordering::Acquire) == until_ns {
            return Ok(());
        }
        self.set_ns.store(until_ns, Ordering::Release);
        self.set_timer(until_ns)
    }

    /// Whether it is set to no moment: then only [`Alarm::ring`] makes it readable.
    pub(in crate::stream) fn is_off(&self) -> bool {
        self.set_ns.load(Ordering::Acquire) == OFF_NS
    }

    /// Makes it readable now. Any thread may, also while another one sets it.
    pub(in crate::stream) fn ring(&self) -> Result<(), Errno> {
        self.set_ns.store(AT_ONCE_NS, Ordering::Release);
        self.set_timer(AT_ONCE_NS)
    }

    fn set_timer(&self, until_ns: u64) -> Result<(), Errno> {
        let seconds = i64::try_from(until_ns / SECOND_NS).unwrap_or(i64::MAX);
        let rest_ns = i64::try_from(until_ns % SECOND_NS).unwrap_or(0);
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Itimerspec {
            it_interval: never,
            it_value: Timespec { tv_sec: seconds, tv_nsec: rest_ns },
        };
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &value).map(drop)
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

#[cfg(test)]
#[cfg(not(miri))]
mod tests {
    use rustix::event::PollFd;
    use rustix::event::PollFlags;

    use super::*;
    use crate::stream::clock::now_ns;

    fn is_readable(alarm: &Alarm, timeout: Timespec) -> bool {
        let mut fds = [PollFd::new(alarm, PollFlags::IN)];
        rustix::event::poll(&mut fds, Some(&timeout)).unwrap() == 1
    }

    #[test]
    fn alarm_rings_when_it_is_set_to() {
        let [now, patience] = [0, 60].map(|tv_sec| Timespec { tv_sec, tv_nsec: 0 });
        let alarm = Alarm::new().unwrap();
        assert!(!is_readable(&alarm, now), "not set");
        alarm.set(Some(now_ns() + 3600 * SECOND_NS)).unwrap();
        assert!(!is_readable(&alarm, now), "in an hour");
        let start_ns = now_ns();
        alarm.set(Some(start_ns + 5_000_000)).unwrap();
        assert!(is_readable(&alarm, patience));
        assert!(now_ns() >= start_ns + 5_000_000, "not before");
        alarm.set(Some(start_ns + 5_000_000)).unwrap();
        assert!(is_readable(&alarm, now), "it is still late");
        alarm.set(None).unwrap();
        assert!(!is_readable(&alarm, now), "switched off");
        alarm.ring().unwrap();
        assert!(is_readable(&alarm, patience), "rung");
        alarm.set(None).unwrap();
        assert!(!is_readable(&alarm, now), "switched off again");
        alarm.set(Some(0)).unwrap();
        assert!(is_readable(&alarm, patience), "long ago is now");
    }
}
