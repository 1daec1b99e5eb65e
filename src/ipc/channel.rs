//! A connection to one other process, or to another part of this one.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::sockopt::Timeout;

use crate::dmabuf::Dmabuf;
use crate::ipc::PeerCredentials;
use crate::ipc::Ready;
use crate::ipc::ReceiveError;
use crate::ipc::Received;
use crate::ipc::SendError;
use crate::ipc::address;
use crate::ipc::address::AddressError;
use crate::ipc::deadline::Deadline;
use crate::ipc::deadline::Unanswered;
use crate::ipc::hand_over;
use crate::ipc::hand_over::Parcel;
use crate::ipc::socket;
use crate::ipc::socket::Arrival;
use crate::ipc::wire::IMAGE_BYTES;

/// One end of a connection over which images go, in both directions.
///
/// It owns its socket, which is closed on drop; images that were sent and not yet received still
/// arrive. It can be used from several threads, each message goes over whole. With [`AsFd`] it fits
/// into an event loop: it becomes readable when a message is waiting or the peer has gone.
///
/// Spec: `SOCK_SEQPACKET` in `unix(7)`.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
    allow_kernel_checked: bool,
}

impl Channel {
    /// Two connected ends: one to keep and one to hand to a child process, as its standard input
    /// for instance. Both are closed on `exec`.
    ///
    /// # Errors
    /// The kernel's error, of which `EMFILE` is the likely one.
    #[doc(alias = "socketpair")]
    pub fn pair() -> Result<(Self, Self), Errno> {
        let flags = SocketFlags::CLOEXEC;
        let (one, other) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Self::around(one), Self::around(other)))
    }

    /// Connects to the [`Listener`](crate::ipc::Listener) that is bound to this path. Blocks while
    /// too many others wait to be accepted.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(path: impl AsRef<Path>) -> Result<Self, ConnectError> {
        Self::connect_until(path.as_ref(), Deadline::NEVER)
    }

    /// As [`Channel::connect`], but waits at most for `timeout`.
    ///
    /// # Errors
    /// See [`ConnectError`].
    ///
    /// Spec: `SO_SNDTIMEO` in `socket(7)`: a connection that waits to be accepted cannot be polled.
    pub fn connect_timeout(
        path: impl AsRef<Path>,
        timeout: Duration,
    ) -> Result<Self, ConnectError> {
        Self::connect_until(path.as_ref(), Deadline::after(timeout))
    }

    fn connect_until(path: &Path, deadline: Deadline) -> Result<Self, ConnectError> {
        let refused = |call, errno| ConnectError::Call { call, path: path.to_owned(), errno };
        let limit = |socket: &OwnedFd, timeout| {
            rustix::net::sockopt::set_socket_timeout(socket, Timeout::Send, timeout)
                .map_err(|errno| refused("setsockopt", errno))
        };
        let address = address::of_path(path)?;
        let socket =
            address::socket(SocketFlags::empty()).map_err(|errno| refused("socket", errno))?;
        loop {
            limit(&socket, deadline.left())?;
            match rustix::net::connect(&socket, &address) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(ConnectError::TimedOut { path: path.to_owned() }),
                Err(Errno::NOENT | Errno::CONNREFUSED) => {
                    return Err(ConnectError::NoListener { path: path.to_owned() });
                }
                Err(Errno::PROTOTYPE) => return Err(ConnectError::NotAChannel),
                Err(errno) => return Err(refused("connect", errno)),
                Ok(()) => break,
            }
        }
        limit(&socket, None)?;
        Ok(Self::around(socket))
    }

    /// Connects to the [`Listener`](crate::ipc::Listener) of this name in `XDG_RUNTIME_DIR`. Blocks
    /// while too many others wait to be accepted.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect_name(name: &str) -> Result<Self, ConnectError> {
        Self::connect(address::in_runtime_dir(name)?)
    }

    /// Takes over a socket that was inherited or received.
    ///
    /// It keeps its options. The kernel must not have been told to attach more than file
    /// descriptors to what is received (`SO_PASSCRED`, `SO_PASSPIDFD`): nobody would look at it.
    ///
    /// # Errors
    /// - [`ConnectError::NotAChannel`]: it is no Unix socket of type `SOCK_SEQPACKET`. The file
    ///   descriptor is closed then.
    pub fn from_fd(socket: OwnedFd) -> Result<Self, ConnectError> {
        let domain = rustix::net::sockopt::socket_domain(&socket);
        let kind = rustix::net::sockopt::socket_type(&socket);
        if (domain, kind) == (Ok(AddressFamily::UNIX), Ok(SocketType::SEQPACKET)) {
            Ok(Self::around(socket))
        } else {
            Err(ConnectError::NotAChannel)
        }
    }

    pub(in crate::ipc) fn around(socket: OwnedFd) -> Self {
        Self { socket, allow_kernel_checked: false }
    }

    /// Lets images in that only their driver can check
    /// ([`Bounds::KernelChecked`](crate::dmabuf::Bounds::KernelChecked)), as those of virtio-gpu,
    /// whose file descriptors are smaller than their pixels. They are refused otherwise.
    ///
    /// Of such an image nothing but the layout is proven, and the peer says which image is such.
    /// A renderer that maps the buffer of a lying peer crashes, so allow this only where images go
    /// to a driver that checks every access in the kernel, or come from a peer that is trusted.
    pub fn allow_kernel_checked(&mut self, allow: bool) {
        self.allow_kernel_checked = allow;
    }

    /// Makes [`Channel::send`] and [`Channel::recv`] return `WouldBlock` instead of waiting. This
    /// is a property of the socket, so it holds for all duplicates of its file descriptor.
    ///
    /// # Errors
    /// The kernel's error.
    #[doc(alias = "O_NONBLOCK")]
    pub fn set_nonblocking(&self, nonblocking: bool) -> Result<(), Errno> {
        let mut flags = rustix::fs::fcntl_getfl(&self.socket)?;
        flags.set(OFlags::NONBLOCK, nonblocking);
        rustix::fs::fcntl_setfl(&self.socket, flags)
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// The kernel's error.
    ///
    /// Spec: `SO_PEERCRED` in `unix(7)`.
    #[doc(alias = "SO_PEERCRED")]
    pub fn peer_credentials(&self) -> Result<PeerCredentials, Errno> {
        PeerCredentials::of(self.socket.as_fd())
    }

    /// Sends an image, and says when its pixels are ready. Image and fence stay the caller's; the
    /// peer gets file descriptors of its own.
    ///
    /// Blocks while the socket is full, unless it is non-blocking. That it was sent does not mean
    /// that it was received.
    ///
    /// # Errors
    /// See [`SendError`]; never [`SendError::TimedOut`].
    #[doc(alias = "SCM_RIGHTS")]
    pub fn send(&self, image: &Dmabuf, ready: Ready<'_>) -> Result<(), SendError> {
        self.send_parcel(&Parcel::pack(image, ready), SendFlags::empty())
            .map_err(SendError::of_sendmsg)
    }

    /// As [`Channel::send`], but waits at most for `timeout`, whether or not the socket is
    /// non-blocking.
    ///
    /// # Errors
    /// See [`SendError`]; never [`SendError::WouldBlock`].
    pub fn send_timeout(
        &self,
        image: &Dmabuf,
        ready: Ready<'_>,
        timeout: Duration,
    ) -> Result<(), SendError> {
        let parcel = Parcel::pack(image, ready);
        let attempt = || self.send_parcel(&parcel, SendFlags::DONTWAIT);
        let sent = Deadline::after(timeout).retry(self.as_fd(), PollFlags::OUT, attempt);
        sent.map_err(|unanswered| match unanswered {
            Unanswered::TimedOut => SendError::TimedOut,
            Unanswered::Refused(errno) => SendError::of_sendmsg(errno),
            Unanswered::Poll(errno) => SendError::Call { call: "poll", errno },
        })
    }

    /// Receives an image. Its file descriptors are new in this process, closed on `exec` and owned
    /// by the image; no number of the peer's was believed.
    ///
    /// Blocks until a message comes, unless the socket is non-blocking.
    ///
    /// # Errors
    /// See [`ReceiveError`]; never [`ReceiveError::TimedOut`].
    #[doc(alias = "SCM_RIGHTS")]
    pub fn recv(&self) -> Result<Received, ReceiveError> {
        let mut buffer = [0; IMAGE_BYTES];
        let arrival = socket::receive(self.as_fd(), &mut buffer, RecvFlags::empty());
        self.unpack(arrival.map_err(ReceiveError::of_recvmsg)?, &buffer)
    }

    /// As [`Channel::recv`], but waits at most for `timeout`, whether or not the socket is
    /// non-blocking.
    ///
    /// # Errors
    /// See [`ReceiveError`]; never [`ReceiveError::WouldBlock`].
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Received, ReceiveError> {
        let mut buffer = [0; IMAGE_BYTES];
        let attempt = || socket::receive(self.as_fd(), &mut buffer, RecvFlags::DONTWAIT);
        let arrival = Deadline::after(timeout).retry(self.as_fd(), PollFlags::IN, attempt);
        let arrival = arrival.map_err(|unanswered| match unanswered {
            Unanswered::TimedOut => ReceiveError::TimedOut,
            Unanswered::Refused(errno) => ReceiveError::of_recvmsg(errno),
            Unanswered::Poll(errno) => ReceiveError::Call { call: "poll", errno },
        })?;
        self.unpack(arrival, &buffer)
    }

    fn send_parcel(&self, parcel: &Parcel<'_>, flags: SendFlags) -> Result<(), Errno> {
        socket::send(self.as_fd(), &parcel.message.encode(), parcel.fds(), flags)
    }

    fn unpack(
        &self,
        arrival: Arrival,
        buffer: &[u8; IMAGE_BYTES],
    ) -> Result<Received, ReceiveError> {
        match arrival {
            Arrival::End => Err(ReceiveError::Closed),
            Arrival::Datagram(datagram) => {
                hand_over::unpack(datagram, buffer, self.allow_kernel_checked)
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.socket
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The path cannot be that of a socket.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nobody listens there, or not any more.
    #[error("nobody listens at {path}: start the other side first", path = path.display())]
    NoListener {
        /// Where.
        path: PathBuf,
    },
    /// So many others wait to be accepted that there was no room in time.
    #[error("whoever listens at {path} accepted nobody in time", path = path.display())]
    TimedOut {
        /// Where.
        path: PathBuf,
    },
    /// The socket is not a Unix socket of type `SOCK_SEQPACKET`.
    #[error("the socket is no Unix socket of type SOCK_SEQPACKET")]
    NotAChannel,
    /// The kernel refused.
    #[error("{call} for {path} failed: {errno}", path = path.display())]
    Call {
        /// The system call.
        call: &'static str,
        /// Where.
        path: PathBuf,
        /// Its error.
        errno: Errno,
    },
}
