//! Which buffer of a few is drawn into, waits, or is seen: the bookkeeping of a display, without one.
//!
//! ```text
//! free -> drawn into -> ready -> pending -> shown -> free
//!              \-> free (cancelled)
//! ```
//!
//! Ready buffers are shown in the order in which they became ready. One flip can be pending at a
//! time, as on every display; the buffer that was shown before is free when it completes.

use std::collections::VecDeque;

/// What a buffer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    DrawnInto,
    Ready,
    Pending,
    Shown,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    state: State,
    /// The number of the frame that is in it; `None` while its pixels mean nothing.
    frame: Option<u64>,
}

/// A buffer that was taken to be drawn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::present) struct Acquired {
    pub(in crate::present) index: usize,
    /// How many frames old its pixels are: 1 is the latest frame; `None` if they mean nothing.
    pub(in crate::present) age: Option<u64>,
}

/// The states of all buffers of a chain.
#[derive(Clone, Debug)]
pub(in crate::present) struct SwapChain {
    slots: Vec<Slot>,
    ready: VecDeque<usize>,
    /// Frames that became ready so far.
    frames: u64,
    /// Frames that the display took so far.
    submitted: u64,
}

impl SwapChain {
    pub(in crate::present) fn new(buffers: usize) -> Self {
        Self {
            slots: vec![Slot { state: State::Free, frame: None }; buffers],
            // Room for all, so that a frame allocates nothing.
            ready: VecDeque::with_capacity(buffers),
            frames: 0,
            submitted: 0,
        }
    }

