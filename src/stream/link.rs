#![warn(clippy::arithmetic_side_effects)]
//! One connection of a stream: messages, and what belongs to them, over a socket.
//!
//! Nothing here blocks but [`Link::receive_timeout`], whether or not the socket itself is
//! non-blocking. What goes wrong is an [`End`]: the reason why this connection is over, for the
//! state machine to deal with.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::sockopt;
use rustix::net::sockopt::Timeout;

use crate::ipc::Channel;
use crate::ipc::PeerCredentials;
use crate::ipc::ReceiveError;
use crate::ipc::SendError;
use crate::ipc::fd_refusal;
use crate::ipc::socket;
use crate::ipc::socket::Arrival;
use crate::ipc::socket::Datagram;
use crate::stream::protocol::End;
use crate::stream::wire::Message;

mod enclosed;
mod incoming;
#[cfg(test)]
#[cfg(not(miri))]
mod tests;
mod workspace;

pub(in crate::stream) use enclosed::Enclosed;
pub(in crate::stream) use incoming::Incoming;
pub(in crate::stream) use workspace::Workspace;

use enclosed::Kept;

/// One end of a connection. It owns its socket, which is closed on drop.
///
/// What the peer has no room for waits in a queue, whose memory is kept.
#[derive(Debug)]
pub(in crate::stream) struct Link {
    channel: Channel,
    queue: VecDeque<Queued>,
    most_queued: usize,
    /// File descriptors may come with a message.
    takes_fds: bool,
    /// What the socket was last told to wait for a message.
    timeout: Option<Duration>,
    /// The peer takes nothing any more. What it has said before can still be read.
    is_deaf: bool,
}

/// A message that waits for room in the socket.
#[derive(Debug)]
struct Queued {
    message: Message,
    kept: Kept,
}

impl Link {
    /// Takes a connection over. At most `most_queued` messages wait for a peer that does not read.
    pub(in crate::stream) fn new(channel: Channel, most_queued: usize) -> Self {
        let queue = VecDeque::new();
        Self { channel, queue, most_queued, takes_fds: true, timeout: None, is_deaf: false }
    }

    /// From now on the peer has nothing to send but bytes: the kernel refuses everything else, where
    /// it can (Linux 6.16), and a message costs less to receive.
    pub(in crate::stream) fn refuse_fds(&mut self) {
        self.takes_fds = fd_refusal::refuse_fds(self.channel.as_fd()).is_err();
    }

    /// The next message, with what came with it: an image that is checked, a fence that is one, or
    /// nothing. `None` if there is no message yet.
    ///
    /// # Errors
    /// [`End::Malformed`], [`End::Unusable`], or [`End::Lost`] once all that the peer has said was
    /// received. Every file descriptor that came with the message has been closed.
    pub(in crate::stream) fn receive(
        &self,
        workspace: &mut Workspace,
    ) -> Result<Option<Incoming>, End> {
        let arrival = self.next_arrival(RecvFlags::DONTWAIT, workspace);
        self.open(arrival, workspace)
    }

    /// As [`Link::receive`], but waits for a message, at most for `timeout`, which is more than 0. It
    /// may give up early: after half of the time, when a signal comes, or at once if the socket is
    /// non-blocking. It is one call, where to wait and to receive are two.
    ///
    /// # Errors
    /// As [`Link::receive`].
    ///
    /// Spec: `SO_RCVTIMEO` in `socket(7)`.
    pub(in crate::stream) fn receive_timeout(
        &mut self,
        timeout: Duration,
        workspace: &mut Workspace,
    ) -> Result<Option<Incoming>, End> {
        if self.is_deaf {
            return self.receive(workspace);
        }
        let timeout = power_of_two(timeout);
        if self.timeout != Some(timeout) {
            let set = sockopt::set_socket_timeout(&self.channel, Timeout::Recv, Some(timeout));
            if set.is_err() {
                // Longer than the kernel can count.
                return Ok(None);
            }
            self.timeout = Some(timeout);
        }
        let arrival = self.next_arrival(RecvFlags::empty(), workspace);
        self.open(arrival, workspace)
    }

