//! The stream that is received.

use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use dmashare::dmabuf::Dmabuf;
use dmashare::ipc;
use dmashare::ipc::Channel;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::NextError;
use dmashare::stream::ReceivedFrame;
use dmashare::stream::protocol::End;
use dmashare::stream::wire::Format;
use dmashare::stream::wire::Reason;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::seconds::seconds;
use crate::socket_name::SocketName;

/// How often it is tried to connect to somebody who does not listen yet.
const RETRY: Duration = Duration::from_millis(50);

/// Where a stream comes from, and how long to wait for it.
#[derive(Debug, clap::Args)]
pub(in crate::stream) struct SourceArgs {
    /// Where the producer listens: a name in `XDG_RUNTIME_DIR`, or a path, which has a slash.
    #[arg(value_name = "NAME|PATH")]
    socket: SocketName,
    /// How long to wait: for the producer to come, and then for each frame.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(in crate::stream) timeout: Duration,
}

impl SourceArgs {
    /// Connects, also to a producer that starts a little later.
    pub(in crate::stream) fn connect(
        &self,
        settings: &ConsumerSettings,
    ) -> Result<Source, Failure> {
        let consumer = Consumer::on_channel(self.channel()?, settings);
        let consumer = consumer.attempt("the stream cannot be received")?;
        Ok(Source { consumer, format: None, timeout: self.timeout })
    }

    fn channel(&self) -> Result<Channel, Failure> {
        let deadline = Instant::now() + self.timeout;
        loop {
            match self.socket.connect() {
                Err(ipc::ConnectError::NoListener { .. }) if Instant::now() < deadline => {
                    sleep(RETRY);
                }
                connected => {
                    return connected.attempt("there is no producer").map_err(|failure| {
                        failure.advise(format!("dmashare stream send {}", self.socket))
                    });
                }
            }
        }
    }
}

/// A stream that is received.
#[derive(Debug)]
pub(in crate::stream) struct Source {
    pub(in crate::stream) consumer: Consumer,
    /// What all buffers are, once it is known.
    pub(in crate::stream) format: Option<Format>,
    /// How long to wait for a frame or for its pixels.
    pub(in crate::stream) timeout: Duration,
}

/// What comes next.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is not kept")]
pub(in crate::stream) enum Next {
    /// A frame.
    Frame(ReceivedFrame),
    /// A buffer has gone: what was made of its image is to be forgotten.
    Gone(Dmabuf),
    /// The producer has nothing more to say.
    Over,
}

impl Source {
    /// Waits for what comes next, and for its pixels to be ready.
    pub(in crate::stream) fn next(&mut self) -> Result<Next, Failure> {
        loop {
            let event = match self.consumer.next_event_timeout(self.timeout) {
                Ok(event) => event,
                Err(NextError::TimedOut) => {
                    return Err(Failure::new("the producer sent no frame in time")
                        .advise("raise --timeout if frames are rare"));
                }
                Err(error) => return Err(error).attempt("the stream cannot be received"),
            };
            let Some(next) = self.take(event)? else { continue };
            if let Next::Frame(frame) = &next {
                let waited = frame.wait_for_pixels(self.timeout);
                waited.attempt("the fence of a frame did not signal")?;
            }
            return Ok(next);
        }
    }

    /// What comes next, if it is there already. Its pixels need not be ready. Never blocks.
    pub(in crate::stream) fn poll(&mut self) -> Result<Option<Next>, Failure> {
        self.consumer.dispatch().attempt("the stream cannot be received")?;
        while let Some(event) = self.consumer.next_event() {
            if let Some(next) = self.take(event)? {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    fn take(&mut self, event: ConsumerEvent) -> Result<Option<Next>, Failure> {
        Ok(match event {
            ConsumerEvent::Frame(frame) => Some(Next::Frame(frame)),
            ConsumerEvent::Gone { image, .. } => Some(Next::Gone(image)),
            ConsumerEvent::Ended(end) => return over(end).map(Some),
            ConsumerEvent::Format(format) => {
                self.format = Some(format);
                None
            }
            _ => None,
        })
    }
}

/// A producer that has finished is no failure.
fn over(end: End) -> Result<Next, Failure> {
    match end {
        End::Peer(goodbye) if goodbye.reason == Reason::Finished => Ok(Next::Over),
        end => Err(NextError::Ended(end)).attempt("the stream came to an end before its time"),
    }
}
