//! A socket that others connect to.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::SocketFlags;

use crate::ipc::BindError;
use crate::ipc::Channel;
use crate::ipc::address;
use crate::ipc::deadline::Deadline;
use crate::ipc::deadline::Unanswered;
use crate::ipc::socket_file::SocketFile;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 16;

/// A socket in the file system that only its owner can connect to. Dropping it closes it and
/// removes its file; connections that were accepted live on.
///
/// With [`AsFd`] it fits into an event loop: it becomes readable when a connection waits.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    file: SocketFile,
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
        Ok(Self { socket, file })
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        self.file.path()
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
