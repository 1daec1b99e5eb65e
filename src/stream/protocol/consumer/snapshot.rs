//! What tells one state of a consumer from another.

use super::Consumer;
use super::State;
use crate::stream::snapshot::Snapshot;
use crate::stream::wire::BufferId;

impl Consumer {
    pub(in crate::stream) fn snapshot(&self, snapshot: &mut Snapshot) {
        assert!(self.outputs.is_empty(), "outputs are taken after each call");
        snapshot.word(match self.state {
            State::Greeted { .. } => 0_u8,
            State::Acquainted => 1,
            State::Served => 2,
            State::Ended => 3,
        });
        snapshot.word(self.answered);
        snapshot.word(self.offer.number().get());
        snapshot.word(self.format.map_or(0, |format| format.generation.get()));
        for (buffer, place) in BufferId::all().zip(&self.places) {
            if !place.is_free() {
                snapshot.word(buffer.get());
                snapshot.word(place.is_announced);
                snapshot.serial(place.held.map_or(0, std::num::NonZeroU64::get));
            }
        }
        snapshot.serial(self.last_serial);
    }
}
