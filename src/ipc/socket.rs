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
use std::os::fd::OwnedFd;

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

use crate::ipc::wire::IMAGE_BYTES;
use crate::ipc::wire::MAX_SLOTS;

const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
const SEND_SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_SLOTS));
const RECEIVE_SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_SLOTS + 1));

/// Sends one datagram whole, or not at all, with at most [`MAX_SLOTS`] file descriptors, which stay
/// the caller's.
pub(in crate::ipc) fn send<'fd>(
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
    let mut space = [MaybeUninit::uninit(); SEND_SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = slots.get(..count).unwrap_or(&slots);
    if !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Errno::MSGSIZE);
    }
    // Otherwise send(2) allows that a peer that is gone ends this process with SIGPIPE.
    let flags = flags | SendFlags::NOSIGNAL;
    loop {
        match rustix::net::sendmsg(socket, &[IoSlice::new(datagram)], &mut control, flags) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
            Ok(_all_bytes) => return Ok(()),
        }
    }
}

/// What came out of a socket. Dropping it closes the file descriptors that came with it.
#[derive(Debug)]
pub(in crate::ipc) enum Arrival {
    /// A datagram.
    Datagram(Datagram),
    /// The peer has closed its end, and nothing that it sent is left.
    End,
}

/// One datagram, with its file descriptors.
#[derive(Debug)]
pub(in crate::ipc) struct Datagram {
    buffer: [u8; IMAGE_BYTES],
    sent_bytes: usize,
    /// The file descriptors, in the order of their slots.
    pub(in crate::ipc) fds: [Option<OwnedFd>; MAX_SLOTS],
    /// How many arrived. More than there are slots: the others have been closed.
    pub(in crate::ipc) fd_count: usize,
    /// Whether some were sent that could not be installed in this process.
    pub(in crate::ipc) fds_lost: bool,
}

impl Datagram {
    /// The bytes that fit the longest message.
    pub(in crate::ipc) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.sent_bytes).unwrap_or(&self.buffer)
    }

    /// The length that it was sent with, if that is more than the longest message.
    pub(in crate::ipc) fn cut(&self) -> Option<usize> {
        (self.sent_bytes > self.buffer.len()).then_some(self.sent_bytes)
    }
}

/// Receives one datagram. Each file descriptor is closed on `exec`. Interrupted calls are made
/// again.
pub(in crate::ipc) fn receive(socket: BorrowedFd<'_>, flags: RecvFlags) -> Result<Arrival, Errno> {
    let mut buffer = [0; IMAGE_BYTES];
    let mut space = [MaybeUninit::uninit(); RECEIVE_SPACE];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    // TRUNC asks for the length that was sent, where it is more than the buffer's.
    let flags = flags | RecvFlags::CMSG_CLOEXEC | RecvFlags::TRUNC;
    let mut parts = [IoSliceMut::new(&mut buffer)];
    let received = loop {
        match rustix::net::recvmsg(socket, &mut parts, &mut control, flags) {
            // CONNRESET: the peer went away without reading all that it was sent. That is told
            // once, before what the peer itself has sent can be read.
            Err(Errno::INTR | Errno::CONNRESET) => {}
            other => break other?,
        }
    };
    let mut fds = [const { None }; MAX_SLOTS];
    let fd_count = take_fds(&mut control, &mut fds);
    if received.bytes == 0 && fd_count == 0 && is_ended(socket)? {
        return Ok(Arrival::End);
    }
    let fds_lost = received.flags.contains(ReturnFlags::CTRUNC);
    let sent_bytes = received.bytes;
    Ok(Arrival::Datagram(Datagram { buffer, sent_bytes, fds, fd_count, fds_lost }))
}

/// Owns every file descriptor that was installed; those without a slot are closed at once.
fn take_fds(
    control: &mut RecvAncillaryBuffer<'_>,
    slots: &mut [Option<OwnedFd>; MAX_SLOTS],
) -> usize {
    let mut count = 0;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            for fd in fds {
                if let Some(slot) = slots.get_mut(count) {
                    *slot = Some(fd);
                }
                count = count.saturating_add(1);
            }
        }
    }
    count
}

/// Tells the end of the connection from an empty datagram, which `recvmsg` does not: the peer's
/// end is closed and no byte is waiting.
fn is_ended(socket: BorrowedFd<'_>) -> Result<bool, Errno> {
    let mut fd = PollFd::new(&socket, PollFlags::RDHUP);
    while rustix::event::poll(std::slice::from_mut(&mut fd), Some(&NOW)) == Err(Errno::INTR) {}
    let is_hung_up = fd.revents().intersects(PollFlags::RDHUP | PollFlags::HUP);
    Ok(is_hung_up && rustix::io::ioctl_fionread(socket)? == 0)
}
