//! Datagrams with file descriptors, as the kernel carries them.
//!
//! What arrives is hostile until proven otherwise: a peer can attach up to 253 file descriptors to
//! any datagram, and the kernel installs as many of them in this process as there is room for in
//! the control buffer. So the room is for one more than any message has, the rest never comes into
//! being, and whatever was installed is owned here before anything else is looked at.
//!
//! Spec: `unix(7)` on `SOCK_SEQPACKET` and `SCM_RIGHTS`, `recvmsg(2)`, `scm_detach_fds()` in
//! `net/core/scm.c`.

use std::io::IoSlice;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvAncillaryMessage;
use rustix::net::RecvFlags;
use rustix::net::ReturnFlags;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;

use crate::ipc::attached::Attached;
use crate::ipc::wire::MAX_SLOTS;

const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
const SEND_SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_SLOTS));
const RECEIVE_SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_SLOTS + 1));

/// Sends one datagram whole, or not at all, with at most [`MAX_SLOTS`] file descriptors, which stay
/// the caller's. Allocates nothing.
pub(crate) fn send<'fd>(
    socket: BorrowedFd<'fd>,
    datagram: &[u8],
    fds: impl Iterator<Item = BorrowedFd<'fd>>,
    flags: SendFlags,
) -> Result<(), Errno> {
    let mut slots = [socket; MAX_SLOTS];
    let mut count = 0;
    for (slot, fd) in slots.iter_mut().zip(fds) {
        *slot = fd;
        count += 1;
    }
    let fds = slots.get(..count).unwrap_or(&slots);
    if fds.is_empty() {
        return send_bytes(socket, datagram, flags);
    }
    retry(|| send_with(socket, datagram, fds, flags | SendFlags::NOSIGNAL))
}

/// As [`send`], without file descriptors: cheaper by a tenth, as the kernel has less to copy and to
/// check.
#[inline]
pub(crate) fn send_bytes(
    socket: BorrowedFd<'_>,
    datagram: &[u8],
    flags: SendFlags,
) -> Result<(), Errno> {
    // Otherwise send(2) allows that a peer that is gone ends this process with SIGPIPE.
    retry(|| rustix::net::send(socket, datagram, flags | SendFlags::NOSIGNAL))
}

#[inline]
fn retry(send: impl Fn() -> Result<usize, Errno>) -> Result<(), Errno> {
    loop {
        match send() {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
            Ok(_all_bytes) => return Ok(()),
        }
    }
}

fn send_with(
    socket: BorrowedFd<'_>,
    datagram: &[u8],
    fds: &[BorrowedFd<'_>],
    flags: SendFlags,
) -> Result<usize, Errno> {
    let mut space = [MaybeUninit::uninit(); SEND_SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Errno::MSGSIZE);
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(datagram)], &mut control, flags)
}

/// What came out of a socket. Dropping it closes the file descriptors that came with it.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A datagram.
    Datagram(Datagram),
    /// The peer has closed its end, and nothing that it sent is left.
    End,
}

/// One datagram, whose bytes are at the beginning of the buffer that it was received into.
#[derive(Debug)]
pub(crate) struct Datagram {
    /// The length that it was sent with. If that is more than the buffer has, its end is lost.
    pub(crate) sent_bytes: usize,
    /// The file descriptors that came with it.
    pub(crate) attached: Attached,
}

/// Receives one datagram, as much of it as there is room for. Each file descriptor is closed on
/// `exec`. Interrupted calls are made again. Allocates nothing.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: RecvFlags,
) -> Result<Arrival, Errno> {
    loop {
        match receive_until_signal(socket, buffer, flags) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

/// As [`receive`], but a signal ends the wait with `EINTR`: who waits for so long and not longer
/// has to look at the clock.
pub(crate) fn receive_until_signal(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: RecvFlags,
) -> Result<Arrival, Errno> {
    let mut space = [MaybeUninit::uninit(); RECEIVE_SPACE];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    // TRUNC asks for the length that was sent, where it is more than the buffer's.
    let flags = flags | RecvFlags::CMSG_CLOEXEC | RecvFlags::TRUNC;
    let mut parts = [IoSliceMut::new(buffer)];
    let received = loop {
        match rustix::net::recvmsg(socket, &mut parts, &mut control, flags) {
            // CONNRESET: the peer went away without reading all that it was sent. That is told
            // once, before what the peer itself has sent can be read.
            Err(Errno::CONNRESET) => {}
            other => break other?,
        }
    };
    let mut attached = take_fds(&mut control);
    attached.is_cut = received.flags.contains(ReturnFlags::CTRUNC);
    if received.bytes == 0 && attached.count() == 0 && is_ended(socket)? {
        return Ok(Arrival::End);
    }
    Ok(Arrival::Datagram(Datagram { sent_bytes: received.bytes, attached }))
}

/// As [`receive_until_signal`], for who takes no file descriptors: the kernel closes what comes with
/// the datagram, and it costs less. For sockets of which [`refuse_fds`] has made sure that nothing
/// comes.
///
/// [`refuse_fds`]: crate::ipc::fd_refusal::refuse_fds
pub(crate) fn receive_bytes(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: RecvFlags,
) -> Result<Arrival, Errno> {
    let flags = flags | RecvFlags::TRUNC;
    let (_, sent_bytes) = loop {
        match rustix::net::recv(socket, &mut *buffer, flags) {
            // As above: told once, before what the peer has sent can be read.
            Err(Errno::CONNRESET) => {}
            other => break other?,
        }
    };
    if sent_bytes == 0 && is_ended(socket)? {
        return Ok(Arrival::End);
    }
    Ok(Arrival::Datagram(Datagram { sent_bytes, attached: Attached::default() }))
}

/// Owns every file descriptor that was installed.
fn take_fds(control: &mut RecvAncillaryBuffer<'_>) -> Attached {
    let mut attached = Attached::default();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            fds.for_each(|fd| attached.push(fd));
        }
    }
    attached
}

/// Tells the end of the connection from an empty datagram, which `recvmsg` does not: the peer's
/// end is closed and no byte is waiting.
fn is_ended(socket: BorrowedFd<'_>) -> Result<bool, Errno> {
    let mut fd = PollFd::new(&socket, PollFlags::RDHUP);
    while rustix::event::poll(std::slice::from_mut(&mut fd), Some(&NOW)) == Err(Errno::INTR) {}
    let is_hung_up = fd.revents().intersects(PollFlags::RDHUP | PollFlags::HUP);
    Ok(is_hung_up && rustix::io::ioctl_fionread(socket)? == 0)
}
