//! What tells one state of a stream from another, for the tests that visit all of them.
//!
//! Serials grow without end, but nothing depends on more than which is the greater: a snapshot
//! holds their ranks. So the states of a stream that never ends are finitely many.

use std::hash::Hash;
use std::hash::Hasher;

/// Words, some of which are serials.
#[derive(Clone, Debug, Default)]
pub(in crate::stream) struct Snapshot {
    words: Vec<(bool, u64)>,
}

impl Snapshot {
    pub(in crate::stream) fn word(&mut self, word: impl Into<u64>) {
        self.words.push((false, word.into()));
    }

    /// A serial, or 0 for none.
    pub(in crate::stream) fn serial(&mut self, serial: u64) {
        self.words.push((true, serial));
    }

    pub(in crate::stream) fn serials(&self) -> impl Iterator<Item = u64> {
        self.words.iter().filter(|(is_serial, _)| *is_serial).map(|(_, serial)| *serial)
    }

    /// The words, with each serial replaced by its rank among all of the state.
    pub(in crate::stream) fn ranked(&self, serials: &[u64]) -> Vec<u64> {
        let rank = |serial: &u64| serials.binary_search(serial).unwrap() as u64;
        let words = self.words.iter();
        words.map(|(is_serial, word)| if *is_serial { rank(word) } else { *word }).collect()
    }
}

/// 128 bits that stand for a state: 10 million states have two alike once in 10^24 times.
pub(in crate::stream) fn fingerprint(state: &impl Hash) -> u128 {
    let half = |salt: u8| {
        let mut hasher = std::hash::DefaultHasher::new();
        salt.hash(&mut hasher);
        state.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}
