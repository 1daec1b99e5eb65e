#![allow(unsafe_code, reason = "copies from and to memory that others may write at the same time")]
#![allow(
    clippy::cast_ptr_alignment,
    reason = "words are accessed only behind the head, which ends on a word's boundary"
)]
//! Copies whose source or target may change under us.
//!
//! `memcpy` from memory that another process writes is a data race in Rust's terms. Volatile
//! accesses to memory that is not Rust's are not: each word is read or written exactly once, with
//! whatever value it has at that moment. Whole words, because the memory may be uncached.

const WORD_BYTES: usize = size_of::<u64>();

/// Copies `to.len()` bytes out.
///
/// # Safety
/// `from` must be valid for reads of `to.len()` bytes, outside of Rust's own allocations.
pub(crate) unsafe fn copy_out(from: *const u8, to: &mut [u8]) {
    let (head, rest) = to.split_at_mut(from.align_offset(WORD_BYTES).min(to.len()));
    let mut from = from;
    for byte in head {
        // SAFETY: `read_volatile` requires a valid pointer: one of the caller's bytes.
        *byte = unsafe { from.read_volatile() };
        from = from.wrapping_add(1);
    }
    let mut words = rest.chunks_exact_mut(WORD_BYTES);
    for word in &mut words {
        // SAFETY: as above for eight of the caller's bytes; the head ended on a word's boundary.
        let value = unsafe { from.cast::<u64>().read_volatile() };
        word.copy_from_slice(&value.to_ne_bytes());
        from = from.wrapping_add(WORD_BYTES);
    }
    for byte in words.into_remainder() {
        // SAFETY: `read_volatile` requires a valid pointer: one of the caller's bytes.
        *byte = unsafe { from.read_volatile() };
        from = from.wrapping_add(1);
    }
}

/// Copies `from.len()` bytes in.
///
/// # Safety
/// `to` must be valid for writes of `from.len()` bytes, outside of Rust's own allocations.
pub(crate) unsafe fn copy_in(from: &[u8], to: *mut u8) {
    let (head, rest) = from.split_at(to.align_offset(WORD_BYTES).min(from.len()));
    let (words, tail) = rest.as_chunks::<WORD_BYTES>();
    let mut to = to;
    for byte in head {
        // SAFETY: `write_volatile` requires a valid pointer: one of the caller's bytes.
        unsafe { to.write_volatile(*byte) };
        to = to.wrapping_add(1);
    }
    for word in words {
        // SAFETY: as above for eight of the caller's bytes; the head ended on a word's boundary.
        unsafe { to.cast::<u64>().write_volatile(u64::from_ne_bytes(*word)) };
        to = to.wrapping_add(WORD_BYTES);
    }
    for byte in tail {
        // SAFETY: `write_volatile` requires a valid pointer: one of the caller's bytes.
        unsafe { to.write_volatile(*byte) };
        to = to.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every alignment of the foreign memory against every length around a word.
    #[test]
    fn copies_at_every_alignment_and_length_are_exact() {
        for start in 0..9 {
            for length in 0..27 {
                let mut foreign = [0_u8; 40];
                let sent: Vec<u8> = (1..=length).collect();
                let at = foreign.as_mut_ptr().wrapping_add(start);
                // SAFETY: start + length is below 40.
                unsafe { copy_in(&sent, at) };
                let mut received = vec![0; sent.len()];
                // SAFETY: as above.
                unsafe { copy_out(at, &mut received) };
                assert_eq!(received, sent);
                let touched = foreign.iter().filter(|byte| **byte != 0).count();
                assert_eq!(touched, sent.len());
            }
        }
    }
}
