//! A socket that others connect to.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::io::FdFlags;
use rustix::net::AddressFamily;
use rustix::net::SocketAddrUnix;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::sockopt;

use crate::ipc::BindError;
use crate::ipc::Channel;
use crate::ipc::address;
use crate::ipc::deadline::Deadline;
use crate::ipc::deadline::Unanswered;
use crate::ipc::socket_file::SocketFile;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 16;

/// A socket in the file system that only its owner can connect to. Dropping it closes it and
/// removes its file, if it made one; connections that were accepted live on.
///
/// With [`AsFd`] it fits into an event loop: it becomes readable when a connection waits.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    path: PathBuf,
    /// Removes it.
    _file: Option<SocketFile>,
}

impl Listener {
    /// Listens under a name in `XDG_RUNTIME_DIR`, which must belong to the user alone.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(name: &str) -> Result<Self, BindError> {
        Self::bind_path(address::in_runtime_dir(name)?)
    }

    /// Listens at a path. Only processes of this user (and root) can connect, whatever the umask:
    /// the file never has a wider mode than 0600. Who may replace it is up to the directory.
    ///
    /// A lock is held on a second file, `<path>.lock`. What a listener that died has left behind
    /// is taken over; that of one that lives is not.
    ///
    /// # Errors
    /// See [`BindError`].
    ///
    /// Spec: `bind(2)`; the mode of the socket itself becomes that of its file
    /// (`unix_bind_bsd()` in `net/unix/af_unix.c`).
    pub fn bind_path(path: impl AsRef<Path>) -> Result<Self, BindError> {
        let path = path.as_ref();
        let address = address::of_path(path)?;
        let refused = |call, errno| BindError::Call { call, path: path.to_owned(), errno };
        // Non-blocking, because a connection that was seen by `poll` may be accepted by another
        // thread; accepted sockets do not inherit it.
        let socket =
            address::socket(SocketFlags::NONBLOCK).map_err(|errno| refused("socket", errno))?;
        rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| refused("fchmod", errno))?;
        let file = SocketFile::create(path, &address, &socket)?;
        rustix::net::listen(&socket, BACKLOG).map_err(|errno| refused("listen", errno))?;
        Ok(Self { socket, path: path.to_owned(), _file: Some(file) })
    }

    /// Takes over a socket that listens already and was inherited or received: from a service
    /// manager that starts a process when somebody connects, for instance. It is closed on `exec`
    /// from now on, and non-blocking, which holds for all duplicates of its file descriptor. Who
    /// may connect is up to whoever made it, and its file stays.
    ///
    /// # Errors
    /// See [`AdoptError`]. The file descriptor is closed then.
    ///
    /// Spec: `sd_listen_fds(3)`: the first is 3.
    pub fn from_fd(socket: OwnedFd) -> Result<Self, AdoptError> {
        let domain = sockopt::socket_domain(&socket);
        let kind = sockopt::socket_type(&socket);
        let listens = sockopt::socket_acceptconn(&socket);
        let is_listener = (domain, kind) == (Ok(AddressFamily::UNIX), Ok(SocketType::SEQPACKET))
            && listens == Ok(true);
        if !is_listener {
            return Err(AdoptError::NotAListener);
        }
        let refused = |call| move |errno| AdoptError::Call { call, errno };
        let flags = rustix::fs::fcntl_getfl(&socket).map_err(refused("fcntl(F_GETFL)"))?;
        rustix::fs::fcntl_setfl(&socket, flags | OFlags::NONBLOCK)
            .map_err(refused("fcntl(F_SETFL)"))?;
        rustix::io::fcntl_setfd(&socket, FdFlags::CLOEXEC).map_err(refused("fcntl(F_SETFD)"))?;
        let address = rustix::net::getsockname(&socket).map_err(refused("getsockname"))?;
        let address = SocketAddrUnix::try_from(address).map_err(refused("getsockname"))?;
        let bytes = address.path_bytes().unwrap_or_default();
        let path = PathBuf::from(OsStr::from_bytes(bytes));
        Ok(Self { socket, path, _file: None })
    }

    /// Where it listens; empty if that is no file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// See [`AcceptError`]; never [`AcceptError::TimedOut`].
    pub fn accept(&self) -> Result<Channel, AcceptError> {
        self.accept_until(Deadline::NEVER)
    }

    /// Waits for a connection, at most for `timeout`.
    ///
    /// # Errors
    /// See [`AcceptError`].
    pub fn accept_timeout(&self, timeout: Duration) -> Result<Channel, AcceptError> {
        self.accept_until(Deadline::after(timeout))
    }

    fn accept_until(&self, deadline: Deadline) -> Result<Channel, AcceptError> {
        let accept = || rustix::net::accept_with(&self.socket, SocketFlags::CLOEXEC);
        match deadline.retry(self.as_fd(), PollFlags::IN, accept) {
            Ok(socket) => Ok(Channel::around(socket)),
            Err(Unanswered::TimedOut) => Err(AcceptError::TimedOut),
            Err(Unanswered::Refused(errno)) => Err(AcceptError::Call { call: "accept4", errno }),
            Err(Unanswered::Poll(errno)) => Err(AcceptError::Call { call: "poll", errno }),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Why a socket was not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// It is no Unix socket of type `SOCK_SEQPACKET`, or does not listen.
    #[error("the socket is no listening Unix socket of type SOCK_SEQPACKET")]
    NotAListener,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why no connection was accepted. Others can still be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// Nobody connected in time.
    #[error("nobody connected in time")]
    TimedOut,
    /// The kernel refused, of which `EMFILE` is the likely error.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
