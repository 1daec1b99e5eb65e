//! What can go wrong with fences.

use rustix::io::Errno;

use crate::egl::CallError;
use crate::sync::SyncFileError;

/// Why a fence cannot be made, imported, exported or waited for by the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FenceError {
    /// The driver cannot do it.
    #[error("this driver does not have {extension}{}", hint(extension))]
    Unsupported {
        /// The missing extension.
        extension: &'static str,
    },
    /// The context is not current on this thread.
    #[error("the context is not current on this thread: call `Context::make_current` first")]
    NotCurrent,
    /// The fence belongs to another display than the context.
    #[error("the fence belongs to another display than the context: hand it over as a sync file")]
    OtherDisplay,
    /// The fence was made without a file descriptor.
    #[error("the fence has no file descriptor: make it with `Fence::native`")]
    NotNative,
    /// The driver said success and gave no file descriptor.
    #[error("the driver gave no file descriptor for the fence")]
    NoFd,
    /// The file descriptor that the driver gave is no fence.
    #[error("what the driver gave is no fence")]
    NotAFence(#[source] SyncFileError),
    /// The file descriptor of the fence could not be duplicated for the driver.
    #[error("the file descriptor of the fence cannot be duplicated: {0}")]
    Duplicate(Errno),
    /// EGL refused.
    #[error(transparent)]
    Call(#[from] CallError),
}

fn hint(extension: &str) -> &'static str {
    match extension {
        "EGL_ANDROID_native_fence_sync" => {
            ": finish the drawing before the hand-over (llvmpipe has it where /dev/udmabuf can be \
             opened)"
        }
        _ => "",
    }
}

/// Why a fence was not waited for to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FenceWaitError {
    /// It did not signal in time.
    #[error("the fence did not signal in time")]
    TimedOut,
    /// EGL refused, or answered with a number that means nothing.
    #[error(transparent)]
    Call(#[from] CallError),
}
