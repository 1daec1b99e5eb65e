//! One producer and several consumers.

use std::os::fd::OwnedFd;

use anyhow::Result;
use dmashare::allocator::Memfd;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Size;

use crate::race::Contender;
use crate::race::Pace;
use crate::race::race;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;
use crate::serve;
use crate::serve::SOON;
use crate::serve::bare;

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    let mut cases = Vec::new();
    for consumers in [1_u32, 8, 64] {
        let sockets: Vec<_> = (0..consumers).map(|_| bare::sockets()).collect::<Result<_>>()?;
        let mut scene = Scene::new(consumers)?;
        let contenders = vec![
            Contender::new("bare sockets", || sockets.iter().for_each(round_trip)),
            Contender::new(OURS, || scene.round_trip()),
        ];
        let label = format!("{consumers} consumer{}", if consumers == 1 { "" } else { "s" });
        cases.push(race(pace, label, Some(f64::from(consumers)), contenders));
    }
    let each = |place: usize| {
        let case = &cases[place];
        case.of(OURS).time_ns.median / case.x.unwrap_or(1.0)
    };
    let ratios = [each(1) / each(0), each(2) / each(0)];
    // The larger of both directions: one that costs less is as far off.
    let off = ratios.map(|ratio| ratio.max(1.0 / ratio));
    let goals = vec![
        Goal::at_most(
            "each of 64 consumers costs at most 1.1 times what a single one does",
            1.1,
            ratios.into_iter(),
        ),
        Goal::at_most("each costs the same, to 10 %, from 1 to 64", 1.1, off.into_iter()),
    ];
    Ok(Table {
        id: "fan_out".to_owned(),
        title: "A frame to several consumers".to_owned(),
        what: "One `Producer` and so many `Consumer`s in one thread: a frame is submitted, and \
               received and released by each, and the next one is acquired when all have. Beside as \
               many bare sockets that send datagrams of the same lengths there and back."
            .to_owned(),
        x: Some("consumers".to_owned()),
        cases,
        goals,
        notes: Vec::new(),
    })
}

fn round_trip((one, other): &(OwnedFd, OwnedFd)) {
    bare::send_frame(one);
    bare::receive(other);
    bare::release(other);
    bare::receive(one);
}

struct Scene {
    producer: Producer,
    consumers: Vec<Consumer>,
}

impl Scene {
    fn new(consumers: u32) -> Result<Self> {
        let size = Size::new(64, 64).expect("a size");
        let settings = ProducerSettings::new(size).usage(Usage::Cpu, serve::formats()).buffers(1);
        let mut producer = Producer::new(Box::new(Memfd::new()), settings)?;
        let mut joined = Vec::new();
        for _ in 0..consumers {
            let (here, there) = Channel::pair()?;
            producer.add_peer(here)?;
            let settings = ConsumerSettings::new(Usage::Cpu, serve::formats());
            let settings = settings.sends_fences(false);
            joined.push(Consumer::on_channel(there, &settings)?);
        }
        while producer.served().count() < joined.len() {
            producer.dispatch()?;
            for consumer in &mut joined {
                consumer.dispatch()?;
                while consumer.next_event().is_some() {}
            }
        }
        Ok(Self { producer, consumers: joined })
    }

    fn round_trip(&mut self) {
        let acquired = self.producer.acquire_timeout(SOON).expect("a buffer");
        let picture = Picture::default();
        self.producer.submit(acquired, Ready::Finished, picture).expect("consumers");
        for consumer in &mut self.consumers {
            let frame = consumer.next_frame(SOON).expect("a frame");
            consumer.release(frame, Ready::Finished).expect("a producer");
        }
        while self.producer.next_event().is_some() {}
    }
}
