#![allow(unsafe_code, reason = "sets a number of a GL program")]
//! Numbers that a program takes.

use glow::HasContext;

use crate::gl::GlError;
use crate::gl::Kind;
use crate::gl::NotCurrent;
use crate::gl::Program;
use crate::gl::state::SavedState;

/// A `uniform float` of a program: a number that its shader reads, which stays until it is set again
/// and is 0 in the beginning.
#[derive(Debug)]
pub struct Uniform<K: Kind> {
    program: Program<K>,
    location: glow::UniformLocation,
}

impl<K: Kind> Program<K> {
    /// A `uniform float` by its name; `None` if the shader has none of it, or does not use it. The
    /// context must be current.
    ///
    /// # Errors
    /// [`NotCurrent`].
    #[doc(alias = "glGetUniformLocation")]
    pub fn uniform(&self, name: &str) -> Result<Option<Uniform<K>>, NotCurrent> {
        let current = self.gl().current()?;
        // SAFETY: requires a current context, of which `current` is the proof, and a linked program
        // of it, which every `Program` is.
        let location = unsafe { current.glow().get_uniform_location(self.name(), name) };
        Ok(location.map(|location| Uniform { program: self.clone(), location }))
    }
}

impl<K: Kind> Uniform<K> {
    /// Sets the number for all drawing from now on. Allocates nothing. The context must be current.
    ///
    /// # Errors
    /// [`GlError`]: not current, or no `float`.
    #[doc(alias = "glUniform1f")]
    pub fn set(&self, number: f32) -> Result<(), GlError> {
        let gl = self.program.gl();
        let current = gl.current()?;
        let _saved = SavedState::take(current, gl.has_external_textures());
        current.checked("glUniform1f", || {
            // SAFETY: requires a current context, of which `current` is the proof; the program is
            // its own.
            unsafe { current.glow().use_program(Some(self.program.name())) };
            // SAFETY: as above; the location is one of the program in use.
            unsafe { current.glow().uniform_1_f32(Some(&self.location), number) };
        })
    }
}
