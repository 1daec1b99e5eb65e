#![warn(clippy::arithmetic_side_effects)]
//! The side that owns the buffers and writes them.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::num::NonZeroU64;
use std::vec::Drain;

use crate::format::Disagreement;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Party;
use crate::format::Usage;
use crate::format::negotiate;
use crate::ipc::wire::ImageMessage;
use crate::stream::pool::After;
use crate::stream::pool::Pool;
use crate::stream::protocol::End;
use crate::stream::protocol::Violation;
use crate::stream::wire::BufferId;
use crate::stream::wire::Capabilities;
use crate::stream::wire::Damage;
use crate::stream::wire::Format;
use crate::stream::wire::Goodbye;
use crate::stream::wire::Malformed;
use crate::stream::wire::Message;
use crate::stream::wire::Offer;
use crate::stream::wire::Reason;
use crate::stream::wire::Retire;
use crate::stream::wire::Size;
use crate::stream::wire::SpareFrames;
use crate::stream::wire::Text;

mod error;
mod frames;
mod output;
mod peer;
mod settings;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod tests;

pub use crate::stream::pool::Acquired;
pub use error::AcquireError;
pub use error::AddError;
pub use error::ConfigureError;
pub use error::ConnectError;
pub use error::SubmitError;
pub use output::Output;
pub use output::PeerId;
pub use output::Picture;
pub use settings::Settings;

use peer::Peer;
use peer::State;

/// The producer's side of all its connections. `F` is a fence: it is kept, given back, and never
/// looked at.
///
/// Times are nanoseconds of a clock that never goes back. Outputs have to be taken with
/// [`Producer::next_output`] after each call.
#[derive(Clone, Debug)]
pub struct Producer<F> {
    settings: Settings,
    pool: Pool<F>,
    peers: Vec<Option<Peer>>,
    connections: u32,
    format: Option<Format>,
    last_serial: u64,
    /// The buffer of the frame that was submitted last, unless it was acquired again or retired.
    latest: Option<BufferId>,
    /// What there is to know about the frame that was submitted last.
    latest_picture: Picture,
    outputs: VecDeque<Output>,
    spares: SpareFrames,
}

