#![warn(clippy::arithmetic_side_effects)]
//! What a producer knows about one consumer.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::num::NonZeroU64;

use super::Output;
use super::PeerId;
use super::Picture;
use crate::dmabuf::layout::Extent;
use crate::stream::policy::Overflow;
use crate::stream::policy::Policy;
use crate::stream::pool::Pool;
use crate::stream::pool::Slot;
use crate::stream::protocol::Violation;
use crate::stream::wire::Announce;
use crate::stream::wire::BufferId;
use crate::stream::wire::Capabilities;
use crate::stream::wire::ConsumerHello;
use crate::stream::wire::Damage;
use crate::stream::wire::Frame;
use crate::stream::wire::Limits;
use crate::stream::wire::MAX_BUFFERS;
use crate::stream::wire::Message;
use crate::stream::wire::Offer;
use crate::stream::wire::ProducerHello;
use crate::stream::wire::Release;
use crate::stream::wire::SpareFrames;

/// Offers may come this often in the long run, in nanoseconds.
const OFFER_INTERVAL_NS: u64 = 1_000_000_000;
/// And so many at once.
const OFFER_BURST: u64 = 8;

/// How far a consumer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// It has been said hello to, and has not answered.
    Greeted,
    /// It has said hello, and made no offer.
    Acquainted,
    /// Its offer waits for a format.
    Waiting,
    /// It is sent frames.
    Served,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Greeted => "a hello is due",
            Self::Acquainted => "an offer is due",
            Self::Waiting => "an offer waits for its answer",
            Self::Served => "frames are sent",
        }
    }
}

/// What both sides can do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agreed {
    /// Frames may have fences.
    pub(super) frame_fences: bool,
    /// Releases may have fences.
    pub(super) release_fences: bool,
    kernel_checked: bool,
}

/// What becomes of a new frame.
pub(super) enum Room {
    /// It can be queued.
    Queue,
    /// It is dropped.
    NoneForNewest,
    /// It can be queued once the oldest is dropped.
    NoneForOldest,
    /// There must not be none.
    Disconnect,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    serial: NonZeroU64,
    since_ns: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) id: PeerId,
    pub(super) state: State,
    pub(super) agreed: Agreed,
    pub(super) offer: Option<Offer>,
    /// The generation of the format that it was told last.
    pub(super) generation: Option<NonZeroU32>,
    /// The buffers that it knows and that are not retired, one bit each.
    pub(super) announced: u64,
    /// What it has not been told of.
    pub(super) missed: Damage,
    policy: Policy,
    limits: Limits,
    until_ns: u64,
    held: Vec<Option<Held>>,
    held_count: usize,
    /// The frames that wait for it. Their serials are those of their buffers.
    queue: VecDeque<Box<Frame>>,
    blocked_since_ns: Option<u64>,
    /// When the offers that have come were due, had they come as seldom as they are to.
    offers_paid_ns: u64,
}

impl Peer {
    pub(super) fn new(id: PeerId, policy: Policy, until_ns: u64) -> Self {
        Self {
            id,
            state: State::Greeted,
            agreed: Agreed::default(),
            offer: None,
            generation: None,
            announced: 0,
            missed: Damage::EVERYTHING,
            policy,
            limits: Limits::default(),
            until_ns,
            held: vec![None; MAX_BUFFERS],
            held_count: 0,
            queue: VecDeque::with_capacity(policy.depth().saturating_add(1)),
            blocked_since_ns: None,
            offers_paid_ns: 0,
        }
    }

    /// Until when it may take for the handshake, as long as that lasts.
    pub(super) fn handshake_until_ns(&self) -> Option<u64> {
        matches!(self.state, State::Greeted | State::Acquainted).then_some(self.until_ns)
    }

    /// Until when it may keep everybody from submitting. Who has room again, because what waited for
    /// it was taken away, keeps nobody.
    pub(super) fn blocked_until_ns(&self) -> Option<u64> {
        let Overflow::Block { deadline_ns } = self.policy.overflow() else { return None };
        let since_ns = self.blocked_since_ns.filter(|_| self.is_full())?;
        Some(since_ns.saturating_add(deadline_ns))
    }

    /// When it is late with something. Who shakes hands keeps nobody from submitting.
    pub(super) fn deadline_ns(&self) -> Option<u64> {
        self.handshake_until_ns().or_else(|| self.blocked_until_ns())
    }

    /// Until when it may keep the frame that it has held the longest.
    pub(super) fn held_until_ns(&self) -> Option<u64> {
        let held = self.held.iter().flatten().take(self.held_count);
        let since_ns = held.map(|held| held.since_ns).min()?;
        Some(since_ns.saturating_add(self.policy.hold_limit_ns()))
    }

