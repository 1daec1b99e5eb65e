//! What a producer may send, and what it must not.

use super::*;
use crate::format::Modifier;
use crate::stream::protocol::fixtures::*;
use crate::stream::wire::Damage;
use crate::stream::wire::Kind;
use crate::stream::wire::Rectangle;

fn end_of(consumer: &mut Consumer) -> Option<End> {
    consumer_outputs(consumer).into_iter().find_map(|output| match output {
        Output::Left(end) => Some(end),
        _ => None,
    })
}

/// Messages to a consumer that knows buffers 0 to 2 of generation 1; the last one is refused.
fn refused(limits: Limits, messages: Vec<Message>) -> Violation {
    let mut consumer = served_consumer(limits);
    for (number, message) in messages.into_iter().enumerate() {
        assert_eq!(end_of(&mut consumer), None, "before message {number}");
        consumer.receive(message, IMAGE_BYTES);
    }
    match end_of(&mut consumer) {
        Some(End::Violation(violation)) => violation,
        end => panic!("{end:?}"),
    }
}

fn sent(number: u64, buffer: u16) -> Message {
    Message::from(frame(number, buffer))
}

fn retire(buffer: u16) -> Message {
    Message::Retire(crate::stream::wire::Retire { buffer: id(buffer) })
}

#[test]
fn consumer_says_hello_and_then_what_it_can_use() {
    let mut consumer = consumer(Limits::default());
    let hello = of_kind(Kind::ConsumerHello);
    assert_eq!(consumer_outputs(&mut consumer), [Output::Send(hello)]);
    consumer.receive(of_kind(Kind::ProducerHello), 0);
    assert_eq!(consumer_outputs(&mut consumer), [Output::Send(offer(1, &sets()))]);
    assert!(consumer.may_send_fences());
    assert_eq!(consumer.format(), None);
}

#[test]
fn frame_is_held_until_it_is_released() {
    let mut consumer = served_consumer(Limits::default());
    consumer.receive(sent(5, 1), 0);
    assert_eq!(consumer_outputs(&mut consumer), [Output::Frame(Box::new(frame(5, 1)))]);
    assert_eq!(consumer.release(id(0), false), Err(ReleaseError::NotHeld { buffer: id(0) }));
    assert_eq!(consumer.release(id(1), false), Ok(()));
    assert_eq!(consumer_outputs(&mut consumer), [Output::Send(release(5, 1))]);
    assert_eq!(consumer.release(id(1), false), Err(ReleaseError::NotHeld { buffer: id(1) }));
    consumer.receive(sent(6, 1), 0);
    assert_eq!(consumer.release(id(1), true), Ok(()));
}

#[test]
fn wrong_frames_are_refused() {
    let limits = Limits::default();
    let no_buffer = Violation::NoBuffer { buffer: id(3) };
    assert_eq!(refused(limits, vec![sent(1, 3)]), no_buffer);
    let in_use = Violation::InUse { buffer: id(0) };
    assert_eq!(refused(limits, vec![sent(1, 0), sent(2, 0)]), in_use);
    let too_many = Violation::TooManyFrames { serial: serial(3) };
    assert_eq!(refused(limits, vec![sent(1, 0), sent(2, 1), sent(3, 2)]), too_many);
    let order = Violation::SerialOrder { found: serial(7), before: 7 };
    assert_eq!(refused(limits, vec![sent(7, 0), sent(7, 1)]), order);
    let order = Violation::SerialOrder { found: serial(6), before: 7 };
    assert_eq!(refused(limits, vec![sent(7, 0), sent(6, 1)]), order);
    let retired = Violation::NoBuffer { buffer: id(1) };
    assert_eq!(refused(limits, vec![retire(1), sent(1, 1)]), retired);
    let damage = Damage::new(&[Rectangle::new(0, 8, 1, 1).unwrap()]);
    let outside = Message::from(Frame { damage, ..frame(4, 0) });
    assert_eq!(refused(limits, vec![outside]), Violation::Damage { serial: serial(4) });
}

