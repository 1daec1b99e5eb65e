#![allow(unsafe_code, reason = "asks for a socket option that may hold a process id of 0")]
//! Who is at the other end.

use std::ffi::c_void;
use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

const UCRED_BYTES: libc::socklen_t = 12;
const _: () = assert!(size_of::<libc::ucred>() == UCRED_BYTES as usize);

/// The process at the other end of a connection, as it was when the connection was made.
///
/// The kernel vouches for the numbers. A process can hand its end of the connection to another one
/// later, which then speaks in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "ucred")]
pub struct PeerCredentials {
    /// Its process id, or `None` if it lives in a process namespace that cannot be seen from here.
    pub pid: Option<u32>,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

impl PeerCredentials {
    /// Asks the kernel. `rustix` has this call too, but its process ids cannot be 0, which is what
    /// the kernel answers for a peer in a foreign namespace.
    pub(in crate::ipc) fn of(socket: BorrowedFd<'_>) -> Result<Self, Errno> {
        let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut length = UCRED_BYTES;
        // SAFETY: `getsockopt` requires `length` writable bytes at the pointer: they are those of
        // `credentials`, any value of whose fields is valid (SO_PEERCRED in unix(7)).
        let answer = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut credentials).cast::<c_void>(),
                &raw mut length,
            )
        };
        if answer != 0 {
            let error = std::io::Error::last_os_error();
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
        }
        let pid = u32::try_from(credentials.pid).ok().filter(|pid| *pid != 0);
        Ok(Self { pid, uid: credentials.uid, gid: credentials.gid })
    }
}
