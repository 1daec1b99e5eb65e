#![warn(clippy::arithmetic_side_effects)]
//! Between the sockets and the state machine.

use std::sync::Arc;
use std::time::Duration;

use super::Producer;
use super::ProducerEvent;
use super::fencing::Fence;
use super::join::MOST_EVENTS;
use super::watch::Source;
use super::watched;
use crate::stream::DispatchError;
use crate::stream::clock::now_ns;
use crate::stream::link::Enclosed;
use crate::stream::link::Incoming;
use crate::stream::protocol::End;
use crate::stream::protocol::producer::Output;
use crate::stream::protocol::producer::PeerId;
use crate::stream::wire::Message;
use crate::stream::wire::Offer;

/// So often those who are ready are looked at, one message each, before it is left for the next
/// dispatch: a consumer that never stops must not keep it for ever.
const MOST_ROUNDS: usize = 128;

/// When a dispatch has done enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Nobody has anything to say any more.
    Idle,
    /// Nobody holds a frame, so that no release can come. To ask in vain would cost as much as to
    /// take one. What else there is has time until the next dispatch.
    Released,
}

impl Producer {
    /// One dispatch, which waits at most for `timeout` for something to do.
    pub(super) fn turn(&mut self, timeout: Duration, until: Until) -> Result<(), DispatchError> {
        let has_cancelled = self.rest()?;
        let is_busy = has_cancelled || self.is_negotiation_due;
        let mut has_heard = self.hear(if is_busy { Duration::ZERO } else { timeout }, until)?;
        let mut rounds = 1..MOST_ROUNDS;
        while has_heard && rounds.next().is_some() {
            let is_done = until == Until::Released && !self.machine.expects_releases();
            if is_done && self.rang_at_ns.is_none() {
                break;
            }
            has_heard = self.hear(Duration::ZERO, until)?;
        }
        if let Some(rang_at_ns) = self.rang_at_ns.take() {
            self.look_at_clock(rang_at_ns);
        }
        if self.is_negotiation_due {
            self.negotiate_with_newcomers();
        }
        self.improve();
        self.rest().map(drop)
    }

    /// Waits at most for `timeout` for somebody to say something, and takes one message of each who
    /// has. Returns whether there may be more.
    fn hear(&mut self, timeout: Duration, until: Until) -> Result<bool, DispatchError> {
        if until == Until::Released && self.hear_only_consumer(timeout) {
            return Ok(true);
        }
        self.look_around(timeout)
    }

    /// Notes when the alarm rang: who was late is known when all that was said before has been heard.
    fn look_around(&mut self, timeout: Duration) -> Result<bool, DispatchError> {
        let all = watched(&self.doors, &self.connections);
        let count = self.watch.wait(self.returned.alarm(), all, timeout)?;
        let now_ns = if count > 0 { now_ns() } else { 0 };
        let mut has_heard = false;
        for index in 0..count {
            match self.watch.source(index) {
                // It goes on ringing until it is set again.
                Some(Source::Alarm) if self.rang_at_ns.is_some() => continue,
                Some(Source::Alarm) => self.rang_at_ns = Some(now_ns),
                Some(Source::Listener(place)) => self.accept(place),
                Some(Source::Peer(place)) => self.serve(place, now_ns),
                None => {}
            }
            has_heard = true;
        }
        Ok(has_heard)
    }

    /// Waits for a message of the only consumer in one call, where to wait and to receive are two.
    /// Returns whether there was one: there is none where anything else can happen meanwhile.
    fn hear_only_consumer(&mut self, timeout: Duration) -> bool {
        // Nothing is acquired that could be dropped, nobody can connect, and no time matters.
        let is_quiet = Arc::get_mut(&mut self.returned).is_some_and(|it| it.alarm().is_off())
            && self.doors.listeners().is_empty();
        if !is_quiet || timeout.is_zero() {
            return false;
        }
        let Some(connection) = self.connections.only_mut().filter(|it| !it.is_writing) else {
            return false;
        };
        let (peer, received) =
            (connection.peer, connection.link.receive_timeout(timeout, &mut self.workspace));
        let has_heard = !matches!(received, Ok(None));
        self.heard(peer, received, now_ns());
        has_heard
    }

    /// Leaves everything so that the file descriptor becomes readable when there is something to
    /// do. Returns whether buffers had been dropped.
    pub(super) fn rest(&mut self) -> Result<bool, DispatchError> {
        // The alarm does not ring any more for buffers that were dropped before: look for them now.
        self.settle()?;
        Ok(self.cancel_dropped())
    }

    /// As [`Producer::rest`], where nobody can be told: what fails here fails again in the next
    /// dispatch, which can say so.
    pub(super) fn rest_or_log(&mut self) {
        if let Err(error) = self.rest() {
            tracing::debug!(%error, "the alarm of a stream is not set");
        }
    }