#[test]
fn wrong_buffers_are_refused() {
    let limits = Limits::default();
    let in_use = Violation::InUse { buffer: id(1) };
    assert_eq!(refused(limits, vec![announce(1, 1)]), in_use);
    let messages = vec![sent(1, 1), retire(1), announce(1, 1)];
    assert_eq!(refused(limits, messages), in_use, "it is retired and still held");
    let generation = Violation::Generation { found: NonZeroU32::new(2).unwrap(), current: 1 };
    assert_eq!(refused(limits, vec![announce(2, 3)]), generation);
    let no_buffer = Violation::NoBuffer { buffer: id(3) };
    assert_eq!(refused(limits, vec![retire(3)]), no_buffer);
    let no_buffer = Violation::NoBuffer { buffer: id(1) };
    assert_eq!(refused(limits, vec![retire(1), retire(1)]), no_buffer);
    let over = Violation::OverLimit { buffer: id(3) };
    assert_eq!(refused(limits.with_buffers(3), vec![announce(1, 3)]), over);
    assert_eq!(refused(limits.with_fds(3), vec![announce(1, 3)]), over);
    let three = limits.with_bytes(serial(4 * IMAGE_BYTES - 1));
    assert_eq!(refused(three, vec![announce(1, 3)]), over);
    let over = Violation::OverLimit { buffer: id(4) };
    let messages = vec![announce(1, 3), announce(1, 4)];
    assert_eq!(refused(limits.with_buffers(4), messages), over);
    for image in [
        crate::ipc::wire::ImageMessage { width: 9, ..image() },
        crate::ipc::wire::ImageMessage { height: 7, ..image() },
        crate::ipc::wire::ImageMessage { fourcc: crate::format::Fourcc::NV12, ..image() },
        crate::ipc::wire::ImageMessage { modifier: Modifier::Implicit, ..image() },
    ] {
        let wrong = Announce::new(NonZeroU32::MIN, id(3), image);
        let violation = Violation::WrongImage { buffer: id(3) };
        assert_eq!(refused(limits, vec![Message::Announce(wrong)]), violation);
    }
    let image = crate::ipc::wire::ImageMessage { extent: Extent::Beginning, ..image() };
    let unchecked = Announce::new(NonZeroU32::MIN, id(3), image);
    let violation = Violation::KernelChecked { buffer: id(3) };
    assert_eq!(refused(limits, vec![Message::Announce(unchecked)]), violation);
}

#[test]
fn retired_buffer_that_is_held_counts_until_it_is_released() {
    let mut consumer = served_consumer(Limits::default().with_buffers(3));
    consumer.receive(sent(1, 0), 0);
    consumer.receive(retire(0), 0);
    consumer.receive(retire(1), 0);
    let found = consumer_outputs(&mut consumer);
    assert_eq!(found[1..], [Output::Gone { buffer: id(1) }]);
    consumer.receive(announce(1, 1), IMAGE_BYTES);
    assert_eq!(consumer_outputs(&mut consumer), [Output::Announced { buffer: id(1) }]);
    let mut full = consumer.clone();
    full.receive(announce(1, 3), IMAGE_BYTES);
    let over = End::Violation(Violation::OverLimit { buffer: id(3) });
    assert_eq!(end_of(&mut full), Some(over));
    consumer.release(id(0), false).unwrap();
    let found = consumer_outputs(&mut consumer);
    assert_eq!(found, [Output::Send(release(1, 0)), Output::Gone { buffer: id(0) }]);
    consumer.receive(announce(1, 0), IMAGE_BYTES);
    assert_eq!(end_of(&mut consumer), None);
}

