#![allow(unsafe_code, reason = "counts what is allocated, which only an allocator can")]
//! How often a thread allocates.
//!
//! A test binary that counts makes [`Counting`] its allocator:
//!
//! ```text
//! #[global_allocator]
//! static COUNTING: Counting = Counting;
//! ```

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting.
pub(crate) struct Counting;

/// How often this thread allocates while it does something. Fails where nothing counts.
pub(crate) fn during(act: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![1_u8]));
    assert_eq!(
        ALLOCATIONS.get(),
        before + 1,
        "nothing is counted: `Counting` is not the allocator"
    );
    act();
    ALLOCATIONS.get() - before - 1
}

// SAFETY: every method hands its arguments on to `System` unchanged and returns what that returns,
// so that `System` meets the contract of `GlobalAlloc`. Counting in a thread-local `Cell` without a
// destructor allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller promises a layout whose size is not 0, as `alloc` requires.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller promises that the memory is of this allocator and of this layout, and
        // all memory of this allocator is `System`'s.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as for `dealloc`; the caller promises a size that is not 0 too.
        unsafe { System.realloc(memory, layout, size) }
    }
}
