//! A producer with two consumers, one of which means it harm.

use std::time::Duration;

use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::stream::Consumer;
use dmashare::stream::End;
use dmashare::stream::PeerId;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Release;
use rustix::io::Errno;

use crate::common::scripted_consumer::ScriptedConsumer;
use crate::common::scripted_consumer::release;
use crate::common::stream_pair::*;

pub(crate) const MOMENT: Duration = Duration::from_millis(50);
/// For whoever is silent to be left soon.
const BRIEF: Duration = Duration::from_secs(1);

/// A producer with one honest consumer, and one that is not.
pub(crate) struct Scene {
    pub(crate) producer: Producer,
    pub(crate) honest: Consumer,
    pub(crate) hostile: ScriptedConsumer,
    pub(crate) peer: PeerId,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(ScriptedConsumer::joined)
    }

    /// The hostile one may not take long to say what it wants.
    pub(crate) fn brief() -> Self {
        Self::with_handshake(BRIEF, ScriptedConsumer::joined)
    }

    /// The hostile one is served, and holds frame 1.
    pub(crate) fn served() -> (Self, Release) {
        let mut scene = Self::with(ScriptedConsumer::served);
        produce(&mut scene.producer);
        let held = scene.hostile.frame();
        assert_eq!(held.serial.get(), 1);
        scene.honest_takes(1);
        (scene, release(&held))
    }

    pub(crate) fn with(join: impl FnOnce(&mut Producer) -> (PeerId, ScriptedConsumer)) -> Self {
        Self::with_handshake(SOON, join)
    }

    fn with_handshake(
        handshake: Duration,
        join: impl FnOnce(&mut Producer) -> (PeerId, ScriptedConsumer),
    ) -> Self {
        let limit_ns = u64::try_from(MOMENT.as_nanos()).unwrap();
        let settings = producer_settings()
            .buffers(4)
            .most_queued(8)
            .handshake_timeout(handshake)
            .policy(Policy::mailbox().with_hold_limit_ns(limit_ns));
        let mut producer = producer_with(settings);
        // The honest one is let in when the machine has not stopped both sides for as long as that.
        let honest = loop {
            let (_, mut honest) = self::join(&mut producer, &consumer_settings());
            settle(&mut producer, &mut [&mut honest]);
            if producer.served().next().is_some() {
                break honest;
            }
        };
        let (peer, hostile) = join(&mut producer);
        producer_events(&mut producer);
        Self { producer, honest, hostile, peer }
    }

    pub(crate) fn honest_takes(&mut self, number: u64) {
        let frame = self.honest.next_frame(SOON).unwrap();
        assert_eq!((frame.serial().get(), stamp_of(frame.image())), (number, number));
        self.honest.release(frame, Ready::Finished).unwrap();
        self.producer.dispatch().unwrap();
    }

    /// Serves the honest one ten more frames.
    pub(crate) fn assert_serves(&mut self) {
        for _ in 0..10 {
            self.producer.dispatch().unwrap();
            let number = produce(&mut self.producer).get();
            self.honest_takes(number);
        }
        assert!(self.honest.end().is_none());
    }

    /// How the connection of the hostile one ended, which must be the only thing that has happened.
    pub(crate) fn end(mut self) -> End {
        self.producer.dispatch().unwrap();
        let events = producer_events(&mut self.producer);
        let ends = events.iter().filter_map(|event| match event {
            ProducerEvent::Left { peer, end } => Some((*peer, end.clone())),
            ProducerEvent::Missed { .. } | ProducerEvent::Wished { .. } => None,
            other => panic!("{other:?}"),
        });
        let ends: Vec<_> = ends.collect();
        let [(peer, end)] = &ends[..] else { panic!("{ends:?}") };
        assert_eq!(*peer, self.peer);
        self.assert_serves();
        // All four are back.
        let all: Vec<_> = (0..4).map(|_| self.producer.acquire().unwrap()).collect();
        drop(all);
        // It was closed at once, not when the producer is dropped.
        assert_eq!(self.hostile.send_bytes(&[1], &[]), Err(Errno::PIPE));
        end.clone()
    }

    /// Its process is gone.
    pub(crate) fn without_hostile(self) -> Self {
        let (nobody, _) = Channel::pair().unwrap();
        Self { hostile: ScriptedConsumer::new(nobody), ..self }
    }

    /// The same for an end that the hostile one is told of.
    pub(crate) fn told_end(mut self) -> End {
        self.producer.dispatch().unwrap();
        let (reason, text) = self.hostile.goodbye();
        let end = self.end();
        let expected = match &end {
            End::Violation(violation) => violation.reason(),
            End::Unusable(ReceiveError::Truncated) => Reason::Failed,
            End::Silent | End::TooSlow => Reason::TooSlow,
            _ => Reason::Protocol,
        };
        assert_eq!(reason, expected, "{text}");
        assert!(!text.is_empty());
        end
    }
}
