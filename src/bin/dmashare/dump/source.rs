//! Where the image comes from.

use std::fmt;
use std::time::Duration;
use std::time::Instant;

use dmashare::ipc::Channel;
use dmashare::ipc::Listener;
use dmashare::ipc::Received;

use crate::dump::Args;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::inherited;

/// A socket, connected or waiting for somebody to connect.
#[derive(Debug)]
pub(in crate::dump) enum Source {
    Listening(Listener),
    Connected(Channel),
}

impl Source {
    pub(in crate::dump) fn of(args: &Args) -> Result<Self, Failure> {
        match (&args.socket, args.fd) {
            (Some(socket), None) if args.connect => {
                socket.connect().map(Self::Connected).attempt("there is no connection")
            }
            (Some(socket), None) => {
                socket.listen().map(Self::Listening).attempt("nobody can connect")
            }
            (None, Some(fd)) => Channel::from_fd(inherited::duplicate(fd)?)
                .map(Self::Connected)
                .attempt(format!("file descriptor {fd} cannot be used")),
            _ => Err(Failure::new("either --socket or --fd is needed")),
        }
    }

    /// Waits for one image. `allow_kernel_checked` lets those in that only a driver can check.
    pub(in crate::dump) fn receive(
        self,
        deadline: Instant,
        allow_kernel_checked: bool,
    ) -> Result<Received, Failure> {
        let mut channel = match self {
            Self::Connected(channel) => channel,
            Self::Listening(listener) => listener
                .accept_timeout(left(deadline))
                .attempt("nobody connected")
                .map_err(|failure| failure.advise("start the sender, or raise --timeout"))?,
        };
        channel.allow_kernel_checked(allow_kernel_checked);
        channel.recv_timeout(left(deadline)).attempt("no image was received")
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening(listener) => write!(f, "listening at {}", listener.path().display()),
            Self::Connected(_) => f.write_str("waiting for an image"),
        }
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
