#![warn(clippy::arithmetic_side_effects)]
//! The side that reads the buffers.

use std::collections::VecDeque;
use std::mem;
use std::num::NonZeroU32;
use std::num::NonZeroU64;

use crate::dmabuf::layout::Extent;
use crate::format::FormatSet;
use crate::format::Usage;
use crate::stream::protocol::End;
use crate::stream::protocol::Violation;
use crate::stream::wire::Announce;
use crate::stream::wire::BufferId;
use crate::stream::wire::Capabilities;
use crate::stream::wire::ConsumerHello;
use crate::stream::wire::Format;
use crate::stream::wire::Frame;
use crate::stream::wire::Goodbye;
use crate::stream::wire::Limits;
use crate::stream::wire::MAX_BUFFERS;
use crate::stream::wire::Malformed;
use crate::stream::wire::Message;
use crate::stream::wire::Offer;
use crate::stream::wire::ProducerHello;
use crate::stream::wire::Reason;
use crate::stream::wire::Release;
use crate::stream::wire::Size;
use crate::stream::wire::Text;
use crate::stream::wire::Versions;

mod error;
mod output;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod tests;

pub use error::OfferError;
pub use error::ReleaseError;
pub use output::Output;

/// What a consumer is told when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the producer is told.
    pub hello: ConsumerHello,
    /// How long the producer may take to say hello, in nanoseconds.
    pub handshake_ns: u64,
}

impl Default for Settings {
    /// Waits for fences and sends them; the limits of [`Limits::default`]; 5 seconds for the
    /// handshake.
    fn default() -> Self {
        Self {
            hello: ConsumerHello {
                versions: Versions::SPOKEN,
                capabilities: Capabilities::WAITS_FOR_FENCES | Capabilities::SENDS_FENCES,
                device: None,
                limits: Limits::default(),
            },
            handshake_ns: 5_000_000_000,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// The producer has not said hello.
    Greeted { until_ns: u64 },
    /// It has, and has not stated a format.
    Acquainted,
    /// There is a format.
    Served,
    /// It is over.
    Ended,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Greeted { .. } => "a hello is due",
            Self::Acquainted => "a format is due",
            Self::Served => "frames are received",
            Self::Ended => "the connection is over",
        }
    }
}

/// One of the 64 places for buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    is_announced: bool,
    held: Option<NonZeroU64>,
    fds: usize,
    bytes: u64,
}

impl Place {
    fn is_free(&self) -> bool {
        !self.is_announced && self.held.is_none()
    }
}

/// The consumer's side of its connection.
///
/// Times are nanoseconds of a clock that never goes back. Outputs have to be taken with
/// [`Consumer::next_output`] after each call.
#[derive(Clone, Debug)]
pub struct Consumer {
    settings: Settings,
    state: State,
    frame_fences: bool,
    release_fences: bool,
    kernel_checked: bool,
    offer: Offer,
    /// A format that crossed the last offer on its way answers this one.
    offer_before: Option<Offer>,
    answered: u32,
    format: Option<Format>,
    places: Vec<Place>,
    held_count: usize,
    last_serial: u64,
    outputs: VecDeque<Output>,
}

impl Consumer {
    /// A consumer that has just connected. It says hello, and makes its offer when the producer has
    /// said hello too.
    ///
    /// # Errors
    /// [`OfferError::Malformed`] if there is no set, or one that cannot be sent.
    pub fn new(
        settings: Settings,
        wished_size: Option<Size>,
        sets: &[(Usage, FormatSet)],
        now_ns: u64,
    ) -> Result<Self, OfferError> {
        let offer = Offer::new(NonZeroU32::MIN, wished_size, sets);
        let hello = Message::ConsumerHello(settings.hello);
        Ok(Self {
            settings,
            state: State::Greeted { until_ns: now_ns.saturating_add(settings.handshake_ns) },
            frame_fences: false,
            release_fences: false,
            kernel_checked: false,
            offer: offer.map_err(OfferError::Malformed)?,
            offer_before: None,
            answered: 0,
            format: None,
            places: vec![Place::default(); MAX_BUFFERS],
            held_count: 0,
            last_serial: 0,
            outputs: VecDeque::from([Output::Send(hello)]),
        })
    }

    /// What is to be done next, in order; `None` if nothing is.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes a message of the producer. `size_bytes` is what the buffers of an announced image have
    /// together, and of no meaning for the other messages. After the end everything is ignored.
    pub fn receive(&mut self, message: Message, size_bytes: u64) {
        let state = self.state;
        let (has_met, is_served) = match state {
            State::Ended => return,
            State::Greeted { .. } => (false, false),
            State::Acquainted => (true, false),
            State::Served => (true, true),
        };
        let done = match message {
            Message::Goodbye(goodbye) => return self.end(End::Peer(goodbye)),
            Message::ProducerHello(hello) if !has_met => self.greet(&hello),
            Message::Format(format) if has_met => self.take_format(format),
            Message::Announce(announce) if is_served => self.take_announce(&announce, size_bytes),
            Message::Retire(retire) if is_served => self.take_retire(retire.buffer),
            Message::Frame(frame) if is_served => self.take_frame(frame),
            message => Err(Violation::Unexpected { kind: message.kind(), state: state.name() }),
        };
        if let Err(violation) = done {
            self.end(End::Violation(violation));
        }
    }

