//! Datagrams as long as a frame and its release, and nothing else.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;

use anyhow::Result;
use rustix::net::AddressFamily;
use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvFlags;
use rustix::net::ReturnFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::sockopt::Timeout;

use crate::serve::SOON;

const FRAME: [u8; 48] = [1; 48];
const RELEASE: [u8; 32] = [2; 32];

/// Two connected sockets of the kind that the crate uses.
pub(crate) fn sockets() -> Result<(OwnedFd, OwnedFd)> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    Ok(rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None)?)
}

/// Releases each frame.
pub(crate) fn answer(socket: &OwnedFd, receive: fn(&OwnedFd) -> usize) -> Result<()> {
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

/// Lets [`receive_guarded`] wait for so long and not for ever.
pub(crate) fn guard(socket: &OwnedFd) -> Result<()> {
    Ok(rustix::net::sockopt::set_socket_timeout(socket, Timeout::Recv, Some(SOON))?)
}

/// As [`receive`], with what nobody does without who receives from strangers: a deadline, which the
/// socket has, room for a fence, and the word whether there was more than room.
pub(crate) fn receive_guarded(socket: &OwnedFd) -> usize {
    let mut buffer = [0; 512];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(6))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut buffer)];
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::TRUNC;
    let received = rustix::net::recvmsg(socket, &mut parts, &mut control, flags);
    let received = received.expect("a datagram");
    assert!(!received.flags.contains(ReturnFlags::CTRUNC));
    received.bytes
}