    fn next_arrival(&self, flags: RecvFlags, workspace: &mut Workspace) -> Result<Arrival, Errno> {
        let (socket, received) = (self.channel.as_fd(), &mut workspace.received);
        if self.takes_fds {
            socket::receive_until_signal(socket, received, flags)
        } else {
            socket::receive_bytes(socket, received, flags)
        }
    }

    #[inline]
    fn open(
        &self,
        arrival: Result<Arrival, Errno>,
        workspace: &mut Workspace,
    ) -> Result<Option<Incoming>, End> {
        let Datagram { sent_bytes, attached } = match arrival {
            Ok(Arrival::Datagram(datagram)) => datagram,
            Ok(Arrival::End) => return Err(End::Lost),
            Err(Errno::AGAIN) if self.is_deaf => return Err(End::Lost),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(errno) => return Err(End::Unusable(ReceiveError::of_recvmsg(errno))),
        };
        let Workspace { received, spares, .. } = workspace;
        let Some(bytes) = received.get(..sent_bytes) else {
            return Err(End::Malformed(Message::refuse_cut(received, sent_bytes)));
        };
        match Message::decode_with(bytes, spares) {
            Ok(message) => Incoming::open(message, attached).map(Some),
            Err(malformed) => Err(End::Malformed(malformed)),
        }
    }

    /// Sends a message with what belongs to it, or lets it wait for room: then its fence is
    /// duplicated and its image shared. To a peer that has closed its end nothing is sent, which
    /// [`Link::receive`] will tell.
    ///
    /// # Errors
    /// [`End::TooSlow`] if too much waits already, [`End::Unsent`].
    pub(in crate::stream) fn send(
        &mut self,
        message: &Message,
        enclosed: Enclosed<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), End> {
        debug_assert_eq!(enclosed.fds().count(), message.slots(), "{message:?}");
        if self.queue.is_empty() && self.transmit(message, enclosed, workspace)? == Sent::Yes {
            return Ok(());
        }
        if self.queue.len() >= self.most_queued {
            return Err(End::TooSlow);
        }
        let kept = enclosed.keep().map_err(|errno| {
            End::Unsent(SendError::Call { call: "fcntl(F_DUPFD_CLOEXEC)", errno })
        })?;
        self.queue.push_back(Queued { message: message.clone(), kept });
        Ok(())
    }

    /// Sends what waits, as far as there is room.
    ///
    /// # Errors
    /// [`End::Unsent`].
    pub(in crate::stream) fn flush(&mut self, workspace: &mut Workspace) -> Result<(), End> {
        while let Some(Queued { message, kept }) = self.queue.pop_front() {
            if self.transmit(&message, kept.lend(), workspace)? == Sent::NoRoom {
                self.queue.push_front(Queued { message, kept });
                break;
            }
        }
        Ok(())
    }

    /// Whether something waits: then [`Link::flush`] is to be called when the socket is writable.
    pub(in crate::stream) fn wants_write(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Who is at the other end.
    pub(in crate::stream) fn peer_credentials(&self) -> Result<PeerCredentials, Errno> {
        self.channel.peer_credentials()
    }

    fn transmit(
        &mut self,
        message: &Message,
        enclosed: Enclosed<'_>,
        workspace: &mut Workspace,
    ) -> Result<Sent, End> {
        if self.is_deaf {
            return Ok(Sent::Yes);
        }
        message.encode(&mut workspace.encoded);
        let (socket, bytes) = (self.channel.as_fd(), &workspace.encoded);
        let sent = match enclosed {
            Enclosed::Nothing => socket::send_bytes(socket, bytes, SendFlags::DONTWAIT),
            _ => socket::send(socket, bytes, enclosed.fds(), SendFlags::DONTWAIT),
        };
        match sent {
            Ok(()) => Ok(Sent::Yes),
            Err(Errno::AGAIN) => Ok(Sent::NoRoom),
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => {
                self.is_deaf = true;
                Ok(Sent::Yes)
            }
            Err(errno) => Err(End::Unsent(SendError::of_sendmsg(errno))),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

/// A timeout that is not longer and seldom another one: to tell the socket costs a call.
fn power_of_two(timeout: Duration) -> Duration {
    let timeout_us = u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(1 << timeout_us.ilog2())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// Or there is nobody to send it to.
    Yes,
    NoRoom,
}
