//! A consumer of the crate's, which looks at no pixel.

use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::Result;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;

/// Longer than any measurement.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What is streamed.
pub(crate) fn formats() -> FormatSet {
    FormatSet::from_iter([(Fourcc::ARGB8888, Modifier::LINEAR)])
}

/// Releases each frame.
pub(crate) fn release_all(socket: OwnedFd) -> Result<()> {
    // Who looks at no pixel with a GPU has no fence to send.
    let settings = ConsumerSettings::new(Usage::Cpu, formats()).sends_fences(false);
    let mut consumer = Consumer::from_fd(socket, &settings)?;
    while let Ok(frame) = consumer.next_frame(SOON) {
        consumer.release(frame, Ready::Finished)?;
    }
    Ok(())
}
