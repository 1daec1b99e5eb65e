#![allow(unsafe_code, reason = "hands vertices to GL")]
//! A quad over the whole target.

use glow::HasContext;

use crate::gl::GlError;
use crate::gl::Kind;
use crate::gl::Program;
use crate::gl::Texture;
use crate::gl::current::Current;
use crate::gl::loaded::Gl;
use crate::gl::state::SavedState;

/// Two triangles as a strip, in clip space.
const CORNERS: [f32; 8] = [-1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0];

/// Where the top of a picture is in the target that it is drawn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// Row 0 is drawn at clip-space y = -1: from image to image, rows stay where they are.
    Image,
    /// Row 0 is drawn at clip-space y = +1: the top of a window.
    Window,
}

impl Orientation {
    /// Scale and offset from clip space to texture coordinates.
    const fn to_texture(self) -> [f32; 4] {
        match self {
            Self::Image => [0.5, 0.5, 0.5, 0.5],
            Self::Window => [0.5, -0.5, 0.5, 0.5],
        }
    }
}

/// The vertices, in the memory of a context.
#[derive(Clone, Copy, Debug)]
pub(in crate::gl) struct Quad {
    buffer: glow::Buffer,
    /// Of our own, so that nobody else's is changed. GLES 2 has none: there the attribute of the
    /// vertex shader is left as drawing set it.
    vertex_array: Option<glow::VertexArray>,
}

impl Quad {
    /// The context of `glow` must be current: the caller has just asked.
    pub(in crate::gl) fn new(glow: &glow::Context, is_gles_3: bool) -> Result<Self, GlError> {
        // SAFETY: the context is current.
        let buffer = unsafe { glow.create_buffer() }
            .map_err(|_message| GlError::NoObject { call: "glGenBuffers" })?;
        // SAFETY: the context is current.
        let before = unsafe { glow.get_parameter_i32(glow::ARRAY_BUFFER_BINDING) };
        let before = std::num::NonZeroU32::new(before.cast_unsigned()).map(glow::NativeBuffer);
        // SAFETY: the context is current, and the buffer is its own.
        unsafe { glow.bind_buffer(glow::ARRAY_BUFFER, Some(buffer)) };
        let bytes: Vec<u8> = CORNERS.iter().flat_map(|corner| corner.to_ne_bytes()).collect();
        // SAFETY: the context is current; GL copies the bytes.
        unsafe { glow.buffer_data_u8_slice(glow::ARRAY_BUFFER, &bytes, glow::STATIC_DRAW) };
        // SAFETY: the context is current, and the buffer was bound before.
        unsafe { glow.bind_buffer(glow::ARRAY_BUFFER, before) };
        // SAFETY: the context is current.
        let vertex_array = is_gles_3.then(|| unsafe { glow.create_vertex_array() });
        let vertex_array = vertex_array
            .transpose()
            .map_err(|_message| GlError::NoObject { call: "glGenVertexArrays" })?;
        Ok(Self { buffer, vertex_array })
    }

    pub(in crate::gl) fn vertex_array(self) -> Option<glow::VertexArray> {
        self.vertex_array
    }

    pub(in crate::gl) fn buffer(self) -> glow::Buffer {
        self.buffer
    }
}

impl Gl {
    /// Draws a texture over the whole of the window, or of whatever framebuffer is bound: `size` is
    /// its size in pixels. The context must be current.
    ///
    /// Pixels are copied as they are, without blending; sizes that differ are scaled to the nearest
    /// pixel.
    ///
    /// # Errors
    /// [`GlError`].
    pub fn draw<K: Kind>(
        &self,
        program: &Program<K>,
        texture: &Texture<K>,
        size: [u32; 2],
        orientation: Orientation,
    ) -> Result<(), GlError> {
        let current = self.current()?;
        let _saved = SavedState::take(current, self.has_external_textures());
        current.draw_texture(program, texture, size, orientation)
    }
}

