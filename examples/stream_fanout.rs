//! One producer and several consumers, of which one is slow: it misses frames, the others do not
//! notice.
//!
//! All are threads of one process here, connected by socket pairs; with a path instead of the pairs
//! they could be processes. The CPU writes the number of a frame into each of its pixels, and each
//! consumer looks whether all pixels have the same one: a buffer that was written while somebody
//! reads it would show.
//!
//! Needs nothing at all, not even GL. Run it with
//!
//! ```text
//! cargo run --example stream_fanout
//! ```
//!
//! You should see who got how many frames, and that nobody saw half a frame.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::thread;
use std::time::Duration;
use std::time::Instant;

use clap::Parser;
use dmashare::allocator::Memfd;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::NextError;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Size;

use crate::common::hand_over::PATIENCE;
use crate::common::report::Report;

/// Sends frames to several consumers.
#[derive(Parser)]
struct Arguments {
    /// How many consumers there are
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=64))]
    consumers: u16,
    /// How many frames are made
    #[arg(long, value_name = "N", default_value = "240")]
    frames: u32,
    /// How long the slow one looks at each frame, in milliseconds
    #[arg(long, value_name = "MS", default_value = "20", value_parser = clap::value_parser!(u64).range(..900))]
    slow: u64,
}

/// From one frame to the next.
const PERIOD: Duration = Duration::from_millis(4);

fn main() -> Result<(), Report> {
    let Arguments { consumers, frames, slow } = Arguments::parse();
    let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
    let size = Size::new(64, 64).ok_or_else(|| Report::new("no size"))?;
    // Each consumer holds one frame at a time. With two buffers more than that, one is always free.
    let settings = ProducerSettings::new(size)
        .usage(Usage::Cpu, formats.clone())
        .policy(Policy::mailbox())
        .buffers(usize::from(consumers) + 2);
    let mut producer = Producer::new(Box::new(Memfd::new()), settings)?;

    let mut threads = Vec::new();
    for index in 0..consumers {
        let (ours, theirs) = Channel::pair()?;
        producer.add_peer(ours)?;
        let settings = ConsumerSettings::new(Usage::Cpu, formats.clone()).frames(1);
        let pause = Duration::from_millis(if index == 0 { slow } else { 0 });
        threads.push(thread::spawn(move || {
            // A report is for this thread alone, its text is for all.
            consume(theirs, &settings, pause).map_err(|report| format!("{report:?}"))
        }));
    }
    while producer.served().count() < usize::from(consumers) {
        producer.dispatch_timeout(PATIENCE)?;
    }

    for number in 1..=frames {
        let acquired = producer.acquire_timeout(PATIENCE)?;
        producer.wait_for_readers(&acquired, PATIENCE)?;
        write(acquired.image(), number)?;
        let picture = Picture { user_serial: number.into(), ..Picture::default() };
        producer.submit(acquired, Ready::Finished, picture)?;
        let due = Instant::now() + PERIOD;
        while Instant::now() < due {
            producer.dispatch_timeout(due.saturating_duration_since(Instant::now()))?;
            // What has happened is of no interest here, but it must not pile up.
            while producer.next_event().is_some() {}
        }
    }
    // Says goodbye to everybody.
    drop(producer);

    for (index, thread) in threads.into_iter().enumerate() {
        let outcome = thread.join().map_err(|_panic| Report::new("a consumer has panicked"))?;
        let seen = outcome.map_err(Report::new)?;
        let nature = if index == 0 { "slow" } else { "fast" };
        println!("consumer {index}, {nature}: {seen} of {frames} frames, none torn");
    }
    Ok(())
}

/// Looks at all frames until the producer says goodbye, and returns how many there were.
fn consume(channel: Channel, settings: &ConsumerSettings, pause: Duration) -> Result<u32, Report> {
    let mut consumer = Consumer::on_channel(channel, settings)?;
    let mut seen = 0;
    loop {
        let frame = match consumer.next_frame(PATIENCE) {
            Ok(frame) => frame,
            Err(NextError::Ended(_)) => return Ok(seen),
            Err(error) => return Err(error.into()),
        };
        frame.wait_for_pixels(PATIENCE)?;
        let was_whole = is_whole(frame.image(), frame.user_serial())?;
        thread::sleep(pause);
        // As long as the frame is held nobody writes to it.
        if !(was_whole && is_whole(frame.image(), frame.user_serial())?) {
            return Err(Report::new(format!("frame {} is torn", frame.serial())));
        }
        consumer.release(frame, Ready::Finished)?;
        seen += 1;
    }
}

fn write(image: &Dmabuf, number: u32) -> Result<(), Report> {
    let pixels = usize::try_from(image.width() * image.height())?;
    let mut mapping = image.map(Access::Write)?;
    let mut access = mapping.begin(Access::Write)?;
    access.write_plane(0, &number.to_le_bytes().repeat(pixels))?;
    Ok(access.finish()?)
}

/// Whether each pixel has the number of the frame.
fn is_whole(image: &Dmabuf, number: u64) -> Result<bool, Report> {
    let mut mapping = image.map(Access::Read)?;
    let access = mapping.begin(Access::Read)?;
    let bytes = access.read_plane(0)?;
    access.finish()?;
    let (pixels, _) = bytes.as_chunks::<4>();
    Ok(pixels.iter().all(|pixel| u64::from(u32::from_le_bytes(*pixel)) == number))
}
