//! A frame from one process to another and its buffer back, beside two bare sockets.

use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::Result;
use dmashare::allocator::Memfd;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Size;

use crate::other::Other;
use crate::race::Contender;
use crate::race::Cost;
use crate::race::Pace;
use crate::race::race;
use crate::results::Case;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::processor;
use crate::serve;
use crate::serve::SOON;
use crate::serve::bare;

/// The name of the bare sockets among the contenders.
pub(super) const BARE: &str = "bare sockets";
const GUARDED: &str = "with deadlines and room for a fence";

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    let mut cases = processor::on_one(|| on_one_processor(pace))?;
    let ratios: Vec<f64> = cases.iter().map(|case| case.of(OURS).ratio.median).collect();
    let guarded: Vec<f64> = cases.iter().map(|case| case.ratio(OURS, GUARDED)).collect();
    let cpu = |place: usize| cases.get(place).and_then(|case| case.of(OURS).cpu_ns).unwrap_or(0.0);
    let flat = std::iter::once(cpu(2) / cpu(0));
    let apart = apart(pace)?;
    let round_trips = apart.iter().map(|case| case.of(OURS).ratio.median);
    let goals = vec![
        Goal::at_most("at most 1.2 times the round trip of the bare sockets", 1.2, round_trips),
        Goal::at_most(
            "at most 1.2 times their CPU time, on one processor",
            1.2,
            ratios.into_iter(),
        ),
        Goal::at_most(
            "at most 1.2 times that of sockets with deadlines and room for a fence",
            1.2,
            guarded.into_iter(),
        ),
        Goal::at_most("flat from 64x64 to 7680x4320", 1.05, flat),
    ];
    cases.extend(apart);
    Ok(Table {
        id: "stream".to_owned(),
        title: "A frame there and its buffer back".to_owned(),
        what: "`Producer` in one process, `Consumer` in another: a frame is submitted, received and \
               released, and the next one waits for that. Nobody looks at a pixel, and so the \
               consumer says that it sends no fences. Beside two bare sockets that send datagrams \
               of the same lengths: once with `recv`, and once with what a stream cannot do without, \
               a deadline for each wait (`SO_RCVTIMEO`) and room for a fence (`recvmsg`). In the \
               first lines both processes are on one processor, and ratios are of their CPU time \
               together; in the others each has one of its own, and ratios are of the time that a \
               round trip takes, most of which is waking somebody on another processor."
            .to_owned(),
        x: Some("pixels".to_owned()),
        cases,
        goals,
        notes: Vec::new(),
    })
}

/// Each process on a processor of its own: what counts is how long it takes. Left to itself the
/// kernel may put them on one or on two, and leaves them there, which is a matter of luck.
fn apart(pace: Pace) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    if !processor::are_several()? {
        return Ok(cases);
    }
    for size @ [width, height] in [[64, 64], [7680, 4320]] {
        let (bare, mut stream) = processor::on_another(|| {
            Ok((Bare::start()?, Stream::start(serve::STREAM, Usage::Cpu, size)?))
        })?;
        let contenders = vec![
            Contender::timed(BARE, |times| bare.round_trips(times).wall),
            Contender::timed(OURS, |times| stream.round_trips(times).wall),
        ];
        let label = format!("{width}x{height}, on two processors");
        let race = || Ok(race(pace.steady(), label, None, contenders));
        cases.push(processor::on_one(race)?);
    }
    Ok(cases)
}

fn on_one_processor(pace: Pace) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for size in [[64, 64], [1920, 1080], [7680, 4320]] {
        let (bare, guarded) = (Bare::start()?, Guarded::start()?);
        let mut stream = Stream::start(serve::STREAM, Usage::Cpu, size)?;
        let contenders = vec![
            Contender::timed(BARE, |times| bare.round_trips(times)),
            Contender::timed(GUARDED, |times| guarded.round_trips(times)),
            Contender::timed(OURS, |times| stream.round_trips(times)),
        ];
        let pixels = f64::from(size[0]) * f64::from(size[1]);
        cases.push(race(pace, format!("{}x{}", size[0], size[1]), Some(pixels), contenders));
    }
    Ok(cases)
}

/// Two bare sockets. The socket goes first, which ends the other process.
pub(super) struct Bare {
    socket: OwnedFd,
    other: Other,
}

impl Bare {
    pub(super) fn start() -> Result<Self> {
        let (socket, theirs) = bare::sockets()?;
        Ok(Self { socket, other: Other::start(serve::BARE, [0, 0], theirs, None)? })
    }

    fn round_trips(&self, times: u32) -> Cost {
        self.other.measure(times, || {
            bare::send_frame(&self.socket);
            self.receive();
        })
    }

    /// A frame in each `period`. As in a stream, what comes back is taken before the next one.
    pub(super) fn paced(&self, times: u32, period: Duration) -> Cost {
        bare::send_frame(&self.socket);
        let cost = self.other.measure_paced(times, period, || {
            self.receive();
            bare::send_frame(&self.socket);
        });
        self.receive();
        cost
    }

    fn receive(&self) {
        assert!(bare::receive(&self.socket) > 0, "the other process has gone");
    }
}

/// The same with deadlines and room for file descriptors.
struct Guarded {
    socket: OwnedFd,
    other: Other,
}

impl Guarded {
    fn start() -> Result<Self> {
        let (socket, theirs) = bare::sockets()?;
        bare::guard(&socket)?;
        Ok(Self { socket, other: Other::start(serve::GUARDED, [0, 0], theirs, None)? })
    }

    fn round_trips(&self, times: u32) -> Cost {
        self.other.measure(times, || {
            bare::send_frame(&self.socket);
            assert!(bare::receive_guarded(&self.socket) > 0, "the other process has gone");
        })
    }
}

/// A producer with one buffer: the next frame waits until the last one has come back.
pub(crate) struct Stream {
    producer: Producer,
    other: Other,
}

impl Stream {
    pub(crate) fn start(kind: &str, usage: Usage, [width, height]: [u32; 2]) -> Result<Self> {
        let size = Size::new(width, height).expect("a size");
        let settings = ProducerSettings::new(size).usage(usage, serve::formats()).buffers(1);
        let mut producer = Producer::new(Box::new(Memfd::new()), settings)?;
        let (here, there) = Channel::pair()?;
        producer.add_peer(here)?;
        let other = Other::start(kind, [width, height], OwnedFd::from(there), None)?;
        while producer.served().next().is_none() {
            producer.dispatch_timeout(SOON)?;
        }
        Ok(Self { producer, other })
    }

    pub(crate) fn round_trips(&mut self, times: u32) -> Cost {
        let Self { producer, other } = self;
        other.measure(times, || submit(producer))
    }

    /// A frame in each `period`.
    pub(crate) fn paced(&mut self, times: u32, period: Duration) -> Cost {
        let Self { producer, other } = self;
        other.measure_paced(times, period, || submit(producer))
    }
}

/// The next frame, as soon as there is a buffer for it.
fn submit(producer: &mut Producer) {
    let acquired = producer.acquire_timeout(SOON).expect("a buffer");
    producer.submit(acquired, Ready::Finished, Picture::default()).expect("a consumer");
    while producer.next_event().is_some() {}
}
