#![allow(unsafe_code, reason = "tries out whether a mapping has room")]
//! Whether a buffer can be mapped as a whole.
//!
//! A software renderer maps all of a buffer, however small the image in it, and crashes when it
//! draws if that has failed: a memfd of 128 TiB costs its maker nothing.
//!
//! Measured with Mesa 25.0.7 and 26.2.6: an image of 64x64 pixels in such a memfd is imported with
//! "failed to mmap" on the standard error, and then a `SIGSEGV`.

use rustix::mm::MapFlags;
use rustix::mm::ProtFlags;

/// There is always room for this much, so it is not tried out.
const SMALL_BYTES: u64 = 1 << 30;

/// Whether this process has room for a mapping of so many bytes at this moment. Takes no system call
/// up to a GiB.
pub(crate) fn has_room_for(bytes: u64) -> bool {
    is_small(bytes) || usize::try_from(bytes).is_ok_and(has_room_for_large)
}

/// Whether there is always room for so many bytes.
pub(crate) fn is_small(bytes: u64) -> bool {
    bytes <= SMALL_BYTES
}

fn has_room_for_large(bytes: usize) -> bool {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: `mmap` without a fixed address touches no existing mapping (mmap(2)).
    let region = unsafe {
        rustix::mm::mmap_anonymous(std::ptr::null_mut(), bytes, ProtFlags::empty(), flags)
    };
    let Ok(region) = region else { return false };
    // SAFETY: `munmap` requires that nothing refers to the region: nobody else knows of it.
    if let Err(errno) = unsafe { rustix::mm::munmap(region, bytes) } {
        tracing::warn!(%errno, "a trial mapping could not be unmapped");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_room_for_what_an_address_space_holds() {
        assert!(has_room_for(1));
        assert!(has_room_for(SMALL_BYTES));
        #[cfg(target_pointer_width = "64")]
        assert!(has_room_for(1 << 36));
        assert!(!has_room_for(1 << 62));
        assert!(!has_room_for(u64::MAX));
    }
}
