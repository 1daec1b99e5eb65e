#![allow(unsafe_code, reason = "calls the fence functions of EGL")]
//! When the commands of a context are done.
//!
//! Spec: [`EGL_KHR_fence_sync`](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_fence_sync.txt),
//! `EGL_KHR_wait_sync`,
//! [`EGL_ANDROID_native_fence_sync`](https://registry.khronos.org/EGL/extensions/ANDROID/EGL_ANDROID_native_fence_sync.txt).

use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::IntoRawFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::egl::CallError;
use crate::egl::Context;
use crate::egl::Display;
use crate::egl::FenceError;
use crate::egl::FenceWaitError;
use crate::egl::functions::FenceFunctions;
use crate::egl::sys;
use crate::egl::sys::Handle;
use crate::sync::SyncFile;

const FENCE: &str = "EGL_KHR_fence_sync";
const WAIT: &str = "EGL_KHR_wait_sync";
const NATIVE: &str = "EGL_ANDROID_native_fence_sync";

/// What `eglDupNativeFenceFDANDROID` answers when there is nothing to duplicate, and what asks
/// `eglCreateSyncKHR` for a new fence.
const NO_NATIVE_FENCE_FD: i32 = -1;

/// A point in the commands of a context, or somebody else's fence in the hands of a driver.
///
/// It signals once, when everything that the context was told before is done, and stays signalled.
/// It belongs to a display, may be waited for on any thread, and is destroyed on drop, which cancels
/// no wait.
///
/// Three kinds:
/// - [`Fence::new`]: for other contexts of the same display, and for the CPU. Every driver has it.
/// - [`Fence::native`]: can be handed over as a [`SyncFile`].
/// - [`Fence::import`]: somebody else's [`SyncFile`], for the GPU to wait for.
#[derive(Debug)]
#[doc(alias = "EGLSync")]
pub struct Fence {
    handle: Handle,
    display: Display,
    functions: FenceFunctions,
    is_native: bool,
}

impl Fence {
    /// A fence behind the commands so far, without a file descriptor. The context must be current.
    ///
    /// # Errors
    /// [`FenceError::Unsupported`], [`FenceError::NotCurrent`], [`FenceError::Call`].
    ///
    /// Spec: `EGL_KHR_fence_sync`.
    #[doc(alias = "eglCreateSyncKHR")]
    pub fn new(context: &Context) -> Result<Self, FenceError> {
        Self::create(context, sys::SYNC_FENCE, &[sys::NONE])
    }

    /// A fence behind the commands so far that can be handed over with [`Fence::to_sync_file`]. The
    /// context must be current.
    ///
    /// # Errors
    /// As [`Fence::new`]. [`FenceError::Unsupported`] on `llvmpipe` without `/dev/udmabuf`.
    ///
    /// Spec: `EGL_ANDROID_native_fence_sync`.
    #[doc(alias = "EGL_SYNC_NATIVE_FENCE_ANDROID")]
    pub fn native(context: &Context) -> Result<Self, FenceError> {
        Self::native_of(context, NO_NATIVE_FENCE_FD)
    }

    /// Gives the driver somebody else's fence, to be waited for with [`Fence::wait_on_gpu`]. The
    /// context must be current. `fence` stays the caller's: the driver gets a duplicate of its file
    /// descriptor, which is closed by EGL with the result, and here if EGL refuses it.
    ///
    /// # Errors
    /// As [`Fence::native`]; [`FenceError::Duplicate`].
    ///
    /// Spec: `EGL_ANDROID_native_fence_sync`, `EGL_SYNC_NATIVE_FENCE_FD_ANDROID`.
    #[doc(alias = "EGL_SYNC_NATIVE_FENCE_FD_ANDROID")]
    pub fn import(context: &Context, fence: &SyncFile) -> Result<Self, FenceError> {
        let fd = fence.try_clone().map_err(FenceError::Duplicate)?.into_fd();
        let imported = Self::native_of(context, fd.as_raw_fd())?;
        // EGL owns it since it said success.
        let _number = fd.into_raw_fd();
        Ok(imported)
    }

