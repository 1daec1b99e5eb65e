#![warn(clippy::arithmetic_side_effects)]
//! How consumers come and go.

use super::JoinError;
use super::PeerFilter;
use super::Producer;
use super::ProducerEvent;
use super::connections::Connection;
use super::watch::Source;
use crate::ipc::Channel;
use crate::stream::clock::now_ns;
use crate::stream::link::Enclosed;
use crate::stream::link::Link;
use crate::stream::protocol::End;
use crate::stream::protocol::producer as machine;
use crate::stream::protocol::producer::PeerId;
use crate::stream::wire::Goodbye;
use crate::stream::wire::Message;
use crate::stream::wire::Reason;
use crate::stream::wire::Text;

/// While so many events wait to be taken nobody is let in: what consumers can do is bounded by how
/// many there are.
pub(in crate::stream::producer) const MOST_EVENTS: usize = 1024;

/// A better format is looked for so much later than somebody has left: others may follow, and who
/// comes and goes all the time must not have everything allocated again each time.
const IMPROVE_AFTER_NS: u64 = 1_000_000_000;

impl Producer {
    /// Lets in who has connected to a listener.
    pub(super) fn accept(&mut self, place: usize) {
        if self.events.len() >= MOST_EVENTS {
            return;
        }
        let channel = match self.doors.accept(place) {
            Ok(None) => return,
            Ok(Some(channel)) => channel,
            Err(error) => {
                if self.doors.close(&self.watch, now_ns()) {
                    self.events.push_back(ProducerEvent::NotAccepted(error));
                }
                return;
            }
        };
        let credentials = channel.peer_credentials().ok();
        let allow = std::mem::take(&mut self.allow);
        let joined = self.join(channel, &allow);
        self.allow = allow;
        if let Err(reason) = joined {
            self.events.push_back(ProducerEvent::Refused { credentials, reason });
        }
    }

    /// Makes a consumer of a connection, or tells it why not.
    pub(super) fn join(
        &mut self,
        channel: Channel,
        allow: &PeerFilter,
    ) -> Result<PeerId, JoinError> {
        let mut link = Link::new(channel, self.most_queued);
        let credentials = link.peer_credentials();
        let credentials = credentials
            .map_err(|errno| JoinError::Call { call: "getsockopt(SO_PEERCRED)", errno })?;
        if !allow.allows(&credentials) {
            return Err(self.refuse(&mut link, Reason::NotAllowed, JoinError::NotAllowed));
        }
        let peer = match self.machine.connect(now_ns()) {
            Ok(peer) => peer,
            Err(machine::ConnectError::TooManyPeers { most }) => {
                return Err(self.refuse(
                    &mut link,
                    Reason::Limit,
                    JoinError::TooManyPeers { most },
                ));
            }
        };
        if let Err(errno) = self.watch.add(&link, Source::Peer(peer.place)) {
            let error = JoinError::Call { call: "epoll_ctl", errno };
            self.machine.lost(peer);
            self.carry();
            return Err(self.refuse(&mut link, Reason::Failed, error));
        }
        let connection =
            Connection { peer, link, credentials, missed_frames: 0, is_writing: false };
        self.connections.insert(connection);
        self.events.push_back(ProducerEvent::Joined { peer, credentials });
        self.carry();
        Ok(peer)
    }

    /// Closes the connection of somebody who has left, and notes that.
    pub(super) fn part(&mut self, peer: PeerId, end: End) {
        let Some(connection) = self.connections.remove(peer) else { return };
        if let Err(errno) = self.watch.remove(&connection.link) {
            tracing::debug!(%peer, %errno, "the socket of a consumer was not watched any more");
        }
        self.improve_at_ns.get_or_insert(now_ns().saturating_add(IMPROVE_AFTER_NS));
        self.events.push_back(ProducerEvent::Left { peer, end });
    }

    /// Says goodbye to somebody who was never let in.
    fn refuse(&mut self, link: &mut Link, reason: Reason, error: JoinError) -> JoinError {
        let goodbye = Message::Goodbye(Goodbye { reason, text: Text::new(&error.to_string()) });
        // The connection is closed next, which says enough if nothing can be said.
        let _ = link.send(&goodbye, Enclosed::Nothing, &mut self.workspace);
        error
    }
}
