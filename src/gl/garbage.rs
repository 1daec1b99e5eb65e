//! Objects that were dropped while their context was not current.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// The name of a GL object that has no owner any more.
#[derive(Clone, Copy, Debug)]
pub(in crate::gl) enum Dropped {
    Texture(glow::Texture),
    Framebuffer(glow::Framebuffer),
    Program(glow::Program),
}

/// Waits for the context to be current again. Asking whether there is anything costs one load.
#[derive(Debug, Default)]
pub(in crate::gl) struct Garbage {
    waiting: AtomicBool,
    objects: Mutex<Vec<Dropped>>,
}

impl Garbage {
    pub(in crate::gl) fn add(&self, object: Dropped) {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).push(object);
        self.waiting.store(true, Ordering::Release);
    }

    /// Takes everything, if there is anything.
    pub(in crate::gl) fn take(&self) -> Vec<Dropped> {
        if !self.waiting.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
