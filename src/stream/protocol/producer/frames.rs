#![warn(clippy::arithmetic_side_effects)]
//! The way of a frame from a buffer that is written to the consumers and back.

use std::num::NonZeroU64;

use super::AcquireError;
use super::Acquired;
use super::Output;
use super::PeerId;
use super::Picture;
use super::Producer;
use super::SubmitError;
use super::following;
use super::peer::Peer;
use super::peer::Room;
use super::peer::State;
use crate::stream::protocol::End;
use crate::stream::protocol::Violation;
use crate::stream::wire::BufferId;
use crate::stream::wire::Release;

impl<F> Producer<F> {
    /// Takes a free buffer to write to. It must not be written before the fences of
    /// [`Producer::take_release_fences`].
    ///
    /// If none is free, consumers that have held a frame for longer than the policy allows are sent
    /// away.
    ///
    /// # Errors
    /// [`AcquireError::NoneFree`].
    pub fn acquire(&mut self, now_ns: u64) -> Result<Acquired, AcquireError> {
        if let Some(acquired) = self.pool.acquire(self.last_serial, self.latest) {
            return Ok(self.begin_writing(acquired));
        }
        while let Some(peer) = self.late_holder(now_ns) {
            self.end(peer, End::TooSlow);
        }
        if let Some(acquired) = self.pool.acquire(self.last_serial, self.latest) {
            return Ok(self.begin_writing(acquired));
        }
        Err(AcquireError::NoneFree { until_ns: self.next_late_ns() })
    }

    /// From when on it is worth to [acquire](Producer::acquire); `None` if not before a release.
    pub(in crate::stream) fn acquirable_from_ns(&self) -> Option<u64> {
        if self.pool.has_free() { Some(0) } else { self.next_late_ns() }
    }

    /// When a consumer will have held a frame for longer than is allowed while no buffer is free.
    fn next_late_ns(&self) -> Option<u64> {
        self.peers.iter().flatten().filter_map(Peer::held_until_ns).min()
    }

    fn begin_writing(&mut self, acquired: Acquired) -> Acquired {
        if self.latest == Some(acquired.buffer) {
            self.latest = None;
        }
        acquired
    }

    /// Gives a buffer back that was acquired, without a frame in it.
    pub fn cancel(&mut self, buffer: BufferId) {
        if self.pool.is_written(buffer) {
            let after = self.pool.finish_writing(buffer, None);
            self.tell(buffer, after);
        }
    }

    /// Submits the frame in a buffer that was acquired, and returns its serial. Without a fence its
    /// pixels are finished.
    ///
    /// Never blocks: each consumer gets the frame now or when it has room, or misses it, as the
    /// policy says.
    ///
    /// # Errors
    /// See [`SubmitError`]. The fence is dropped then.
    pub fn submit(
        &mut self,
        buffer: BufferId,
        picture: Picture,
        fence: Option<F>,
        now_ns: u64,
    ) -> Result<NonZeroU64, SubmitError> {
        if fence.is_some() && !self.may_send_fences() && self.pool.is_written(buffer) {
            return Err(SubmitError::Fence);
        }
        self.submit_attached(buffer, picture, fence, now_ns)
    }

    /// As [`Producer::submit`], with a fence that the buffer itself has been given too: the drivers
    /// of consumers that cannot wait for fences wait for it there, and their frames are sent
    /// without one.
    ///
    /// # Errors
    /// See [`SubmitError`]; never [`SubmitError::Fence`].
    pub fn submit_attached(
        &mut self,
        buffer: BufferId,
        picture: Picture,
        fence: Option<F>,
        now_ns: u64,
    ) -> Result<NonZeroU64, SubmitError> {
        self.submit_picture(buffer, &picture, fence, now_ns)
    }

    /// As [`Producer::submit_attached`]. A picture is large to move.
    pub(in crate::stream) fn submit_picture(
        &mut self,
        buffer: BufferId,
        picture: &Picture,
        fence: Option<F>,
        now_ns: u64,
    ) -> Result<NonZeroU64, SubmitError> {
        if !self.pool.is_written(buffer) {
            return Err(SubmitError::NotAcquired { buffer });
        }
        let format = self.format.filter(|_| self.is_live(buffer));
        let Some(format) = format else {
            self.cancel(buffer);
            return Err(SubmitError::Retired { buffer });
        };
        if !picture.damage.is_inside(format.size) {
            return Err(SubmitError::Damage);
        }
        let serial = following(self.last_serial).ok_or(SubmitError::Exhausted)?;
        self.wait_for_room(now_ns)?;
        self.last_serial = serial.get();
        let _ = self.pool.finish_writing(buffer, Some((serial, fence)));
        self.latest = Some(buffer);
        self.latest_picture.set(picture);
        for place in 0..self.peers.len() {
            let Some(peer) = self.peers.get(place).and_then(Option::as_ref) else { continue };
            let (id, is_served) = (peer.id, peer.state == State::Served);
            if is_served {
                self.deliver(id, buffer, picture, now_ns);
            }
        }
        Ok(serial)
    }

