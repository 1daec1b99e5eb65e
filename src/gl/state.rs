#![allow(unsafe_code, reason = "sets the state of GL")]
//! The state that drawing changes, put back when it is done.

use glow::HasContext;

use crate::gl::current::Current;
use crate::gl::current::texture_name;

/// The tests and masks that must be off for pixels to arrive as they are. GLES 2 lacks the last one.
const OFF: [u32; 9] = [
    glow::BLEND,
    glow::CULL_FACE,
    glow::DEPTH_TEST,
    glow::DITHER,
    glow::SAMPLE_ALPHA_TO_COVERAGE,
    glow::SAMPLE_COVERAGE,
    glow::SCISSOR_TEST,
    glow::STENCIL_TEST,
    glow::RASTERIZER_DISCARD,
];

/// What was set before; set again on drop. Several queries of GL, none of which waits for drawing.
pub(in crate::gl) struct SavedState<'a> {
    current: Current<'a>,
    enabled: [bool; OFF.len()],
    viewport: [i32; 4],
    colour_mask: [i32; 4],
    clear_colour: [f32; 4],
    draw_framebuffer: i32,
    read_framebuffer: i32,
    program: i32,
    array_buffer: i32,
    vertex_array: i32,
    active_texture: i32,
    texture_2d: i32,
    texture_external: i32,
    sampler: i32,
}

impl<'a> SavedState<'a> {
    /// Saves the state and sets what this module's drawing wants: everything off, all channels
    /// written, our own vertex array, texture unit 0 without a sampler.
    pub(in crate::gl) fn take(current: Current<'a>, has_external: bool) -> Self {
        let gl = current.glow();
        let mut enabled = [false; OFF.len()];
        for (name, enabled) in Self::known(current).zip(&mut enabled) {
            // SAFETY: GL requires a current context, here and in every block of this file: `current`
            // is the proof. The context knows the name.
            *enabled = unsafe { gl.is_enabled(name) };
        }
        let four = |name| {
            let mut values = [0; 4];
            // SAFETY: the context is current, and the names have four values.
            unsafe { gl.get_parameter_i32_slice(name, &mut values) };
            values
        };
        let mut clear_colour = [0.0; 4];
        // SAFETY: the context is current, and the name has four values.
        unsafe { gl.get_parameter_f32_slice(glow::COLOR_CLEAR_VALUE, &mut clear_colour) };
        let gles_3 = |name| if current.shared().is_gles_3 { current.integer(name) } else { 0 };
        let active_texture = current.integer(glow::ACTIVE_TEXTURE);
        // SAFETY: the context is current.
        unsafe { gl.active_texture(glow::TEXTURE0) };
        let saved = Self {
            current,
            enabled,
            viewport: four(glow::VIEWPORT),
            colour_mask: four(glow::COLOR_WRITEMASK),
            clear_colour,
            draw_framebuffer: current.integer(glow::FRAMEBUFFER_BINDING),
            read_framebuffer: gles_3(glow::READ_FRAMEBUFFER_BINDING),
            program: current.integer(glow::CURRENT_PROGRAM),
            array_buffer: current.integer(glow::ARRAY_BUFFER_BINDING),
            vertex_array: gles_3(glow::VERTEX_ARRAY_BINDING),
            sampler: gles_3(glow::SAMPLER_BINDING),
            active_texture,
            texture_2d: current.integer(glow::TEXTURE_BINDING_2D),
            // GL_TEXTURE_BINDING_EXTERNAL_OES
            texture_external: if has_external { current.integer(0x8D67) } else { 0 },
        };
        for name in Self::known(current) {
            // SAFETY: the context is current, and knows the name.
            unsafe { gl.disable(name) };
        }
        // SAFETY: the context is current.
        unsafe { gl.color_mask(true, true, true, true) };
        if current.shared().is_gles_3 {
            // SAFETY: the context is current, and the array is its own.
            unsafe { gl.bind_vertex_array(current.shared().quad.vertex_array()) };
            // SAFETY: the context is current.
            unsafe { gl.bind_sampler(0, None) };
        }
        saved
    }

    /// What the context can switch off.
    fn known(current: Current<'a>) -> impl Iterator<Item = u32> {
        let count = if current.shared().is_gles_3 { OFF.len() } else { OFF.len() - 1 };
        OFF.into_iter().take(count)
    }
}

