#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Whatever a producer sends, its consumer ends the connection with the reason that names it, keeps
//! the frame that it holds readable, and leaves neither a file descriptor nor a mapping open.
//!
//! Spec: `docs/wire.md`; `unix(7)`: at most 253 file descriptors go with one message.

#[path = "../common/mod.rs"]
mod common;
mod datagrams;
mod departures;
mod fences;
mod messages;

use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::time::Duration;

use dmashare::dmabuf::Access;
use dmashare::format::Fourcc;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::NextError;
use dmashare::stream::ReceivedFrame;
use dmashare::stream::protocol::End;
use dmashare::stream::protocol::Violation;
use dmashare::stream::wire::Goodbye;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Reason;
use dmashare::stream::wire::Text;
use rustix::io::Errno;

use common::child;
use common::scripted_producer::ScriptedProducer;
use common::scripted_producer::frame;
use common::scripted_producer::image;
use common::scripted_producer::settings;
use common::scripted_producer::take_events;

const SOON: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(20);

/// How a connection ends in which buffers 0 to 2 are announced and frame 10 in buffer 0 is held,
/// when this is done to it. All that a survivor is promised is checked.
fn end_of(act: impl FnOnce(&ScriptedProducer)) -> End {
    end_with(&settings(), act)
}

fn end_with(settings: &ConsumerSettings, act: impl FnOnce(&ScriptedProducer)) -> End {
    let (producer, mut consumer) = ScriptedProducer::streaming_with(settings, 3);
    producer.send(&Message::from(frame(10, 0)));
    let held = consumer.next_frame(SOON).unwrap();
    act(&producer);
    let end = ended(&mut consumer);
    assert_survives(&producer, &mut consumer, held, &end);
    end
}

/// The end that is the last event of all.
fn ended(consumer: &mut Consumer) -> End {
    match take_events(consumer).pop() {
        Some(ConsumerEvent::Ended(end)) => end,
        other => panic!("{other:?}"),
    }
}

fn assert_survives(
    producer: &ScriptedProducer,
    consumer: &mut Consumer,
    held: ReceivedFrame,
    end: &End,
) {
    let (reason, text) = producer.goodbye();
    let expected = match end {
        End::Violation(violation) => violation.reason(),
        End::Unusable(ReceiveError::Truncated) => Reason::Failed,
        End::TooSlow | End::Silent => Reason::TooSlow,
        _ => Reason::Protocol,
    };
    assert_eq!(reason, expected, "{text}");
    assert!(!text.is_empty());
    let mut row = [0; 32];
    let mut mapping = held.image().map(Access::Read).unwrap();
    mapping.begin(Access::Read).unwrap().read_row(0, 7, &mut row).unwrap();
    consumer.release(held, Ready::Finished).unwrap();
    assert_eq!(consumer.next_frame(Duration::ZERO).unwrap_err(), NextError::Ended(end.clone()));
    // It was closed at once, not when the consumer is dropped.
    assert_eq!(producer.send_bytes(&[1], &[]), Err(Errno::PIPE));
}

fn violation(message: &Message) -> Violation {
    match end_of(|producer| producer.send(message)) {
        End::Violation(violation) => violation,
        other => panic!("{other:?}"),
    }
}

fn unusable(message: &Message, fds: &[&OwnedFd]) -> ReceiveError {
    match end_of(|producer| producer.send_with(message, fds)) {
        End::Unusable(error) => error,
        other => panic!("{other:?}"),
    }
}

fn nv12() -> ImageMessage {
    let luma = PlaneMessage { offset_bytes: 0, stride_bytes: 64, slot: 0 };
    let planes = PlaneList::new(&[luma, PlaneMessage { slot: 1, ..luma }]).unwrap();
    ImageMessage { fourcc: Fourcc::NV12, planes, ..image() }
}

fn serial(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

fn goodbye() -> Message {
    Message::Goodbye(Goodbye { reason: Reason::Finished, text: Text::default() })
}

/// The end, whether or not its event was taken.
fn ended_already(consumer: &mut Consumer) -> End {
    take_events(consumer);
    consumer.end().expect("an end").clone()
}

#[test]
fn what_is_no_message_ends_the_connection() {
    child::run_cases("what_is_no_message_ends_the_connection", datagrams::BYTES);
}

#[test]
fn wrong_file_descriptors_end_the_connection_and_are_closed() {
    child::run_cases("wrong_file_descriptors_end_the_connection_and_are_closed", datagrams::FDS);
}

#[test]
fn memory_that_changes_its_size_crashes_nobody() {
    child::run_cases("memory_that_changes_its_size_crashes_nobody", datagrams::MEMORY);
}

#[test]
fn messages_at_the_wrong_time_end_the_connection() {
    child::run_cases("messages_at_the_wrong_time_end_the_connection", messages::MESSAGES);
}

#[test]
fn limits_hold() {
    child::run_cases("limits_hold", messages::LIMITS);
}

#[test]
fn producers_go_whenever_they_like() {
    child::run_cases("producers_go_whenever_they_like", departures::DEATHS);
}

#[test]
#[ignore = "lab: needs sw_sync"]
fn fences_that_do_not_signal_stop_nobody() {
    child::run_cases("fences_that_do_not_signal_stop_nobody", fences::FENCES);
}