    pub(super) fn greet(
        &mut self,
        hello: &ConsumerHello,
        ours: &ProducerHello,
    ) -> Result<(), Violation> {
        if hello.versions.common(ours.versions).is_none() {
            let pair =
                |versions: crate::stream::wire::Versions| [versions.oldest(), versions.newest()];
            let (theirs, ours) = (pair(hello.versions), pair(ours.versions));
            return Err(Violation::Version { theirs, ours });
        }
        let agree = |of_ours, of_theirs| {
            ours.capabilities.contains(of_ours) && hello.capabilities.contains(of_theirs)
        };
        let (waits, sends) = (Capabilities::WAITS_FOR_FENCES, Capabilities::SENDS_FENCES);
        self.agreed = Agreed {
            frame_fences: agree(sends, waits),
            release_fences: agree(waits, sends),
            kernel_checked: agree(Capabilities::KERNEL_CHECKED, Capabilities::KERNEL_CHECKED),
        };
        self.limits = hello.limits;
        self.state = State::Acquainted;
        Ok(())
    }

    pub(super) fn last_offer(&self) -> Option<NonZeroU32> {
        self.offer.as_ref().map(Offer::number)
    }

    pub(super) fn take_offer(&mut self, offer: Offer, now_ns: u64) -> Result<(), Violation> {
        let (found, before) = (offer.number(), self.last_offer().map_or(0, NonZeroU32::get));
        if found.get() <= before {
            return Err(Violation::OfferNumber { found, before });
        }
        let paid_ns = self.offers_paid_ns.max(now_ns).saturating_add(OFFER_INTERVAL_NS);
        let ahead_ns = OFFER_BURST.saturating_mul(OFFER_INTERVAL_NS);
        if paid_ns > now_ns.saturating_add(ahead_ns) {
            return Err(Violation::OfferFlood);
        }
        self.offers_paid_ns = paid_ns;
        self.offer = Some(offer);
        Ok(())
    }

    pub(super) fn is_announced(&self, buffer: BufferId) -> bool {
        self.announced & buffer.bit() != 0
    }

    pub(super) fn holds(&self, buffer: BufferId) -> bool {
        self.held.get(buffer.index()).is_some_and(Option::is_some)
    }

    pub(super) fn holds_any(&self) -> bool {
        self.held_count > 0
    }

    /// The frames that it holds, in the order of their buffers.
    #[cfg(test)]
    pub(super) fn held_frames(&self) -> impl Iterator<Item = (BufferId, u64)> {
        let held = BufferId::all().zip(&self.held);
        held.filter_map(|(buffer, held)| Some((buffer, held.as_ref()?.serial.get())))
    }

