//! On a display: what a producer draws is scanned out by another process, and photographed there.
//!
//! The producer submits each frame with garbage in it and draws only then, so that whoever looks
//! before the fence shows garbage.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Access;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::kms::Alpha;
use dmashare::kms::Flip;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::Fencing;
use dmashare::stream::Picture;
use dmashare::stream::Producer;
use dmashare::sync::Direction;
use dmashare::sync::SyncFile;
use tempfile::TempDir;

use crate::BUFFERS;
use crate::SOON;
use crate::Steady;
use crate::common::child;
use crate::common::monitor::Monitor;
use crate::common::sw_sync::Timeline;
use crate::pattern;
use crate::pattern::SIZE;

/// Each buffer comes ten times or more.
const FRAMES: u64 = 30;

/// For how long a frame is not drawn that somebody waits for.
const LATE: Duration = Duration::from_millis(50);

/// What is in a buffer while it is not drawn.
const GARBAGE: u8 = 0xa5;

/// Where the consumer notes which frame it waits for, and the producer looks before it draws it.
const NOTE: &str = "DMASHARE_TEST_NOTE";

fn note(folder: &TempDir, frame: u64) {
    std::fs::write(folder.path().join("note"), frame.to_string()).unwrap();
}

/// Goes on until the consumer waits for the frame, and a moment longer.
fn until_waited_for(producer: &mut Producer, frame: u64) {
    let path = std::env::var_os(NOTE).unwrap();
    let deadline = Instant::now() + SOON;
    let noted = || std::fs::read_to_string(&path).ok()?.parse::<u64>().ok();
    while noted().is_none_or(|noted| noted < frame) {
        assert!(Instant::now() < deadline, "nobody waits for frame {frame}");
        producer.dispatch_timeout(Duration::from_millis(5)).unwrap();
    }
    let late = Instant::now() + LATE;
    while let Some(left) = late.checked_duration_since(Instant::now()) {
        producer.dispatch_timeout(left).unwrap();
    }
}

/// This test's producer in a process of its own.
fn producer_of(test: &str, folder: &TempDir) -> Command {
    let mut command = child::command(test, "producer");
    command.env(NOTE, folder.path().join("note"));
    command
}

fn bytes(frame: u64) -> Vec<u8> {
    pattern::picture(frame).into_iter().flat_map(|[r, g, b]| [b, g, r, 0xff]).collect()
}

/// Submits all frames, and draws each a while after that.
fn draw(fencing: Fencing) {
    let settings = crate::settings().prefer([Fourcc::XRGB8888]);
    let mut producer = Producer::new(Box::new(Udmabuf::open().unwrap()), settings).unwrap();
    producer.add_peer(crate::socket()).unwrap();
    let timeline = Timeline::new();
    let mut steady = Steady::default();
    for frame in 0..FRAMES {
        let acquired = producer.acquire_timeout(SOON).unwrap();
        assert_eq!(producer.fencing(), fencing);
        producer.wait_for_readers(&acquired, SOON).unwrap();
        let image = acquired.image().clone();
        // Begun before there is a fence in the buffer, for which the kernel would have it wait.
        let mut mapping = image.map(Access::Write).unwrap();
        let mut access = mapping.begin(Access::Write).unwrap();
        let drawn = bytes(frame);
        access.write_plane(0, &vec![GARBAGE; drawn.len()]).unwrap();
        let fence = timeline.fence(u32::try_from(frame + 1).unwrap());
        let picture = Picture { user_serial: frame, ..Picture::default() };
        producer.submit_timeout(acquired, Ready::Fence(&fence), picture, SOON).unwrap();
        until_waited_for(&mut producer, frame);
        access.write_plane(0, &drawn).unwrap();
        access.finish().unwrap();
        timeline.advance(1);
        drop((mapping, image, fence));
        steady.check(frame);
    }
    crate::finish(producer);
    child::done();
}

