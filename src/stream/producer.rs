#![warn(clippy::arithmetic_side_effects)]
//! The side that makes the frames, with its sockets.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::allocator::Allocator;
use crate::allocator::Request;
use crate::dmabuf::Dmabuf;
use crate::ipc::Channel;
use crate::ipc::Listener;
use crate::ipc::PeerCredentials;
use crate::stream::DispatchError;
use crate::stream::link::Workspace;
use crate::stream::protocol::producer as machine;
use crate::stream::protocol::producer::PeerId;
use crate::stream::returned::Returned;
use crate::stream::wire::BufferId;
use crate::stream::wire::Format;
use crate::stream::wire::Offer;
use crate::stream::wire::Reason;

mod acquired;
mod carry;
mod connections;
mod doors;
mod error;
mod event;
mod fencing;
mod frames;
mod images;
mod join;
mod negotiator;
mod peer_filter;
mod readers;
mod renegotiate;
mod settings;
mod watch;

pub use acquired::Acquired;
pub use error::AcquireError;
pub use error::JoinError;
pub use error::ListenError;
pub use error::NegotiateError;
pub use error::NotSubmitted;
pub use error::StartError;
pub use error::SubmitError;
pub use event::ProducerEvent;
pub use fencing::Fencing;
pub use peer_filter::PeerFilter;
pub use readers::ReadersError;
pub use settings::ProducerSettings;

use carry::Until;
use connections::Connections;
use doors::Doors;
use fencing::Fence;
use images::Images;
use negotiator::Common;
use negotiator::Negotiator;
use watch::Source;
use watch::Watch;
use watch::Watched;

/// The producer of a stream: it makes buffers, and sends the frames in them to its
/// [`Consumer`](crate::stream::Consumer)s.
///
/// It owns its buffers, its listeners and its connections. With [`AsFd`] it fits into any event
/// loop: when its file descriptor is readable, call [`Producer::dispatch`], then take all events.
///
/// ```no_run
/// use std::time::Duration;
///
/// use dmashare::allocator::Memfd;
/// use dmashare::dmabuf::Access;
/// use dmashare::ipc::Ready;
/// use dmashare::stream::wire::Size;
/// use dmashare::stream::{Picture, Producer, ProducerSettings};
///
/// let size = Size::new(640, 480).expect("a size");
/// let mut producer = Producer::new(Box::new(Memfd::new()), ProducerSettings::new(size))?;
/// producer.listen("/run/user/1000/camera")?;
/// loop {
///     let acquired = producer.acquire_timeout(Duration::from_secs(60))?;
///     producer.wait_for_readers(&acquired, Duration::from_secs(1))?;
///     let mut mapping = acquired.image().map(Access::Write)?;
///     // draw
///     # let _ = &mut mapping;
///     producer.submit(acquired, Ready::Finished, Picture::default())?;
///     while let Some(event) = producer.next_event() {
///         println!("{event:?}");
///     }
/// #   break;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The format
/// It is agreed on when the first consumer has made its offer, and again whenever one comes that
/// cannot use what there is, or goes that stood in the way of something better. All of that happens
/// in [`Producer::dispatch`]. A newcomer with whom there would be no format at all is sent away, is
/// told why, and the others notice nothing.
///
/// # Costs
/// A frame costs one `send` for each consumer, its release one `recvmsg` (`recv` from a consumer that
/// sends no fences), and neither memory nor a file descriptor, but for its fence.
///
/// Dropping it says goodbye to all consumers. What they hold stays theirs.
#[derive(Debug)]
pub struct Producer {
    machine: machine::Producer<Fence>,
    negotiator: Negotiator,
    allow: PeerFilter,
    most_queued: usize,
    doors: Doors,
    connections: Connections,
    workspace: Workspace,
    images: Images,
    watch: Watch,
    returned: Arc<Returned>,
    events: VecDeque<ProducerEvent>,
    /// What the parties of the format had in common, and what its buffers are asked for with.
    agreed: Option<(Common, Request)>,
    /// Whether the buffers can carry fences themselves.
    has_attached_fences: bool,
    is_negotiation_due: bool,
    /// Somebody has left: from then on there may be a better format.
    improve_at_ns: Option<u64>,
    /// When something that was refused is worth another try.
    retry_at_ns: Option<u64>,
    /// The alarm rang then, and nobody has looked at the clock since.
    rang_at_ns: Option<u64>,
}