    fn native_of(context: &Context, fd: i32) -> Result<Self, FenceError> {
        if context.display().connection().functions.dup_fence.is_none() {
            return Err(FenceError::Unsupported { extension: NATIVE });
        }
        let attributes = [sys::SYNC_NATIVE_FENCE_FD, fd, sys::NONE];
        Self::create(context, sys::SYNC_NATIVE_FENCE, &attributes)
    }

    /// `attributes` must be right for the kind, and end with `EGL_NONE`.
    fn create(context: &Context, kind: u32, attributes: &[i32]) -> Result<Self, FenceError> {
        let display = context.display();
        let functions = display.connection().functions.fence;
        let functions = functions.ok_or(FenceError::Unsupported { extension: FENCE })?;
        if !context.is_current() {
            return Err(FenceError::NotCurrent);
        }
        // SAFETY: the function requires an initialised display whose context is current, which was
        // asked above, and a list that ends with EGL_NONE (EGL_KHR_fence_sync).
        let sync = unsafe { (functions.create)(display.as_raw(), kind, attributes.as_ptr()) };
        if sync.is_null() {
            return Err(CallError::last(display.connection().library, "eglCreateSyncKHR").into());
        }
        Ok(Self {
            handle: Handle::from_ptr(sync),
            display: display.clone(),
            functions,
            is_native: kind == sys::SYNC_NATIVE_FENCE,
        })
    }

    /// The fence as a [`SyncFile`] of the caller's, for other processes and devices. Flushes the
    /// commands of the context that is current, since a fence has no file descriptor before that: call
    /// it where the context of the fence is current.
    ///
    /// Does not wait, on a GPU. `llvmpipe` has nothing that could signal later: it finishes the
    /// drawing of **all** contexts of its display here, and gives a fence that has signalled (Mesa
    /// 25.0.7). So no other thread may draw on such a display meanwhile.
    ///
    /// # Errors
    /// - [`FenceError::NotNative`]: it was made with [`Fence::new`].
    /// - [`FenceError::NoFd`], [`FenceError::NotAFence`]: the driver gave nothing of use.
    /// - [`FenceError::Call`]: the driver refused.
    #[doc(alias = "eglDupNativeFenceFDANDROID")]
    pub fn to_sync_file(&self) -> Result<SyncFile, FenceError> {
        let functions = &self.display.connection().functions;
        let duplicate = functions.dup_fence.filter(|_| self.is_native);
        let duplicate = duplicate.ok_or(FenceError::NotNative)?;
        // SAFETY: the function requires a native fence of the display (EGL_ANDROID_native_fence_sync).
        let duplicate = || unsafe { duplicate(self.display.as_raw(), self.handle.as_ptr()) };
        let mut fd = duplicate();
        if fd == NO_NATIVE_FENCE_FD {
            // Nothing was flushed since the fence was made: Mesa flushes then, others need not. A wait
            // of no time has the flag for it, and whether the fence has signalled does not matter.
            let _either = self.client_wait(0);
            fd = duplicate();
        }
        if fd == NO_NATIVE_FENCE_FD {
            let error = self.last("eglDupNativeFenceFDANDROID");
            return Err(if error.code.0 == SUCCESS { FenceError::NoFd } else { error.into() });
        }
        if fd < 0 {
            return Err(FenceError::NoFd);
        }
        // SAFETY: `from_raw_fd` requires an open file descriptor without another owner: the function
        // gives a new one to the caller.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        self.display.connection().fence_fds.take(fd).map_err(FenceError::NotAFence)
    }

