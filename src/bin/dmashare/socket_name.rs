//! Where two processes meet, as it is named on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use dmashare::ipc::BindError;
use dmashare::ipc::Channel;
use dmashare::ipc::ConnectError;
use dmashare::ipc::Listener;

/// A name in `XDG_RUNTIME_DIR`, or a path: what has a slash in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SocketName {
    Name(String),
    Path(PathBuf),
}

impl SocketName {
    pub(crate) fn connect(&self) -> Result<Channel, ConnectError> {
        match self {
            Self::Name(name) => Channel::connect_name(name),
            Self::Path(path) => Channel::connect(path),
        }
    }

    pub(crate) fn listen(&self) -> Result<Listener, BindError> {
        match self {
            Self::Name(name) => Listener::bind(name),
            Self::Path(path) => Listener::bind_path(path),
        }
    }
}

impl FromStr for SocketName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_path = text.contains('/');
        Ok(if is_path { Self::Path(text.into()) } else { Self::Name(text.to_owned()) })
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}
