#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A consumer connects over a socket that is there, or is told why it cannot.

mod common;

use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use dmashare::format::FormatSet;
use dmashare::format::Usage;
use dmashare::ipc;
use dmashare::ipc::Channel;
use dmashare::ipc::Listener;
use dmashare::stream::ConnectError;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::wire::Malformed;
use dmashare::stream::wire::Message;

use common::child;
use common::child::Case;
use common::scripted_producer::ScriptedProducer;
use common::scripted_producer::format;
use common::scripted_producer::frame;
use common::scripted_producer::hello;
use common::scripted_producer::settings;

const SOON: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(20);

const CONNECTIONS: &[Case] = &[
    ("by an inherited file descriptor", || {
        let (here, there) = Channel::pair().unwrap();
        let consumer = Consumer::from_fd(OwnedFd::from(there), &settings()).unwrap();
        assert!(matches!(ScriptedProducer::new(here).receive(), Message::ConsumerHello(_)));
        drop(consumer);
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let refused = Consumer::from_fd(one.into(), &settings()).unwrap_err();
        assert_eq!(refused, ConnectError::Connection(ipc::ConnectError::NotAChannel));
    }),
    ("where nobody listens", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nobody");
        let refused = Consumer::connect(&path, &settings()).unwrap_err();
        assert_eq!(refused, ConnectError::Connection(ipc::ConnectError::NoListener { path }));
    }),
    ("where nobody accepts", || {
        let dir = tempfile::tempdir().unwrap();
        let listener = Listener::bind_path(dir.path().join("socket")).unwrap();
        let settings = settings().handshake_timeout(MOMENT);
        let mut consumers = Vec::new();
        let start = Instant::now();
        let refused = loop {
            match Consumer::connect(listener.path(), &settings) {
                Ok(consumer) => consumers.push(consumer),
                Err(refused) => break refused,
            }
            assert!(consumers.len() < 1000, "everybody gets in");
        };
        let path = listener.path().to_owned();
        assert_eq!(refused, ConnectError::Connection(ipc::ConnectError::TimedOut { path }));
        assert!(start.elapsed() >= MOMENT);
    }),
    ("with settings that cannot be sent", || {
        let (_here, there) = Channel::pair().unwrap();
        let nothing = ConsumerSettings::new(Usage::Cpu, FormatSet::new());
        let refused = Consumer::on_channel(there, &nothing).unwrap_err();
        assert!(matches!(refused, ConnectError::Offer(Malformed::OutOfRange { .. })), "{refused}");
    }),
];

/// Accepts one connection, and streams one frame.
fn serve(listener: &Listener) {
    let producer = ScriptedProducer::new(listener.accept_timeout(SOON).unwrap());
    producer.send(&hello());
    producer.send(&Message::Format(format(1, 1)));
    producer.announce(0);
    producer.send(&Message::from(frame(1, 0)));
    let goodbye = || producer.try_receive().filter(|it| matches!(it, Message::Goodbye(_)));
    common::patience::until("a goodbye", goodbye);
}

const THREADS: &[Case] = &[("a connection by path", || {
    let dir = tempfile::tempdir().unwrap();
    let listener = Listener::bind_path(dir.path().join("socket")).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| serve(&listener));
        // The format answers an offer that the scripted producer has not waited for.
        let mut consumer = Consumer::connect(listener.path(), &settings()).unwrap();
        let found = consumer.producer_credentials().unwrap().unwrap();
        assert_eq!(found.pid, Some(std::process::id()));
        assert!(consumer.next_frame(SOON).is_ok());
    });
})];

#[test]
fn connections_are_made_or_refused_by_name() {
    child::run_cases("connections_are_made_or_refused_by_name", CONNECTIONS);
}

#[test]
fn producer_that_listens_is_found_by_its_path() {
    child::run_threads("producer_that_listens_is_found_by_its_path", THREADS);
}
