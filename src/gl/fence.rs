//! Fences of a context, for images that are handed over.

use std::time::Duration;

use crate::dmabuf::ImporterClass;
use crate::egl::Fence;
use crate::egl::FenceError;
use crate::gl::Completion;
use crate::gl::Gl;
use crate::gl::NotCurrent;
use crate::sync::SyncFile;
use crate::sync::WaitError;

/// Drivers whose kernel side waits for a fence in the call that submits commands, without an end
/// (`virtio_gpu_wait_in_fence()` of Linux 7.3).
const BLOCKING_DRIVERS: [&str; 1] = ["virtio_gpu"];

impl Gl {
    /// A fence that signals when everything drawn so far is done: what a hand-over takes as
    /// [`Ready::Fence`](crate::sync::Ready). Flushes; on a GPU it does not wait. The context must
    /// be current.
    ///
    /// `llvmpipe` finishes the drawing of all contexts of its display first, see
    /// [`Fence::to_sync_file`].
    ///
    /// # Errors
    /// [`FenceError::Unsupported`] where the driver cannot export fences, as `llvmpipe` without
    /// `/dev/udmabuf`: there, [`Gl::finish`] and
    /// [`Ready::Finished`](crate::sync::Ready::Finished) are the hand-over. Nothing falls back by itself,
    /// because that waits: [`Gl::fence_or_finish`] is for those who say so. Else as [`Fence::native`] and [`Fence::to_sync_file`].
    #[doc(alias = "EGL_ANDROID_native_fence_sync")]
    pub fn fence(&self) -> Result<SyncFile, FenceError> {
        Fence::native(self.context())?.to_sync_file()
    }

    /// [`Gl::fence`] where the driver has fences, else [`Gl::finish`]: which of the two it was is in the
    /// result, and beforehand in [`Display::has_native_fences`](crate::egl::Display::has_native_fences).
    /// The context must be current.
    ///
    /// # Errors
    /// As [`Gl::fence`], but [`FenceError::Unsupported`].
    #[doc(alias = "glFinish")]
    pub fn fence_or_finish(&self) -> Result<Completion, FenceError> {
        match self.fence() {
            Ok(fence) => Ok(Completion::Fence(fence)),
            Err(FenceError::Unsupported { .. }) => match self.finish() {
                Ok(()) => Ok(Completion::Finished),
                Err(NotCurrent) => Err(FenceError::NotCurrent),
            },
            Err(error) => Err(error),
        }
    }

    /// Has everything that is drawn from now on wait for a fence, before the pixels that came with it
    /// are used. The fence stays the caller's. The context must be current.
    ///
    /// A GPU waits by itself and this returns at once. Where waiting would block a thread of this
    /// process without an end (software renderers, virtio-gpu), or the driver cannot be given a fence,
    /// this thread waits here, at most for `timeout`.
    ///
    /// # Errors
    /// - [`GpuWaitError::NotDone`]: it did not signal in time, or its work failed. Nothing waits then.
    /// - [`GpuWaitError::Fence`]: not current, or EGL refused.
    #[doc(alias = "eglWaitSyncKHR")]
    pub fn wait(&self, fence: &SyncFile, timeout: Duration) -> Result<(), GpuWaitError> {
        if !self.context().is_current() {
            return Err(FenceError::NotCurrent.into());
        }
        if self.waits_on_cpu() {
            return Ok(fence.wait(timeout)?);
        }
        let imported = Fence::import(self.context(), fence);
        match imported.and_then(|imported| imported.wait_on_gpu(self.context())) {
            Err(FenceError::Unsupported { .. }) => Ok(fence.wait(timeout)?),
            done => Ok(done?),
        }
    }

    fn waits_on_cpu(&self) -> bool {
        let importer = self.context().display().importer();
        importer.class() != ImporterClass::Hardware || BLOCKING_DRIVERS.contains(&importer.driver())
    }
}

/// Why drawing does not wait for a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuWaitError {
    /// The fence did not signal, or its work failed.
    #[error(transparent)]
    NotDone(#[from] WaitError),
    /// The driver was not given the fence.
    #[error(transparent)]
    Fence(#[from] FenceError),
}
