#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A flip that is like the last one allocates nothing.

mod common;

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use dmashare::kms::Flip;
use dmashare::kms::Method;
use dmashare::kms::Rectangle;

use common::screen;
use common::screen::Screen;

/// The system's allocator, counting.
struct Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: `GlobalAlloc` requires what the system's allocator does; everything is passed on to it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on; `alloc` passes on too.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
#[ignore = "lab: needs vkms"]
fn steady_flips_and_waits_allocate_nothing() {
    for method in [Method::Atomic, Method::Legacy] {
        let mut screen = Screen::new("vkms", method);
        let front = screen.light(&screen::mode([64, 64], 200));
        let back = screen.plain([64, 64], 0);
        let vblank = screen.output.vblank().unwrap().clone();
        let damage = [Rectangle::of_size([8, 8])];
        let mut frames = |count: u64| {
            for frame in 0..count {
                let next = if frame % 2 == 0 { &back } else { &front };
                let flip = Flip { user_data: frame, damage: &damage, ..Flip::default() };
                screen.output.flip(next, &flip).unwrap();
                assert!(
                    screen
                        .output
                        .wait_for_flip(&mut screen.events, screen::PATIENCE)
                        .unwrap()
                        .is_some()
                );
                vblank.query().unwrap();
            }
        };
        frames(4);
        ALLOCATIONS.store(0, Ordering::Relaxed);
        IS_COUNTING.store(true, Ordering::Relaxed);
        frames(100);
        IS_COUNTING.store(false, Ordering::Relaxed);
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 0, "{method:?}");
        // The counter counts.
        IS_COUNTING.store(true, Ordering::Relaxed);
        drop(std::hint::black_box(vec![1_u8]));
        IS_COUNTING.store(false, Ordering::Relaxed);
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 1);
    }
}
