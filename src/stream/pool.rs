#![warn(clippy::arithmetic_side_effects)]
//! The buffers of a producer: who has which one, and when it is free again.
//!
//! A buffer is *free*, *written* by the producer, or *shared*: read by as many consumers as hold
//! it, or are about to. `F` is a fence, which is kept here and never looked at.

use std::num::NonZeroU64;
use std::vec::Drain;

use crate::ipc::wire::ImageMessage;
#[cfg(test)]
use crate::stream::snapshot::Snapshot;
use crate::stream::wire::BufferId;

/// The most fences that a buffer whose frame is given to newcomers is let have.
const MAX_RELEASES: usize = 64;

/// Which buffers there are. Places are used again when nobody has the buffer of before.
#[derive(Clone, Debug)]
pub(in crate::stream) struct Pool<F> {
    slots: Vec<Option<Slot<F>>>,
    /// Those that are not retired.
    live: u64,
}

/// One buffer.
#[derive(Clone, Debug)]
pub(in crate::stream) struct Slot<F> {
    /// What consumers are told of it.
    pub(in crate::stream) image: ImageMessage,
    /// What it costs them.
    pub(in crate::stream) size_bytes: u64,
    state: State,
    /// How many consumers have it or will get it.
    holders: usize,
    /// The frame that its pixels are, if they are one.
    content: Option<NonZeroU64>,
    /// From when on its content may be read.
    acquire: Option<F>,
    /// After which it may be written.
    releases: Vec<F>,
    is_tainted: bool,
    is_retired: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Free,
    Written,
    Shared,
}

/// A buffer that the producer may write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquired {
    /// Which one.
    pub buffer: BufferId,
    /// How many frames ago its content was submitted: 1 for the last one. `None` if the content is
    /// no frame.
    ///
    /// Spec: `EGL_EXT_buffer_age`.
    pub age: Option<NonZeroU64>,
    /// Whether a consumer left without releasing it. Its process is gone, and devices may still be
    /// reading what it gave them; or it was sent away, and can read for as long as it likes. Such a
    /// buffer is best replaced.
    pub is_tainted: bool,
}

/// What became of a buffer that somebody has let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::stream) enum After {
    /// It is still here.
    Kept,
    /// It was retired, and this was the last who had it.
    Gone,
}

impl<F> Slot<F> {
    /// The fences of those who have read it.
    pub(in crate::stream) fn releases(&self) -> &[F] {
        &self.releases
    }
}

impl<F> Pool<F> {
    pub(in crate::stream) fn new() -> Self {
        Self { slots: Vec::new(), live: 0 }
    }

    /// `None` if all places are taken, be it by buffers that are retired and still held. There is
    /// room for as many fences as there may be holders, so that none has to be made for a frame.
    pub(in crate::stream) fn add(
        &mut self,
        image: ImageMessage,
        size_bytes: u64,
        most_holders: usize,
    ) -> Option<BufferId> {
        let buffer = BufferId::all().find(|buffer| self.slot(*buffer).is_none())?;
        if buffer.index() >= self.slots.len() {
            self.slots.push(None);
        }
        *self.slots.get_mut(buffer.index())? = Some(Slot {
            image,
            size_bytes,
            state: State::Free,
            holders: 0,
            content: None,
            acquire: None,
            releases: Vec::with_capacity(most_holders),
            is_tainted: false,
            is_retired: false,
        });
        self.live |= buffer.bit();
        Some(buffer)
    }

    pub(in crate::stream) fn slot(&self, buffer: BufferId) -> Option<&Slot<F>> {
        self.slots.get(buffer.index())?.as_ref()
    }

    fn slot_mut(&mut self, buffer: BufferId) -> Option<&mut Slot<F>> {
        self.slots.get_mut(buffer.index())?.as_mut()
    }

    /// The buffers that are not retired.
    pub(in crate::stream) fn live(&self) -> impl Iterator<Item = (BufferId, &Slot<F>)> {
        let slots = BufferId::all().zip(&self.slots);
        slots
            .filter_map(|(buffer, slot)| Some((buffer, slot.as_ref()?)))
            .filter(|(_, it)| !it.is_retired)
    }

    /// The same as a set of bits.
    pub(in crate::stream) fn live_set(&self) -> u64 {
        self.live
    }

    /// No further frame comes in it.
    pub(in crate::stream) fn retire(&mut self, buffer: BufferId) -> After {
        if let Some(slot) = self.slot_mut(buffer) {
            slot.is_retired = true;
        }
        self.live &= !buffer.bit();
        self.settle(buffer)
    }

    /// Takes a free buffer to write to, with the youngest content: the least of it has to be drawn
    /// again. The latest frame is left for newcomers if there is another one.
    pub(in crate::stream) fn acquire(
        &mut self,
        last_serial: u64,
        latest: Option<BufferId>,
    ) -> Option<Acquired> {
        let free = self.free();
        let merit = |buffer: BufferId, slot: &Slot<F>| {
            (Some(buffer) != latest, slot.content, std::cmp::Reverse(buffer))
        };
        let (buffer, _) = free.max_by_key(|(buffer, slot)| merit(*buffer, slot))?;
        let slot = self.slot_mut(buffer)?;
        slot.state = State::Written;
        slot.acquire = None;
        let next_serial = last_serial.saturating_add(1);
        let age = |content: NonZeroU64| NonZeroU64::new(next_serial.saturating_sub(content.get()));
        let age = slot.content.take().and_then(age);
        Some(Acquired { buffer, age, is_tainted: slot.is_tainted })
    }

