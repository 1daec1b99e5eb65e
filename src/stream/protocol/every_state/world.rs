//! The machines of three processes, what is under way between them, and the memory that they share.

use std::collections::VecDeque;

use crate::format::Modifier;
use crate::stream::policy::Policy;
use crate::stream::protocol::End;
use crate::stream::protocol::consumer;
use crate::stream::protocol::consumer::Consumer;
use crate::stream::protocol::fixtures::*;
use crate::stream::protocol::producer;
use crate::stream::protocol::producer::AcquireError;
use crate::stream::protocol::producer::Output;
use crate::stream::protocol::producer::PeerId;
use crate::stream::protocol::producer::Picture;
use crate::stream::protocol::producer::Producer;
use crate::stream::protocol::producer::SubmitError;
use crate::stream::snapshot::Snapshot;
use crate::stream::snapshot::fingerprint;
use crate::stream::wire::BufferId;
use crate::stream::wire::Limits;
use crate::stream::wire::Message;

const BUFFERS: u16 = 3;

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect(usize),
    ArriveAtConsumer(usize),
    ArriveAtProducer(usize),
    Acquire,
    Submit,
    Release(usize, BufferId),
    Reconfigure,
    ConsumerDies(usize),
    ProducerDies,
    ConsumerNotices(usize),
    ProducerNotices(usize),
}

/// One consumer, with what is under way between it and the producer.
#[derive(Clone)]
struct Side {
    consumer: Consumer,
    peer: Option<PeerId>,
    is_alive: bool,
    to_consumer: VecDeque<Message>,
    to_producer: VecDeque<Message>,
    /// Whether the other side knows that this one is dead, or this one that the other is.
    has_noticed: bool,
    /// What the process reads: the buffer, and the frame that it was told is in it.
    reads: Vec<(BufferId, u64)>,
}

#[derive(Clone)]
pub(super) struct World {
    producer: Producer<u8>,
    is_alive: bool,
    writes: Option<BufferId>,
    consumers: usize,
    reconfigurations: u32,
    /// What is in memory: the frame in each buffer, by place.
    memory: [u64; 8],
    frames: u64,
    sides: [Side; 2],
}

