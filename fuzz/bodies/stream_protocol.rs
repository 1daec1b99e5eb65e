//! Whatever a hostile consumer does, an honest one is served and no buffer is lost; whatever a
//! hostile producer does, a consumer holds no more than it said.

use dmashare::dmabuf::layout::Extent;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
use dmashare::stream::Overflow;
use dmashare::stream::Policy;
use dmashare::stream::protocol::consumer;
use dmashare::stream::protocol::consumer::Consumer;
use dmashare::stream::protocol::producer;
use dmashare::stream::protocol::producer::PeerId;
use dmashare::stream::protocol::producer::Picture;
use dmashare::stream::protocol::producer::Producer;
use dmashare::stream::wire::BufferId;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;
use dmashare::stream::wire::Release;
use dmashare::stream::wire::Size;

const FOURCC: Fourcc = Fourcc::XRGB8888;
const SIZE_BYTES: u64 = 256;

/// Reads what happens from the input, one thing after the other.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let mut world = World::new(input.byte());
    while !input.0.is_empty() {
        world.happen(&mut input);
        world.carry();
    }
    world.finish();
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// 0 at the end.
    fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    fn bytes(&mut self) -> &'a [u8] {
        let count = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        bytes
    }
}

struct World {
    producer: Producer<u32>,
    honest: (PeerId, Consumer),
    hostile: Option<PeerId>,
    /// Frames that the hostile consumer was sent, to be able to misuse them.
    sent: Vec<Release>,
    /// The honest consumer of a hostile producer.
    victim: Consumer,
    victim_holds: Vec<BufferId>,
    live: usize,
    written: Option<BufferId>,
    now_ns: u64,
}

impl World {
    fn new(choice: u8) -> Self {
        let policy = match choice % 4 {
            0 => Policy::mailbox(),
            1 => Policy::fifo(2, Overflow::DropNewest),
            2 => Policy::fifo(1, Overflow::Disconnect),
            _ => Policy::fifo(1, Overflow::Block { deadline_ns: 1_000_000_000 }),
        };
        let settings = producer::Settings { policy, ..producer::Settings::default() };
        let mut producer = Producer::new(settings);
        let peer = producer.connect(0).expect("room for a consumer");
        let mut world = Self {
            producer,
            honest: (peer, new_consumer()),
            hostile: None,
            sent: Vec::new(),
            victim: new_consumer(),
            victim_holds: Vec::new(),
            live: 0,
            written: None,
            now_ns: 0,
        };
        world.configure();
        world.carry();
        world
    }

    fn configure(&mut self) {
        let size = Size::new(8, 8).expect("a size");
        let configured =
            self.producer.configure(size, FOURCC, Modifier::LINEAR, false, self.now_ns);
        configured.expect("few formats");
        self.live = 0;
        for _ in 0..3 {
            self.add();
        }
    }

    fn add(&mut self) {
        if self.producer.add(image(), SIZE_BYTES, self.now_ns).is_ok() {
            self.live += 1;
        }
    }

    fn happen(&mut self, input: &mut Input<'_>) {
        match input.byte() % 10 {
            0 => self.hostile_sends(input.bytes(), input.byte()),
            1 => self.hostile_releases(input.byte(), input.byte()),
            2 | 3 => self.draw(),
            4 => match self.hostile.take() {
                Some(peer) => self.producer.lost(peer),
                None => self.hostile_connects(),
            },
            5 => {
                self.now_ns += u64::from(input.byte()) * 100_000_000;
                self.producer.on_time(self.now_ns);
                self.victim.on_time(self.now_ns);
            }
            6 => self.configure(),
            7 if self.live < 4 => self.add(),
            7 => self.retire(input.byte()),
            8 => {
                if let Ok(message) = Message::decode(input.bytes()) {
                    self.victim.receive(message, SIZE_BYTES);
                }
            }
            _ => self.victim_releases(),
        }
    }

    /// Connects and says what an honest consumer would, so that there is something to break.
    fn hostile_connects(&mut self) {
        let peer = self.producer.connect(self.now_ns).expect("room for a consumer");
        self.hostile = Some(peer);
        self.sent.clear();
        let hello = consumer::Settings::default().hello;
        self.producer.receive(peer, Message::ConsumerHello(hello), None, self.now_ns);
        let offer = Offer::new(std::num::NonZeroU32::MIN, None, &sets()).expect("an offer");
        self.producer.receive(peer, Message::Offer(offer), None, self.now_ns);
    }

    fn hostile_sends(&mut self, datagram: &[u8], fence: u8) {
        let Some(peer) = self.hostile else { return };
        match Message::decode(datagram) {
            Ok(message) => {
                let fence = (message.slots() > 0 || fence == 1).then_some(7);
                self.producer.receive(peer, message, fence, self.now_ns);
            }
            Err(malformed) => self.producer.malformed(peer, malformed),
        }
    }

