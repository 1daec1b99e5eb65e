//! Who is let in, and whoever breaks the protocol is alone in that.

use super::*;
use crate::stream::wire::ConsumerHello;
use crate::stream::wire::ProducerHello;

#[test]
fn newcomer_gets_hello_format_and_buffers_in_this_order() {
    let mut producer = producer(Policy::mailbox(), 2);
    let peer = serve(&mut producer, 1);
    let kinds: Vec<_> = outputs(&mut producer)
        .into_iter()
        .map(|output| match output {
            Output::Send { peer: to, message } if to == peer => message.kind(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [Kind::ProducerHello, Kind::Format, Kind::Announce, Kind::Announce]);
}

/// A message of somebody who holds frame 1 in buffer 0 and has released nothing, and how it ends.
fn refused(message: Message, fence: Option<u32>) -> Violation {
    let mut producer = producer(Policy::mailbox(), 4);
    let [peer, other] = [serve(&mut producer, 1), serve(&mut producer, 2)];
    draw(&mut producer, 0);
    draw(&mut producer, 0);
    outputs(&mut producer);
    producer.receive(peer, message, fence, 0);
    let found = outputs(&mut producer);
    assert_eq!(end_of(&found, other), None);
    match end_of(&found, peer) {
        Some(End::Violation(violation)) => violation,
        end => panic!("{end:?}"),
    }
}

#[test]
fn release_of_what_is_not_held_ends_the_connection() {
    let buffer = id(1);
    assert_eq!(refused(release(2, 1), None), Violation::NotHeld { buffer }, "the other has it");
    let buffer = id(3);
    assert_eq!(refused(release(1, 3), None), Violation::NotHeld { buffer }, "nobody has it");
    let buffer = id(63);
    assert_eq!(refused(release(1, 63), None), Violation::NotHeld { buffer }, "there is none");
    let wrong = Violation::WrongSerial { buffer: id(0), found: serial(2), held: serial(1) };
    assert_eq!(refused(release(2, 0), None), wrong);
    assert_eq!(refused(release(1, 0), Some(9)), Violation::Fence, "an unstated fence");
    let stated = Release { serial: serial(1), buffer: id(0), has_fence: true };
    assert_eq!(refused(Message::Release(stated), None), Violation::Fence, "no fence");
}

#[test]
fn second_release_ends_the_connection() {
    let mut producer = producer(Policy::mailbox(), 2);
    let peer = serve(&mut producer, 1);
    draw(&mut producer, 0);
    producer.receive(peer, release(1, 0), None, 0);
    outputs(&mut producer);
    producer.receive(peer, release(1, 0), None, 0);
    let violation = Violation::NotHeld { buffer: id(0) };
    assert_eq!(end_of(&outputs(&mut producer), peer), Some(End::Violation(violation)));
}

/// Connects a consumer that can do this, and has made no offer.
fn greet(producer: &mut Producer<u32>, capabilities: Capabilities) -> PeerId {
    let peer = producer.connect(0).unwrap();
    let hello = consumer_hello(Limits::default());
    let Message::ConsumerHello(hello) = hello else { panic!("{hello:?}") };
    let hello = ConsumerHello { capabilities, ..hello };
    producer.receive(peer, Message::ConsumerHello(hello), None, 0);
    peer
}

#[test]
fn fence_of_who_did_not_say_so_ends_the_connection() {
    let mut producer = producer(Policy::mailbox(), 2);
    let peer = greet(&mut producer, Capabilities::empty());
    producer.receive(peer, offer(1, &sets()), None, 0);
    assert!(!producer.may_send_fences());
    let acquired = producer.acquire(0).unwrap();
    let refused = producer.submit(acquired.buffer, Picture::default(), Some(1), 0);
    assert_eq!(refused, Err(SubmitError::Fence));
    producer.submit(acquired.buffer, Picture::default(), None, 0).unwrap();
    outputs(&mut producer);
    let release = Release { serial: serial(1), buffer: id(0), has_fence: true };
    producer.receive(peer, Message::Release(release), Some(1), 0);
    let violation = End::Violation(Violation::Fence);
    assert_eq!(end_of(&outputs(&mut producer), peer), Some(violation));
    assert!(producer.may_send_fences());
}

#[test]
fn fences_go_each_way_where_all_who_are_served_do_their_part() {
    let (waits, sends) = (Capabilities::WAITS_FOR_FENCES, Capabilities::SENDS_FENCES);
    let all = waits | sends;
    for (ours, theirs, [sent, received]) in [
        (all, all, [true, true]),
        (all, waits, [true, false]),
        (all, sends, [false, true]),
        (waits, all, [false, true]),
        (sends, all, [true, false]),
    ] {
        let hello = ProducerHello { capabilities: ours, ..Settings::default().hello };
        let mut producer = Producer::<u32>::new(Settings { hello, ..Settings::default() });
        producer.configure(size(), FOURCC, Modifier::LINEAR, false, 0).unwrap();
        assert_eq!(producer.may_send_fences(), ours.contains(sends), "nobody is in the way");
        assert_eq!(producer.may_receive_fences(), ours.contains(waits), "nobody is in the way");
        let able = serve(&mut producer, 1);
        let peer = greet(&mut producer, theirs);
        assert_eq!(producer.may_send_fences(), ours.contains(sends), "it is not served yet");
        assert_eq!(producer.may_receive_fences(), ours.contains(waits), "it is not served yet");
        producer.receive(peer, offer(1, &sets()), None, 0);
        assert!(producer.served().eq([able, peer]));
        let found = [producer.may_send_fences(), producer.may_receive_fences()];
        assert_eq!(found, [sent, received], "{ours:?} and {theirs:?}");
    }
}

#[test]
fn newcomer_that_cannot_wait_is_shown_no_frame_that_may_not_be_finished() {
    let (waits, sends) = (Capabilities::WAITS_FOR_FENCES, Capabilities::SENDS_FENCES);
    for (fence, capabilities, shown) in [
        (Some(7), waits, Some(true)),
        (Some(7), sends, None),
        (None, waits, Some(false)),
        (None, sends, Some(false)),
    ] {
        let mut producer = producer(Policy::mailbox(), 1);
        let buffer = producer.acquire(0).unwrap().buffer;
        producer.submit(buffer, Picture::default(), fence, 0).unwrap();
        let peer = greet(&mut producer, capabilities);
        producer.receive(peer, offer(1, &sets()), None, 0);
        let has_fence = outputs(&mut producer).into_iter().find_map(|output| match output {
            Output::Send { message: Message::Frame(frame), .. } => Some(frame.has_fence),
            _ => None,
        });
        assert_eq!(has_fence, shown, "{fence:?} {capabilities:?}");
    }
}

#[test]
fn frames_that_wait_for_who_offers_something_else_are_free_again() {
    let mut producer = producer(Policy::mailbox(), 2);
    let peer = serve(&mut producer, 1);
    draw(&mut producer, 0);
    draw(&mut producer, 0);
    outputs(&mut producer);
    producer.receive(peer, offer(2, &other_sets()), None, 0);
    let missed = Output::Missed { peer, serial: serial(2) };
    assert_eq!(outputs(&mut producer), [missed, Output::Offered { peer }]);
    assert_eq!(producer.acquire(0).unwrap().buffer, id(1));
}

#[test]
fn what_is_no_message_ends_the_connection_and_is_told() {
    let mut producer = producer(Policy::mailbox(), 1);
    let peer = serve(&mut producer, 1);
    outputs(&mut producer);
    producer.malformed(peer, Malformed::Text);
    let goodbye =
        Goodbye { reason: Reason::Protocol, text: Text::new(&Malformed::Text.to_string()) };
    let expected = [
        Output::Send { peer, message: Message::Goodbye(goodbye) },
        Output::Left { peer, end: End::Malformed(Malformed::Text) },
    ];
    assert_eq!(outputs(&mut producer), expected);
}

#[test]
fn version_that_nobody_speaks_here_is_told() {
    let mut producer = producer(Policy::mailbox(), 1);
    let peer = producer.connect(0).unwrap();
    let Message::ConsumerHello(mut hello) = consumer_hello(Limits::default()) else {
        panic!("a hello")
    };
    hello.versions = later_versions();
    producer.receive(peer, Message::ConsumerHello(hello), None, 0);
    let found = outputs(&mut producer);
    let violation = Violation::Version { theirs: [2, 2], ours: [1, 1] };
    assert_eq!(end_of(&found, peer), Some(End::Violation(violation)));
    let [_, Output::Send { message: Message::Goodbye(goodbye), .. }, _] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(goodbye.reason, Reason::Version);
}

#[test]
fn offers_are_numbered_and_come_only_so_often() {
    let mut producer = producer(Policy::mailbox(), 1);
    let peer = serve(&mut producer, 1);
    outputs(&mut producer);
    for number in 2..=8 {
        producer.receive(peer, offer(number, &sets()), None, 0);
        let found = outputs(&mut producer);
        let [Output::Send { message: Message::Format(format), .. }] = found.as_slice() else {
            panic!("only the answer, no buffer again: {found:?}")
        };
        assert_eq!((format.answers.get(), format.generation.get()), (number, 1));
    }
    let mut later = producer.clone();
    later.receive(peer, offer(9, &sets()), None, 1_000_000_000);
    assert_eq!(end_of(&outputs(&mut later), peer), None);
    let mut same = producer.clone();
    same.receive(peer, offer(8, &sets()), None, 1_000_000_000);
    let violation = Violation::OfferNumber { found: NonZeroU32::new(8).unwrap(), before: 8 };
    assert_eq!(end_of(&outputs(&mut same), peer), Some(End::Violation(violation)));
    producer.receive(peer, offer(9, &sets()), None, 0);
    let violation = Violation::OfferFlood;
    assert_eq!(end_of(&outputs(&mut producer), peer), Some(End::Violation(violation)));
}

#[test]
fn silent_consumer_is_sent_away_at_its_deadline() {
    let mut producer = producer(Policy::mailbox(), 1);
    let silent = producer.connect(10).unwrap();
    let half = producer.connect(20).unwrap();
    producer.receive(half, consumer_hello(Limits::default()), None, 30);
    serve(&mut producer, 1);
    outputs(&mut producer);
    assert_eq!(producer.next_deadline_ns(), Some(5_000_000_010));
    producer.on_time(5_000_000_009);
    assert_eq!(outputs(&mut producer), []);
    producer.on_time(5_000_000_010);
    assert_eq!(end_of(&outputs(&mut producer), silent), Some(End::Silent));
    assert_eq!(producer.next_deadline_ns(), Some(5_000_000_020));
    producer.on_time(u64::MAX);
    assert_eq!(end_of(&outputs(&mut producer), half), Some(End::Silent));
    assert_eq!((producer.next_deadline_ns(), producer.peers().count()), (None, 1));
}

#[test]
fn places_of_consumers_are_few_and_their_names_unique() {
    let settings = Settings { most_peers: 2, ..Settings::default() };
    let mut producer = Producer::<u32>::new(settings);
    let [a, b] = [producer.connect(0).unwrap(), producer.connect(0).unwrap()];
    assert_eq!(producer.connect(0), Err(ConnectError::TooManyPeers { most: 2 }));
    producer.lost(a);
    let c = producer.connect(0).unwrap();
    assert!(a != c && b != c);
    outputs(&mut producer);
    producer.receive(a, goodbye(), None, 0);
    assert_eq!(outputs(&mut producer), []);
}

#[test]
fn format_that_a_consumer_did_not_offer_sends_it_away_and_says_why() {
    let mut producer = producer(Policy::mailbox(), 1);
    let peer = serve(&mut producer, 1);
    let waiting = producer.connect(0).unwrap();
    producer.receive(waiting, consumer_hello(Limits::default()), None, 0);
    producer.receive(waiting, offer(1, &other_sets()), None, 0);
    assert_eq!(outputs(&mut producer).last(), Some(&Output::Offered { peer: waiting }));
    assert_eq!(producer.offer(waiting).unwrap().number(), NonZeroU32::MIN);
    assert!(producer.served().eq([peer]) && producer.waiting().eq([waiting]));
    assert_eq!(producer.format(), Some(&format(1, 1)));
    producer.configure(size(), Fourcc::NV12, Modifier::LINEAR, false, 0).unwrap();
    assert!(producer.served().eq([waiting]) && producer.waiting().next().is_none());
    let found = outputs(&mut producer);
    let Some(End::Here(goodbye)) = end_of(&found, peer) else { panic!("{found:?}") };
    assert_eq!(goodbye.reason, Reason::NothingInCommon);
    assert!(goodbye.text.as_str().contains("NV12"), "{}", goodbye.text);
    let is_format = |output: &Output| {
        let Output::Send { peer, message: Message::Format(_) } = output else { return false };
        *peer == waiting
    };
    assert!(found.iter().any(is_format));
}

#[test]
fn consumer_without_room_for_all_buffers_is_sent_away() {
    for limits in [
        Limits::default().with_buffers(2),
        Limits::default().with_fds(2),
        Limits::default().with_bytes(serial(3 * IMAGE_BYTES - 1)),
    ] {
        let mut producer = producer(Policy::mailbox(), 3);
        let peer = producer.connect(0).unwrap();
        producer.receive(peer, consumer_hello(limits), None, 0);
        producer.receive(peer, offer(1, &sets()), None, 0);
        let found = outputs(&mut producer);
        let Some(End::Here(goodbye)) = end_of(&found, peer) else { panic!("{found:?}") };
        assert_eq!(goodbye.reason, Reason::Limit);
    }
}

#[test]
fn image_that_only_the_driver_checks_is_for_those_who_agreed() {
    let mut producer = producer(Policy::mailbox(), 1);
    let peer = serve(&mut producer, 1);
    let image = ImageMessage { extent: Extent::Beginning, ..image() };
    producer.add(image, IMAGE_BYTES, 0).unwrap();
    assert!(matches!(end_of(&outputs(&mut producer), peer), Some(End::Here(_))));
}
