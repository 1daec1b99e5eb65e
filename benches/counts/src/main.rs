//! Every hot path, run once under a counter.
//!
//! `cargo xtask counts` runs this under callgrind, which collects in `path::count_this` alone and
//! dumps when that returns: one dump a path, in the order of the lines that this prints
//! (`counted PATH TIMES ALLOCATIONS`). Without valgrind only the allocations mean something.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a count that cannot be taken has to stop, and the counts are what this prints"
)]

#[path = "../../../tests/common/allocations.rs"]
mod allocations;
mod inputs;
mod path;
mod paths;

use crate::allocations::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() {
    for path in paths::all() {
        path.count();
    }
}
