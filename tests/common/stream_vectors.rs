//! The conformance vectors of streams, and messages in their words.

use std::fmt::Write;

use dmashare::dmabuf::layout::Extent;
use dmashare::format::ChromaSiting;
use dmashare::format::Fourcc;
use dmashare::format::Range;
use dmashare::stream::wire::Announce;
use dmashare::stream::wire::ConsumerHello;
use dmashare::stream::wire::Damage;
use dmashare::stream::wire::DeviceId;
use dmashare::stream::wire::Format;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Offer;

const VECTORS: &str = include_str!("../data/stream_vectors.txt");

/// A datagram, and what the file says about it.
pub(crate) struct Vector<'a> {
    pub(crate) name: &'a str,
    pub(crate) datagram: Vec<u8>,
    pub(crate) expected: Expected<'a>,
}

pub(crate) enum Expected<'a> {
    Means(&'a str),
    Refused(&'a str),
}

/// All of them, in the order of the file.
pub(crate) fn all() -> Vec<Vector<'static>> {
    let blocks = VECTORS.split("\n\n").filter(|block| !block.starts_with('#'));
    blocks.map(vector).collect()
}

fn vector(block: &str) -> Vector<'_> {
    let mut lines = block.trim_end().lines();
    let first = lines.next().expect("a line");
    let (state, name) = first.split_once(' ').expect("a state and a name");
    let mut datagram = Vec::new();
    for line in lines {
        let line = line.trim_start();
        let expected = match line.split_once(' ') {
            Some(("means", meaning)) if state == "valid" => Expected::Means(meaning),
            Some(("refused", reason)) if state == "invalid" => Expected::Refused(reason),
            _ => {
                let bytes = line.split_whitespace().map(|hex| u8::from_str_radix(hex, 16));
                datagram
                    .extend(bytes.map(|byte| byte.unwrap_or_else(|_| panic!("{name}: {line}"))));
                continue;
            }
        };
        return Vector { name, datagram, expected };
    }
    panic!("{name} has no meaning");
}

/// The fields of a message in the words of the file.
pub(crate) fn meaning_of(message: &Message) -> String {
    match message {
        Message::ConsumerHello(hello) => consumer_hello(hello),
        Message::ProducerHello(hello) => format!(
            "producer-hello versions={}-{} capabilities={} device={}",
            hello.versions.oldest(),
            hello.versions.newest(),
            hello.capabilities.bits(),
            device(hello.device)
        ),
        Message::Offer(message) => offer(message),
        Message::Format(message) => format(message),
        Message::Announce(message) => announce(message),
        Message::Retire(retire) => format!("retire buffer={}", retire.buffer),
        Message::Frame(message) => frame(message),
        Message::Release(release) => format!(
            "release serial={} buffer={} fence={}",
            release.serial,
            release.buffer,
            yes(release.has_fence)
        ),
        Message::Goodbye(goodbye) => {
            format!("goodbye reason={} text={}", goodbye.reason.code(), goodbye.text)
        }
    }
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

fn device(device: Option<DeviceId>) -> String {
    device.map_or("none".to_owned(), |device| format!("{}:{}", device.major(), device.minor()))
}

fn code(fourcc: Fourcc) -> String {
    let bytes = fourcc.0.to_le_bytes();
    match std::str::from_utf8(&bytes) {
        Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => text.to_owned(),
        _ => format!("{:08x}", fourcc.0),
    }
}

fn consumer_hello(hello: &ConsumerHello) -> String {
    format!(
        "consumer-hello versions={}-{} capabilities={} device={} buffers={} frames={} fds={} \
         bytes={}",
        hello.versions.oldest(),
        hello.versions.newest(),
        hello.capabilities.bits(),
        device(hello.device),
        hello.limits.buffers(),
        hello.limits.frames(),
        hello.limits.fds(),
        hello.limits.bytes()
    )
}

fn offer(offer: &Offer) -> String {
    let size = offer.wished_size().map_or("none".to_owned(), |size| size.to_string());
    let mut text = format!("offer number={} size={size}", offer.number());
    for (usage, formats) in offer.sets() {
        let entries = formats.entries().map(|entry| {
            let restriction = if entry.external_only { ":external" } else { "" };
            format!("{}:{:016x}{restriction}", code(entry.fourcc), entry.modifier.to_raw())
        });
        write!(text, " {usage}={}", entries.collect::<Vec<_>>().join(",")).unwrap();
    }
    text
}

fn format(format: &Format) -> String {
    format!(
        "format generation={} answers={} size={} fourcc={} modifier={:016x} external={}",
        format.generation,
        format.answers,
        format.size,
        code(format.fourcc),
        format.modifier.to_raw(),
        yes(format.external_only)
    )
}

fn announce(announce: &Announce) -> String {
    let image = announce.image();
    let planes = image.planes.as_slice().iter();
    let planes =
        planes.map(|plane| format!("{}:{}:{}", plane.offset_bytes, plane.stride_bytes, plane.slot));
    let extent = match image.extent {
        Extent::Whole => "whole",
        Extent::Beginning => "beginning",
    };
    format!(
        "announce generation={} buffer={} size={}x{} fourcc={} modifier={:016x} extent={extent} \
         planes={}",
        announce.generation,
        announce.buffer,
        image.width,
        image.height,
        code(image.fourcc),
        image.modifier.to_raw(),
        planes.collect::<Vec<_>>().join(",")
    )
}

fn frame(frame: &Frame) -> String {
    let time = frame.presentation_ns.map_or("none".to_owned(), |time| time.to_string());
    let range = match frame.colour.range {
        None => "unspecified",
        Some(Range::Narrow) => "limited",
        Some(Range::Full) => "full",
    };
    let siting = match frame.colour.siting {
        None => "unspecified",
        Some([ChromaSiting::Cosited, ChromaSiting::Centered]) => "left",
        Some([ChromaSiting::Centered, ChromaSiting::Centered]) => "center",
        Some([ChromaSiting::Cosited, ChromaSiting::Cosited]) => "top-left",
        Some([ChromaSiting::Centered, ChromaSiting::Cosited]) => "top",
    };
    format!(
        "frame serial={} user={} at_ns={time} buffer={} fence={} damage={} \
         colour={}/{}/{}/{range}/{siting}",
        frame.serial,
        frame.user_serial,
        frame.buffer,
        yes(frame.has_fence),
        damage(&frame.damage),
        frame.colour.primaries,
        frame.colour.transfer,
        frame.colour.matrix
    )
}

fn damage(damage: &Damage) -> String {
    match damage.rectangles() {
        None => "everything".to_owned(),
        Some([]) => "nothing".to_owned(),
        Some(rectangles) => {
            let rectangles = rectangles
                .iter()
                .map(|it| format!("{}:{}:{}:{}", it.x(), it.y(), it.width(), it.height()));
            rectangles.collect::<Vec<_>>().join(",")
        }
    }
}
