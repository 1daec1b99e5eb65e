//! What tells one state of a producer from another.

use super::PeerId;
use super::Producer;
use super::peer::Peer;
use crate::stream::snapshot::Snapshot;
use crate::stream::wire::BufferId;

impl<F> Producer<F> {
    /// All but the consumers.
    pub(in crate::stream) fn snapshot(&self, snapshot: &mut Snapshot) {
        assert!(self.outputs.is_empty(), "outputs are taken after each call");
        self.pool.snapshot(snapshot);
        snapshot.word(self.format.map_or(0, |format| format.generation.get()));
        snapshot.serial(self.last_serial);
        snapshot.word(self.latest.map_or(64, BufferId::get));
    }

    /// One consumer.
    pub(in crate::stream) fn snapshot_peer(&self, peer: PeerId, snapshot: &mut Snapshot) {
        let Some(peer) = self.peer(peer) else { return };
        snapshot.word(peer.state as u8);
        snapshot.word(peer.generation.map_or(0, std::num::NonZeroU32::get));
        snapshot.word(peer.last_offer().map_or(0, std::num::NonZeroU32::get));
        snapshot.word(peer.announced);
        for (buffer, serial) in peer.held_frames() {
            snapshot.word(buffer.get());
            snapshot.serial(serial);
        }
        snapshot.word(u8::MAX);
        peer.queue().for_each(|buffer| snapshot.word(buffer.get()));
        snapshot.word(peer.blocked_until_ns().is_some());
    }

    /// Every buffer is counted as often as consumers have it or wait for it.
    pub(in crate::stream) fn assert_holders(&self) {
        for buffer in BufferId::all().take(8) {
            let counted = self.pool.holders().find(|(held, _)| *held == buffer);
            let has = |peer: &&Peer| peer.holds(buffer) || peer.queue().any(|it| it == buffer);
            let expected = self.peers.iter().flatten().filter(has).count();
            assert_eq!(counted.map_or(0, |(_, holders)| holders), expected, "buffer {buffer}");
        }
    }
}
