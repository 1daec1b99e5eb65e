//! The listeners of a producer.

use std::time::Duration;

use crate::ipc::AcceptError;
use crate::ipc::Channel;
use crate::ipc::Listener;
use crate::stream::producer::watch::Source;
use crate::stream::producer::watch::Watch;

/// After a connection could not be accepted it is tried again so much later: it would still be
/// there, and an event loop would spin.
const PAUSE_NS: u64 = 100_000_000;

#[derive(Debug, Default)]
pub(in crate::stream::producer) struct Doors {
    listeners: Vec<Listener>,
    /// Nobody is let in before, because there was no file descriptor left, for instance.
    closed_until_ns: Option<u64>,
    has_failed: bool,
}

impl Doors {
    pub(in crate::stream::producer) fn next_place(&self) -> Source {
        Source::Listener(self.listeners.len())
    }

    pub(in crate::stream::producer) fn push(&mut self, listener: Listener) {
        self.listeners.push(listener);
    }

    pub(in crate::stream::producer) fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// Those at whom people are let in, with their places.
    pub(in crate::stream::producer) fn open_listeners(
        &self,
    ) -> impl Iterator<Item = (Source, &Listener)> + Clone {
        let open = if self.closed_until_ns.is_none() { self.listeners() } else { &[] };
        open.iter().enumerate().map(|(place, listener)| (Source::Listener(place), listener))
    }

    /// The next who has connected to this listener. Never blocks.
    pub(in crate::stream::producer) fn accept(
        &mut self,
        place: usize,
    ) -> Result<Option<Channel>, AcceptError> {
        let Some(listener) = self.listeners.get(place) else { return Ok(None) };
        match listener.accept_timeout(Duration::ZERO) {
            Ok(channel) => {
                self.has_failed = false;
                Ok(Some(channel))
            }
            Err(AcceptError::TimedOut) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets nobody in for a while. Returns whether that is news: whether the last one before could
    /// be let in.
    pub(in crate::stream::producer) fn close(&mut self, watch: &Watch, now_ns: u64) -> bool {
        if self.closed_until_ns.is_none() {
            for listener in &self.listeners {
                log_refusal(watch.remove(listener));
            }
        }
        self.closed_until_ns = Some(now_ns.saturating_add(PAUSE_NS));
        !std::mem::replace(&mut self.has_failed, true)
    }

    /// Lets people in again, if it is time for that.
    pub(in crate::stream::producer) fn open(&mut self, watch: &Watch, now_ns: u64) {
        if self.closed_until_ns.is_some_and(|until_ns| now_ns >= until_ns) {
            self.closed_until_ns = None;
            for (source, listener) in self.open_listeners() {
                log_refusal(watch.add(listener, source));
            }
        }
    }

    pub(in crate::stream::producer) fn closed_until_ns(&self) -> Option<u64> {
        self.closed_until_ns
    }
}

fn log_refusal(watched: Result<(), rustix::io::Errno>) {
    if let Err(errno) = watched {
        tracing::warn!(%errno, "a listener of a stream is not watched as it should be");
    }
}
