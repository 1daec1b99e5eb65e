#![allow(unsafe_code, reason = "sets a socket option that rustix does not know")]
//! Sockets that take no file descriptors.

use std::ffi::c_int;
use std::ffi::c_void;
use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

/// `SO_PASSRIGHTS` of all architectures but PA-RISC and SPARC.
const SO_PASSRIGHTS: c_int = 83;
const INT_BYTES: libc::socklen_t = 4;
const _: () = assert!(size_of::<c_int>() == INT_BYTES as usize);

/// Has the kernel refuse to send file descriptors to this socket: whoever tries is told `EPERM`, and
/// nothing of the message arrives. Those that have been sent before still come.
///
/// # Errors
/// `ENOPROTOOPT` before Linux 6.16.
///
/// Spec: `sk_scm_rights` in `unix_dgram_sendmsg()` of `net/unix/af_unix.c`,
/// `include/uapi/asm-generic/socket.h`.
pub(crate) fn refuse_fds(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
        return Err(Errno::NOPROTOOPT);
    }
    let takes_them: c_int = 0;
    // SAFETY: `setsockopt` requires so many readable bytes at the pointer: they are those of
    // `takes_them` (setsockopt(2)).
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PASSRIGHTS,
            (&raw const takes_them).cast::<c_void>(),
            INT_BYTES,
        )
    };
    if answer == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    Err(Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

#[cfg(test)]
#[cfg(not(miri))]
mod tests {
    use std::os::fd::AsFd;

    use rustix::net::RecvFlags;
    use rustix::net::SendFlags;

    use super::*;
    use crate::ipc::Channel;
    use crate::ipc::socket;
    use crate::ipc::socket::Arrival;

    fn kernel() -> (u32, u32) {
        let uname = rustix::system::uname();
        let release = uname.release().to_str().unwrap();
        let mut numbers = release.split(|it: char| !it.is_ascii_digit()).map(str::parse);
        (numbers.next().unwrap().unwrap(), numbers.next().unwrap().unwrap())
    }

    #[test]
    fn socket_that_refuses_file_descriptors_gets_none() {
        let (here, there) = Channel::pair().unwrap();
        if kernel() < (6, 16) {
            assert_eq!(refuse_fds(here.as_fd()), Err(Errno::NOPROTOOPT));
            return;
        }
        refuse_fds(here.as_fd()).unwrap();
        let send = |bytes: &[u8], fds: &[BorrowedFd<'_>]| {
            socket::send(there.as_fd(), bytes, fds.iter().copied(), SendFlags::DONTWAIT)
        };
        assert_eq!(send(b"with", &[there.as_fd()]), Err(Errno::PERM));
        send(b"without", &[]).unwrap();
        let mut buffer = [0; 16];
        let arrival = socket::receive_bytes(here.as_fd(), &mut buffer, RecvFlags::DONTWAIT);
        let Ok(Arrival::Datagram(datagram)) = arrival else { panic!("{arrival:?}") };
        assert_eq!(&buffer[..datagram.sent_bytes], b"without");
        drop(there);
        let end = socket::receive_bytes(here.as_fd(), &mut buffer, RecvFlags::DONTWAIT);
        assert!(matches!(end, Ok(Arrival::End)), "{end:?}");
    }
}