    /// Whether it could have all buffers, if it held none of an earlier format.
    pub(super) fn can_take_all<F>(&self, pool: &Pool<F>) -> Result<(), &'static str> {
        let is_allowed =
            |slot: &Slot<F>| slot.image.extent == Extent::Whole || self.agreed.kernel_checked;
        if !pool.live().all(|(_, slot)| is_allowed(slot)) {
            return Err("the buffers are checked by their driver alone");
        }
        let all = Cost::of(pool.live().map(|(_, slot)| slot));
        if all.is_within(self.limits) {
            Ok(())
        } else {
            Err("the stream has more buffers than the consumer is willing to keep")
        }
    }

    /// Whether there is a buffer that it does not know, which is rare.
    pub(super) fn lacks_any<F>(&self, pool: &Pool<F>) -> bool {
        pool.live_set() & !self.announced != 0
    }

    /// Announces what it does not know, as far as it has room beside what it holds.
    pub(super) fn announce<F>(
        &mut self,
        generation: NonZeroU32,
        pool: &Pool<F>,
        outputs: &mut VecDeque<Output>,
    ) {
        for (buffer, slot) in pool.live() {
            if self.is_announced(buffer) {
                continue;
            }
            let known = BufferId::all().filter(|it| self.is_announced(*it) || self.holds(*it));
            let known = known.filter_map(|it| pool.slot(it)).chain([slot]);
            if Cost::of(known).is_within(self.limits) {
                self.announced |= buffer.bit();
                let announce = Announce::new(generation, buffer, slot.image);
                let message = Message::Announce(announce);
                outputs.push_back(Output::Send { peer: self.id, message });
            }
        }
    }

    /// The buffers that wait for it.
    pub(super) fn queue(&self) -> impl Iterator<Item = BufferId> {
        self.queue.iter().map(|frame| frame.buffer)
    }

    fn is_full(&self) -> bool {
        self.queue.len() >= self.policy.depth()
    }

    /// Notes that a frame would be submitted now. Returns until when that has to wait.
    pub(super) fn block(&mut self, now_ns: u64) -> Option<u64> {
        if self.state != State::Served || !self.is_full() {
            self.blocked_since_ns = None;
            return None;
        }
        if matches!(self.policy.overflow(), Overflow::Block { .. }) {
            self.blocked_since_ns.get_or_insert(now_ns);
        }
        self.blocked_until_ns()
    }

    pub(super) fn room(&self, buffer: BufferId) -> Room {
        if !self.is_announced(buffer) {
            return Room::NoneForNewest;
        }
        if !self.is_full() {
            return Room::Queue;
        }
        match self.policy.overflow() {
            Overflow::DropOldest => Room::NoneForOldest,
            Overflow::DropNewest => Room::NoneForNewest,
            Overflow::Block { .. } | Overflow::Disconnect => Room::Disconnect,
        }
    }

    /// The frame that waits longest.
    pub(super) fn oldest(&self) -> Option<BufferId> {
        self.queue().next()
    }

    pub(super) fn enqueue(
        &mut self,
        buffer: BufferId,
        picture: &Picture,
        spares: &mut SpareFrames,
    ) {
        let mut frame = spares.take();
        frame.buffer = buffer;
        frame.user_serial = picture.user_serial;
        frame.presentation_ns = picture.presentation_ns;
        frame.colour = picture.colour;
        frame.damage.set(&picture.damage);
        frame.damage.merge(&self.missed);
        self.missed.clear();
        self.queue.push_back(frame);
    }

    /// Takes a frame out of the queue, and returns whether it was there. What it would have told is
    /// told by the one behind it, or by the one that comes.
    pub(super) fn unqueue(&mut self, buffer: BufferId, spares: &mut SpareFrames) -> bool {
        let place = self.queue.iter().position(|frame| frame.buffer == buffer);
        let Some((place, dropped)) = place.and_then(|at| Some((at, self.queue.remove(at)?))) else {
            return false;
        };
        let behind = self.queue.get_mut(place).map(|frame| &mut frame.damage);
        behind.unwrap_or(&mut self.missed).merge(&dropped.damage);
        spares.put(dropped);
        true
    }

    /// Sends the frames that wait and have room, which the consumer holds from now on.
    pub(super) fn send_frames<F>(
        &mut self,
        pool: &Pool<F>,
        now_ns: u64,
        outputs: &mut VecDeque<Output>,
    ) {
        while self.state == State::Served && self.held_count < self.limits.frames() {
            let Some(mut frame) = self.queue.pop_front() else { return };
            let buffer = frame.buffer;
            let Some(serial) = pool.content(buffer) else { return };
            let Some(place) = self.held.get_mut(buffer.index()) else { return };
            *place = Some(Held { serial, since_ns: now_ns });
            self.held_count = self.held_count.saturating_add(1);
            self.blocked_since_ns = None;
            frame.serial = serial;
            frame.has_fence = self.agreed.frame_fences && pool.acquire_fence(buffer).is_some();
            outputs.push_back(Output::Send { peer: self.id, message: Message::Frame(frame) });
        }
    }

    /// Checks a release, and takes the frame back.
    pub(super) fn take_back(&mut self, release: &Release) -> Result<(), Violation> {
        let Release { serial: found, buffer, .. } = *release;
        let Some(place) = self.held.get_mut(buffer.index()) else { return Ok(()) };
        let Some(held) = *place else { return Err(Violation::NotHeld { buffer }) };
        if held.serial != found {
            return Err(Violation::WrongSerial { buffer, found, held: held.serial });
        }
        *place = None;
        self.held_count = self.held_count.saturating_sub(1);
        Ok(())
    }
}

/// What buffers cost who imports them.
#[derive(Clone, Copy, Default)]
struct Cost {
    buffers: usize,
    fds: usize,
    bytes: u64,
}

impl Cost {
    fn of<'a, F: 'a>(slots: impl Iterator<Item = &'a Slot<F>>) -> Self {
        slots.fold(Self::default(), |cost, slot| Self {
            buffers: cost.buffers.saturating_add(1),
            fds: cost.fds.saturating_add(slot.image.planes.slots()),
            bytes: cost.bytes.saturating_add(slot.size_bytes),
        })
    }

    fn is_within(self, limits: Limits) -> bool {
        self.buffers <= limits.buffers() && self.fds <= limits.fds() && self.bytes <= limits.bytes()
    }
}
