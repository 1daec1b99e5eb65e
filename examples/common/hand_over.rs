//! Where the producer and the consumer meet, and how long they wait for each other.

use std::time::Duration;

use dmashare::dmabuf::Dmabuf;
use dmashare::ipc::Channel;

use crate::common::report::Report;

/// The name of the socket in `XDG_RUNTIME_DIR`.
pub(crate) const SOCKET_NAME: &str = "dmashare-example";

/// The name of the socket for streams.
pub(crate) const STREAM_NAME: &str = "dmashare-stream-example";

/// For a peer that has connected.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Receives an image whose pixels are ready.
pub(crate) fn receive(channel: &Channel) -> Result<Dmabuf, Report> {
    let received = channel.recv_timeout(PATIENCE)?;
    if let Some(fence) = received.fence {
        fence.wait(PATIENCE)?;
    }
    Ok(received.image)
}
