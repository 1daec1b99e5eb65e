//! How many owners each GEM handle of an open file has.
//!
//! The kernel does not count: importing the same dma-buf twice into one open file gives the same
//! handle, and one close ends it for both. So it is counted here.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// The handles of one open file.
#[derive(Debug, Default)]
pub(in crate::device) struct HandleTable {
    entries: Mutex<Entries>,
}

/// The table while nobody else uses it.
///
/// It stays locked from before the kernel names a handle until that owner is counted, and from the
/// last owner's end until the kernel has closed the handle: in between, another thread would be
/// given a handle that is about to close.
#[derive(Debug, Default)]
pub(in crate::device) struct Entries {
    owners: HashMap<NonZeroU32, Owners>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Owners {
    count: usize,
    /// Another library closes the handle.
    foreign: bool,
}

impl HandleTable {
    pub(in crate::device) fn lock(&self) -> MutexGuard<'_, Entries> {
        // The table is consistent between any two statements that can panic.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Counts one owner more.
    pub(in crate::device) fn add(&mut self, handle: NonZeroU32) {
        let owners = self.owners.entry(handle).or_default();
        owners.count = owners.count.saturating_add(1);
    }

    /// Counts one owner more of a handle that is not ours to close.
    pub(in crate::device) fn add_foreign(&mut self, handle: NonZeroU32) {
        self.add(handle);
        if let Some(owners) = self.owners.get_mut(&handle) {
            owners.foreign = true;
        }
    }

    /// Counts one owner less; whether the handle is now to be closed.
    pub(in crate::device) fn remove(&mut self, handle: NonZeroU32) -> bool {
        let Some(owners) = self.owners.get_mut(&handle) else { return false };
        owners.count = owners.count.saturating_sub(1);
        if owners.count > 0 {
            return false;
        }
        let foreign = owners.foreign;
        self.owners.remove(&handle);
        !foreign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NonZeroU32 = NonZeroU32::MIN;
    const B: NonZeroU32 = NonZeroU32::MAX;

    #[test]
    fn remove_of_the_last_owner_alone_closes() {
        let mut entries = Entries::default();
        entries.add(A);
        entries.add(A);
        entries.add(B);
        assert!(!entries.remove(A));
        assert!(entries.remove(A));
        assert!(entries.remove(B));
        assert!(entries.owners.is_empty());
    }

    #[test]
    fn remove_of_what_is_not_counted_closes_nothing() {
        assert!(!Entries::default().remove(A));
    }

    #[test]
    fn remove_of_a_foreign_handle_never_closes() {
        let mut entries = Entries::default();
        entries.add(A);
        entries.add_foreign(A);
        assert!(!entries.remove(A));
        assert!(!entries.remove(A));
        // The number is free now, and may be given to a buffer of ours.
        entries.add(A);
        assert!(entries.remove(A));
    }
}
