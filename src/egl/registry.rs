//! One owner for each display.
//!
//! EGL gives the same display to everybody who asks for the same thing, does not count, and the
//! first `eglTerminate` ends it for all. So the displays that this crate initialised are kept here,
//! and the last of their clones terminates them.
//!
//! Spec: EGL 1.5, section 3.2, "Initialization".

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;

use crate::egl::display::Connection;
use crate::egl::sys::Handle;

/// The displays that are open, by handle. A weak entry whose display is gone stands for one that
/// is about to be terminated by whoever dropped it.
#[derive(Debug)]
pub(in crate::egl) struct Registry {
    open: Vec<(Handle, Weak<Connection>)>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { open: Vec::new() });

impl Registry {
    /// Held while a display is opened or terminated, so that neither overtakes the other.
    pub(in crate::egl) fn lock() -> MutexGuard<'static, Self> {
        REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::egl) fn find(&self, handle: Handle) -> Option<Arc<Connection>> {
        self.open.iter().find(|(known, _)| *known == handle).and_then(|(_, weak)| weak.upgrade())
    }

    pub(in crate::egl) fn insert(&mut self, handle: Handle, connection: &Arc<Connection>) {
        self.open.retain(|(known, _)| *known != handle);
        self.open.push((handle, Arc::downgrade(connection)));
    }

    /// Whether the display with this handle is still the one that `connection` stands for; it is
    /// forgotten then, and is the caller's to terminate.
    pub(in crate::egl) fn remove(&mut self, handle: Handle, connection: *const Connection) -> bool {
        let before = self.open.len();
        self.open.retain(|(known, weak)| !(*known == handle && weak.as_ptr() == connection));
        self.open.len() != before
    }
}
