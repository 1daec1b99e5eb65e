#![allow(unsafe_code, reason = "sets the pixel state of GL")]
//! How GL lays pixels out in the memory of the caller.
//!
//! An engine that owns the context may have rows padded, or a pixel buffer bound, to which GL would
//! then write instead of to the caller's memory.

use glow::HasContext;

use crate::gl::current::Current;

/// The parameters of one direction, with the values for rows one after the other.
const PACK: [(u32, i32); 4] = [
    (glow::PACK_ALIGNMENT, 4),
    (glow::PACK_ROW_LENGTH, 0),
    (glow::PACK_SKIP_ROWS, 0),
    (glow::PACK_SKIP_PIXELS, 0),
];

/// Rows one after the other and no pixel buffer, until dropped.
pub(in crate::gl) struct PlainPixels<'a> {
    current: Current<'a>,
    target: u32,
    buffer: i32,
    parameters: [i32; PACK.len()],
}

impl<'a> PlainPixels<'a> {
    /// For pixels that GL writes.
    pub(in crate::gl) fn pack(current: Current<'a>) -> Self {
        let mut parameters = [0; PACK.len()];
        let known = Self::known(current);
        for ((name, value), before) in PACK.into_iter().zip(&mut parameters).take(known) {
            *before = current.integer(name);
            // SAFETY: the context is current, and the value is right for the parameter.
            unsafe { current.glow().pixel_store_i32(name, value) };
        }
        let (target, binding) = (glow::PIXEL_PACK_BUFFER, glow::PIXEL_PACK_BUFFER_BINDING);
        Self { current, target, buffer: Self::unbind(current, target, binding), parameters }
    }

    /// For pixels that GL reads: here it never reads any, so a bound buffer alone matters.
    pub(in crate::gl) fn unpack(current: Current<'a>) -> Self {
        let (target, binding) = (glow::PIXEL_UNPACK_BUFFER, glow::PIXEL_UNPACK_BUFFER_BINDING);
        let buffer = Self::unbind(current, target, binding);
        Self { current, target, buffer, parameters: [0; PACK.len()] }
    }

    /// GLES 2 has the alignment alone, and no pixel buffers.
    fn known(current: Current<'a>) -> usize {
        if current.shared().is_gles_3 { PACK.len() } else { 1 }
    }

    fn unbind(current: Current<'a>, target: u32, binding: u32) -> i32 {
        if !current.shared().is_gles_3 {
            return 0;
        }
        let before = current.integer(binding);
        if before != 0 {
            // SAFETY: the context is current.
            unsafe { current.glow().bind_buffer(target, None) };
        }
        before
    }
}

impl Drop for PlainPixels<'_> {
    fn drop(&mut self) {
        let gl = self.current.glow();
        if self.target == glow::PIXEL_PACK_BUFFER {
            let known = Self::known(self.current);
            for ((name, _), before) in PACK.into_iter().zip(self.parameters).take(known) {
                // SAFETY: the context is current, and the parameter had this value before.
                unsafe { gl.pixel_store_i32(name, before) };
            }
        }
        if let Some(buffer) = std::num::NonZeroU32::new(self.buffer.cast_unsigned()) {
            // SAFETY: the context is current, and the buffer was bound before.
            unsafe { gl.bind_buffer(self.target, Some(glow::NativeBuffer(buffer))) };
        }
    }
}