    /// The producer has sent what is no message.
    pub fn malformed(&mut self, malformed: Malformed) {
        self.end(End::Malformed(malformed));
    }

    /// The connection is gone.
    pub fn lost(&mut self) {
        self.end(End::Lost);
    }

    /// Ends the connection.
    pub fn leave(&mut self, reason: Reason, text: &str) {
        self.end(End::Here(Goodbye { reason, text: Text::new(text) }));
    }

    /// Looks at the clock: a producer that does not say hello in time is left.
    pub fn on_time(&mut self, now_ns: u64) {
        if self.next_deadline_ns().is_some_and(|until_ns| now_ns >= until_ns) {
            self.end(End::Silent);
        }
    }

    /// When to call [`Consumer::on_time`]; `None` if there is nothing to wait for.
    pub fn next_deadline_ns(&self) -> Option<u64> {
        match self.state {
            State::Greeted { until_ns } => Some(until_ns),
            _ => None,
        }
    }

    /// Offers something else: without a pair that could not be imported, or with another size.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub fn offer(
        &mut self,
        wished_size: Option<Size>,
        sets: &[(Usage, FormatSet)],
    ) -> Result<(), OfferError> {
        let before = self.offer.number();
        match self.state {
            State::Ended => return Err(OfferError::Ended),
            State::Served if self.answered == before.get() => {}
            _ => return Err(OfferError::Unanswered),
        }
        let number = before.checked_add(1).ok_or(OfferError::Exhausted)?;
        let offer = Offer::new(number, wished_size, sets).map_err(OfferError::Malformed)?;
        self.offer_before = Some(mem::replace(&mut self.offer, offer));
        self.outputs.push_back(Output::Send(Message::Offer(self.offer.clone())));
        Ok(())
    }

    /// Gives back the frame that is held in a buffer. Without a fence it is not read any more. After
    /// the end there is nobody to tell.
    ///
    /// # Errors
    /// See [`ReleaseError`]; the frame is still held then.
    pub fn release(&mut self, buffer: BufferId, has_fence: bool) -> Result<(), ReleaseError> {
        if has_fence && !self.may_send_fences() {
            return Err(ReleaseError::Fence);
        }
        let place = self.places.get_mut(buffer.index());
        let Some((place, serial)) = place.and_then(|it| it.held.take().map(|held| (it, held)))
        else {
            return Err(ReleaseError::NotHeld { buffer });
        };
        self.held_count = self.held_count.saturating_sub(1);
        if self.state != State::Ended {
            let release = Release { serial, buffer, has_fence };
            self.outputs.push_back(Output::Send(Message::Release(release)));
        }
        if place.is_free() {
            *place = Place::default();
            self.outputs.push_back(Output::Gone { buffer });
        }
        Ok(())
    }

    /// Whether the producer waits for fences, and this side has said that it sends them: if not,
    /// reading has to be finished before a frame is released.
    pub fn may_send_fences(&self) -> bool {
        self.release_fences
    }

    /// Whether frames may come with a fence: the producer has said that it sends them, and this side
    /// that it waits for them. If not, all frames are finished.
    pub fn may_receive_fences(&self) -> bool {
        self.frame_fences
    }

    /// What all buffers are, once the producer has said so.
    pub fn format(&self) -> Option<&Format> {
        self.format.as_ref()
    }

    fn greet(&mut self, hello: &ProducerHello) -> Result<(), Violation> {
        let ours = self.settings.hello;
        if hello.versions.common(ours.versions).is_none() {
            let pair = |versions: Versions| [versions.oldest(), versions.newest()];
            let (theirs, ours) = (pair(hello.versions), pair(ours.versions));
            return Err(Violation::Version { theirs, ours });
        }
        let agree = |of_ours, of_theirs| {
            ours.capabilities.contains(of_ours) && hello.capabilities.contains(of_theirs)
        };
        let (waits, sends) = (Capabilities::WAITS_FOR_FENCES, Capabilities::SENDS_FENCES);
        self.frame_fences = agree(waits, sends);
        self.release_fences = agree(sends, waits);
        self.kernel_checked = agree(Capabilities::KERNEL_CHECKED, Capabilities::KERNEL_CHECKED);
        self.state = State::Acquainted;
        self.outputs.push_back(Output::Send(Message::Offer(self.offer.clone())));
        Ok(())
    }

    fn take_format(&mut self, format: Format) -> Result<(), Violation> {
        let (found, last) = (format.answers, self.offer.number().get());
        if found.get() < self.answered || found.get() > last {
            return Err(Violation::Answer { found, answered: self.answered, last });
        }
        let current = self.format.map_or(0, |known| known.generation.get());
        let is_same = |known: Format| Format { answers: format.answers, ..known } == format;
        let is_new = format.generation.get() > current;
        if !is_new && !self.format.is_some_and(is_same) {
            return Err(Violation::Generation { found: format.generation, current });
        }
        if !self.is_offered(&format) {
            return Err(Violation::NotOffered);
        }
        self.answered = found.get();
        self.format = Some(format);
        self.state = State::Served;
        if is_new {
            for buffer in BufferId::all() {
                self.forget(buffer);
            }
            self.outputs.push_back(Output::Format(format));
        }
        Ok(())
    }

    /// Whether it is in the offer that it answers.
    fn is_offered(&self, format: &Format) -> bool {
        let mut offers = self.offer_before.iter().chain([&self.offer]);
        let has = |(_, set): (Usage, &FormatSet)| set.contains(format.fourcc, format.modifier);
        offers.any(|offer| offer.number() == format.answers && offer.sets().all(has))
    }

    fn take_announce(&mut self, announce: &Announce, size_bytes: u64) -> Result<(), Violation> {
        let (buffer, image) = (announce.buffer, announce.image());
        let Some(format) = self.format else { return Ok(()) };
        let (found, current) = (announce.generation, format.generation);
        if found != current {
            return Err(Violation::Generation { found, current: current.get() });
        }
        let size = [format.size.width(), format.size.height()];
        let is_right = [image.width, image.height] == size
            && (image.fourcc, image.modifier) == (format.fourcc, format.modifier);
        if !is_right {
            return Err(Violation::WrongImage { buffer });
        }
        if image.extent == Extent::Beginning && !self.kernel_checked {
            return Err(Violation::KernelChecked { buffer });
        }
        if !self.places.get(buffer.index()).is_some_and(Place::is_free) {
            return Err(Violation::InUse { buffer });
        }
        let new =
            Place { is_announced: true, held: None, fds: image.planes.slots(), bytes: size_bytes };
        if !self.has_room_for(&new) {
            return Err(Violation::OverLimit { buffer });
        }
        if let Some(place) = self.places.get_mut(buffer.index()) {
            *place = new;
        }
        self.outputs.push_back(Output::Announced { buffer });
        Ok(())
    }

    fn has_room_for(&self, new: &Place) -> bool {
        let limits = self.settings.hello.limits;
        let taken = || self.places.iter().filter(|place| !place.is_free()).chain([new]);
        let bytes = taken().fold(0_u64, |sum, place| sum.saturating_add(place.bytes));
        let fds = taken().fold(0_usize, |sum, place| sum.saturating_add(place.fds));
        taken().count() <= limits.buffers() && fds <= limits.fds() && bytes <= limits.bytes()
    }

    fn take_retire(&mut self, buffer: BufferId) -> Result<(), Violation> {
        if !self.places.get(buffer.index()).is_some_and(|place| place.is_announced) {
            return Err(Violation::NoBuffer { buffer });
        }
        self.forget(buffer);
        Ok(())
    }

    /// A buffer is retired. If a frame in it is held it goes with that.
    fn forget(&mut self, buffer: BufferId) {
        let Some(place) = self.places.get_mut(buffer.index()) else { return };
        if !place.is_announced {
            return;
        }
        place.is_announced = false;
        if place.is_free() {
            *place = Place::default();
            self.outputs.push_back(Output::Gone { buffer });
        }
    }

    fn take_frame(&mut self, frame: Box<Frame>) -> Result<(), Violation> {
        let Frame { serial, buffer, .. } = *frame;
        let Some(place) = self.places.get_mut(buffer.index()).filter(|place| place.is_announced)
        else {
            return Err(Violation::NoBuffer { buffer });
        };
        if place.held.is_some() {
            return Err(Violation::InUse { buffer });
        }
        if self.held_count >= self.settings.hello.limits.frames() {
            return Err(Violation::TooManyFrames { serial });
        }
        if serial.get() <= self.last_serial {
            return Err(Violation::SerialOrder { found: serial, before: self.last_serial });
        }
        if frame.has_fence && !self.frame_fences {
            return Err(Violation::Fence);
        }
        if !self.format.is_some_and(|format| frame.damage.is_inside(format.size)) {
            return Err(Violation::Damage { serial });
        }
        place.held = Some(serial);
        self.held_count = self.held_count.saturating_add(1);
        self.last_serial = serial.get();
        self.outputs.push_back(Output::Frame(frame));
        Ok(())
    }

    /// The connection is over.
    pub(in crate::stream) fn end(&mut self, end: End) {
        if self.state == State::Ended {
            return;
        }
        self.state = State::Ended;
        if let Some(goodbye) = end.goodbye() {
            self.outputs.push_back(Output::Send(Message::Goodbye(goodbye)));
        }
        self.outputs.push_back(Output::Left(end));
    }
}