impl Drop for SavedState<'_> {
    fn drop(&mut self) {
        let gl = self.current.glow();
        for (name, _) in OFF.into_iter().zip(self.enabled).filter(|(_, enabled)| *enabled) {
            // SAFETY: the context is current.
            unsafe { gl.enable(name) };
        }
        let [x, y, width, height] = self.viewport;
        // SAFETY: the context is current.
        unsafe { gl.viewport(x, y, width, height) };
        let [red, green, blue, alpha] = self.colour_mask.map(|value| value != 0);
        // SAFETY: the context is current.
        unsafe { gl.color_mask(red, green, blue, alpha) };
        let [red, green, blue, alpha] = self.clear_colour;
        // SAFETY: the context is current.
        unsafe { gl.clear_color(red, green, blue, alpha) };
        self.current.bind_framebuffer(name(self.draw_framebuffer, glow::NativeFramebuffer));
        // SAFETY: the context is current, and the program was in use before.
        unsafe { gl.use_program(name(self.program, glow::NativeProgram)) };
        let buffer = name(self.array_buffer, glow::NativeBuffer);
        // SAFETY: the context is current, and the buffer was bound before.
        unsafe { gl.bind_buffer(glow::ARRAY_BUFFER, buffer) };
        if self.current.shared().is_gles_3 {
            let array = name(self.vertex_array, glow::NativeVertexArray);
            // SAFETY: the context is current, and the array was bound before.
            unsafe { gl.bind_vertex_array(array) };
            let sampler = name(self.sampler, glow::NativeSampler);
            // SAFETY: the context is current, and the sampler was bound before.
            unsafe { gl.bind_sampler(0, sampler) };
            let framebuffer = name(self.read_framebuffer, glow::NativeFramebuffer);
            // SAFETY: the context is current, and the framebuffer was bound before.
            unsafe { gl.bind_framebuffer(glow::READ_FRAMEBUFFER, framebuffer) };
        }
        self.current.bind_texture(glow::TEXTURE_2D, texture_name(self.texture_2d));
        if self.texture_external != 0 {
            self.current.bind_texture(0x8D65, texture_name(self.texture_external));
        }
        // SAFETY: the context is current, and the unit was active before.
        unsafe { gl.active_texture(self.active_texture.cast_unsigned()) };
    }
}

/// The texture units beyond the first that a view's planes take, put back on drop. The first one is
/// active afterwards, as [`SavedState`] left it.
pub(in crate::gl) struct SavedUnits<'a> {
    current: Current<'a>,
    texture_2d: [i32; 2],
    sampler: [i32; 2],
}

impl<'a> SavedUnits<'a> {
    pub(in crate::gl) fn take(current: Current<'a>) -> Self {
        let mut saved = Self { current, texture_2d: [0; 2], sampler: [0; 2] };
        let bindings = saved.texture_2d.iter_mut().zip(&mut saved.sampler);
        for ((texture, sampler), unit) in bindings.zip(glow::TEXTURE1..) {
            // SAFETY: the context is current, and has eight units at the least.
            unsafe { current.glow().active_texture(unit) };
            *texture = current.integer(glow::TEXTURE_BINDING_2D);
            if current.shared().is_gles_3 {
                *sampler = current.integer(glow::SAMPLER_BINDING);
            }
        }
        // SAFETY: the context is current.
        unsafe { current.glow().active_texture(glow::TEXTURE0) };
        saved
    }
}

impl Drop for SavedUnits<'_> {
    fn drop(&mut self) {
        let gl = self.current.glow();
        for ((texture, sampler), unit) in self.texture_2d.into_iter().zip(self.sampler).zip(1..) {
            // SAFETY: the context is current, and has the unit.
            unsafe { gl.active_texture(glow::TEXTURE0 + unit) };
            self.current.bind_texture(glow::TEXTURE_2D, texture_name(texture));
            if self.current.shared().is_gles_3 {
                let sampler = name(sampler, glow::NativeSampler);
                // SAFETY: the context is current, and the sampler was bound before.
                unsafe { gl.bind_sampler(unit, sampler) };
            }
        }
        // SAFETY: the context is current.
        unsafe { gl.active_texture(glow::TEXTURE0) };
    }
}

/// The name that GL gave out as a number; 0 is nothing.
fn name<T>(number: i32, wrap: impl FnOnce(std::num::NonZeroU32) -> T) -> Option<T> {
    std::num::NonZeroU32::new(number.cast_unsigned()).map(wrap)
}