impl World {
    /// Each of so many consumers is willing to hold one frame, and so many times the format changes.
    pub(super) fn new(policy: Policy, consumers: usize, reconfigurations: u32) -> Self {
        let side = || Side {
            consumer: consumer(Limits::default().with_frames(1)),
            peer: None,
            is_alive: true,
            has_noticed: false,
            to_consumer: VecDeque::new(),
            to_producer: VecDeque::new(),
            reads: Vec::new(),
        };
        let mut producer =
            Producer::new(producer::Settings { policy, ..producer::Settings::default() });
        configure(&mut producer);
        let mut world = Self {
            producer,
            is_alive: true,
            writes: None,
            consumers,
            reconfigurations,
            memory: [0; 8],
            frames: 0,
            sides: [side(), side()],
        };
        world.carry();
        world
    }

    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let is_first_death = self.is_alive && self.sides.iter().all(|side| side.is_alive);
        if self.is_alive {
            steps.push(if self.writes.is_some() { Step::Submit } else { Step::Acquire });
            if self.reconfigurations > 0 {
                steps.push(Step::Reconfigure);
            }
        }
        for (place, side) in self.sides.iter().enumerate() {
            if side.peer.is_none() {
                if self.is_alive && side.is_alive && place < self.consumers {
                    steps.push(Step::Connect(place));
                }
                continue;
            }
            if side.is_alive {
                match side.to_consumer.is_empty() {
                    false => steps.push(Step::ArriveAtConsumer(place)),
                    true if self.is_alive || side.has_noticed => {}
                    true => steps.push(Step::ConsumerNotices(place)),
                }
                steps.extend(side.reads.iter().map(|(buffer, _)| Step::Release(place, *buffer)));
            }
            if self.is_alive {
                match side.to_producer.is_empty() {
                    false => steps.push(Step::ArriveAtProducer(place)),
                    true if side.is_alive || side.has_noticed => {}
                    true => steps.push(Step::ProducerNotices(place)),
                }
            }
            if is_first_death {
                steps.push(Step::ConsumerDies(place));
            }
        }
        if is_first_death {
            steps.push(Step::ProducerDies);
        }
        steps
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Connect(place) => {
                self.sides[place].peer = Some(self.producer.connect(0).unwrap());
            }
            Step::ArriveAtConsumer(place) => {
                let side = &mut self.sides[place];
                let message = side.to_consumer.pop_front().unwrap();
                side.consumer.receive(message, IMAGE_BYTES);
            }
            Step::ArriveAtProducer(place) => {
                let side = &mut self.sides[place];
                let message = side.to_producer.pop_front().unwrap();
                self.producer.receive(side.peer.unwrap(), message, None, 0);
            }
            Step::Acquire => match self.producer.acquire(0) {
                Ok(acquired) => {
                    self.writes = Some(acquired.buffer);
                    // Half of the next frame.
                    self.memory[usize::from(acquired.buffer.get())] = u64::MAX;
                }
                Err(AcquireError::NoneFree { .. }) => {}
            },
            Step::Submit => self.submit(),
            Step::Release(place, buffer) => {
                let side = &mut self.sides[place];
                side.reads.retain(|(read, _)| *read != buffer);
                side.consumer.release(buffer, false).unwrap();
            }
            Step::Reconfigure => {
                self.reconfigurations -= 1;
                configure(&mut self.producer);
            }
            Step::ConsumerDies(place) => {
                let side = &mut self.sides[place];
                side.is_alive = false;
                side.to_consumer.clear();
                side.reads.clear();
            }
            Step::ProducerDies => {
                self.is_alive = false;
                self.sides.iter_mut().for_each(|side| side.to_producer.clear());
            }
            Step::ConsumerNotices(place) => {
                self.sides[place].has_noticed = true;
                self.sides[place].consumer.lost();
            }
            Step::ProducerNotices(place) => {
                self.sides[place].has_noticed = true;
                self.producer.lost(self.sides[place].peer.unwrap());
            }
        }
        self.carry();
    }

    fn submit(&mut self) {
        let buffer = self.writes.unwrap();
        match self.producer.submit(buffer, Picture::default(), None, 0) {
            Ok(serial) => {
                self.frames = serial.get();
                self.memory[usize::from(buffer.get())] = self.frames;
                self.writes = None;
            }
            Err(SubmitError::Retired { .. }) => self.writes = None,
            Err(SubmitError::WouldBlock { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Puts what is to be sent on its way.
    fn carry(&mut self) {
        while let Some(output) = self.producer.next_output() {
            match output {
                Output::Send { peer, message } => {
                    let side = self.sides.iter_mut().find(|side| side.peer == Some(peer));
                    let side = side.unwrap();
                    if side.is_alive {
                        side.to_consumer.push_back(message);
                    }
                }
                Output::Left { end, .. } => assert_eq!(end, End::Lost),
                Output::Missed { .. } | Output::Gone { .. } => {}
                Output::Offered { .. } => panic!("the format was offered"),
            }
        }
        for side in &mut self.sides {
            while let Some(output) = side.consumer.next_output() {
                match output {
                    consumer::Output::Send(message) if self.is_alive => {
                        side.to_producer.push_back(message);
                    }
                    consumer::Output::Frame(frame) => {
                        side.reads.push((frame.buffer, frame.serial.get()));
                    }
                    consumer::Output::Left(end) => assert_eq!(end, End::Lost),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn assert_safe(&self) {
        for side in self.sides.iter().filter(|side| side.is_alive) {
            for (buffer, serial) in &side.reads {
                assert_ne!(self.writes, Some(*buffer), "a buffer is written while it is read");
                assert_eq!(self.memory[usize::from(buffer.get())], *serial, "another frame");
            }
        }
        if self.is_alive {
            self.producer.assert_holders();
        }
    }

    /// A step by which what is under way arrives or what is held is released, if there is one.
    /// Nothing new begins with it.
    pub(super) fn settling_step(&self) -> Option<Step> {
        self.steps().into_iter().find(|step| match step {
            Step::Connect(_)
            | Step::Acquire
            | Step::Reconfigure
            | Step::ConsumerDies(_)
            | Step::ProducerDies => false,
            // Refused submissions settle nothing.
            Step::Submit => self.clone().submits(),
            _ => true,
        })
    }

    fn submits(&mut self) -> bool {
        self.take(Step::Submit);
        self.writes.is_none()
    }

    /// Nothing was lost, and the stream goes on.
    pub(super) fn assert_goes_on(mut self) {
        if !self.is_alive {
            return;
        }
        let mut acquired = Vec::new();
        while let Ok(free) = self.producer.acquire(0) {
            acquired.push(free.buffer);
        }
        assert_eq!(acquired.len(), usize::from(BUFFERS), "a buffer is lost");
        for buffer in acquired {
            self.producer.cancel(buffer);
        }
        self.take(Step::Acquire);
        self.take(Step::Submit);
        for place in 0..self.sides.len() {
            let side = &self.sides[place];
            if side.peer.is_some() && side.is_alive {
                assert_eq!(side.to_consumer.len(), 1, "a frame for everybody");
                self.take(Step::ArriveAtConsumer(place));
                assert_eq!(self.sides[place].reads[0].1, self.frames);
            }
        }
    }

    /// The two consumers are alike, so that it does not matter which one is which.
    pub(super) fn fingerprint(&self) -> u128 {
        let mut common = Snapshot::default();
        self.producer.snapshot(&mut common);
        common.word(self.is_alive);
        common.word(self.writes.map_or(64, BufferId::get));
        common.word(self.reconfigurations);
        for content in self.memory {
            common.serial(if content == u64::MAX { 0 } else { content });
        }
        let sides = [0, 1].map(|place| self.snapshot_side(place));
        let mut serials: Vec<u64> = sides.iter().flat_map(Snapshot::serials).collect();
        serials.extend(common.serials().chain([0]));
        serials.sort_unstable();
        serials.dedup();
        let mut sides = sides.map(|side| side.ranked(&serials));
        sides.sort();
        fingerprint(&(common.ranked(&serials), sides))
    }

    fn snapshot_side(&self, place: usize) -> Snapshot {
        let side = &self.sides[place];
        let mut snapshot = Snapshot::default();
        snapshot.word(side.is_alive);
        snapshot.word(side.has_noticed);
        if let Some(peer) = side.peer {
            snapshot.word(1_u8);
            self.producer.snapshot_peer(peer, &mut snapshot);
        }
        snapshot.word(u64::MAX);
        side.consumer.snapshot(&mut snapshot);
        for queue in [&side.to_consumer, &side.to_producer] {
            snapshot.word(u64::MAX);
            for message in queue {
                snapshot.word(message.kind().code());
                match message {
                    Message::Frame(frame) => {
                        snapshot.word(frame.buffer.get());
                        snapshot.serial(frame.serial.get());
                    }
                    Message::Release(release) => {
                        snapshot.word(release.buffer.get());
                        snapshot.serial(release.serial.get());
                    }
                    Message::Announce(announce) => {
                        snapshot.word(announce.buffer.get());
                        snapshot.word(announce.generation.get());
                    }
                    Message::Format(format) => snapshot.word(format.generation.get()),
                    Message::Retire(retire) => snapshot.word(retire.buffer.get()),
                    _ => {}
                }
            }
        }
        for (buffer, serial) in &side.reads {
            snapshot.word(buffer.get());
            snapshot.serial(*serial);
        }
        snapshot
    }
}

/// A format, and three buffers of it.
fn configure(producer: &mut Producer<u8>) {
    producer.configure(size(), FOURCC, Modifier::LINEAR, false, 0).unwrap();
    for _ in 0..BUFFERS {
        producer.add(image(), IMAGE_BYTES, 0).unwrap();
    }
}
