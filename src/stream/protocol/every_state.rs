#![allow(clippy::print_stdout, reason = "says how much was explored")]
//! Every state that one producer, two consumers and three buffers can get into, with any one of the
//! three processes dying at any time.
//!
//! Each step is one that some process or the kernel can take next: a message arrives, a buffer is
//! acquired or submitted or released, somebody dies, somebody notices. All orders of all steps are
//! gone through. A stream goes on for ever; states that differ in nothing but how far the serials
//! have come are one, so they are finitely many. Memory is modelled beside the machines, and what
//! they believe is held against what is.
//!
//! In each state:
//! - nobody writes to a buffer that a living process reads, and whoever reads a frame sees that one;
//! - nobody honest is accused of anything;
//! - every buffer is counted as often as somebody has it or waits for it;
//! - if all that is under way arrives and all that is held is released, every buffer is free and
//!   the next frame gets to every living consumer: nothing is lost, and nobody waits for ever.
//!
//! Time stands still here, so nobody is late; fences and damage are left out, as no state depends
//! on them.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use crate::stream::policy::Overflow;
use crate::stream::policy::Policy;

mod world;

use world::Step;
use world::World;

/// A state, and the step by which it was reached first.
type Parents = HashMap<u128, Option<(u128, Step)>>;

/// Visits every state, breadth first, and returns how many there are. The steps to a state that is
/// wrong are printed.
fn explore(name: &str, first: World) -> usize {
    let mut parents = Parents::new();
    let mut steps = 0_usize;
    let mut settled = HashSet::new();
    let mut next = VecDeque::new();
    parents.insert(first.fingerprint(), None);
    next.push_back(first);
    while let Some(world) = next.pop_front() {
        let from = world.fingerprint();
        check(&parents, from, None, || assert_settles(world.clone(), &mut settled));
        for step in world.steps() {
            steps += 1;
            let mut after = world.clone();
            check(&parents, from, Some(step), || {
                after.take(step);
                after.assert_safe();
            });
            let to = after.fingerprint();
            if let Entry::Vacant(vacant) = parents.entry(to) {
                vacant.insert(Some((from, step)));
                next.push_back(after);
            }
        }
    }
    println!("{name}: {} states, {steps} steps", parents.len());
    parents.len()
}

/// Follows the settling steps until there are none. States from which that was done are known.
fn assert_settles(mut world: World, settled: &mut HashSet<u128>) {
    let mut on_the_way = HashSet::new();
    loop {
        let state = world.fingerprint();
        if settled.contains(&state) {
            break;
        }
        assert!(on_the_way.insert(state), "it goes round in circles");
        let Some(step) = world.settling_step() else {
            world.assert_goes_on();
            break;
        };
        world.take(step);
    }
    settled.extend(on_the_way);
}

/// Prints the way to a state in which something is wrong.
fn check(parents: &Parents, state: u128, last: Option<Step>, check: impl FnOnce()) {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
    if let Err(panic) = outcome {
        let mut path = Vec::from_iter(last);
        let mut at = state;
        while let Some(Some((from, step))) = parents.get(&at) {
            path.push(*step);
            at = *from;
        }
        path.reverse();
        println!("after {path:#?}");
        std::panic::resume_unwind(panic);
    }
}

#[cfg_attr(miri, ignore = "takes hours when it is interpreted")]
#[test]
fn mailbox_loses_nothing_in_any_state() {
    let states = explore("mailbox", World::new(Policy::mailbox(), 2, 0));
    assert!(states > 10_000, "{states}");
}

#[cfg_attr(miri, ignore = "takes hours when it is interpreted")]
#[test]
fn recorder_loses_nothing_in_any_state() {
    let block = Policy::fifo(1, Overflow::Block { deadline_ns: u64::MAX });
    let states = explore("recorder", World::new(block, 2, 0));
    assert!(states > 10_000, "{states}");
}

#[cfg_attr(miri, ignore = "takes hours when it is interpreted")]
#[test]
fn new_format_loses_nothing_in_any_state() {
    let states = explore("new format", World::new(Policy::mailbox(), 1, 1));
    assert!(states > 10_000, "{states}");
}
