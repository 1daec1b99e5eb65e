//! The connections of all consumers.

use crate::ipc::PeerCredentials;
use crate::stream::link::Link;
use crate::stream::protocol::producer::PeerId;

/// The connection of one consumer. Closed on drop.
#[derive(Debug)]
pub(in crate::stream::producer) struct Connection {
    pub(in crate::stream::producer) peer: PeerId,
    pub(in crate::stream::producer) link: Link,
    pub(in crate::stream::producer) credentials: PeerCredentials,
    /// How many frames it did not get.
    pub(in crate::stream::producer) missed_frames: u64,
    /// Whether room in its socket is waited for.
    pub(in crate::stream::producer) is_writing: bool,
}

impl Connection {
    /// How an explanation calls the consumer.
    pub(in crate::stream::producer) fn name(&self) -> String {
        match self.credentials.pid {
            Some(pid) => format!("consumer {} (process {pid})", self.peer),
            None => format!("consumer {}", self.peer),
        }
    }
}

/// The connections by the places of their consumers, as the state machine has them.
#[derive(Debug, Default)]
pub(in crate::stream::producer) struct Connections {
    places: Vec<Option<Connection>>,
}

impl Connections {
    pub(in crate::stream::producer) fn insert(&mut self, connection: Connection) {
        let place = connection.peer.place;
        if place >= self.places.len() {
            self.places.resize_with(place.saturating_add(1), || None);
        }
        if let Some(free) = self.places.get_mut(place) {
            *free = Some(connection);
        }
    }

    pub(in crate::stream::producer) fn get(&self, peer: PeerId) -> Option<&Connection> {
        self.places.get(peer.place)?.as_ref().filter(|known| known.peer == peer)
    }

    pub(in crate::stream::producer) fn get_mut(&mut self, peer: PeerId) -> Option<&mut Connection> {
        self.places.get_mut(peer.place)?.as_mut().filter(|known| known.peer == peer)
    }

    pub(in crate::stream::producer) fn at_mut(&mut self, place: usize) -> Option<&mut Connection> {
        self.places.get_mut(place)?.as_mut()
    }

    pub(in crate::stream::producer) fn iter(&self) -> impl Iterator<Item = &Connection> + Clone {
        self.places.iter().flatten()
    }

    /// The connection that there is, if there is no other.
    pub(in crate::stream::producer) fn only_mut(&mut self) -> Option<&mut Connection> {
        let mut all = self.places.iter_mut().flatten();
        all.next().filter(|_| all.next().is_none())
    }

    pub(in crate::stream::producer) fn remove(&mut self, peer: PeerId) -> Option<Connection> {
        self.places.get_mut(peer.place)?.take_if(|known| known.peer == peer)
    }
}