    /// Nothing may be submitted while somebody who must not miss it has no room.
    fn wait_for_room(&mut self, now_ns: u64) -> Result<(), SubmitError> {
        let mut earliest_ns: Option<u64> = None;
        for place in 0..self.peers.len() {
            let Some(peer) = self.peers.get_mut(place).and_then(Option::as_mut) else { continue };
            let Some(until_ns) = peer.block(now_ns) else { continue };
            if now_ns < until_ns {
                earliest_ns = Some(earliest_ns.map_or(until_ns, |before| before.min(until_ns)));
            } else {
                let id = peer.id;
                self.end(id, End::TooSlow);
            }
        }
        earliest_ns.map_or(Ok(()), |until_ns| Err(SubmitError::WouldBlock { until_ns }))
    }

    /// Gives a new frame to one consumer, or to its queue, or to nobody.
    fn deliver(&mut self, peer: PeerId, buffer: BufferId, picture: &Picture, now_ns: u64) {
        let place = self.peers.get_mut(peer.place).and_then(Option::as_mut);
        let Some(known) = place.filter(|known| known.id == peer) else { return };
        let dropped = match known.room(buffer) {
            Room::Queue => None,
            Room::NoneForNewest => {
                known.missed.merge(&picture.damage);
                self.miss(peer, buffer);
                return;
            }
            Room::NoneForOldest => known.oldest(),
            Room::Disconnect => {
                self.end(peer, End::TooSlow);
                return;
            }
        };
        if let Some(oldest) = dropped {
            known.unqueue(oldest, &mut self.spares);
        }
        known.enqueue(buffer, picture, &mut self.spares);
        self.pool.hold(buffer);
        if let Some(oldest) = dropped {
            self.miss(peer, oldest);
            let after = self.pool.release(oldest, None);
            self.tell(oldest, after);
        }
        self.pump(peer, now_ns);
    }

    /// A consumer does not get the frame in a buffer, which still holds it.
    pub(super) fn miss(&mut self, peer: PeerId, buffer: BufferId) {
        if let Some(serial) = self.pool.content(buffer) {
            self.outputs.push_back(Output::Missed { peer, serial });
        }
    }

    /// Sends what waits for a consumer and has room with it.
    pub(super) fn pump(&mut self, peer: PeerId, now_ns: u64) {
        let place = self.peers.get_mut(peer.place).and_then(Option::as_mut);
        let Some(known) = place.filter(|known| known.id == peer) else { return };
        known.send_frames(&self.pool, now_ns, &mut self.outputs);
    }

    /// A newcomer sees the latest frame at once, if it is still there: it knows all buffers by now,
    /// and holds none. Others are told of a new format too, but that leaves no latest frame.
    pub(super) fn show_latest(&mut self, peer: PeerId, now_ns: u64) {
        let Some(buffer) = self.latest else { return };
        let has_fence = self.pool.acquire_fence(buffer).is_some();
        let can_be_shared = self.pool.can_be_shared_again(buffer);
        let place = self.peers.get_mut(peer.place).and_then(Option::as_mut);
        let Some(known) = place.filter(|known| known.id == peer) else { return };
        let can_wait = known.agreed.frame_fences || !has_fence;
        if can_be_shared && can_wait {
            known.enqueue(buffer, &self.latest_picture, &mut self.spares);
            self.pool.hold(buffer);
            self.pump(peer, now_ns);
        }
    }

    /// What waits for a consumer is not for it any more.
    pub(super) fn unqueue_all(&mut self, peer: PeerId) {
        for buffer in BufferId::all() {
            let place = self.peers.get_mut(peer.place).and_then(Option::as_mut);
            let known = place.filter(|known| known.id == peer);
            if known.is_some_and(|known| known.unqueue(buffer, &mut self.spares)) {
                self.miss(peer, buffer);
                let after = self.pool.release(buffer, None);
                self.tell(buffer, after);
            }
        }
    }

    /// A consumer gives a frame back.
    pub(super) fn released(
        &mut self,
        peer: PeerId,
        release: Release,
        fence: Option<F>,
        now_ns: u64,
    ) -> Result<(), Violation> {
        let Some(known) = self.peer_mut(peer) else { return Ok(()) };
        let is_agreed = known.agreed.release_fences || !release.has_fence;
        if !is_agreed || fence.is_some() != release.has_fence {
            return Err(Violation::Fence);
        }
        known.take_back(&release)?;
        let after = self.pool.release(release.buffer, fence);
        self.tell(release.buffer, after);
        // There may be room now for what it was not told of.
        match self.peer(peer).filter(|known| known.state == State::Served) {
            Some(known) if known.lacks_any(&self.pool) => self.announce(peer, now_ns),
            Some(_) => self.pump(peer, now_ns),
            None => {}
        }
        Ok(())
    }

    /// Somebody who has held a frame for longer than is allowed while no buffer is free.
    fn late_holder(&self, now_ns: u64) -> Option<PeerId> {
        let is_late = |peer: &&Peer| peer.held_until_ns().is_some_and(|until| now_ns >= until);
        self.peers.iter().flatten().find(is_late).map(|peer| peer.id)
    }
}