#[test]
fn wrong_formats_are_refused() {
    let limits = Limits::default();
    let generation = Violation::Generation { found: NonZeroU32::MIN, current: 1 };
    let changed = Format { external_only: true, ..format(1, 1) };
    assert_eq!(refused(limits, vec![Message::Format(changed)]), generation);
    let generation = Violation::Generation { found: NonZeroU32::MIN, current: 5 };
    let messages = vec![Message::Format(format(5, 1)), Message::Format(format(1, 1))];
    assert_eq!(refused(limits, messages), generation);
    let found = NonZeroU32::new(2).unwrap();
    let answer = Violation::Answer { found, answered: 1, last: 1 };
    assert_eq!(refused(limits, vec![Message::Format(format(2, 2))]), answer);
    let foreign = Format { modifier: Modifier::Implicit, ..format(2, 1) };
    assert_eq!(refused(limits, vec![Message::Format(foreign)]), Violation::NotOffered);
}

#[test]
fn new_format_retires_what_is_not_held() {
    let mut consumer = served_consumer(Limits::default());
    consumer.receive(sent(1, 2), 0);
    consumer_outputs(&mut consumer);
    consumer.receive(Message::Format(format(1, 1)), 0);
    assert_eq!(consumer_outputs(&mut consumer), [], "it is known");
    consumer.receive(Message::Format(format(2, 1)), 0);
    let gone = |buffer| Output::Gone { buffer: id(buffer) };
    assert_eq!(consumer_outputs(&mut consumer), [gone(0), gone(1), Output::Format(format(2, 1))]);
    consumer.release(id(2), false).unwrap();
    assert_eq!(consumer_outputs(&mut consumer), [Output::Send(release(1, 2)), gone(2)]);
}

#[test]
fn format_that_is_known_is_the_answer_to_a_further_offer() {
    let mut consumer = served_consumer(Limits::default());
    consumer.offer(Some(size()), &sets()).unwrap();
    consumer_outputs(&mut consumer);
    consumer.receive(Message::Format(format(1, 2)), 0);
    assert_eq!(consumer_outputs(&mut consumer), [], "its buffers stay");
    assert_eq!(consumer.format(), Some(&format(1, 2)));
    assert_eq!(consumer.offer(None, &sets()), Ok(()));
}

#[test]
fn one_offer_at_a_time() {
    let mut consumer = consumer(Limits::default());
    assert_eq!(consumer.offer(None, &sets()), Err(OfferError::Unanswered));
    consumer.receive(of_kind(Kind::ProducerHello), 0);
    assert_eq!(consumer.offer(None, &sets()), Err(OfferError::Unanswered));
    consumer.receive(Message::Format(format(1, 1)), 0);
    let nothing = consumer.offer(None, &[]);
    assert!(matches!(nothing, Err(OfferError::Malformed(_))), "{nothing:?}");
    assert_eq!(consumer.offer(None, &other_sets()), Ok(()));
    consumer_outputs(&mut consumer);
    // It was on its way before the offer came.
    consumer.receive(Message::Format(format(2, 1)), 0);
    assert_eq!(end_of(&mut consumer), None);
    assert_eq!(consumer.offer(None, &sets()), Err(OfferError::Unanswered));
    let right = Format { fourcc: crate::format::Fourcc::NV12, ..format(3, 2) };
    consumer.receive(Message::Format(right), 0);
    assert_eq!(consumer.offer(Some(size()), &sets()), Ok(()));
    consumer.leave(Reason::Finished, "");
    assert_eq!(consumer.offer(None, &sets()), Err(OfferError::Ended));
}

#[test]
fn format_that_crosses_an_offer_is_one_of_the_offer_before() {
    for (fourcc, is_taken) in [
        (FOURCC, true),
        (crate::format::Fourcc::NV12, false),
        (crate::format::Fourcc::RGB565, false),
    ] {
        let mut consumer = served_consumer(Limits::default());
        consumer.offer(None, &other_sets()).unwrap();
        consumer.receive(Message::Format(Format { fourcc, ..format(2, 1) }), 0);
        let expected = (!is_taken).then_some(End::Violation(Violation::NotOffered));
        assert_eq!(end_of(&mut consumer), expected, "{fourcc}");
    }
}