    /// Has everything that `context` is told from now on wait for the fence. Does not block on most
    /// drivers, and the fence may be dropped at once. The context must be current, and may be another
    /// one than that of the fence.
    ///
    /// **There is no deadline.** What the context is told does not happen before the fence signals.
    /// `llvmpipe` blocks here until then, and virtio-gpu blocks where commands are flushed (its kernel
    /// side waits when they are submitted). Use it for fences of whoever is trusted, and
    /// [`SyncFile::wait`] for those of others.
    ///
    /// # Errors
    /// [`FenceError::Unsupported`], [`FenceError::NotCurrent`], [`FenceError::OtherDisplay`],
    /// [`FenceError::Call`].
    ///
    /// Spec: `EGL_KHR_wait_sync`.
    #[doc(alias = "eglWaitSyncKHR")]
    pub fn wait_on_gpu(&self, context: &Context) -> Result<(), FenceError> {
        if context.display() != &self.display {
            return Err(FenceError::OtherDisplay);
        }
        if !context.is_current() {
            return Err(FenceError::NotCurrent);
        }
        let wait = self.display.connection().functions.wait_fence;
        let wait = wait.ok_or(FenceError::Unsupported { extension: WAIT })?;
        // SAFETY: the function requires a fence of the display and a current context of it, which was
        // asked above; its flags must be 0 (EGL_KHR_wait_sync).
        let done = unsafe { wait(self.display.as_raw(), self.handle.as_ptr(), 0) };
        if done == sys::TRUE { Ok(()) } else { Err(self.last("eglWaitSyncKHR").into()) }
    }

    /// Blocks until it signals, at most for `timeout`. Flushes the commands of the context that is
    /// current; those of a fence of another context must have been flushed before.
    ///
    /// # Errors
    /// - [`FenceWaitError::TimedOut`]: not signalled in time; it can be waited for again.
    /// - [`FenceWaitError::Call`]: the driver refused.
    #[doc(alias = "eglClientWaitSyncKHR")]
    pub fn wait(&self, timeout: Duration) -> Result<(), FenceWaitError> {
        // All numbers but the largest are times; that one stands for no end (EGL_FOREVER_KHR).
        let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX - 1);
        match self.client_wait(timeout_ns) {
            sys::CONDITION_SATISFIED => Ok(()),
            sys::TIMEOUT_EXPIRED => Err(FenceWaitError::TimedOut),
            _failed => Err(self.last("eglClientWaitSyncKHR").into()),
        }
    }

    fn client_wait(&self, timeout_ns: u64) -> i32 {
        let (display, sync) = (self.display.as_raw(), self.handle.as_ptr());
        // SAFETY: the function requires a fence of the display, which lives until `drop`
        // (EGL_KHR_fence_sync). It flushes a current context, if there is one.
        unsafe {
            (self.functions.client_wait)(display, sync, sys::SYNC_FLUSH_COMMANDS_BIT, timeout_ns)
        }
    }

    /// Whether it has signalled. Does not block, and flushes nothing.
    ///
    /// # Errors
    /// [`FenceWaitError::Call`].
    #[doc(alias = "EGL_SYNC_STATUS_KHR")]
    pub fn is_signalled(&self) -> Result<bool, FenceWaitError> {
        let mut status = sys::UNSIGNALED;
        // SAFETY: the function requires a fence of the display and room for one number.
        let done = unsafe {
            (self.functions.attribute)(
                self.display.as_raw(),
                self.handle.as_ptr(),
                sys::SYNC_STATUS,
                &raw mut status,
            )
        };
        if done == 0 {
            return Err(self.last("eglGetSyncAttribKHR").into());
        }
        Ok(status == sys::SIGNALED)
    }

    /// Whether it has a file descriptor: made by [`Fence::native`] or [`Fence::import`].
    pub fn is_native(&self) -> bool {
        self.is_native
    }

    /// The display that it belongs to, and to no other.
    pub fn display(&self) -> &Display {
        &self.display
    }

    fn last(&self, call: &'static str) -> CallError {
        CallError::last(self.display.connection().library, call)
    }
}

/// `EGL_SUCCESS`.
const SUCCESS: i32 = 0x3000;

impl Drop for Fence {
    fn drop(&mut self) {
        // SAFETY: the function requires a fence of the display that is destroyed once: the handle has
        // no other owner, and the display is initialised as long as this clone exists.
        if unsafe { (self.functions.destroy)(self.display.as_raw(), self.handle.as_ptr()) } == 0 {
            let error = self.last("eglDestroySyncKHR");
            tracing::warn!(%error, "a fence could not be destroyed");
        }
    }
}
