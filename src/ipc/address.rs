//! Where a socket lies in the file system.
//!
//! Spec: `XDG_RUNTIME_DIR` in the
//! [XDG Base Directory Specification](https://specifications.freedesktop.org/basedir-spec/latest/):
//! it belongs to the user, and nobody else can reach into it.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::SocketAddrUnix;
use rustix::net::SocketFlags;
use rustix::net::SocketType;

/// The longest path that an address can hold, in bytes (`sun_path` without its final 0).
const PATH_LIMIT: usize = 107;

/// A socket of the only type that is used here, without an address, closed on `exec`.
pub(in crate::ipc) fn socket(flags: SocketFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
}

/// The address of a path.
pub(in crate::ipc) fn of_path(path: &Path) -> Result<SocketAddrUnix, AddressError> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() > PATH_LIMIT {
        return Err(AddressError::PathTooLong { path: path.to_owned() });
    }
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(AddressError::NotAPath { path: path.to_owned() });
    }
    SocketAddrUnix::new(bytes).map_err(|_too_long| AddressError::NotAPath { path: path.to_owned() })
}

/// The path of a name in the directory that the user has for sockets.
pub(in crate::ipc) fn in_runtime_dir(name: &str) -> Result<PathBuf, AddressError> {
    let mut components = Path::new(name).components();
    let only = (components.next(), components.next());
    if !matches!(only, (Some(Component::Normal(part)), None) if part == name) {
        return Err(AddressError::NotAName { name: name.to_owned() });
    }
    let dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let dir = dir.filter(|dir| dir.is_absolute()).ok_or(AddressError::NoRuntimeDir)?;
    let stat = rustix::fs::stat(&dir)
        .map_err(|errno| AddressError::RuntimeDir { dir: dir.clone(), errno })?;
    let is_mine = stat.st_uid == rustix::process::geteuid().as_raw();
    let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    if !is_mine || !is_dir || stat.st_mode & 0o077 != 0 {
        return Err(AddressError::NotPrivate { dir });
    }
    Ok(dir.join(name))
}

/// Why a name or a path cannot be that of a socket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// A name is one component of a path.
    #[error("{name:?} is no name for a socket: it must be that of a file, without a directory")]
    NotAName {
        /// The name.
        name: String,
    },
    /// The environment does not say where the user's sockets are.
    #[error("XDG_RUNTIME_DIR is not set to an absolute path: set it, or use the path of a socket")]
    NoRuntimeDir,
    /// The directory cannot be looked at.
    #[error("XDG_RUNTIME_DIR is {dir}, which cannot be used: {errno}", dir = dir.display())]
    RuntimeDir {
        /// Where.
        dir: PathBuf,
        /// The kernel's error.
        errno: Errno,
    },
    /// Somebody else could put a socket of theirs in place of ours.
    #[error(
        "XDG_RUNTIME_DIR is {dir}, which is not a directory of this user's alone: chmod it to 0700",
        dir = dir.display()
    )]
    NotPrivate {
        /// Where.
        dir: PathBuf,
    },
    /// An address holds 107 bytes.
    #[error("{path} is longer than the 107 bytes of an address", path = path.display())]
    PathTooLong {
        /// The path.
        path: PathBuf,
    },
    /// The path is empty or has a 0 byte in it.
    #[error("{path:?} is no path")]
    NotAPath {
        /// The path.
        path: PathBuf,
    },
}
