//! One end of a stream's connection that says whatever a test wants, over a bare socket.

use std::io::IoSlice;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use dmashare::ipc::Channel;
use dmashare::stream::wire::MAX_MESSAGE_BYTES;
use dmashare::stream::wire::Message;
use dmashare::stream::wire::Reason;
use rustix::io::Errno;
use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvAncillaryMessage;
use rustix::net::RecvFlags;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;

/// One end of a connection.
pub(crate) struct ScriptedSocket {
    pub(crate) channel: Channel,
}

impl ScriptedSocket {
    /// Sends a message that has no file descriptors.
    pub(crate) fn send(&self, message: &Message) {
        self.send_with(message, &[]);
    }

    /// Sends a message with any file descriptors.
    pub(crate) fn send_with(&self, message: &Message, fds: &[&OwnedFd]) {
        self.send_bytes(&encoded(message), fds).unwrap();
    }

    /// Sends any bytes with any file descriptors.
    pub(crate) fn send_bytes(&self, bytes: &[u8], fds: &[&OwnedFd]) -> Result<(), Errno> {
        let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        rustix::net::sendmsg(&self.channel, &[IoSlice::new(bytes)], &mut control, flags)?;
        Ok(())
    }

    /// What the peer has said, which must be there.
    pub(crate) fn receive(&self) -> Message {
        self.try_receive().expect("a message of the peer")
    }

    /// What the peer has said, if it has said something. Its file descriptors are closed.
    pub(crate) fn try_receive(&self) -> Option<Message> {
        self.receive_with_fds().map(|(message, _)| message)
    }

    /// The same with the file descriptors.
    pub(crate) fn receive_with_fds(&self) -> Option<(Message, Vec<OwnedFd>)> {
        let mut bytes = vec![0; MAX_MESSAGE_BYTES];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let received = loop {
            match rustix::net::recvmsg(&self.channel, &mut parts, &mut control, flags) {
                Err(Errno::AGAIN) => return None,
                // Told once when the peer has left something unread.
                Err(Errno::CONNRESET) => {}
                other => break other.unwrap(),
            }
        };
        if received.bytes == 0 {
            return None;
        }
        let mut fds = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(arrived) = message {
                fds.extend(arrived);
            }
        }
        Some((Message::decode(&bytes[..received.bytes]).unwrap(), fds))
    }

    /// The reason of the goodbye that the peer has said last, and its text.
    pub(crate) fn goodbye(&self) -> (Reason, String) {
        let last = std::iter::from_fn(|| self.try_receive()).last();
        match last.expect("a goodbye") {
            Message::Goodbye(goodbye) => (goodbye.reason, goodbye.text.as_str().to_owned()),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}