    /// Takes the free buffer with the oldest pixels, so that ages stay the same from frame to
    /// frame. `None` while all are in use.
    pub(in crate::present) fn acquire(&mut self) -> Option<Acquired> {
        let free = self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.state == State::Free);
        let (index, slot) = free.min_by_key(|(_, slot)| slot.frame)?;
        slot.state = State::DrawnInto;
        let age = slot.frame.map(|frame| self.frames - frame);
        Some(Acquired { index, age })
    }

    /// Gives a buffer back without showing it. Its pixels are lost.
    pub(in crate::present) fn cancel(&mut self, index: usize) {
        self.change(index, State::DrawnInto, Slot { state: State::Free, frame: None });
    }

    /// A buffer that was drawn into is to be shown after those that are ready already.
    pub(in crate::present) fn ready(&mut self, index: usize) {
        let slot = Slot { state: State::Ready, frame: Some(self.frames) };
        if self.change(index, State::DrawnInto, slot) {
            self.frames += 1;
            self.ready.push_back(index);
        }
    }

    /// The buffer to flip to now: the first ready one, unless a flip is pending.
    pub(in crate::present) fn next(&self) -> Option<usize> {
        if self.is_pending() { None } else { self.ready.front().copied() }
    }

    /// The flip to [`SwapChain::next`] was accepted.
    pub(in crate::present) fn submitted(&mut self) {
        if self.is_pending() {
            return;
        }
        if let Some(slot) = self.ready.pop_front().and_then(|index| self.slots.get_mut(index)) {
            slot.state = State::Pending;
            self.submitted += 1;
        }
    }

    /// How many frames the display took so far.
    pub(in crate::present) fn submitted_frames(&self) -> u64 {
        self.submitted
    }

    /// The flip to [`SwapChain::next`] was refused for good: the frame is dropped.
    pub(in crate::present) fn refused(&mut self) {
        if let Some(slot) = self.ready.pop_front().and_then(|index| self.slots.get_mut(index)) {
            *slot = Slot { state: State::Free, frame: None };
        }
    }

    /// The pending flip completed. The buffer that was shown before is free now.
    pub(in crate::present) fn flipped(&mut self) {
        if !self.is_pending() {
            return;
        }
        for slot in &mut self.slots {
            slot.state = match slot.state {
                State::Shown => State::Free,
                State::Pending => State::Shown,
                state => state,
            };
        }
    }

    /// Whether a flip is on its way.
    pub(in crate::present) fn is_pending(&self) -> bool {
        self.slots.iter().any(|slot| slot.state == State::Pending)
    }

    /// Whether frames wait for their flip, or for its end.
    pub(in crate::present) fn is_busy(&self) -> bool {
        self.is_pending() || !self.ready.is_empty()
    }

    fn change(&mut self, index: usize, from: State, to: Slot) -> bool {
        match self.slots.get_mut(index) {
            Some(slot) if slot.state == from => {
                *slot = to;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Acquired;
    use super::State;
    use super::SwapChain;

    /// Draws a frame and lets its flip complete.
    fn show_one(chain: &mut SwapChain) -> Acquired {
        let acquired = chain.acquire().unwrap();
        chain.ready(acquired.index);
        assert_eq!(chain.next(), Some(acquired.index));
        chain.submitted();
        chain.flipped();
        acquired
    }

    #[test]
    fn swap_chain_of_two_alternates_and_its_pixels_are_two_frames_old() {
        let mut chain = SwapChain::new(2);
        let seen: Vec<_> = (0..5).map(|_| show_one(&mut chain)).collect();
        let indices: Vec<_> = seen.iter().map(|acquired| acquired.index).collect();
        assert_eq!(indices, [0, 1, 0, 1, 0]);
        let ages: Vec<_> = seen.iter().map(|acquired| acquired.age).collect();
        assert_eq!(ages, [None, None, Some(2), Some(2), Some(2)]);
    }

    #[test]
    fn swap_chain_of_three_draws_while_one_is_shown_and_one_pends() {
        let mut chain = SwapChain::new(3);
        show_one(&mut chain);
        let pending = chain.acquire().unwrap();
        chain.ready(pending.index);
        chain.submitted();
        let drawn = chain.acquire().expect("the third is free");
        assert_eq!(chain.acquire(), None, "all three are in use");
        chain.ready(drawn.index);
        assert_eq!(chain.next(), None, "one flip at a time");
        chain.flipped();
        assert_eq!(chain.next(), Some(drawn.index));
        assert!(chain.acquire().is_some(), "the first was replaced");
    }

    #[test]
    fn swap_chain_of_two_has_none_free_while_a_flip_pends() {
        let mut chain = SwapChain::new(2);
        show_one(&mut chain);
        let acquired = chain.acquire().unwrap();
        chain.ready(acquired.index);
        chain.submitted();
        assert_eq!(chain.acquire(), None);
        chain.flipped();
        assert!(chain.acquire().is_some());
    }

    #[test]
    fn swap_chain_forgets_the_pixels_of_cancelled_and_refused_frames() {
        let mut chain = SwapChain::new(2);
        show_one(&mut chain);
        show_one(&mut chain);
        let cancelled = chain.acquire().unwrap();
        chain.cancel(cancelled.index);
        let again = chain.acquire().unwrap();
        assert_eq!((again.index, again.age), (cancelled.index, None));
        chain.ready(again.index);
        chain.refused();
        assert!(!chain.is_busy());
        assert_eq!(chain.acquire().unwrap().age, None);
    }

    proptest! {
        #[test]
        fn swap_chain_never_draws_into_what_is_seen(
            buffers in 2..6_usize,
            steps in prop::collection::vec(0..5_u8, 0..200),
        ) {
            let mut chain = SwapChain::new(buffers);
            let mut drawn: Vec<usize> = Vec::new();
            let mut order = Vec::new();
            let mut submitted = Vec::new();
            for step in steps {
                match step {
                    0 => drawn.extend(chain.acquire().map(|acquired| acquired.index)),
                    1 => if let Some(index) = drawn.pop() {
                        chain.ready(index);
                        order.push(index);
                    },
                    2 => if let Some(index) = drawn.pop() { chain.cancel(index) },
                    3 => if let Some(index) = chain.next() {
                        chain.submitted();
                        submitted.push(index);
                    },
                    _ => chain.flipped(),
                }
                let count = |state| chain.slots.iter().filter(|s| s.state == state).count();
                prop_assert!(count(State::Pending) <= 1);
                prop_assert!(count(State::Shown) <= 1);
                prop_assert_eq!(count(State::DrawnInto), drawn.len());
                prop_assert_eq!(count(State::Ready), chain.ready.len());
            }
            prop_assert_eq!(&order[..submitted.len()], &submitted[..], "in the order they were ready");
        }
    }
}