impl<F> Producer<F> {
    /// A producer without buffers and consumers.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            pool: Pool::new(),
            peers: Vec::new(),
            connections: 0,
            format: None,
            last_serial: 0,
            latest: None,
            latest_picture: Picture::default(),
            outputs: VecDeque::new(),
            spares: SpareFrames::new(),
        }
    }

    /// What is to be done next, in order; `None` if nothing is.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes back what has been done: a frame that was sent is memory for the next one, so that none
    /// but the first ones allocates.
    pub fn recycle(&mut self, done: Output) {
        if let Output::Send { message: Message::Frame(frame), .. } = done {
            self.spares.put(frame);
        }
    }

    /// A consumer has connected. It is greeted, and has to say hello and make an offer in time.
    ///
    /// # Errors
    /// [`ConnectError::TooManyPeers`].
    pub fn connect(&mut self, now_ns: u64) -> Result<PeerId, ConnectError> {
        let place = match self.peers.iter().position(Option::is_none) {
            Some(place) => place,
            None if self.peers.len() < self.settings.most_peers => {
                self.peers.push(None);
                self.peers.len().saturating_sub(1)
            }
            None => return Err(ConnectError::TooManyPeers { most: self.settings.most_peers }),
        };
        self.connections = self.connections.wrapping_add(1);
        let peer = PeerId { place, connection: self.connections };
        if let Some(free) = self.peers.get_mut(place) {
            *free = Some(Peer::new(peer, self.settings.policy, self.settings.patience(now_ns)));
        }
        let message = Message::ProducerHello(self.settings.hello);
        self.outputs.push_back(Output::Send { peer, message });
        Ok(peer)
    }

    /// Takes a message of a consumer, with the fence that came with it. What a consumer says that
    /// has left is ignored.
    pub fn receive(&mut self, peer: PeerId, message: Message, fence: Option<F>, now_ns: u64) {
        let Some(known) = self.peer_mut(peer) else { return };
        let state = known.state;
        let is_offered = matches!(state, State::Served | State::Waiting);
        let done = match message {
            Message::Goodbye(goodbye) => {
                self.end(peer, End::Peer(goodbye));
                return;
            }
            Message::ConsumerHello(hello) if state == State::Greeted => {
                let ours = self.settings.hello;
                self.peer_mut(peer).map_or(Ok(()), |known| known.greet(&hello, &ours))
            }
            Message::Offer(offer) if matches!(state, State::Acquainted | State::Served) => {
                self.offered(peer, offer, now_ns)
            }
            Message::Offer(offer) if state == State::Waiting => {
                Err(Violation::OfferUnanswered { found: offer.number() })
            }
            Message::Release(release) if is_offered => self.released(peer, release, fence, now_ns),
            message => Err(Violation::Unexpected { kind: message.kind(), state: state.name() }),
        };
        if let Err(violation) = done {
            self.end(peer, End::Violation(violation));
        }
    }

    /// A consumer has sent what is no message.
    pub fn malformed(&mut self, peer: PeerId, malformed: Malformed) {
        self.end(peer, End::Malformed(malformed));
    }

    /// The connection to a consumer is gone.
    pub fn lost(&mut self, peer: PeerId) {
        self.end(peer, End::Lost);
    }

    /// Ends the connection to a consumer.
    pub fn dismiss(&mut self, peer: PeerId, reason: Reason, text: &str) {
        self.end(peer, End::Here(Goodbye { reason, text: Text::new(text) }));
    }

    /// Looks at the clock: who is late has to leave.
    pub fn on_time(&mut self, now_ns: u64) {
        for place in 0..self.peers.len() {
            let Some(peer) = self.peers.get(place).and_then(Option::as_ref) else { continue };
            let id = peer.id;
            let is_silent = peer.handshake_until_ns().is_some_and(|until_ns| now_ns >= until_ns);
            let is_blocking = peer.blocked_until_ns().is_some_and(|until_ns| now_ns >= until_ns);
            if is_silent {
                self.end(id, End::Silent);
            } else if is_blocking {
                self.end(id, End::TooSlow);
            }
        }
    }

    /// When to call [`Producer::on_time`]; `None` if there is nothing to wait for.
    pub fn next_deadline_ns(&self) -> Option<u64> {
        self.peers.iter().flatten().filter_map(Peer::deadline_ns).min()
    }

    /// What a consumer can use; `None` if it has left or has not said.
    pub fn offer(&self, peer: PeerId) -> Option<&Offer> {
        self.peer(peer)?.offer.as_ref()
    }

    /// The consumers, in the order of their places.
    pub fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.peers.iter().flatten().map(|peer| peer.id)
    }

    /// The consumers that have an answer to their offer: they are sent frames.
    pub fn served(&self) -> impl Iterator<Item = PeerId> {
        let peers = self.peers.iter().flatten();
        peers.filter(|peer| peer.state == State::Served).map(|peer| peer.id)
    }

    /// Whether somebody holds a frame.
    pub(in crate::stream) fn expects_releases(&self) -> bool {
        self.peers.iter().flatten().any(Peer::holds_any)
    }

    /// The consumers whose offer waits for [`Producer::configure`], or to be dismissed.
    pub fn waiting(&self) -> impl Iterator<Item = PeerId> {
        let peers = self.peers.iter().flatten();
        peers.filter(|peer| peer.state == State::Waiting).map(|peer| peer.id)
    }

    /// What all buffers are; the number of the offer in it means nothing.
    pub fn format(&self) -> Option<&Format> {
        self.format.as_ref()
    }

    /// Whether this is a buffer that is not retired.
    pub fn is_live(&self, buffer: BufferId) -> bool {
        self.pool.live().any(|(live, _)| live == buffer)
    }

    /// Whether all who are served release their frames with fences where they have to: if not, some
    /// of them finish reading, or only say that they do.
    pub fn may_receive_fences(&self) -> bool {
        let is_able = |peer: &Peer| peer.state != State::Served || peer.agreed.release_fences;
        let waits = self.settings.hello.capabilities.contains(Capabilities::WAITS_FOR_FENCES);
        waits && self.peers.iter().flatten().all(is_able)
    }

    /// Whether a consumer may release its frames with fences, known from its hello on.
    pub(in crate::stream) fn takes_fences_of(&self, peer: PeerId) -> bool {
        self.peer(peer).is_some_and(|known| known.agreed.release_fences)
    }

    /// Whether all who are served wait for fences: if not, frames have to be finished before they
    /// are submitted, or their fences [attached](Producer::submit_attached).
    pub fn may_send_fences(&self) -> bool {
        let is_able = |peer: &Peer| peer.state != State::Served || peer.agreed.frame_fences;
        let sends = self.settings.hello.capabilities.contains(Capabilities::SENDS_FENCES);
        sends && self.peers.iter().flatten().all(is_able)
    }

    /// What all buffers are from now on. Retires those of before, and serves everybody who has
    /// made an offer that the format is in; the others are sent away. Negotiate with all offers
    /// first ([`Producer::offer`]).
    ///
    /// # Errors
    /// [`ConfigureError::Exhausted`] after 4294967295 formats.
    pub fn configure(
        &mut self,
        size: Size,
        fourcc: Fourcc,
        modifier: Modifier,
        external_only: bool,
        now_ns: u64,
    ) -> Result<(), ConfigureError> {
        let before = self.format.map_or(0, |format| format.generation.get());
        let generation = before.checked_add(1).and_then(NonZeroU32::new);
        let generation = generation.ok_or(ConfigureError::Exhausted)?;
        for buffer in BufferId::all() {
            self.forget(buffer);
        }
        let answers = NonZeroU32::MIN;
        self.format = Some(Format { generation, answers, size, fourcc, modifier, external_only });
        for place in 0..self.peers.len() {
            let Some(peer) = self.peers.get_mut(place).and_then(Option::as_mut) else { continue };
            peer.announced = 0;
            let id = peer.id;
            if matches!(peer.state, State::Served | State::Waiting) {
                peer.state = State::Waiting;
                match self.is_acceptable(id) {
                    Ok(()) => self.serve(id, now_ns),
                    Err(disagreement) => {
                        self.dismiss(id, Reason::NothingInCommon, &disagreement.to_string());
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a buffer to the pool and announces it. `size_bytes` is what it costs a consumer.
    ///
    /// # Errors
    /// See [`AddError`].
    pub fn add(
        &mut self,
        image: ImageMessage,
        size_bytes: u64,
        now_ns: u64,
    ) -> Result<BufferId, AddError> {
        let format = self.format.ok_or(AddError::NotConfigured)?;
        let size = [format.size.width(), format.size.height()];
        let is_right = [image.width, image.height] == size
            && (image.fourcc, image.modifier) == (format.fourcc, format.modifier);
        if !is_right {
            return Err(AddError::WrongImage);
        }
        let added = self.pool.add(image, size_bytes, self.settings.most_peers);
        let buffer = added.ok_or(AddError::PoolFull)?;
        for place in 0..self.peers.len() {
            let Some(peer) = self.peers.get(place).and_then(Option::as_ref) else { continue };
            let (id, is_served) = (peer.id, peer.state == State::Served);
            if is_served {
                self.announce(id, now_ns);
            }
        }
        Ok(buffer)
    }

    /// Retires a buffer: no further frame comes in it. Whoever holds its last one keeps that.
    /// [`Output::Gone`] says when nobody does, which may be at once.
    pub fn retire(&mut self, buffer: BufferId) {
        for peer in self.peers.iter_mut().flatten() {
            if peer.is_announced(buffer) {
                peer.announced &= !buffer.bit();
                let message = Message::Retire(Retire { buffer });
                self.outputs.push_back(Output::Send { peer: peer.id, message });
            }
        }
        self.forget(buffer);
    }

    /// The fences after which a buffer may be written that was acquired. They are the caller's.
    pub fn take_release_fences(&mut self, buffer: BufferId) -> Option<Drain<'_, F>> {
        self.pool.take_releases(buffer)
    }

    /// The same fences, without taking them. They are dropped when the buffer is submitted.
    pub fn release_fences(&self, buffer: BufferId) -> &[F] {
        self.pool.slot(buffer).map_or(&[], |slot| slot.releases())
    }

    /// The fence that a frame in this buffer is to be sent with.
    pub fn acquire_fence(&self, buffer: BufferId) -> Option<&F> {
        self.pool.acquire_fence(buffer)
    }

    fn peer(&self, peer: PeerId) -> Option<&Peer> {
        self.peers.get(peer.place)?.as_ref().filter(|known| known.id == peer)
    }

    fn peer_mut(&mut self, peer: PeerId) -> Option<&mut Peer> {
        self.peers.get_mut(peer.place)?.as_mut().filter(|known| known.id == peer)
    }

    /// Takes a buffer out of the pool, and the frames in it out of the queues.
    fn forget(&mut self, buffer: BufferId) {
        if self.latest == Some(buffer) {
            self.latest = None;
        }
        for place in 0..self.peers.len() {
            let peer = self.peers.get_mut(place).and_then(Option::as_mut);
            let Some(peer) = peer else { continue };
            if !peer.unqueue(buffer, &mut self.spares) {
                continue;
            }
            let peer = peer.id;
            self.miss(peer, buffer);
            // It is retired below, and gone then if nobody has it.
            let _ = self.pool.release(buffer, None);
        }
        if self.pool.slot(buffer).is_some() {
            let after = self.pool.retire(buffer);
            self.tell(buffer, after);
        }
    }

    fn tell(&mut self, buffer: BufferId, after: After) {
        if after == After::Gone {
            self.outputs.push_back(Output::Gone { buffer });
        }
    }

    /// A consumer says what it can use.
    fn offered(&mut self, peer: PeerId, offer: Offer, now_ns: u64) -> Result<(), Violation> {
        let Some(known) = self.peer_mut(peer) else { return Ok(()) };
        known.take_offer(offer, now_ns)?;
        if self.format.is_some() && self.is_acceptable(peer).is_ok() {
            self.serve(peer, now_ns);
        } else {
            if let Some(known) = self.peer_mut(peer) {
                known.state = State::Waiting;
            }
            self.unqueue_all(peer);
            self.outputs.push_back(Output::Offered { peer });
        }
        Ok(())
    }

    /// Whether all usages of a consumer can do with the format.
    fn is_acceptable(&self, peer: PeerId) -> Result<(), Disagreement> {
        let format = self.format.as_ref().ok_or(Disagreement::NoParties)?;
        let offer = self.offer(peer).ok_or(Disagreement::NoParties)?;
        let stream = FormatSet::from_iter([(format.fourcc, format.modifier)]);
        let mut parties = vec![Party { name: "stream", usage: Usage::Sample, formats: &stream }];
        let party = |(usage, formats)| Party { name: "consumer", usage, formats };
        parties.extend(offer.sets().map(party));
        negotiate(&parties).map(|_| ())
    }

    /// Answers an offer that the format is in: format, buffers, and the latest frame if there is
    /// one to see.
    fn serve(&mut self, peer: PeerId, now_ns: u64) {
        let Some(mut format) = self.format else { return };
        let Some(known) = self.peer_mut(peer) else { return };
        let is_new = known.generation != Some(format.generation);
        format.answers = known.last_offer().unwrap_or(NonZeroU32::MIN);
        known.generation = Some(format.generation);
        known.state = State::Served;
        if is_new {
            known.announced = 0;
            known.missed = Damage::EVERYTHING;
        }
        let message = Message::Format(format);
        self.outputs.push_back(Output::Send { peer, message });
        self.announce(peer, now_ns);
        if is_new {
            self.show_latest(peer, now_ns);
        }
    }

    /// Announces what a consumer does not know and has room for. A consumer that could never have
    /// all buffers is sent away.
    fn announce(&mut self, peer: PeerId, now_ns: u64) {
        let Some(generation) = self.format.map(|format| format.generation) else { return };
        let place = self.peers.get_mut(peer.place).and_then(Option::as_mut);
        let Some(known) = place.filter(|known| known.id == peer) else { return };
        if let Err(lack) = known.can_take_all(&self.pool) {
            self.dismiss(peer, Reason::Limit, lack);
            return;
        }
        known.announce(generation, &self.pool, &mut self.outputs);
        self.pump(peer, now_ns);
    }

    /// Ends a connection: what the consumer held is free again, though not proven to be.
    pub(in crate::stream) fn end(&mut self, peer: PeerId, end: End) {
        let place = self.peers.get_mut(peer.place);
        let Some(known) = place.and_then(|it| it.take_if(|known| known.id == peer)) else { return };
        if let Some(goodbye) = end.goodbye() {
            self.outputs.push_back(Output::Send { peer, message: Message::Goodbye(goodbye) });
        }
        for queued in known.queue() {
            let after = self.pool.release(queued, None);
            self.tell(queued, after);
        }
        for buffer in BufferId::all().filter(|buffer| known.holds(*buffer)) {
            let after = self.pool.abandon(buffer);
            self.tell(buffer, after);
        }
        self.outputs.push_back(Output::Left { peer, end });
    }
}

/// The serial behind another one.
fn following(serial: u64) -> Option<NonZeroU64> {
    serial.checked_add(1).and_then(NonZeroU64::new)
}
