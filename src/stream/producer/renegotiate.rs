#![warn(clippy::arithmetic_side_effects)]
//! How the stream gets its format, and another one while it runs.

use super::NegotiateError;
use super::Producer;
use super::ProducerEvent;
use super::negotiator::Common;
use super::negotiator::Guest;
use super::negotiator::Settled;
use crate::dmabuf::Dmabuf;
use crate::format::Disagreement;
use crate::format::FormatSet;
use crate::format::Usage;
use crate::ipc::hand_over::describe;
use crate::stream::clock::now_ns;
use crate::stream::protocol::producer as machine;
use crate::stream::protocol::producer::PeerId;
use crate::stream::wire::Reason;
use crate::stream::wire::Size;
use crate::sync::Direction;
use crate::sync::SyncFile;

impl Producer {
    /// Agrees on a format now, with nobody if nobody is there: then frames can be drawn before the
    /// first consumer comes, who gets the latest one. Does nothing if there is a format already.
    ///
    /// # Errors
    /// See [`NegotiateError`].
    pub fn negotiate(&mut self) -> Result<(), NegotiateError> {
        self.negotiate_with_newcomers();
        if self.format().is_some() { Ok(()) } else { self.renegotiate(&[]) }
    }

    /// Gives all frames that follow another size, in pixels. All buffers are made anew; consumers
    /// keep what they hold. Does nothing if it is the size already.
    ///
    /// # Errors
    /// See [`NegotiateError`]. Then all is as it was before.
    pub fn resize(&mut self, size: Size) -> Result<(), NegotiateError> {
        let before = self.negotiator.size();
        if size == before {
            return Ok(());
        }
        self.negotiate_with_newcomers();
        self.negotiator.set_size(size);
        if self.format().is_none() {
            return Ok(());
        }
        let parties: Vec<PeerId> = self.machine.served().collect();
        let done = self.renegotiate(&parties);
        if done.is_err() {
            self.negotiator.set_size(before);
        }
        done
    }

    /// Replaces what this side can use, as [`ProducerSettings::usage`](super::ProducerSettings::usage)
    /// says it: because another device draws from now on, for instance. Consumers with whom there
    /// would be no format any more are sent away, the last to come first.
    ///
    /// # Errors
    /// See [`NegotiateError`]. Then all is as it was before.
    pub fn set_formats(
        &mut self,
        sets: impl IntoIterator<Item = (Usage, FormatSet)>,
    ) -> Result<(), NegotiateError> {
        self.negotiate_with_newcomers();
        let before = self.negotiator.formats().to_vec();
        self.negotiator.set_formats(sets.into_iter().collect());
        if self.format().is_none() {
            return Ok(());
        }
        let mut parties = Vec::new();
        let served: Vec<PeerId> = self.machine.served().collect();
        for peer in served {
            parties.push(peer);
            if self.common_of(&parties).is_err() {
                parties.pop();
            }
        }
        let done = self.renegotiate(&parties);
        if done.is_err() {
            self.negotiator.set_formats(before);
        }
        done
    }

    /// Finds a format for those who have made an offer that the format is not in, and sends those
    /// away with whom there is none.
    pub(super) fn negotiate_with_newcomers(&mut self) {
        self.is_negotiation_due = false;
        let mut parties: Vec<PeerId> = self.machine.served().collect();
        let mut newcomers = Vec::new();
        let waiting: Vec<PeerId> = self.machine.waiting().collect();
        for peer in waiting {
            parties.push(peer);
            match self.common_of(&parties) {
                Ok(_) => newcomers.push(peer),
                Err(disagreement) => {
                    parties.pop();
                    self.send_away(peer, Reason::NothingInCommon, disagreement.into());
                }
            }
        }
        while let Some(last) = newcomers.last().copied() {
            match self.renegotiate(&parties) {
                Ok(()) => return,
                Err(error) => {
                    newcomers.pop();
                    parties.pop();
                    self.send_away(last, Reason::Failed, error);
                }
            }
        }
    }

    fn send_away(&mut self, peer: PeerId, reason: Reason, error: NegotiateError) {
        self.dismiss(peer, reason, &error.to_string());
        self.events.push_back(ProducerEvent::NegotiationFailed(error));
    }

    /// Looks for something better once somebody has left who may have stood in the way.
    pub(super) fn improve(&mut self) {
        let is_time = |improve_at_ns| now_ns() >= improve_at_ns;
        if !self.improve_at_ns.is_some_and(is_time) || self.machine.served().next().is_none() {
            return;
        }
        self.improve_at_ns = None;
        let parties: Vec<PeerId> = self.machine.served().collect();
        let Some(format) = self.format().copied() else { return };
        let Ok(common) = self.common_of(&parties) else { return };
        if self.agreed.as_ref().is_some_and(|(agreed, _)| *agreed == common) {
            return;
        }
        let improved = self.negotiator.settle(&common).and_then(|settled| {
            let is_same = (settled.fourcc, settled.modifier) == (format.fourcc, format.modifier);
            let images = (!is_same).then(|| self.negotiator.allocate_all(&settled));
            Ok((settled, images.transpose()?))
        });
        match improved {
            Ok((settled, Some(images))) => {
                if let Err(error) = self.adopt(common, settled, images) {
                    self.events.push_back(ProducerEvent::NegotiationFailed(error));
                }
            }
            Ok((settled, None)) => self.agreed = Some((common, settled.request)),
            Err(error) => tracing::debug!(%error, "the format stays as it is"),
        }
    }

    /// What these consumers have in common with this side.
    fn common_of(&self, parties: &[PeerId]) -> Result<Common, Disagreement> {
        let guest = |peer: &PeerId| -> Option<Guest<'_>> {
            Some((self.connections.get(*peer)?.name(), self.machine.offer(*peer)?))
        };
        let guests: Vec<Guest<'_>> = parties.iter().filter_map(guest).collect();
        self.negotiator.common(&guests)
    }

    /// Finds a format for these consumers, and gives the stream buffers of it. All of them are
    /// there before anything is changed.
    fn renegotiate(&mut self, parties: &[PeerId]) -> Result<(), NegotiateError> {
        let common = self.common_of(parties)?;
        let settled = self.negotiator.settle(&common)?;
        let images = self.negotiator.allocate_all(&settled)?;
        self.adopt(common, settled, images)
    }

    fn adopt(
        &mut self,
        common: Common,
        settled: Settled,
        images: Vec<Dmabuf>,
    ) -> Result<(), NegotiateError> {
        let Settled { request, size, fourcc, modifier, external_only, trial } = settled;
        let configured = self.machine.configure(size, fourcc, modifier, external_only, now_ns());
        configured.map_err(|machine::ConfigureError::Exhausted| NegotiateError::Exhausted)?;
        self.agreed = Some((common, request));
        self.has_attached_fences = SyncFile::export_from(&trial, Direction::Read).is_ok();
        if let Some(format) = self.format().copied() {
            self.events.push_back(ProducerEvent::Configured(format));
        }
        self.images.set_spare(Vec::new());
        self.carry();
        self.images.set_spare(images);
        for _ in 0..self.negotiator.buffers() {
            self.use_spare();
        }
        self.carry();
        Ok(())
    }

    /// Adds one of the images that wait for a number, if there is one for it.
    pub(super) fn use_spare(&mut self) {
        let Some(image) = self.images.pop_spare() else { return };
        match self.machine.add(describe(&image), image.size_bytes(), now_ns()) {
            Ok(buffer) => self.images.put(buffer, image),
            Err(_none_free) => self.images.push_spare(image),
        }
    }
}
