#![warn(clippy::arithmetic_side_effects)]
//! The side that reads the frames, with its socket.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use crate::dmabuf::Dmabuf;
use crate::format::FormatSet;
use crate::format::Usage;
use crate::ipc::Channel;
use crate::ipc::PeerCredentials;
use crate::ipc::Ready;
use crate::stream::DispatchError;
use crate::stream::clock::now_ns;
use crate::stream::link::Link;
use crate::stream::link::Workspace;
use crate::stream::protocol::End;
use crate::stream::protocol::consumer as machine;
use crate::stream::protocol::consumer::OfferError;
use crate::stream::returned::Returned;
use crate::stream::wire::BufferId;
use crate::stream::wire::Format;
use crate::stream::wire::MAX_BUFFERS;
use crate::stream::wire::MAX_FRAMES;
use crate::stream::wire::Reason;
use crate::stream::wire::Size;

mod carry;
mod error;
mod event;
mod frame;
mod patience;
mod settings;
mod watch;

pub use error::ConnectError;
pub use error::NextError;
pub use error::NotReleased;
pub use error::ReleaseError;
pub use event::ConsumerEvent;
pub use frame::ReceivedFrame;
pub use settings::ConsumerSettings;

use event::Waiting;
use patience::Patience;
use watch::Watch;

/// A hello, an offer, a release of each frame, and a goodbye: more can never wait to be sent.
const MOST_QUEUED: usize = MAX_FRAMES + 3;

/// One consumer of a stream: it gets frames from a [`Producer`](crate::stream::Producer) and gives them back.
///
/// It owns its socket and the images of the stream. With [`AsFd`] it fits into any event loop: when
/// its file descriptor is readable, call [`Consumer::dispatch`], then take all events.
///
/// ```
/// use std::time::Duration;
///
/// use dmashare::dmabuf::Access;
/// use dmashare::format::{FormatSet, Fourcc, Modifier, Usage};
/// use dmashare::ipc::Ready;
/// use dmashare::stream::{Consumer, ConsumerSettings};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("camera");
/// # let size = dmashare::stream::wire::Size::new(64, 48).expect("a size");
/// # let settings = dmashare::stream::ProducerSettings::new(size);
/// # let memory = Box::new(dmashare::allocator::Memfd::new());
/// # let mut producer = dmashare::stream::Producer::new(memory, settings)?;
/// # producer.listen(&path)?;
/// # std::thread::spawn(move || {
/// #     while let Ok(acquired) = producer.acquire_timeout(Duration::from_secs(60)) {
/// #         producer.submit(acquired, Ready::Finished, Default::default()).expect("a frame");
/// #     }
/// # });
/// // What this CPU can read, from whoever makes frames at this path.
/// let formats = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
/// let settings = ConsumerSettings::new(Usage::Cpu, formats);
/// let mut consumer = Consumer::connect(&path, &settings)?;
/// for _ in 0..10 {
///     let frame = consumer.next_frame(Duration::from_secs(10))?;
///     frame.wait_for_pixels(Duration::from_secs(1))?;
///     let mut mapping = frame.image().map(Access::Read)?;
///     let mut row = vec![0; 4 * frame.image().width() as usize];
///     mapping.begin(Access::Read)?.read_row(0, 0, &mut row)?;
///     consumer.release(frame, Ready::Finished)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In an event loop it never blocks, and what comes beside frames is seen:
///
/// ```no_run
/// # use dmashare::stream::{Consumer, ConsumerEvent};
/// # use dmashare::ipc::Ready;
/// # fn readable(consumer: &mut Consumer) -> Result<(), Box<dyn std::error::Error>> {
/// consumer.dispatch()?;
/// while let Some(event) = consumer.next_event() {
///     match event {
///         ConsumerEvent::Announced(buffer) => println!("import {:?}", consumer.image(buffer)),
///         ConsumerEvent::Gone { buffer, .. } => println!("forget {buffer}"),
///         ConsumerEvent::Frame(frame) => {
///             // show it
///             consumer.release(frame, Ready::Finished)?;
///         }
///         ConsumerEvent::Ended(end) => println!("{end}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Nothing here waits for the producer except [`Consumer::connect`], [`Consumer::next_event_timeout`]
/// and [`Consumer::next_frame`], which say so. A frame costs one `recvmsg`, its release one
/// `send`, and neither memory nor a file descriptor, but for its fence.
///
/// Dropping it says goodbye, and closes everything but the frames that are still held.
#[derive(Debug)]
pub struct Consumer {
    machine: machine::Consumer,
    link: Option<Link>,
    workspace: Workspace,
    watch: Watch,
    returned: Arc<Returned>,
    waiting: VecDeque<Waiting>,
    /// By number.
    images: Box<[Option<Dmabuf>]>,
    end: Option<End>,
}

