//! Why nothing can be dispatched.

use rustix::io::Errno;

/// Why nothing can be dispatched. What is wrong with a connection is no error but an event:
/// [`ConsumerEvent::Ended`](crate::stream::ConsumerEvent::Ended) or
/// [`ProducerEvent::Left`](crate::stream::ProducerEvent::Left).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
