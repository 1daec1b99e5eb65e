#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A second client, written in Python from `docs/wire.md` alone, and the crate take each other's
//! messages for the same and serve each other frames.

mod common;

use std::fmt::Write as _;
use std::io::Seek;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use common::program::Program;
use common::python;
use common::stream_vectors;
use common::stream_vectors::meaning_of;
use dmashare::allocator::Memfd;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::End;
use dmashare::stream::NextError;
use dmashare::stream::Overflow;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::SubmitError;
use dmashare::stream::protocol::consumer::OfferError;
use dmashare::stream::wire::Goodbye;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Size;
use tempfile::TempDir;

#[test]
fn client_reads_and_writes_all_vectors() {
    let printed = Program::start(python::stream_client(&["vectors", VECTORS])).finish();
    let (valid, invalid) = counts();
    assert_eq!(printed, format!("{valid} valid, {invalid} invalid\n"));
}

/// The vectors with each byte changed to what could matter: both refuse the same ones, and what
/// they do not refuse means the same to both.
#[test]
fn client_and_crate_agree_on_every_changed_byte() {
    let datagrams = changed_vectors();
    let ours: Vec<_> = datagrams.iter().map(|datagram| described(datagram)).collect();
    let theirs = described_by_client(&datagrams);
    assert_eq!(theirs.len(), ours.len());
    for ((datagram, ours), theirs) in datagrams.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "ours and theirs of {}", hexadecimal(datagram));
    }
    let refused = ours.iter().filter(|meaning| *meaning == "refused").count();
    let valid = ours.len() - refused;
    assert!(refused > 10_000 && valid > 10_000, "{refused} refused, {valid} valid");
}

#[test]
fn consumer_of_the_crate_reads_every_frame_of_the_client() {
    let (_folder, path) = socket();
    let size = [65, 47];
    let arguments = ["produce", &path, "--frames", "100", "--size", "65x47", "--buffers", "3"];
    let mut producer = Program::start(python::stream_client(&arguments));
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));
    let mut consumer = Consumer::connect(&path, &for_the_cpu()).unwrap();
    for number in 1..=100 {
        let frame = consumer.next_frame(SOON).unwrap();
        assert_eq!((frame.serial().get(), frame.user_serial()), (number, number));
        assert_eq!([frame.image().width(), frame.image().height()], size);
        assert!(pixels(frame.image()) == stamped(number, size), "frame {number} is torn");
        consumer.release(frame, Ready::Finished).unwrap();
    }
    let end = consumer.next_frame(SOON).unwrap_err();
    assert!(
        matches!(&end, NextError::Ended(End::Peer(bye)) if bye.reason == Reason::Finished),
        "{end}"
    );
    assert_eq!(producer.finish().lines().last(), Some("100 frames"));
}

