#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A flip that is like the last one allocates nothing.

mod common;

use dmashare::kms::Flip;
use dmashare::kms::Method;
use dmashare::kms::Rectangle;

use common::allocations;
use common::allocations::Counting;
use common::screen;
use common::screen::Screen;

#[global_allocator]
static COUNTING: Counting = Counting;

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
        assert_eq!(allocations::during(|| frames(100)), 0, "{method:?}");
    }
}