#[test]
fn fences_go_only_where_they_were_agreed_on() {
    let mut consumer = consumer(Limits::default());
    let Message::ProducerHello(mut hello) = of_kind(Kind::ProducerHello) else { panic!("hello") };
    hello.capabilities = Capabilities::empty();
    consumer.receive(Message::ProducerHello(hello), 0);
    consumer.receive(Message::Format(format(1, 1)), 0);
    consumer.receive(announce(1, 0), 0);
    consumer.receive(sent(1, 0), 0);
    assert_eq!(consumer.release(id(0), true), Err(ReleaseError::Fence));
    assert_eq!(consumer.release(id(0), false), Ok(()));
    consumer.receive(Message::from(Frame { has_fence: true, ..frame(2, 0) }), 0);
    assert_eq!(end_of(&mut consumer), Some(End::Violation(Violation::Fence)));
}

#[test]
fn fences_go_each_way_where_one_side_sends_and_the_other_waits() {
    let (waits, sends) = (Capabilities::WAITS_FOR_FENCES, Capabilities::SENDS_FENCES);
    for (theirs, [receives, releases]) in
        [(waits | sends, [true, true]), (sends, [true, false]), (waits, [false, true])]
    {
        let mut consumer = consumer(Limits::default());
        assert!(!consumer.may_receive_fences() && !consumer.may_send_fences());
        let hello = of_kind(Kind::ProducerHello);
        let Message::ProducerHello(hello) = hello else { panic!("{hello:?}") };
        let hello = ProducerHello { capabilities: theirs, ..hello };
        consumer.receive(Message::ProducerHello(hello), 0);
        let found = [consumer.may_receive_fences(), consumer.may_send_fences()];
        assert_eq!(found, [receives, releases], "{theirs:?}");
    }
}

#[test]
fn what_is_no_message_ends_the_connection_and_is_told() {
    let mut consumer = served_consumer(Limits::default());
    consumer.malformed(Malformed::Text);
    let goodbye =
        Goodbye { reason: Reason::Protocol, text: Text::new(&Malformed::Text.to_string()) };
    let expected =
        [Output::Send(Message::Goodbye(goodbye)), Output::Left(End::Malformed(Malformed::Text))];
    assert_eq!(consumer_outputs(&mut consumer), expected);
}

#[test]
fn frames_outlive_the_connection() {
    let mut consumer = served_consumer(Limits::default());
    consumer.receive(sent(1, 0), 0);
    consumer_outputs(&mut consumer);
    consumer.lost();
    assert_eq!(consumer_outputs(&mut consumer), [Output::Left(End::Lost)]);
    assert_eq!(consumer.release(id(0), false), Ok(()));
    assert_eq!(consumer_outputs(&mut consumer), []);
    consumer.lost();
    consumer.malformed(Malformed::Text);
    consumer.leave(Reason::Finished, "");
    assert_eq!(consumer_outputs(&mut consumer), []);
}

#[test]
fn producer_that_says_nothing_or_nothing_known_is_left() {
    let mut consumer = consumer(Limits::default());
    consumer_outputs(&mut consumer);
    assert_eq!(consumer.next_deadline_ns(), Some(5_000_000_000));
    let mut later = consumer.clone();
    let Message::ProducerHello(mut hello) = of_kind(Kind::ProducerHello) else { panic!("hello") };
    hello.versions = later_versions();
    later.receive(Message::ProducerHello(hello), 0);
    let version = Violation::Version { theirs: [2, 2], ours: [1, 1] };
    assert_eq!(end_of(&mut later), Some(End::Violation(version)));
    consumer.on_time(4_999_999_999);
    assert_eq!(consumer_outputs(&mut consumer), []);
    consumer.on_time(5_000_000_000);
    assert_eq!(end_of(&mut consumer), Some(End::Silent));
    assert_eq!(consumer.next_deadline_ns(), None);
}