    /// Sets the alarm to the earliest deadline that there is.
    fn settle(&mut self) -> Result<(), DispatchError> {
        let improve_at_ns = self.improve_at_ns.filter(|_| self.machine.served().next().is_some());
        let deadlines = [
            self.machine.next_deadline_ns(),
            self.doors.closed_until_ns(),
            improve_at_ns,
            self.retry_at_ns,
        ];
        let set = self.returned.alarm().set(deadlines.into_iter().flatten().min());
        set.map_err(|errno| DispatchError::Call { call: "timerfd_settime", errno })
    }

    fn look_at_clock(&mut self, now_ns: u64) {
        self.machine.on_time(now_ns);
        self.doors.open(&self.watch, now_ns);
        self.retry_at_ns = self.retry_at_ns.filter(|retry_at_ns| now_ns < *retry_at_ns);
        self.carry();
    }

    /// Gives the buffers back that were dropped instead. Returns whether there was one.
    pub(super) fn cancel_dropped(&mut self) -> bool {
        let mut has_cancelled = false;
        for buffer in self.returned.take() {
            self.machine.cancel(buffer);
            has_cancelled = true;
        }
        self.carry();
        has_cancelled
    }

    /// Sends what waits for a consumer, and takes one message of it.
    fn serve(&mut self, place: usize, now_ns: u64) {
        let Some(connection) = self.connections.at_mut(place) else { return };
        let peer = connection.peer;
        if connection.is_writing {
            let flushed = connection.link.flush(&mut self.workspace);
            if let Err(end) = flushed {
                self.machine.end(peer, end);
                self.carry();
                return;
            }
            self.watch_for_room(peer);
        }
        let Some(connection) = self.connections.get_mut(peer) else { return };
        let received = connection.link.receive(&mut self.workspace);
        self.heard(peer, received, now_ns);
    }

    fn heard(&mut self, peer: PeerId, received: Result<Option<Incoming>, End>, now_ns: u64) {
        match received {
            Ok(None) => {}
            Ok(Some(incoming)) => self.take(peer, incoming, now_ns),
            Err(end) => self.machine.end(peer, end),
        }
        self.carry();
    }

    fn take(&mut self, peer: PeerId, incoming: Incoming, now_ns: u64) {
        let Incoming { message, fence, image: _ } = incoming;
        let fence = fence.map(|sync_file| Fence { from: Some(peer), sync_file });
        let is_hello = matches!(message, Message::ConsumerHello(_));
        let is_offer = matches!(message, Message::Offer(_));
        let wish_before = self.offer(peer).map(Offer::wished_size);
        self.machine.receive(peer, message, fence, now_ns);
        if is_hello
            && !self.machine.takes_fences_of(peer)
            && let Some(connection) = self.connections.get_mut(peer)
        {
            connection.link.refuse_fds();
        }
        let wish = self.offer(peer).map(Offer::wished_size);
        if let Some(size) = wish.filter(|size| is_offer && *size != wish_before.flatten()) {
            self.events.push_back(ProducerEvent::Wished { peer, size });
        }
    }

    /// Does what the state machine says.
    pub(super) fn carry(&mut self) {
        while let Some(output) = self.machine.next_output() {
            self.carry_one(&output);
            self.machine.recycle(output);
        }
    }

    fn carry_one(&mut self, output: &Output) {
        match *output {
            Output::Send { peer, ref message } => self.send(peer, message),
            Output::Offered { .. } => self.is_negotiation_due = true,
            Output::Missed { peer, serial } => {
                if let Some(connection) = self.connections.get_mut(peer) {
                    connection.missed_frames = connection.missed_frames.saturating_add(1);
                }
                if self.events.len() < MOST_EVENTS {
                    self.events.push_back(ProducerEvent::Missed { peer, serial });
                }
            }
            Output::Left { peer, ref end } => self.part(peer, end.clone()),
            Output::Gone { buffer } => {
                if let Some(image) = self.images.remove(buffer) {
                    self.events.push_back(ProducerEvent::Retired { buffer, image });
                }
                self.use_spare();
            }
        }
    }

    fn send(&mut self, peer: PeerId, message: &Message) {
        let Some(connection) = self.connections.get_mut(peer) else { return };
        let enclosed = match message {
            Message::Announce(announce) => {
                self.images.get(announce.buffer).map_or(Enclosed::Nothing, Enclosed::Image)
            }
            Message::Frame(frame) if frame.has_fence => {
                let fence = self.machine.acquire_fence(frame.buffer);
                Enclosed::fence(fence.map(|fence| &fence.sync_file))
            }
            _ => Enclosed::Nothing,
        };
        match connection.link.send(message, enclosed, &mut self.workspace) {
            Ok(()) => self.watch_for_room(peer),
            Err(end) => self.machine.end(peer, end),
        }
    }

    /// Also waits for room in a socket, as long as something waits for it.
    fn watch_for_room(&mut self, peer: PeerId) {
        let Some(connection) = self.connections.get_mut(peer) else { return };
        let is_writing = connection.link.wants_write();
        if is_writing == connection.is_writing {
            return;
        }
        connection.is_writing = is_writing;
        let source = Source::Peer(peer.place);
        if let Err(errno) = self.watch.set_writing(&connection.link, source, is_writing) {
            tracing::warn!(%peer, %errno, "room in the socket of a consumer is not waited for");
        }
    }
}