impl Producer {
    /// A producer without consumers, and without a way for them to come. It has no buffers before
    /// it has agreed on a format with one.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn new(
        allocator: Box<dyn Allocator>,
        settings: ProducerSettings,
    ) -> Result<Self, StartError> {
        let refused = |call| move |errno| StartError::Call { call, errno };
        let returned = Returned::new().map_err(refused("timerfd_create"))?;
        let watch = Watch::new(returned.alarm()).map_err(refused("epoll_create1"))?;
        Ok(Self {
            machine: machine::Producer::new(settings.machine),
            negotiator: Negotiator::new(allocator, &settings),
            allow: settings.allow,
            most_queued: settings.most_queued,
            doors: Doors::default(),
            connections: Connections::default(),
            workspace: Workspace::new(),
            images: Images::new(),
            watch,
            returned: Arc::new(returned),
            events: VecDeque::new(),
            agreed: None,
            has_attached_fences: false,
            is_negotiation_due: false,
            improve_at_ns: None,
            retry_at_ns: None,
            rang_at_ns: None,
        })
    }

    /// Lets consumers connect at a path, which only processes of this user can: see
    /// [`Listener::bind_path`]. There can be several.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn listen(&mut self, path: impl AsRef<Path>) -> Result<(), ListenError> {
        self.add_listener(Listener::bind_path(path)?)
    }

    /// Lets consumers connect to a listener, which is closed and removed with the producer.
    ///
    /// # Errors
    /// See [`ListenError`]; the listener is closed then.
    pub fn add_listener(&mut self, listener: Listener) -> Result<(), ListenError> {
        let source = self.doors.next_place();
        if self.doors.closed_until_ns().is_none() {
            let refused = |errno| ListenError::Call { call: "epoll_ctl", errno };
            self.watch.add(&listener, source).map_err(refused)?;
        }
        self.doors.push(listener);
        Ok(())
    }

    /// Takes a connection to a consumer over: one end of [`Channel::pair`], an inherited or a
    /// received one. It is not filtered, as somebody must have meant it. The socket keeps its options,
    /// but for `SO_RCVTIMEO` and, if the consumer sends no fences, `SO_PASSRIGHTS`.
    ///
    /// # Errors
    /// See [`JoinError`]; never [`JoinError::NotAllowed`].
    pub fn add_peer(&mut self, channel: Channel) -> Result<PeerId, JoinError> {
        let joined = self.join(channel, &PeerFilter::everybody());
        self.rest_or_log();
        joined
    }

    /// Does what there is to do: accepts, receives, sends what had to wait, negotiates, looks at the
    /// clock. Never waits for anybody; to negotiate is to allocate, which takes the time that the
    /// allocator takes.
    ///
    /// Take all events with [`Producer::next_event`] before the next call: while very many wait,
    /// nobody is let in.
    ///
    /// # Errors
    /// See [`DispatchError`]. What is wrong with a consumer is an event.
    pub fn dispatch(&mut self) -> Result<(), DispatchError> {
        self.turn(Duration::ZERO, Until::Idle)
    }

    /// As [`Producer::dispatch`], but waits until there is something to do, at most for `timeout`.
    /// A signal ends the wait early.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub fn dispatch_timeout(&mut self, timeout: Duration) -> Result<(), DispatchError> {
        self.turn(timeout, Until::Idle)
    }

    /// What has happened next; `None` if nothing has. Makes no system call.
    pub fn next_event(&mut self) -> Option<ProducerEvent> {
        self.events.pop_front()
    }

    /// Sends a consumer away, and tells it why.
    pub fn dismiss(&mut self, peer: PeerId, reason: Reason, text: &str) {
        self.machine.dismiss(peer, reason, text);
        self.carry();
        self.rest_or_log();
    }

    /// The image of a buffer that is not [retired](ProducerEvent::Retired).
    pub fn image(&self, buffer: BufferId) -> Option<&Dmabuf> {
        self.images.get(buffer)
    }

    /// What all buffers are; `None` before the first consumer has made its offer. The number of the
    /// offer in it means nothing here.
    pub fn format(&self) -> Option<&Format> {
        self.machine.format()
    }

    /// How consumers learn when pixels are ready, and so how frames have to be submitted.
    pub fn fencing(&self) -> Fencing {
        if self.machine.may_send_fences() {
            Fencing::Explicit
        } else if self.has_attached_fences {
            Fencing::Attached
        } else {
            Fencing::Finished
        }
    }

    /// All consumers that are connected.
    pub fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.machine.peers()
    }

    /// Those who are sent frames.
    pub fn served(&self) -> impl Iterator<Item = PeerId> {
        self.machine.served()
    }

    /// Who a consumer is, by the kernel's word; `None` if it has left.
    pub fn credentials(&self, peer: PeerId) -> Option<PeerCredentials> {
        self.connections.get(peer).map(|connection| connection.credentials)
    }

    /// What a consumer can use and wishes; `None` if it has left or has not said.
    pub fn offer(&self, peer: PeerId) -> Option<&Offer> {
        self.machine.offer(peer)
    }

    /// How many frames a consumer did not get, by the policy; `None` if it has left.
    pub fn missed_frames(&self, peer: PeerId) -> Option<u64> {
        self.connections.get(peer).map(|connection| connection.missed_frames)
    }

    /// Where consumers can connect.
    pub fn listeners(&self) -> &[Listener] {
        self.doors.listeners()
    }
}

impl AsFd for Producer {
    /// Readable when there is something to [dispatch](Producer::dispatch).
    ///
    /// Ask for it where an event loop waits for it: from the first time on each frame costs the
    /// kernel a little more.
    fn as_fd(&self) -> BorrowedFd<'_> {
        if let Err(errno) = self.watch.ask(watched(&self.doors, &self.connections)) {
            // The next dispatch tries again, and can say what is wrong: the alarm asks for it.
            tracing::warn!(%errno, "the sockets of a stream are not watched yet");
            self.returned.wake();
        }
        self.watch.as_fd()
    }
}

/// Everybody who may have something to say.
fn watched<'a>(
    doors: &'a Doors,
    connections: &'a Connections,
) -> impl Iterator<Item = Watched<'a>> + Clone {
    let listeners = doors.open_listeners().map(|(source, listener)| Watched {
        fd: listener.as_fd(),
        source,
        is_writing: false,
    });
    let peers = connections.iter().map(|connection| Watched {
        fd: connection.link.as_fd(),
        source: Source::Peer(connection.peer.place),
        is_writing: connection.is_writing,
    });
    listeners.chain(peers)
}

impl Drop for Producer {
    fn drop(&mut self) {
        let peers: Vec<PeerId> = self.machine.peers().collect();
        for peer in peers {
            self.dismiss(peer, Reason::Finished, "");
        }
    }
}
