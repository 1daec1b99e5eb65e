//! Frames that were dropped and not released, or not submitted.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::io::Errno;

use crate::stream::alarm::Alarm;
use crate::stream::wire::BufferId;

/// The buffers whose frames were dropped, wherever that was. The alarm, which is also that of all
/// deadlines, tells the one who can send their releases or write to them again.
#[derive(Debug)]
pub(in crate::stream) struct Returned {
    buffers: AtomicU64,
    alarm: Alarm,
}

impl Returned {
    pub(in crate::stream) fn new() -> Result<Self, Errno> {
        Ok(Self { buffers: AtomicU64::new(0), alarm: Alarm::new()? })
    }

    pub(in crate::stream) fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// The frame in this buffer was dropped.
    pub(in crate::stream) fn put(&self, buffer: BufferId) {
        self.buffers.fetch_or(buffer.bit(), Ordering::AcqRel);
        if let Err(errno) = self.alarm.ring() {
            tracing::warn!(%buffer, %errno, "a dropped frame is released by the next dispatch only");
        }
    }

    /// Asks for a dispatch. If that fails there is none before something else asks for one.
    pub(in crate::stream) fn wake(&self) {
        if let Err(errno) = self.alarm.ring() {
            tracing::warn!(%errno, "a dispatch that is due is not asked for");
        }
    }

    /// Whose frames were dropped since this was asked last. Set the alarm before: it may ring again
    /// from here on.
    pub(in crate::stream) fn take(&self) -> impl Iterator<Item = BufferId> + use<> {
        // Most of the time there is none, and then nothing has to be written.
        let buffers = match self.buffers.load(Ordering::Acquire) {
            0 => 0,
            _ => self.buffers.swap(0, Ordering::AcqRel),
        };
        let all = if buffers == 0 { None } else { Some(BufferId::all()) };
        all.into_iter().flatten().filter(move |buffer| buffers & buffer.bit() != 0)
    }
}