impl Consumer {
    /// Connects to the producer that listens at this path, and says hello. Blocks while too many
    /// others wait to be accepted, at most for the handshake's timeout. That the producer has
    /// answered is shown by the first event.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(
        path: impl AsRef<Path>,
        settings: &ConsumerSettings,
    ) -> Result<Self, ConnectError> {
        let channel = Channel::connect_timeout(path, settings.handshake_timeout)?;
        Self::on_channel(channel, settings)
    }

    /// As [`Consumer::connect`], over a socket that was inherited or received. Does not block. The
    /// socket keeps its options, but for `SO_RCVTIMEO`.
    ///
    /// # Errors
    /// See [`ConnectError`]. The file descriptor is closed then.
    pub fn from_fd(socket: OwnedFd, settings: &ConsumerSettings) -> Result<Self, ConnectError> {
        Self::on_channel(Channel::from_fd(socket)?, settings)
    }

    /// As [`Consumer::connect`], over a connection that is there: one end of [`Channel::pair`], or
    /// one of [`Channel::connect_name`]. Does not block, whether or not the channel does.
    ///
    /// # Errors
    /// See [`ConnectError`]. The connection is closed then.
    pub fn on_channel(channel: Channel, settings: &ConsumerSettings) -> Result<Self, ConnectError> {
        let ConsumerSettings { machine, wished_size, sets, .. } = settings;
        let machine = machine::Consumer::new(*machine, *wished_size, sets, now_ns());
        let machine = machine.map_err(|error| match error {
            OfferError::Malformed(malformed) => ConnectError::Offer(malformed),
            other => unreachable!("an offer that was not made yet: {other}"),
        })?;
        let refused = |call| move |errno| ConnectError::Call { call, errno };
        let link = Link::new(channel, MOST_QUEUED);
        let returned = Returned::new().map_err(refused("timerfd_create"))?;
        let watch = Watch::new(returned.alarm()).map_err(refused("epoll_create1"))?;
        let mut consumer = Self {
            machine,
            link: Some(link),
            workspace: Workspace::new(),
            watch,
            returned: Arc::new(returned),
            waiting: VecDeque::with_capacity(MAX_BUFFERS),
            images: vec![None; MAX_BUFFERS].into_boxed_slice(),
            end: None,
        };
        consumer.carry_outputs(None, None, None);
        let settled = consumer.settle();
        settled
            .map_err(|DispatchError::Call { call, errno }| ConnectError::Call { call, errno })?;
        Ok(consumer)
    }

    /// Does what there is to do: receives, sends what had to wait, looks at the clock. Never blocks.
    ///
    /// Stops behind a frame, so that each costs one system call; if there is more, the file
    /// descriptor is still readable. Take all events with [`Consumer::next_event`] before the next
    /// call: while many wait, nothing is received.
    ///
    /// # Errors
    /// See [`DispatchError`]. What is wrong with the connection or the peer is an event.
    pub fn dispatch(&mut self) -> Result<(), DispatchError> {
        self.prepare()?;
        self.receive();
        self.watch_for_room()
    }

    /// What has happened next; `None` if nothing has since [`Consumer::dispatch`]. Makes no system
    /// call but to close what has gone.
    pub fn next_event(&mut self) -> Option<ConsumerEvent> {
        loop {
            return Some(match self.waiting.pop_front()? {
                Waiting::Format(format) => ConsumerEvent::Format(format),
                Waiting::Announced { buffer, image } => {
                    *self.images.get_mut(buffer.index())? = Some(image);
                    ConsumerEvent::Announced(buffer)
                }
                Waiting::Gone { buffer } => {
                    let image = self.images.get_mut(buffer.index()).and_then(Option::take);
                    let Some(image) = image else { continue };
                    ConsumerEvent::Gone { buffer, image }
                }
                Waiting::Ended(end) => {
                    self.end = Some(end.clone());
                    ConsumerEvent::Ended(end)
                }
                Waiting::Frame { frame, fence } => {
                    let Some(image) = self.image(frame.buffer).cloned() else {
                        self.release_buffer(frame.buffer, None);
                        continue;
                    };
                    let returned = Arc::clone(&self.returned);
                    ConsumerEvent::Frame(ReceivedFrame::new(frame, image, fence, returned))
                }
            });
        }
    }

    /// The next event, dispatching until there is one, at most for `timeout`. Blocks.
    ///
    /// # Errors
    /// See [`NextError`]; [`NextError::Ended`] after [`ConsumerEvent::Ended`].
    pub fn next_event_timeout(&mut self, timeout: Duration) -> Result<ConsumerEvent, NextError> {
        let mut patience = Patience::new(timeout);
        loop {
            match self.next_event() {
                Some(event) => return Ok(event),
                None => self.wait_for_event(&mut patience)?,
            }
        }
    }

    /// Dispatches until an event waits to be taken.
    fn wait_for_event(&mut self, patience: &mut Patience) -> Result<(), NextError> {
        if let Some(end) = &self.end {
            return Err(NextError::Ended(end.clone()));
        }
        loop {
            self.prepare()?;
            match patience.left() {
                left if !left.is_zero() && self.has_only_to_receive() => self.wait_to_receive(left),
                _ => self.receive(),
            }
            self.watch_for_room()?;
            if !self.waiting.is_empty() {
                return Ok(());
            }
            let left = patience.left();
            if left.is_zero() {
                return Err(NextError::TimedOut);
            }
            let waited = watch::wait(self.link.as_ref(), self.returned.alarm(), left);
            waited.map_err(|errno| DispatchError::Call { call: "poll", errno })?;
        }
    }

    /// The next frame, dispatching until there is one, at most for `timeout`. Blocks.
    ///
    /// The events before it are taken and forgotten; who keeps something for each buffer waits with
    /// [`Consumer::next_event_timeout`] instead.
    ///
    /// # Errors
    /// See [`NextError`].
    pub fn next_frame(&mut self, timeout: Duration) -> Result<ReceivedFrame, NextError> {
        let mut patience = Patience::new(timeout);
        loop {
            match self.next_event() {
                Some(ConsumerEvent::Frame(frame)) => return Ok(frame),
                Some(ConsumerEvent::Ended(end)) => return Err(NextError::Ended(end)),
                Some(_) => {}
                None => self.wait_for_event(&mut patience)?,
            }
        }
    }

    /// Gives a frame back. The producer may write to its buffer from `ready` on; a fence stays the
    /// caller's. Never blocks; after the end there is nobody to tell, and the frame is closed.
    ///
    /// # Errors
    /// See [`ReleaseError`]. The frame is in the error, and still held.
    pub fn release(&mut self, frame: ReceivedFrame, ready: Ready<'_>) -> Result<(), NotReleased> {
        let refuse = |reason, frame| Err(NotReleased { reason, frame: Box::new(frame) });
        if !frame.is_of(&self.returned) {
            return refuse(ReleaseError::Foreign, frame);
        }
        let fence = match ready {
            Ready::Fence(fence) if self.link.is_some() => Some(fence),
            Ready::Fence(_) | Ready::Finished => None,
        };
        if fence.is_some() && !self.may_send_fences() {
            return refuse(ReleaseError::Fence, frame);
        }
        self.release_buffer(frame.buffer(), fence);
        self.workspace.spares.put(frame.defuse());
        // What fails here fails again in the next dispatch, which can say so.
        let _ = self.watch_for_room();
        Ok(())
    }

    /// Offers something else: without a pair that could not be imported, or with another size. It
    /// is answered with the next [`ConsumerEvent::Format`] if that changes anything.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub fn offer(
        &mut self,
        wished_size: Option<Size>,
        sets: &[(Usage, FormatSet)],
    ) -> Result<(), OfferError> {
        self.machine.offer(wished_size, sets)?;
        self.carry_outputs(None, None, None);
        let _ = self.watch_for_room();
        Ok(())
    }

    /// Ends the connection, and tells the producer why. Frames that nobody has taken yet are
    /// released; those that are held stay readable, for as long as the producer lets them.
    pub fn leave(&mut self, reason: Reason, text: &str) {
        self.release_dropped();
        self.release_waiting();
        self.machine.leave(reason, text);
        self.carry_outputs(None, None, None);
    }

    /// The image of a buffer that was announced and has not gone, by the events that were taken.
    pub fn image(&self, buffer: BufferId) -> Option<&Dmabuf> {
        self.images.get(buffer.index())?.as_ref()
    }

    /// What all buffers are that come, once the producer has said so.
    pub fn format(&self) -> Option<&Format> {
        self.machine.format()
    }

    /// Whether frames can be released with a fence. If not, reading has to be finished before
    /// (`glFinish`). Known from the first [`ConsumerEvent::Format`] on.
    pub fn may_send_fences(&self) -> bool {
        self.machine.may_send_fences()
    }

    /// Whether frames can come with a fence. If not, all are finished when they come. Known from
    /// the first [`ConsumerEvent::Format`] on.
    pub fn may_receive_fences(&self) -> bool {
        self.machine.may_receive_fences()
    }

    /// Who the producer is; `None` after the end.
    ///
    /// # Errors
    /// The kernel's error.
    #[doc(alias = "SO_PEERCRED")]
    pub fn producer_credentials(&self) -> Result<Option<PeerCredentials>, Errno> {
        self.link.as_ref().map(Link::peer_credentials).transpose()
    }

    /// Why the connection is over, once [`ConsumerEvent::Ended`] was taken.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }
}

impl AsFd for Consumer {
    /// Readable when there is something to [dispatch](Consumer::dispatch).
    ///
    /// Ask for it where an event loop waits for it: from the first time on each frame costs the
    /// kernel a little more.
    fn as_fd(&self) -> BorrowedFd<'_> {
        if let Err(errno) = self.watch.ask(self.link.as_ref()) {
            // The next dispatch tries again, and can say what is wrong: the alarm asks for it.
            tracing::warn!(%errno, "the socket of a stream is not watched yet");
            self.returned.wake();
        }
        self.watch.as_fd()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.leave(Reason::Finished, "");
    }
}
