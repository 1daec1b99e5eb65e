#![warn(clippy::arithmetic_side_effects)]
//! Between the socket and the state machine.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::Consumer;
use super::Waiting;
use crate::dmabuf::Dmabuf;
use crate::stream::DispatchError;
use crate::stream::clock::now_ns;
use crate::stream::link::Enclosed;
use crate::stream::link::Incoming;
use crate::stream::protocol::consumer::Output;
use crate::stream::wire::BufferId;
use crate::stream::wire::MAX_BUFFERS;
use crate::stream::wire::Message;
use crate::sync::SyncFile;

/// After so many the others have to wait for the next dispatch: a producer that never stops must
/// not keep it for ever.
const MOST_AT_ONCE: usize = 128;

/// While so many events wait to be taken nothing is received. What one message brings is more than
/// one event only for a new format, which lets every buffer go.
const MOST_WAITING: usize = MAX_BUFFERS;

impl Consumer {
    /// Sets the alarm to the deadline that there is, which also means that it does not ring for
    /// frames that were dropped: look for those next.
    pub(super) fn settle(&mut self) -> Result<(), DispatchError> {
        let deadline_ns = self.machine.next_deadline_ns();
        let set = self.returned.alarm().set(deadline_ns);
        set.map_err(|errno| DispatchError::Call { call: "timerfd_settime", errno })
    }

    /// Does all that there is to do but to receive.
    pub(super) fn prepare(&mut self) -> Result<(), DispatchError> {
        self.settle()?;
        self.release_dropped();
        self.flush();
        Ok(())
    }

    /// Whether nothing but a message can happen: no frame is held that could be dropped, no
    /// deadline comes, and nothing waits for room.
    pub(super) fn has_only_to_receive(&mut self) -> bool {
        let is_silent = self.machine.next_deadline_ns().is_none();
        is_silent
            && self.link.as_ref().is_some_and(|link| !link.wants_write())
            && Arc::get_mut(&mut self.returned).is_some()
    }

    /// Waits for one message, and takes it.
    pub(super) fn wait_to_receive(&mut self, timeout: Duration) {
        let Some(link) = &mut self.link else { return };
        match link.receive_timeout(timeout, &mut self.workspace) {
            Ok(None) => {}
            Ok(Some(incoming)) => self.take(incoming),
            Err(end) => {
                self.machine.end(end);
                self.carry_outputs(None, None, None);
            }
        }
    }

    fn flush(&mut self) {
        let Some(link) = &mut self.link else { return };
        if let Err(end) = link.flush(&mut self.workspace) {
            self.machine.end(end);
            self.carry_outputs(None, None, None);
        }
    }

    /// Receives, and looks at the clock: what was said in time counts, however late it is heard.
    pub(super) fn receive(&mut self) {
        let now_ns = self.machine.next_deadline_ns().map(|_| now_ns());
        self.receive_only();
        if let Some(now_ns) = now_ns {
            self.machine.on_time(now_ns);
            self.carry_outputs(None, None, None);
        }
    }

    fn receive_only(&mut self) {
        for _ in 0..MOST_AT_ONCE {
            let Some(link) = self.link.as_mut().filter(|_| self.waiting.len() < MOST_WAITING)
            else {
                return;
            };
            match link.receive(&mut self.workspace) {
                Ok(None) => return,
                Ok(Some(incoming)) => {
                    let is_frame = matches!(incoming.message, Message::Frame(_));
                    self.take(incoming);
                    if is_frame {
                        return;
                    }
                }
                Err(end) => {
                    self.machine.end(end);
                    self.carry_outputs(None, None, None);
                }
            }
        }
    }

    fn take(&mut self, incoming: Incoming) {
        let size_bytes = incoming.size_bytes();
        let Incoming { message, image, fence } = incoming;
        self.machine.receive(message, size_bytes);
        self.carry_outputs(image, fence, None);
    }

    /// Also waits for room in the socket, as long as something waits for it.
    pub(super) fn watch_for_room(&mut self) -> Result<(), DispatchError> {
        let watched = self.link.as_ref().map_or(Ok(()), |link| self.watch.update(link));
        watched.map_err(|errno| DispatchError::Call { call: "epoll_ctl", errno })
    }

    /// Releases what was dropped instead.
    pub(super) fn release_dropped(&mut self) {
        for buffer in self.returned.take() {
            self.release_buffer(buffer, None);
        }
    }

    /// Releases the frames that nobody has taken.
    pub(super) fn release_waiting(&mut self) {
        let waiting = mem::take(&mut self.waiting);
        for event in waiting {
            match event {
                Waiting::Frame { frame, .. } => self.release_buffer(frame.buffer, None),
                other => self.waiting.push_back(other),
            }
        }
    }

    pub(super) fn release_buffer(&mut self, buffer: BufferId, fence: Option<&SyncFile>) {
        let released = self.machine.release(buffer, fence.is_some());
        debug_assert!(released.is_ok() || self.link.is_none(), "{released:?}");
        self.carry_outputs(None, None, fence);
    }

    /// Does what the state machine says. `image` and `fence` came with the message that it was
    /// given last, and are closed if it wants none; `release_fence` goes with a release.
    pub(super) fn carry_outputs(
        &mut self,
        mut image: Option<Dmabuf>,
        mut fence: Option<SyncFile>,
        release_fence: Option<&SyncFile>,
    ) {
        while let Some(output) = self.machine.next_output() {
            let event = match output {
                Output::Send(message) => {
                    self.send(&message, release_fence);
                    continue;
                }
                Output::Announced { buffer } => {
                    let Some(image) = image.take() else { continue };
                    Waiting::Announced { buffer, image }
                }
                Output::Frame(frame) => Waiting::Frame { frame, fence: fence.take() },
                Output::Format(format) => Waiting::Format(format),
                Output::Gone { buffer } => Waiting::Gone { buffer },
                Output::Left(end) => {
                    self.close();
                    Waiting::Ended(end)
                }
            };
            self.waiting.push_back(event);
        }
    }

    fn send(&mut self, message: &Message, release_fence: Option<&SyncFile>) {
        let Some(link) = &mut self.link else { return };
        let fence = release_fence.filter(|_| message.slots() == 1);
        if let Err(end) = link.send(message, Enclosed::fence(fence), &mut self.workspace) {
            self.machine.end(end);
        }
    }

    /// The goodbye is on its way, or there is no room for it: then closing says enough.
    fn close(&mut self) {
        let forgotten = self.link.take().map_or(Ok(()), |link| self.watch.forget(&link));
        if let Err(errno) = forgotten {
            tracing::debug!(%errno, "the socket of a stream was not watched any more");
        }
    }
}
