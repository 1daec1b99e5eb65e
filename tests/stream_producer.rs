#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A producer over sockets serves those whom it may, with a format that all of them can use, and
//! never waits for anybody unless it was asked to.

mod common;

use std::num::NonZeroU64;

use dmashare::ipc::Ready;
use dmashare::stream::Picture;
use dmashare::stream::ProducerEvent;

use common::stream_pair::*;

#[test]
fn frames_arrive_and_buffers_come_back() {
    let mut producer = producer_with(producer_settings().buffers(2));
    let (peer, mut consumer) = join_served(&mut producer, &consumer_settings());
    let events = producer_events(&mut producer);
    assert!(matches!(events[0], ProducerEvent::Joined { peer: joined, .. } if joined == peer));
    assert!(matches!(events[1], ProducerEvent::Configured(_)), "{events:?}");
    for number in 1..=100 {
        let serial = produce(&mut producer);
        assert_eq!(serial.get(), number);
        let mut told = frames(settle(&mut producer, &mut [&mut consumer]).remove(0));
        let frame = told.pop().unwrap();
        assert!(told.is_empty());
        assert_eq!(stamp_of(frame.image()), number);
        consumer.release(frame, Ready::Finished).unwrap();
        settle(&mut producer, &mut [&mut consumer]);
    }
    assert_eq!(producer_events(&mut producer), []);
}

#[test]
fn age_says_how_old_the_content_is() {
    let mut producer = producer_with(producer_settings().buffers(3));
    producer.negotiate().unwrap();
    let mut ages = Vec::new();
    for _ in 0..5 {
        let acquired = producer.acquire().unwrap();
        ages.push(acquired.age().map_or(0, NonZeroU64::get));
        producer.submit(acquired, Ready::Finished, Picture::default()).unwrap();
    }
    println!("{ages:?}");
}