/// The client answers another offer with the same format, and refuses one that leaves nothing in
/// common with an explanation.
#[test]
fn offers_of_the_crate_are_answered_by_the_client() {
    let (_folder, path) = socket();
    let arguments = ["produce", &path, "--frames", "50"];
    let mut producer = Program::start(python::stream_client(&arguments));
    producer.line("its socket", |line| line.starts_with("waiting").then_some(()));
    let mut consumer = Consumer::connect(&path, &for_the_cpu()).unwrap();
    let mut seen = [0; 2];
    for (seen, fourcc) in seen.iter_mut().zip([Fourcc::ARGB8888, Fourcc::NV12]) {
        let offered = FormatSet::from_iter([(fourcc, Modifier::LINEAR)]);
        loop {
            let frame = consumer.next_frame(SOON).unwrap();
            assert_eq!(frame.image().fourcc(), Fourcc::ARGB8888);
            consumer.release(frame, Ready::Finished).unwrap();
            *seen += 1;
            // That the last offer is answered shows in the next one being allowed.
            match consumer.offer(Size::new(1920, 1080), &[(Usage::Cpu, offered.clone())]) {
                Ok(()) => break,
                Err(OfferError::Unanswered) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(seen.iter().sum::<u32>() < 50, "{seen:?}");
    let end = loop {
        match consumer.next_frame(SOON) {
            Ok(frame) => consumer.release(frame, Ready::Finished).unwrap(),
            Err(end) => break end,
        }
    };
    let is_expected = |bye: &Goodbye| bye.reason == Reason::NothingInCommon;
    assert!(matches!(&end, NextError::Ended(End::Peer(bye)) if is_expected(bye)), "{end:?}");
    assert!(producer.fail().contains("AR24 and XR24, LINEAR alone"));
}

/// Frames that still wait for the client when the size changes are missed, all others arrive.
#[test]
fn client_reads_every_frame_of_the_crates_producer_in_two_sizes() {
    let (_folder, path) = socket();
    let mut producer = producer(&path, Policy::fifo(2, BLOCK));
    let client = Program::start(python::stream_client(&["consume", &path, "--until", "100"]));
    for number in 1..=50 {
        submit(&mut producer, number);
    }
    producer.resize(Size::new(31, 100).unwrap()).unwrap();
    for number in 51..=100 {
        submit(&mut producer, number);
    }
    let (missed, end) = end_of_the_only_consumer(&mut producer);
    assert!(matches!(&end, End::Peer(bye) if bye.reason == Reason::Finished), "{end}");
    let printed = client.finish();
    assert!(missed.iter().all(|serial| (47..=50).contains(serial)), "{missed:?}\n{printed}");
    let last = format!("{} frames, the last 100, in 2 generations", 100 - missed.len());
    assert_eq!(printed.lines().last(), Some(&last[..]), "{printed}");
    assert_eq!(printed.matches(" of 65x47\n").count(), 50 - missed.len());
    assert_eq!(printed.matches(" of 31x100\n").count(), 50);
}

/// It checks every pixel of the frames that it gets, which is far slower than they are made.
#[test]
fn client_that_is_slow_gets_the_newest_frame_and_none_that_is_torn() {
    let (_folder, path) = socket();
    let mut producer = producer(&path, Policy::mailbox());
    let arguments = ["consume", &path, "--frames", "20", "--hold", "1"];
    let client = Program::start(python::stream_client(&arguments));
    let mut number = 0;
    while producer.served().count() == 0 {
        producer.dispatch_timeout(SOON).unwrap();
    }
    while producer.served().count() == 1 {
        number += 1;
        submit(&mut producer, number);
        producer.dispatch().unwrap();
    }
    let printed = client.finish();
    let last = printed.lines().last().unwrap();
    let newest: u64 =
        last.split_once("the last ").unwrap().1.split_once(',').unwrap().0.parse().unwrap();
    assert!(last.starts_with("20 frames, the last ") && newest > 20, "{last}");
    assert!(newest <= number, "{last} of {number}");
}

#[test]
fn client_that_cannot_use_the_format_is_told_so() {
    let (_folder, path) = socket();
    let mut producer = producer(&path, Policy::mailbox());
    let arguments = ["consume", &path, "--fourcc", "NV12"];
    let client = Program::start(python::stream_client(&arguments));
    end_of_the_only_consumer(&mut producer);
    let printed = client.fail();
    assert!(printed.contains("NV12") && printed.ends_with("(reason 3)\n"), "{printed}");
}

const BLOCK: Overflow = Overflow::Block { deadline_ns: 30_000_000_000 };

fn producer(path: &str, policy: Policy) -> Producer {
    let formats = FormatSet::from_iter([(Fourcc::ARGB8888, Modifier::LINEAR)]);
    let settings = ProducerSettings::new(Size::new(65, 47).unwrap())
        .usage(Usage::Cpu, formats)
        .policy(policy.with_hold_limit_ns(30_000_000_000))
        .handshake_timeout(SOON);
    let mut producer = Producer::new(Box::new(Memfd::new()), settings).unwrap();
    producer.listen(path).unwrap();
    producer
}

/// Draws a frame and sends it, unless the format changes meanwhile: then again.
fn submit(producer: &mut Producer, number: u64) {
    loop {
        let acquired = producer.acquire_timeout(SOON).unwrap();
        producer.wait_for_readers(&acquired, SOON).unwrap();
        let image = acquired.image();
        let mut mapping = image.map(Access::Write).unwrap();
        let mut access = mapping.begin(Access::Write).unwrap();
        access.write_plane(0, &stamped(number, [image.width(), image.height()])).unwrap();
        access.finish().unwrap();
        let picture = Picture { user_serial: number, ..Picture::default() };
        match producer.submit_timeout(acquired, Ready::Finished, picture, SOON) {
            Ok(_serial) => return,
            Err(refused) => assert_eq!(refused.reason(), SubmitError::Retired),
        }
    }
}

/// The serials that it missed, and its end.
fn end_of_the_only_consumer(producer: &mut Producer) -> (Vec<u64>, End) {
    let mut missed = Vec::new();
    loop {
        producer.dispatch_timeout(SOON).unwrap();
        while let Some(event) = producer.next_event() {
            match event {
                ProducerEvent::Missed { serial, .. } => missed.push(serial.get()),
                ProducerEvent::Left { end, .. } => return (missed, end),
                _ => {}
            }
        }
    }
}

const SOON: Duration = Duration::from_secs(30);

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stream_vectors.txt");

fn counts() -> (usize, usize) {
    let vectors = stream_vectors::all();
    let is_valid = |vector: &&stream_vectors::Vector<'_>| {
        matches!(vector.expected, stream_vectors::Expected::Means(_))
    };
    let valid = vectors.iter().filter(is_valid).count();
    (valid, vectors.len() - valid)
}

fn changed_vectors() -> Vec<Vec<u8>> {
    let mut changed = Vec::new();
    for stream_vectors::Vector { datagram, .. } in stream_vectors::all() {
        for at in 0..datagram.len() {
            let byte = datagram[at];
            let values = [0, 1, 2, 3, 4, 17, 64, 127, 128, 254, 255];
            let near = [byte.wrapping_add(1), byte.wrapping_sub(1)];
            for value in values.into_iter().chain(near).filter(|value| *value != byte) {
                let mut datagram = datagram.clone();
                datagram[at] = value;
                changed.push(datagram);
            }
        }
    }
    changed
}

fn described(datagram: &[u8]) -> String {
    match Message::decode(datagram) {
        Ok(message) => format!("means {}", meaning_of(&message)),
        Err(_malformed) => "refused".to_owned(),
    }
}

fn described_by_client(datagrams: &[Vec<u8>]) -> Vec<String> {
    let mut input = tempfile::tempfile().unwrap();
    for datagram in datagrams {
        writeln!(input, "{}", hexadecimal(datagram)).unwrap();
    }
    input.rewind().unwrap();
    let mut command = python::stream_client(&["describe"]);
    let output = command.stdin(Stdio::from(input)).output().expect(python::NEEDED);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What `stamp.py` describes.
fn stamp(number: u64, [x, y]: [u32; 2]) -> [u8; 4] {
    let colour = u32::try_from(number).unwrap().wrapping_mul(0x0100_0193);
    (colour ^ (y << 16 | x)).to_le_bytes()
}

fn stamped(number: u64, [width, height]: [u32; 2]) -> Vec<u8> {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| [x, y]));
    places.flat_map(|place| stamp(number, place)).collect()
}

fn pixels(image: &Dmabuf) -> Vec<u8> {
    let mut mapping = image.map(Access::Read).unwrap();
    let access = mapping.begin(Access::Read).unwrap();
    let bytes = access.read_plane(0).unwrap();
    access.finish().unwrap();
    bytes
}

/// For the CPU, and for a peer that makes no fences and waits for none.
fn for_the_cpu() -> ConsumerSettings {
    let formats = [(Fourcc::ARGB8888, Modifier::LINEAR), (Fourcc::XRGB8888, Modifier::LINEAR)];
    ConsumerSettings::new(Usage::Cpu, formats.into_iter().collect())
}

fn socket() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket").to_str().unwrap().to_owned();
    (folder, path)
}