    /// Whether a buffer can be acquired.
    pub(in crate::stream) fn has_free(&self) -> bool {
        self.free().next().is_some()
    }

    fn free(&self) -> impl Iterator<Item = (BufferId, &Slot<F>)> {
        self.live().filter(|(_, slot)| slot.state == State::Free)
    }

    /// The fences of those who have read a buffer that is written now.
    pub(in crate::stream) fn take_releases(&mut self, buffer: BufferId) -> Option<Drain<'_, F>> {
        let slot = self.slot_mut(buffer).filter(|slot| slot.state == State::Written)?;
        Some(slot.releases.drain(..))
    }

    pub(in crate::stream) fn is_written(&self, buffer: BufferId) -> bool {
        self.slot(buffer).is_some_and(|slot| slot.state == State::Written)
    }

    /// Gives up writing. The content is no frame, unless it is `submitted` as one: then whoever
    /// has read what was there before is of no concern any more.
    pub(in crate::stream) fn finish_writing(
        &mut self,
        buffer: BufferId,
        submitted: Option<(NonZeroU64, Option<F>)>,
    ) -> After {
        if let Some(slot) = self.slot_mut(buffer) {
            slot.state = State::Free;
            if let Some((serial, acquire)) = submitted {
                slot.releases.clear();
                slot.is_tainted = false;
                slot.content = Some(serial);
                slot.acquire = acquire;
            }
        }
        self.settle(buffer)
    }

    /// From when on the content of a buffer may be read; `None` if it may be already.
    pub(in crate::stream) fn acquire_fence(&self, buffer: BufferId) -> Option<&F> {
        self.slot(buffer)?.acquire.as_ref()
    }

    /// The frame in a buffer, unless it is being overwritten.
    pub(in crate::stream) fn content(&self, buffer: BufferId) -> Option<NonZeroU64> {
        self.slot(buffer)?.content
    }

    /// Whether the frame in a buffer can be given to one more consumer. Each may leave a fence, and
    /// consumers that come and go must not pile them up.
    pub(in crate::stream) fn can_be_shared_again(&self, buffer: BufferId) -> bool {
        self.slot(buffer).is_some_and(|slot| {
            slot.content.is_some() && !slot.is_retired && slot.releases.len() < MAX_RELEASES
        })
    }

    /// One more consumer has it, or will get it.
    pub(in crate::stream) fn hold(&mut self, buffer: BufferId) {
        if let Some(slot) = self.slot_mut(buffer) {
            slot.state = State::Shared;
            slot.holders = slot.holders.saturating_add(1);
        }
    }

    /// One consumer less has it; it may be written again after `fence`.
    pub(in crate::stream) fn release(&mut self, buffer: BufferId, fence: Option<F>) -> After {
        if let Some(slot) = self.slot_mut(buffer) {
            slot.releases.extend(fence);
            slot.holders = slot.holders.saturating_sub(1);
            if slot.holders == 0 && slot.state == State::Shared {
                slot.state = State::Free;
            }
        }
        self.settle(buffer)
    }

    /// As [`Pool::release`], for a consumer that left without a word.
    pub(in crate::stream) fn abandon(&mut self, buffer: BufferId) -> After {
        if let Some(slot) = self.slot_mut(buffer) {
            slot.is_tainted = true;
        }
        self.release(buffer, None)
    }

    fn settle(&mut self, buffer: BufferId) -> After {
        let is_over = |slot: &Slot<F>| slot.is_retired && slot.state == State::Free;
        match self.slots.get_mut(buffer.index()) {
            Some(place) if place.as_ref().is_some_and(is_over) => {
                *place = None;
                After::Gone
            }
            _ => After::Kept,
        }
    }
}

#[cfg(test)]
impl<F> Pool<F> {
    pub(in crate::stream) fn snapshot(&self, snapshot: &mut Snapshot) {
        for (buffer, slot) in BufferId::all().zip(&self.slots) {
            let Some(slot) = slot else { continue };
            snapshot.word(buffer.get());
            snapshot.word(slot.state as u8);
            snapshot.word(slot.holders as u64);
            snapshot.serial(slot.content.map_or(0, NonZeroU64::get));
            snapshot.word(slot.is_tainted);
            snapshot.word(slot.is_retired);
        }
    }

    /// How many consumers have each buffer, for the buffers that somebody has.
    pub(in crate::stream) fn holders(&self) -> impl Iterator<Item = (BufferId, usize)> {
        let slots = BufferId::all().zip(&self.slots);
        let holders =
            slots.map(|(buffer, slot)| (buffer, slot.as_ref().map_or(0, |it| it.holders)));
        holders.filter(|(_, holders)| *holders > 0)
    }
}

#[cfg(test)]
mod tests;
