//! Every message in every state: what is taken, and what ends the connection.

use super::End;
use super::Violation;
use super::consumer;
use super::consumer::Consumer;
use super::fixtures::*;
use super::producer::Output;
use super::producer::PeerId;
use super::producer::Picture;
use super::producer::Producer;
use crate::stream::policy::Policy;
use crate::stream::wire::Kind;
use crate::stream::wire::Limits;
use crate::stream::wire::Message;

/// What becomes of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is taken, and the connection goes on.
    Taken,
    /// No message of the kind can come here.
    Unexpected,
    /// A message of the kind can come here, but not this one.
    Refused,
    /// It ends the connection, as it is meant to.
    Ends,
    /// Nobody is there any more.
    Ignored,
}

use Fate::Ends;
use Fate::Ignored;
use Fate::Refused;
use Fate::Taken;
use Fate::Unexpected;

/// For each kind what a producer does with it: when a hello is due, an offer is due, an offer waits
/// for its answer, frames are sent, and the consumer has left.
const PRODUCER: [(Kind, [Fate; 5]); 9] = [
    (Kind::ConsumerHello, [Taken, Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::ProducerHello, [Unexpected, Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::Offer, [Unexpected, Taken, Refused, Taken, Ignored]),
    (Kind::Format, [Unexpected, Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::Announce, [Unexpected, Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::Retire, [Unexpected, Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::Frame, [Unexpected, Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::Release, [Unexpected, Unexpected, Refused, Taken, Ignored]),
    (Kind::Goodbye, [Ends, Ends, Ends, Ends, Ignored]),
];

/// For each kind what a consumer does with it: when a hello is due, a format is due, frames are
/// received, and the connection is over.
const CONSUMER: [(Kind, [Fate; 4]); 9] = [
    (Kind::ConsumerHello, [Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::ProducerHello, [Taken, Unexpected, Unexpected, Ignored]),
    (Kind::Offer, [Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::Format, [Unexpected, Taken, Taken, Ignored]),
    (Kind::Announce, [Unexpected, Unexpected, Taken, Ignored]),
    (Kind::Retire, [Unexpected, Unexpected, Taken, Ignored]),
    (Kind::Frame, [Unexpected, Unexpected, Taken, Ignored]),
    (Kind::Release, [Unexpected, Unexpected, Unexpected, Ignored]),
    (Kind::Goodbye, [Ends, Ends, Ends, Ignored]),
];

/// A producer that serves somebody, and has somebody else in the state of a column.
fn producer_in(column: usize) -> (Producer<u32>, PeerId, PeerId) {
    let mut producer = producer(Policy::mailbox(), 4);
    let bystander = serve(&mut producer, 1);
    let peer = producer.connect(0).unwrap();
    if column >= 1 {
        producer.receive(peer, consumer_hello(Limits::default()), None, 0);
    }
    match column {
        2 => producer.receive(peer, offer(1, &other_sets()), None, 0),
        3 | 4 => producer.receive(peer, offer(1, &sets()), None, 0),
        _ => {}
    }
    let acquired = producer.acquire(0).unwrap();
    assert_eq!(acquired.buffer, id(0));
    producer.submit(acquired.buffer, Picture::default(), None, 0).unwrap();
    if column == 4 {
        producer.lost(peer);
    }
    outputs(&mut producer);
    (producer, peer, bystander)
}

fn fate_of(outputs: &[Output], peer: PeerId) -> Fate {
    let end = outputs.iter().find_map(|output| match output {
        Output::Left { peer: left, end } if *left == peer => Some(end),
        _ => None,
    });
    match end {
        None if outputs.is_empty() => Ignored,
        None => Taken,
        Some(End::Peer(_)) => Ends,
        Some(End::Violation(Violation::Unexpected { .. })) => Unexpected,
        Some(End::Violation(_)) => Refused,
        Some(end) => panic!("{end:?}"),
    }
}

#[test]
fn producer_takes_each_message_in_its_states_alone() {
    for (kind, fates) in PRODUCER {
        for (column, expected) in fates.into_iter().enumerate() {
            let (mut producer, peer, bystander) = producer_in(column);
            producer.receive(peer, of_kind(kind), None, 0);
            let found = outputs(&mut producer);
            let is_quiet = kind == Kind::ConsumerHello || kind == Kind::Release;
            let fate = match fate_of(&found, peer) {
                // A hello and a release have no answer.
                Ignored if is_quiet && column != 4 => Taken,
                fate => fate,
            };
            assert_eq!(fate, expected, "{kind:?} in column {column}: {found:?}");
            assert_farewell(&found, fate);
            assert_is_served(&mut producer, bystander);
        }
    }
}

/// Whoever breaks the protocol is told so, before the end and once.
fn assert_farewell(found: &[Output], fate: Fate) {
    let goodbyes =
        |output: &&Output| matches!(output, Output::Send { message: Message::Goodbye(_), .. });
    let expected = usize::from(matches!(fate, Unexpected | Refused));
    assert_eq!(found.iter().filter(goodbyes).count(), expected);
    if expected == 1 {
        assert!(matches!(found, [.., Output::Send { .. }, Output::Left { .. }]), "{found:?}");
    }
}

/// What one consumer does is nothing to the other: it still gets frames and gives them back.
fn assert_is_served(producer: &mut Producer<u32>, bystander: PeerId) {
    producer.receive(bystander, release(1, 0), None, 0);
    let acquired = producer.acquire(0).unwrap();
    producer.submit(acquired.buffer, Picture::default(), None, 0).unwrap();
    let is_for_bystander = |output: &Output| match output {
        Output::Send { peer, message: Message::Frame(frame) } => {
            *peer == bystander && frame.serial.get() == 2
        }
        _ => false,
    };
    assert!(outputs(producer).iter().any(is_for_bystander));
}

fn consumer_in(column: usize) -> Consumer {
    let mut consumer = match column {
        0 | 1 => consumer(Limits::default()),
        _ => served_consumer(Limits::default()),
    };
    match column {
        1 => consumer.receive(of_kind(Kind::ProducerHello), 0),
        3 => consumer.lost(),
        _ => {}
    }
    consumer_outputs(&mut consumer);
    consumer
}

#[test]
fn consumer_takes_each_message_in_its_states_alone() {
    for (kind, fates) in CONSUMER {
        for (column, expected) in fates.into_iter().enumerate() {
            let mut consumer = consumer_in(column);
            consumer.receive(of_kind(kind), IMAGE_BYTES);
            let found = consumer_outputs(&mut consumer);
            let end = found.iter().find_map(|output| match output {
                consumer::Output::Left(end) => Some(end),
                _ => None,
            });
            let fate = match end {
                None if found.is_empty() => Ignored,
                None => Taken,
                Some(End::Peer(_)) => Ends,
                Some(End::Violation(Violation::Unexpected { .. })) => Unexpected,
                Some(end) => panic!("{end:?}"),
            };
            assert_eq!(fate, expected, "{kind:?} in column {column}: {found:?}");
            if fate == Unexpected {
                let [consumer::Output::Send(Message::Goodbye(_)), consumer::Output::Left(_)] =
                    found.as_slice()
                else {
                    panic!("{found:?}");
                };
            }
        }
    }
}

#[test]
fn tables_have_every_message() {
    assert_eq!(PRODUCER.map(|(kind, _)| kind), Kind::ALL);
    assert_eq!(CONSUMER.map(|(kind, _)| kind), Kind::ALL);
}
