//! A producer and its consumers in one thread, with pixels that say which frame they are.

use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::time::Duration;

use dmashare::allocator::Memfd;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::End;
use dmashare::stream::PeerId;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::ReceivedFrame;
use dmashare::stream::wire::Size;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;

/// Longer than anything takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);
pub(crate) const SOON_NS: u64 = 60_000_000_000;

/// 16x16 pixels of linear memory, and nobody is late.
pub(crate) fn producer_settings() -> ProducerSettings {
    patient(Size::new(16, 16).unwrap())
        .usage(Usage::Cpu, linear(&[Fourcc::XRGB8888, Fourcc::RGB565]))
}

/// Mailboxes for consumers that the machine may stop for as long as it likes.
pub(crate) fn patient(size: Size) -> ProducerSettings {
    ProducerSettings::new(size)
        .policy(Policy::mailbox().with_hold_limit_ns(SOON_NS))
        .handshake_timeout(SOON)
}

pub(crate) fn linear(fourccs: &[Fourcc]) -> FormatSet {
    fourccs.iter().map(|fourcc| (*fourcc, Modifier::LINEAR)).collect()
}

pub(crate) fn producer_with(settings: ProducerSettings) -> Producer {
    Producer::new(Box::new(Memfd::new()), settings).unwrap()
}

pub(crate) fn consumer_settings() -> ConsumerSettings {
    ConsumerSettings::new(Usage::Cpu, linear(&[Fourcc::XRGB8888])).handshake_timeout(SOON)
}

/// Another consumer over a socketpair.
pub(crate) fn join(producer: &mut Producer, settings: &ConsumerSettings) -> (PeerId, Consumer) {
    let (here, there) = Channel::pair().unwrap();
    let peer = producer.add_peer(here).unwrap();
    (peer, Consumer::on_channel(there, settings).unwrap())
}

/// One that is already served.
pub(crate) fn join_served(
    producer: &mut Producer,
    settings: &ConsumerSettings,
) -> (PeerId, Consumer) {
    let (peer, mut consumer) = join(producer, settings);
    settle(producer, &mut [&mut consumer]);
    assert!(producer.served().any(|served| served == peer), "{:?}", consumer.end());
    (peer, consumer)
}

/// Lets all of them say what they have to say, and returns what the consumers were told, in order:
/// the events of each.
pub(crate) fn settle(
    producer: &mut Producer,
    consumers: &mut [&mut Consumer],
) -> Vec<Vec<ConsumerEvent>> {
    let mut told: Vec<Vec<ConsumerEvent>> = consumers.iter().map(|_| Vec::new()).collect();
    while is_readable(&*producer) || consumers.iter().any(|consumer| is_readable(&**consumer)) {
        producer.dispatch().unwrap();
        for (consumer, told) in consumers.iter_mut().zip(&mut told) {
            consumer.dispatch().unwrap();
            told.extend(std::iter::from_fn(|| consumer.next_event()));
        }
    }
    told
}

fn is_readable(watched: impl AsFd) -> bool {
    let mut fds = [PollFd::new(&watched, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
}

pub(crate) fn frames(told: Vec<ConsumerEvent>) -> Vec<ReceivedFrame> {
    let frame = |event| match event {
        ConsumerEvent::Frame(frame) => Some(frame),
        _ => None,
    };
    told.into_iter().filter_map(frame).collect()
}

pub(crate) fn end(told: Vec<ConsumerEvent>) -> Option<End> {
    let end = |event| match event {
        ConsumerEvent::Ended(end) => Some(end),
        _ => None,
    };
    told.into_iter().find_map(end)
}

pub(crate) fn producer_events(producer: &mut Producer) -> Vec<ProducerEvent> {
    std::iter::from_fn(|| producer.next_event()).collect()
}

/// Acquires, waits, stamps and submits, and returns the serial, which is also the stamp.
pub(crate) fn produce(producer: &mut Producer) -> NonZeroU64 {
    let acquired = producer.acquire().unwrap();
    producer.wait_for_readers(&acquired, SOON).unwrap();
    stamp(acquired.image(), 0);
    let image = acquired.image().clone();
    let serial = producer.submit(acquired, Ready::Finished, Picture::default()).unwrap();
    // In one thread nobody looks in between.
    stamp(&image, serial.get());
    serial
}

/// Fills an image of 32 bits a pixel with a number: each pixel is the number and its row.
pub(crate) fn stamp(image: &Dmabuf, number: u64) {
    let mut mapping = image.map(Access::Write).unwrap();
    let mut access = mapping.begin(Access::Write).unwrap();
    let mut row_bytes = Vec::new();
    for row in 0..image.height() {
        row_bytes.clear();
        for _ in 0..image.width() {
            row_bytes.extend_from_slice(&pixel(number, row).to_le_bytes());
        }
        access.write_row(0, row, &row_bytes).unwrap();
    }
}

/// The number that an image was filled with. Fails if it is torn: if any pixel is of another one.
pub(crate) fn stamp_of(image: &Dmabuf) -> u64 {
    let mut mapping = image.map(Access::Read).unwrap();
    let access = mapping.begin(Access::Read).unwrap();
    let mut row_bytes = vec![0; 4 * image.width() as usize];
    let mut number = None;
    for row in 0..image.height() {
        access.read_row(0, row, &mut row_bytes).unwrap();
        for bytes in row_bytes.chunks_exact(4) {
            let found = u32::from_le_bytes(bytes.try_into().unwrap()).wrapping_sub(row * ROW);
            let first = *number.get_or_insert(found);
            assert_eq!(found, first, "a torn frame, row {row}");
        }
    }
    u64::from(number.unwrap())
}

const ROW: u32 = 0x0101_0101;

fn pixel(number: u64, row: u32) -> u32 {
    u32::try_from(number).unwrap().wrapping_add(row * ROW)
}
