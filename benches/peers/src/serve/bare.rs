//! Datagrams as long as a frame and its release, and nothing else.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;

use anyhow::Result;
use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;

const FRAME: [u8; 48] = [1; 48];
const RELEASE: [u8; 32] = [2; 32];

/// Two connected sockets of the kind that the crate uses.
pub(crate) fn sockets() -> Result<(OwnedFd, OwnedFd)> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    Ok(rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None)?)
}

/// Releases each frame.
pub(crate) fn answer(socket: &OwnedFd) -> Result<()> {
    while receive(socket) > 0 {
        release(socket);
    }
    Ok(())
}

pub(crate) fn send_frame(socket: impl AsFd) {
    rustix::net::send(socket, &FRAME, SendFlags::NOSIGNAL).expect("somebody who receives");
}

pub(crate) fn release(socket: impl AsFd) {
    rustix::net::send(socket, &RELEASE, SendFlags::NOSIGNAL).expect("somebody who receives");
}

/// Blocks until there is a datagram, and returns its length in bytes, 0 for the end.
pub(crate) fn receive(socket: impl AsFd) -> usize {
    let mut buffer = [0; 512];
    let (bytes, _) =
        rustix::net::recv(socket, &mut buffer, RecvFlags::empty()).expect("a datagram");
    bytes
}