/// Scans the stream out. Without fences it relies on what the display's driver finds in the buffers,
/// and releases a frame when the next one is on the screen; with them it says so before.
fn show(test: &str, fencing: Fencing) {
    let has_fences = fencing == Fencing::Explicit;
    let mut monitor = Monitor::new(SIZE);
    let plane = monitor.screen.topology.plane(monitor.screen.pipeline.primary).unwrap();
    assert!(plane.formats.contains(Fourcc::XRGB8888, Modifier::LINEAR));
    let settings = ConsumerSettings::new(Usage::ScanOut, plane.formats.clone())
        .frames(2)
        .waits_for_fences(has_fences)
        .sends_fences(has_fences);
    let folder = tempfile::tempdir().unwrap();
    let (process, mut consumer) = crate::consumer_of(producer_of(test, &folder), &settings);
    let mut framebuffers = HashMap::new();
    let mut steady = Steady::default();
    let (mut frames, mut shown) = (0, None);
    while frames < FRAMES {
        let frame = match consumer.next_event_timeout(SOON).unwrap() {
            ConsumerEvent::Frame(frame) => frame,
            ConsumerEvent::Gone { buffer, .. } => {
                framebuffers.remove(&buffer);
                continue;
            }
            ConsumerEvent::Ended(end) => panic!("after {frames} frames: {end}"),
            event => {
                println!("{event:?}");
                continue;
            }
        };
        assert_eq!((frame.user_serial(), frame.fence().is_some()), (frames, has_fences));
        let attached = SyncFile::export_from(frame.image(), Direction::Read).unwrap();
        let drawn = frame.fence().unwrap_or(&attached);
        let framebuffer = framebuffers
            .entry(frame.buffer())
            .or_insert_with(|| monitor.framebuffer(frame.image(), Alpha::Ignore));
        let flip = Flip { in_fence: frame.fence(), out_fence: has_fences, ..Flip::default() };
        let on_screen = monitor.screen.output.flip(framebuffer, &flip).unwrap();
        assert!(!drawn.is_signalled().unwrap(), "frame {frames} was drawn before it was sent");
        note(&folder, frames);
        if let (Some(before), Some(fence)) = (shown.take(), &on_screen) {
            consumer.release(before, Ready::Fence(fence)).unwrap();
        }
        monitor.screen.flipped();
        assert!(drawn.is_signalled().unwrap(), "frame {frames} was shown before it was drawn");
        if let Some(before) = shown.replace(frame) {
            consumer.release(before, Ready::Finished).unwrap();
        }
        drop((attached, on_screen));
        pattern::assert_is(frames, &monitor.photograph());
        steady.check(frames);
        frames += 1;
    }
    // One is on the screen while another comes.
    assert!((2..=BUFFERS).contains(&framebuffers.len()));
    drop(consumer);
    process.finish();
}

#[test]
#[ignore = "lab: needs vkms, /dev/udmabuf and sw_sync"]
fn display_waits_for_the_fences_of_the_producer() {
    match child::case() {
        Some(_) => draw(Fencing::Explicit),
        None => show("scanout::display_waits_for_the_fences_of_the_producer", Fencing::Explicit),
    }
}

#[test]
#[ignore = "lab: needs vkms, /dev/udmabuf and sw_sync"]
fn display_finds_the_fences_in_the_buffers() {
    match child::case() {
        Some(_) => draw(Fencing::Attached),
        None => show("scanout::display_finds_the_fences_in_the_buffers", Fencing::Attached),
    }
}

/// Whoever knows of no fences maps the buffer: the kernel makes it wait.
fn read(test: &str) {
    let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
    let settings = ConsumerSettings::new(Usage::Cpu, formats)
        .frames(1)
        .waits_for_fences(false)
        .sends_fences(false);
    let folder = tempfile::tempdir().unwrap();
    let (process, mut consumer) = crate::consumer_of(producer_of(test, &folder), &settings);
    for frames in 0..FRAMES {
        let frame = consumer.next_frame(SOON).unwrap();
        assert_eq!((frame.user_serial(), frame.fence().is_some()), (frames, false));
        let attached = SyncFile::export_from(frame.image(), Direction::Read).unwrap();
        assert!(!attached.is_signalled().unwrap(), "frame {frames} was drawn before it was sent");
        note(&folder, frames);
        let mut mapping = frame.image().map(Access::Read).unwrap();
        let access = mapping.begin(Access::Read).unwrap();
        let bytes = access.read_plane(0).unwrap();
        let (pixels, _) = bytes.as_chunks::<4>();
        let colours: Vec<_> = pixels.iter().map(|[b, g, r, _]| [*r, *g, *b]).collect();
        pattern::assert_is(frames, &colours);
        access.finish().unwrap();
        drop(mapping);
        consumer.release(frame, Ready::Finished).unwrap();
    }
    drop(consumer);
    process.finish();
}

#[test]
#[ignore = "lab: needs /dev/udmabuf and sw_sync"]
fn mapping_waits_for_the_fences_in_the_buffers() {
    match child::case() {
        Some(_) => draw(Fencing::Attached),
        None => read("scanout::mapping_waits_for_the_fences_in_the_buffers"),
    }
}
