//! Images from process to process: file descriptors over a Unix socket.
//!
//! A [`Channel`] hands an image over with one system call: a [`wire`] message that describes it,
//! and its file descriptors beside it. The pixels are not touched. Both processes then have the
//! same memory, and a fence says from when on the receiver may look at it.
//!
//! Whoever receives need not trust whoever sends:
//! - every number of a message is checked before a file descriptor is looked at, and every file
//!   descriptor before it becomes part of an image;
//! - surplus, missing and lost file descriptors are told apart, and none stays open;
//! - what a channel returns is a [`Dmabuf`](crate::dmabuf::Dmabuf), checked like any other.
//!
//! What this cannot keep a peer from is writing to the pixels while they are read: it is shared
//! memory, and only its content can change.
//!
//! ```
//! use dmashare::allocator::Allocator;
//! use dmashare::allocator::Memfd;
//! use dmashare::allocator::Request;
//! use dmashare::format::Fourcc;
//! use dmashare::ipc::Channel;
//! use dmashare::ipc::Ready;
//!
//! let (here, there) = Channel::pair()?;
//! let image = Memfd::new().allocate(&Request::new(64, 64, Fourcc::ARGB8888))?;
//! here.send(&image, Ready::Finished)?;
//!
//! let received = there.recv()?;
//! assert!(received.image.is_same_memory(&image));
//! assert!(received.fence.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spec: `unix(7)`, `cmsg(3)`, `SCM_RIGHTS`.

mod address;
pub(crate) mod attached;
mod channel;
mod deadline;
mod error;
pub(crate) mod fd_refusal;
pub(crate) mod hand_over;
mod listener;
mod peer;
pub(crate) mod socket;
mod socket_file;
pub mod wire;

pub use crate::sync::Ready;
pub use address::AddressError;
pub use channel::Channel;
pub use channel::ConnectError;
pub use error::ReceiveError;
pub use error::SendError;
pub use hand_over::Received;
pub use listener::AcceptError;
pub use listener::AdoptError;
pub use listener::Listener;
pub use peer::PeerCredentials;
pub use socket_file::BindError;
