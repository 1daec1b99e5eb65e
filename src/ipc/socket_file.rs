//! The file of a listening socket, and the lock that says whose it is.
//!
//! A socket's file outlives a process that was killed, and its name alone does not tell whether
//! somebody listens. Looking and then removing it would race with another process that does the
//! same, so both happen under a lock on a second file, which the kernel releases with the process.
//!
//! Spec: `flock(2)`, `unix(7)`.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FileType;
use rustix::fs::FlockOperation;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::Stat;
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;
use rustix::net::SocketFlags;

use crate::ipc::address;
use crate::ipc::address::AddressError;

/// The file of a bound socket. Removed on drop, with the file of the lock.
#[derive(Debug)]
pub(in crate::ipc) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    _lock: Lock,
}

impl SocketFile {
    /// Binds the socket, which gives the file its mode.
    pub(in crate::ipc) fn create(
        path: &Path,
        address: &SocketAddrUnix,
        socket: &OwnedFd,
    ) -> Result<Self, BindError> {
        let lock = Lock::take(path)?;
        remove_stale(path, address)?;
        let refused = |call, errno| BindError::Call { call, path: path.to_owned(), errno };
        match rustix::net::bind(socket, address) {
            Err(Errno::ADDRINUSE) => return Err(BindError::InUse { path: path.to_owned() }),
            bound => bound.map_err(|errno| refused("bind", errno))?,
        }
        let stat = rustix::fs::lstat(path).map_err(|errno| refused("lstat", errno))?;
        Ok(Self { path: path.to_owned(), identity: identity(&stat), _lock: lock })
    }
}

impl Drop for SocketFile {
    /// The lock is released after this, so nobody's new file can be met here, except one of
    /// somebody who does not care for locks.
    fn drop(&mut self) {
        let found = rustix::fs::lstat(&self.path).map(|stat| identity(&stat));
        if found == Ok(self.identity) {
            remove(&self.path);
        }
    }
}

/// Removes the file of a socket that nobody listens on any more.
fn remove_stale(path: &Path, address: &SocketAddrUnix) -> Result<(), BindError> {
    let refused = |call, errno| BindError::Call { call, path: path.to_owned(), errno };
    let stat = match rustix::fs::lstat(path) {
        Err(Errno::NOENT) => return Ok(()),
        stat => stat.map_err(|errno| refused("lstat", errno))?,
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Err(BindError::NotASocket { path: path.to_owned() });
    }
    // Somebody who does not know of the lock may be listening: then the file stays, and to bind is
    // refused.
    let probe = address::socket(SocketFlags::NONBLOCK).map_err(|errno| refused("socket", errno))?;
    if rustix::net::connect(&probe, address) == Err(Errno::CONNREFUSED) {
        rustix::fs::unlink(path).map_err(|errno| refused("unlink", errno))?;
    }
    Ok(())
}

/// A locked file. Removed on drop, while the lock is still held.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    _file: OwnedFd,
}

impl Lock {
    fn take(socket_path: &Path) -> Result<Self, BindError> {
        let mut path = OsString::from(socket_path);
        path.push(".lock");
        let path = PathBuf::from(path);
        let refused = |call, errno| BindError::Call { call, path: path.clone(), errno };
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        loop {
            let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
                .map_err(|errno| refused("open", errno))?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => {
                    return Err(BindError::InUse { path: socket_path.to_owned() });
                }
                Err(Errno::INTR) => continue,
                locked => locked.map_err(|errno| refused("flock", errno))?,
            }
            // The holder before may have removed the file between the two calls: then this is a
            // lock on a file that nobody else can find.
            let held = rustix::fs::fstat(&file).map_err(|errno| refused("fstat", errno))?;
            match rustix::fs::lstat(&path) {
                Ok(found) if identity(&found) == identity(&held) => {
                    return Ok(Self { path, _file: file });
                }
                Ok(_) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(refused("lstat", errno)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

fn remove(path: &Path) {
    if let Err(errno) = rustix::fs::unlink(path) {
        tracing::warn!(path = %path.display(), %errno, "the file could not be removed");
    }
}

/// Why a socket does not listen. Nothing is left in the file system then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The path cannot be that of a socket.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Another process listens there.
    #[error("another process listens at {path}", path = path.display())]
    InUse {
        /// Where.
        path: PathBuf,
    },
    /// There is a file that is no socket. It was left alone.
    #[error("{path} exists and is no socket: remove it or choose another path", path = path.display())]
    NotASocket {
        /// Where.
        path: PathBuf,
    },
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
