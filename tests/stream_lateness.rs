#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What was said in time counts, however late a producer comes to hear it: who is late is judged
//! when everything has been heard.

mod common;

use std::time::Duration;

use dmashare::ipc::Ready;
use dmashare::stream::Overflow;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;

use common::child;
use common::child::Case;
use common::scripted_consumer;
use common::scripted_consumer::ScriptedConsumer;
use common::stream_pair::*;

const MOMENT: Duration = Duration::from_millis(20);

const CASES: &[Case] = &[
    ("a release", || {
        let hold_limit_ns = u64::try_from(MOMENT.as_nanos()).unwrap();
        let policy = Policy::mailbox().with_hold_limit_ns(hold_limit_ns);
        for acquires in [Producer::acquire, |it: &mut Producer| it.acquire_timeout(SOON)] {
            let mut producer = producer_with(producer_settings().buffers(1).policy(policy));
            let (peer, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
            produce(&mut producer);
            let frame = consumer.next_frame(SOON).unwrap();
            consumer.release(frame, Ready::Finished).unwrap();
            // The producer has other things to do.
            std::thread::sleep(2 * MOMENT);
            let acquired = acquires(&mut producer).unwrap();
            assert!(!acquired.is_tainted());
            assert!(producer.served().eq([peer]), "{:?}", producer_events(&mut producer));
        }
    }),
    ("a handshake", || {
        let settings = producer_settings().handshake_timeout(MOMENT);
        let mut producer = producer_with(settings);
        let (peer, consumer) = ScriptedConsumer::joined(&mut producer);
        consumer.send(&scripted_consumer::hello());
        consumer.send(&scripted_consumer::offer(1));
        std::thread::sleep(2 * MOMENT);
        producer.dispatch().unwrap();
        assert!(producer.served().eq([peer]), "{:?}", producer_events(&mut producer));
    }),
    ("room", || {
        let deadline_ns = u64::try_from(MOMENT.as_nanos()).unwrap();
        let policy = Policy::fifo(1, Overflow::Block { deadline_ns });
        for timeout in [None, Some(SOON)] {
            let mut producer = producer_with(producer_settings().buffers(4).policy(policy));
            let (peer, mut consumer) = join_served(&mut producer, &consumer_settings().frames(1));
            produce(&mut producer);
            produce(&mut producer);
            let acquired = producer.acquire().unwrap();
            let refused = producer.submit(acquired, Ready::Finished, Picture::default());
            let acquired = refused.unwrap_err().into_acquired().unwrap();
            let frame = consumer.next_frame(SOON).unwrap();
            consumer.release(frame, Ready::Finished).unwrap();
            // The producer has other things to do.
            std::thread::sleep(2 * MOMENT);
            let submitted = match timeout {
                None => producer.submit(acquired, Ready::Finished, Picture::default()),
                Some(timeout) => {
                    producer.submit_timeout(acquired, Ready::Finished, Picture::default(), timeout)
                }
            };
            assert_eq!(submitted.unwrap().get(), 3);
            assert!(producer.served().eq([peer]), "{:?}", producer_events(&mut producer));
        }
    }),
];

#[test]
fn what_was_said_in_time_counts_however_late_it_is_heard() {
    child::run_cases("what_was_said_in_time_counts_however_late_it_is_heard", CASES);
}
