//! Draws and submits frame after frame, in time.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;
use std::time::Instant;

use dmashare::gl::Completion;
use dmashare::ipc::Ready;
use dmashare::stream::AcquireError;
use dmashare::stream::Acquired;
use dmashare::stream::Fencing;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::SubmitError;
use dmashare::stream::wire::BufferId;
use rustix::time::ClockId;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stream::painter::Painter;

/// How long to wait for consumers before looking again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is to be sent.
#[derive(Debug)]
pub(in crate::stream) struct Task {
    /// Where consumers connect, for people.
    pub(in crate::stream) place: String,
    /// How many there have to be before it begins.
    pub(in crate::stream) consumers: usize,
    /// How many frames there are; endless without.
    pub(in crate::stream) frames: Option<u64>,
    /// From one frame to the next.
    pub(in crate::stream) period: Duration,
    /// For consumers that hold everybody up.
    pub(in crate::stream) patience: Duration,
}

/// A producer at work.
#[derive(Debug)]
pub(in crate::stream) struct Sender {
    producer: Producer,
    painter: Painter,
    task: Task,
    progress: Progress,
    missed: u64,
}

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub(in crate::stream) struct Sent {
    frames: u64,
    missed: u64,
    took: Duration,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, missed, took } = self;
        write!(f, "{frames} frames in {:.3} s, {missed} missed by consumers", took.as_secs_f64())
    }
}

impl Sender {
    pub(in crate::stream) fn new(producer: Producer, painter: Painter, task: Task) -> Self {
        let progress = Progress::live(task.frames);
        Self { producer, painter, task, progress, missed: 0 }
    }

    /// Returns when all frames are sent, and given back.
    pub(in crate::stream) fn send(mut self) -> Result<Sent, Failure> {
        self.progress.tell(&format!("listening at {}", self.task.place));
        self.wait_for_consumers(self.task.consumers)?;
        let begin = Instant::now();
        let mut due = begin;
        let mut number = 0;
        while self.task.frames.is_none_or(|frames| number < frames) {
            self.wait_for_consumers(1)?;
            self.wait_until(due)?;
            if self.send_one(number + 1)? {
                number += 1;
                self.progress.end();
            }
            // Whoever is late does not hurry afterwards.
            due = (due + self.task.period).max(Instant::now());
        }
        let took = begin.elapsed();
        self.wait_for_the_last()?;
        Ok(Sent { frames: number, missed: self.missed, took })
    }

    fn wait_for_consumers(&mut self, count: usize) -> Result<(), Failure> {
        while self.producer.served().count() < count {
            let served = self.producer.served().count();
            self.progress.begin(format!("waiting for consumers: {served} of {count}"));
            self.dispatch(LOOK_AGAIN)?;
        }
        Ok(())
    }

    fn wait_until(&mut self, due: Instant) -> Result<(), Failure> {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            self.dispatch(left)?;
            if left.is_zero() {
                return Ok(());
            }
        }
    }

    fn dispatch(&mut self, timeout: Duration) -> Result<(), Failure> {
        self.producer.dispatch_timeout(timeout).attempt("the stream cannot go on")?;
        while let Some(event) = self.producer.next_event() {
            self.take(&event);
        }
        Ok(())
    }

    fn take(&mut self, event: &ProducerEvent) {
        match event {
            ProducerEvent::Joined { peer, credentials } => {
                let pid = credentials.pid.unwrap_or(0);
                self.progress.tell(&format!("consumer {peer} joined, process {pid}"));
            }
            ProducerEvent::Left { peer, end } => {
                self.progress.tell(&format!("consumer {peer} left: {end}"));
            }
            ProducerEvent::Refused { reason, .. } => {
                self.progress.tell(&format!("a consumer was refused: {reason}"));
            }
            ProducerEvent::NegotiationFailed(error) => {
                self.progress.tell(&format!("a consumer was sent away: {error}"));
            }
            ProducerEvent::NotAccepted(error) => {
                self.progress.tell(&format!("a consumer cannot be let in: {error}"));
            }
            ProducerEvent::Configured(format) => {
                let (size, fourcc, modifier) = (format.size, format.fourcc, format.modifier);
                self.progress.tell(&format!("frames are {size} {fourcc} {modifier}"));
            }
            ProducerEvent::Retired { image, .. } => self.painter.forget(image),
            ProducerEvent::Missed { .. } => self.missed += 1,
            _ => {}
        }
    }

    /// Whether the frame is on its way; it is not if no buffer was free, or consumers that came or
    /// went meanwhile changed what is to be sent.
    fn send_one(&mut self, number: u64) -> Result<bool, Failure> {
        self.progress.begin(format!(
            "frame {number} for {} consumers, {} missed",
            self.producer.served().count(),
            self.missed
        ));
        let begun = rustix::time::clock_gettime(ClockId::Monotonic);
        let Some(acquired) = self.acquire()? else { return Ok(false) };
        if self.producer.wait_for_readers(&acquired, self.task.patience).is_err() {
            // Whoever reads it goes on; there is another one in its place.
            self.producer.replace(acquired).attempt("a buffer cannot be replaced")?;
            return Ok(false);
        }
        let drawn = self.painter.paint(acquired.image(), number)?;
        let ready = self.ready(&drawn)?;
        let begun = Duration::try_from(begun).unwrap_or_default().as_nanos();
        let picture = Picture {
            user_serial: number,
            presentation_ns: u64::try_from(begun).ok().and_then(NonZeroU64::new),
            ..Picture::default()
        };
        let patience = self.task.patience.saturating_mul(2);
        match self.producer.submit_timeout(acquired, ready, picture, patience) {
            Ok(_serial) => Ok(true),
            Err(error) => match error.reason() {
                SubmitError::Retired | SubmitError::Fence | SubmitError::WouldBlock { .. } => {
                    Ok(false)
                }
                _ => Err(error).attempt("the frame cannot be sent"),
            },
        }
    }

    fn acquire(&mut self) -> Result<Option<Acquired>, Failure> {
        match self.producer.acquire_timeout(self.task.patience) {
            Ok(acquired) => Ok(Some(acquired)),
            Err(AcquireError::NoneFree { .. } | AcquireError::NotConfigured) => Ok(None),
            Err(error) => Err(error).attempt("there is no buffer to draw into"),
        }
    }

    /// A fence is waited for here if somebody cannot wait for it.
    fn ready<'a>(&self, drawn: &'a Completion) -> Result<Ready<'a>, Failure> {
        let Completion::Fence(fence) = drawn else { return Ok(Ready::Finished) };
        if self.producer.fencing() != Fencing::Finished {
            return Ok(Ready::Fence(fence));
        }
        fence.wait(self.task.patience).attempt("the drawing did not get finished")?;
        Ok(Ready::Finished)
    }

    /// The buffers are all free when nobody holds a frame, or is going to.
    fn wait_for_the_last(&mut self) -> Result<(), Failure> {
        let places = (0..=u16::MAX).map_while(BufferId::new);
        let count = places.filter(|buffer| self.producer.image(*buffer).is_some()).count();
        let mut free = Vec::new();
        while free.len() < count {
            match self.acquire()? {
                Some(acquired) => free.push(acquired),
                None => break,
            }
        }
        self.dispatch(Duration::ZERO)
    }
}
