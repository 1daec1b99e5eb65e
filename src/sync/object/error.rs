//! What can go wrong with synchronisation objects.

use rustix::io::Errno;

/// Why a synchronisation object was not made, or does not do what it was asked for. Nothing stays
/// open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncObjectError {
    /// The driver or the kernel has no such thing.
    #[error("{call} is not supported by {driver}, or the kernel is older than it")]
    Unsupported {
        /// The missing call.
        call: &'static str,
        /// The driver.
        driver: String,
    },
    /// The file descriptor is something else.
    #[error("the file descriptor is no synchronisation object")]
    NotASyncObject,
    /// There is no fence yet.
    #[error("there is no fence at that point yet: wait until it is available first")]
    NotSubmitted,
    /// Points begin at 1. The kernel takes 0 for the last point that there is.
    #[error("0 is no point of a timeline")]
    PointZero,
    /// Points only rise. The kernel would take it, and from then on answer wrongly about both.
    #[error("point {point} is not above {last}, the last one of the timeline")]
    Backwards {
        /// What was asked for.
        point: u64,
        /// The last point that has a fence.
        last: u64,
    },
    /// The two objects belong to different open files.
    #[error("the objects belong to different open files: export one and import it there")]
    OtherNode,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}

/// Why a wait for synchronisation objects ended otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncObjectWaitError {
    /// Not in time; it can be waited for again.
    #[error("not signalled in time")]
    TimedOut,
    /// An object or a point has no fence yet, and the wait was not for one to come.
    #[error("there is no fence to wait for yet")]
    NotSubmitted,
    /// Points begin at 1. The kernel takes 0 for the last point that there is.
    #[error("0 is no point of a timeline")]
    PointZero,
    /// There is nothing to wait for.
    #[error("no object to wait for")]
    Nothing,
    /// More objects than can be waited for at once.
    #[error("{count} objects are more than the {} that can be waited for at once", super::MAX_WAIT)]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// The objects belong to different open files.
    #[error("the objects belong to different open files: import them into one")]
    OtherNode,
    /// The kernel refused.
    #[error("{call} failed: {errno}")]
    Call {
        /// The ioctl.
        call: &'static str,
        /// Its error.
        errno: Errno,
    },
}
