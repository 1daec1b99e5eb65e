//! What a producer is told when it is made.

use crate::stream::policy::Policy;
use crate::stream::wire::Capabilities;
use crate::stream::wire::ProducerHello;
use crate::stream::wire::Versions;

/// What a producer is told when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What consumers are told.
    pub hello: ProducerHello,
    /// What is done about slow consumers.
    pub policy: Policy,
    /// How long a consumer may take from connecting to its first offer, in nanoseconds.
    pub handshake_ns: u64,
    /// How many consumers there may be at a time.
    pub most_peers: usize,
}

impl Default for Settings {
    /// Waits for fences and sends them; a mailbox for each of up to 64 consumers, which have 5
    /// seconds for the handshake.
    fn default() -> Self {
        Self {
            hello: ProducerHello {
                versions: Versions::SPOKEN,
                capabilities: Capabilities::WAITS_FOR_FENCES | Capabilities::SENDS_FENCES,
                device: None,
            },
            policy: Policy::default(),
            handshake_ns: 5_000_000_000,
            most_peers: 64,
        }
    }
}

impl Settings {
    /// Until when somebody who has just connected may be silent.
    pub(in crate::stream::protocol::producer) fn patience(&self, now_ns: u64) -> u64 {
        now_ns.saturating_add(self.handshake_ns)
    }
}