    /// Releases what it was sent, now or once more.
    fn hostile_releases(&mut self, which: u8, flags: u8) {
        let Some(peer) = self.hostile else { return };
        let count = self.sent.len().max(1);
        let Some(mut release) = self.sent.get(usize::from(which) % count).copied() else { return };
        if flags & 1 == 0 {
            self.sent.retain(|sent| *sent != release);
        }
        release.has_fence = flags & 2 != 0;
        let fence = (release.has_fence != (flags & 4 != 0)).then_some(9);
        self.producer.receive(peer, Message::Release(release), fence, self.now_ns);
    }

    fn draw(&mut self) {
        let Some(buffer) = self.written.take().or_else(|| self.acquire()) else { return };
        let submitted = self.producer.submit(buffer, Picture::default(), None, self.now_ns);
        if let Err(producer::SubmitError::WouldBlock { until_ns }) = submitted {
            assert!(until_ns > self.now_ns);
            self.written = Some(buffer);
        }
    }

    fn acquire(&mut self) -> Option<BufferId> {
        let buffer = self.producer.acquire(self.now_ns).ok()?.buffer;
        self.producer.take_release_fences(buffer).expect("it was acquired").for_each(drop);
        Some(buffer)
    }

    fn retire(&mut self, number: u8) {
        if let Some(buffer) = BufferId::new(u16::from(number % 8)) {
            self.producer.retire(buffer);
            // What is live is counted again with the next format.
            self.configure();
        }
    }

    fn victim_releases(&mut self) {
        if let Some(buffer) = self.victim_holds.pop() {
            self.victim.release(buffer, false).expect("it is held");
        }
    }

    /// The honest consumer takes everything at once and gives every frame back.
    fn carry(&mut self) {
        let (honest, consumer) = &mut self.honest;
        loop {
            let mut is_quiet = true;
            while let Some(output) = self.producer.next_output() {
                is_quiet = false;
                match output {
                    producer::Output::Send { peer, message } if peer == *honest => {
                        consumer.receive(message, SIZE_BYTES);
                    }
                    producer::Output::Send { message: Message::Frame(frame), .. } => {
                        let (serial, buffer) = (frame.serial, frame.buffer);
                        self.sent.push(Release { serial, buffer, has_fence: false });
                    }
                    producer::Output::Left { peer, end } => {
                        assert_ne!(peer, *honest, "{end:?}");
                        self.hostile = None;
                    }
                    _ => {}
                }
            }
            while let Some(output) = consumer.next_output() {
                is_quiet = false;
                match output {
                    consumer::Output::Send(message) => {
                        self.producer.receive(*honest, message, None, self.now_ns);
                    }
                    consumer::Output::Frame(frame) => {
                        consumer.release(frame.buffer, false).expect("it is held");
                    }
                    consumer::Output::Left(end) => panic!("{end:?}"),
                    _ => {}
                }
            }
            if is_quiet {
                break;
            }
        }
        self.look_at_victim();
    }

    fn look_at_victim(&mut self) {
        while let Some(output) = self.victim.next_output() {
            if let consumer::Output::Frame(frame) = output {
                assert!(!self.victim_holds.contains(&frame.buffer), "it is held already");
                self.victim_holds.push(frame.buffer);
            }
        }
        let limits = consumer::Settings::default().hello.limits;
        assert!(self.victim_holds.len() <= limits.frames());
    }

    /// Without the hostile one every buffer is free.
    fn finish(mut self) {
        if let Some(peer) = self.hostile.take() {
            self.producer.lost(peer);
        }
        self.carry();
        if let Some(buffer) = self.written.take() {
            self.producer.cancel(buffer);
            self.carry();
        }
        let free = std::iter::from_fn(|| self.acquire()).count();
        assert_eq!(free, self.live, "buffers are lost");
        assert_eq!(self.producer.peers().count(), 1);
    }
}

fn sets() -> Vec<(Usage, FormatSet)> {
    vec![(Usage::Sample, FormatSet::from_iter([(FOURCC, Modifier::LINEAR)]))]
}

fn new_consumer() -> Consumer {
    Consumer::new(consumer::Settings::default(), None, &sets(), 0).expect("an offer")
}

fn image() -> ImageMessage {
    let plane = PlaneMessage { offset_bytes: 0, stride_bytes: 32, slot: 0 };
    ImageMessage {
        width: 8,
        height: 8,
        fourcc: FOURCC,
        modifier: Modifier::LINEAR,
        extent: Extent::Whole,
        has_fence: false,
        planes: PlaneList::new(&[plane]).expect("a plane"),
    }
}