impl Current<'_> {
    /// Draws a texture over the bound framebuffer.
    pub(in crate::gl) fn draw_texture<K: Kind>(
        self,
        program: &Program<K>,
        texture: &Texture<K>,
        size: [u32; 2],
        orientation: Orientation,
    ) -> Result<(), GlError> {
        self.bind_texture(K::TARGET, Some(texture.name()));
        let drawn = self.draw_quad(program.name(), program.uniforms(), size, orientation);
        self.bind_texture(K::TARGET, None);
        drawn
    }

    /// Draws over the bound framebuffer, with the textures that are bound.
    pub(in crate::gl) fn draw_quad(
        self,
        program: glow::Program,
        uniforms: &Uniforms,
        size: [u32; 2],
        orientation: Orientation,
    ) -> Result<(), GlError> {
        let gl = self.glow();
        let [width, height] = size.map(u32::cast_signed);
        let [scale_x, scale_y, offset_x, offset_y] = orientation.to_texture();
        self.checked("glDrawArrays", || {
            // SAFETY: requires a current context, as does every block below without a reason of its
            // own; `self` is the proof.
            unsafe { gl.viewport(0, 0, width, height) };
            // SAFETY: the program is the context's own.
            unsafe { gl.use_program(Some(program)) };
            let to_texture = uniforms.to_texture.as_ref();
            // SAFETY: the uniform is a vec4 of the program in use, or ignored.
            unsafe { gl.uniform_4_f32(to_texture, scale_x, scale_y, offset_x, offset_y) };
            // SAFETY: the uniform is a sampler of the program in use, or ignored.
            unsafe { gl.uniform_1_i32(uniforms.source.as_ref(), 0) };
            let buffer = Some(self.shared().quad.buffer());
            // SAFETY: the buffer is the context's own.
            unsafe { gl.bind_buffer(glow::ARRAY_BUFFER, buffer) };
            // SAFETY: the attribute is the program's, and the buffer holds four pairs of floats.
            unsafe { gl.vertex_attrib_pointer_f32(uniforms.position, 2, glow::FLOAT, false, 0, 0) };
            // SAFETY: the attribute is the program's.
            unsafe { gl.enable_vertex_attrib_array(uniforms.position) };
            // SAFETY: the buffer holds the four vertices that are drawn.
            unsafe { gl.draw_arrays(glow::TRIANGLE_STRIP, 0, 4) };
            // SAFETY: the attribute is the program's.
            unsafe { gl.disable_vertex_attrib_array(uniforms.position) };
        })
    }

    /// A program of two shaders, or the compiler's log.
    pub(in crate::gl) fn build_program(
        self,
        vertex: &str,
        fragment: &str,
    ) -> Result<(glow::Program, Uniforms), String> {
        let gl = self.glow();
        // SAFETY: the context is current.
        let program = unsafe { gl.create_program() }?;
        let built = self.link(program, vertex, fragment);
        if built.is_err() {
            // SAFETY: the context is current, and nothing uses the program.
            unsafe { gl.delete_program(program) };
        }
        built.map(|uniforms| (program, uniforms))
    }

    fn link(
        self,
        program: glow::Program,
        vertex: &str,
        fragment: &str,
    ) -> Result<Uniforms, String> {
        let gl = self.glow();
        for (kind, source) in [(glow::VERTEX_SHADER, vertex), (glow::FRAGMENT_SHADER, fragment)] {
            let shader = self.compile(kind, source)?;
            // SAFETY: both are the context's own.
            unsafe { gl.attach_shader(program, shader) };
            // SAFETY: the shader lives on as long as it is attached.
            unsafe { gl.delete_shader(shader) };
        }
        // SAFETY: the program is the context's own.
        unsafe { gl.link_program(program) };
        // SAFETY: as above.
        if !unsafe { gl.get_program_link_status(program) } {
            // SAFETY: as above.
            return Err(unsafe { gl.get_program_info_log(program) });
        }
        // SAFETY: the program is linked.
        let position = unsafe { gl.get_attrib_location(program, "position") };
        // SAFETY: the program is linked.
        let to_texture = unsafe { gl.get_uniform_location(program, "to_texture") };
        // SAFETY: the program is linked.
        let source = unsafe { gl.get_uniform_location(program, "source") };
        let position = position.ok_or("the vertex shader has no attribute `position`")?;
        Ok(Uniforms { position, to_texture, source })
    }

    fn compile(self, kind: u32, source: &str) -> Result<glow::Shader, String> {
        let gl = self.glow();
        // SAFETY: the context is current.
        let shader = unsafe { gl.create_shader(kind) }?;
        // SAFETY: the shader is the context's own.
        unsafe { gl.shader_source(shader, source) };
        // SAFETY: as above.
        unsafe { gl.compile_shader(shader) };
        // SAFETY: as above.
        if unsafe { gl.get_shader_compile_status(shader) } {
            return Ok(shader);
        }
        // SAFETY: as above.
        let log = unsafe { gl.get_shader_info_log(shader) };
        // SAFETY: the shader is attached to nothing.
        unsafe { gl.delete_shader(shader) };
        Err(log)
    }
}

/// Where a program takes its inputs.
#[derive(Debug)]
pub(in crate::gl) struct Uniforms {
    position: u32,
    to_texture: Option<glow::UniformLocation>,
    source: Option<glow::UniformLocation>,
}
