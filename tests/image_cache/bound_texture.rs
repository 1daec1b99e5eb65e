#![allow(unsafe_code, reason = "draws as an engine does, with glow")]
//! An engine that binds a texture once and goes on drawing with it.

use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use glow::HasContext;

const VERTICES: &str = "#version 300 es
void main() {
    gl_Position = vec4(vec2(ivec2(gl_VertexID & 1, gl_VertexID >> 1) * 4 - 1), 0.0, 1.0);
}";
const FRAGMENTS: &str = "#version 300 es
precision highp float;
uniform highp sampler2D image;
out vec4 colour;
void main() {
    colour = texelFetch(image, ivec2(gl_FragCoord.xy), 0);
}";

/// The texture, bound to unit 0 and never again, and what is drawn with it.
pub(crate) struct BoundTexture {
    gl: Gl,
    target: RenderTarget,
    program: glow::Program,
    size: [u32; 2],
}

impl BoundTexture {
    pub(crate) fn new(gl: &Gl, texture: &Texture<TwoD>) -> Self {
        let size = [texture.width(), texture.height()];
        let floats = Texture::new(gl, size, PixelType::Rgba32F).unwrap();
        let target = RenderTarget::new(&floats).unwrap();
        let program = program(gl.glow());
        // SAFETY: the context is current, as for all calls here, and the texture is its own.
        unsafe { gl.glow().bind_texture(glow::TEXTURE_2D, Some(texture.name())) };
        Self { gl: gl.clone(), target, program, size }
    }

    /// Draws, and says what the shader has seen, row by row. The texture is not touched.
    pub(crate) fn draw(&self) -> Vec<f32> {
        let (glow, [width, height]) = (self.gl.glow(), self.size.map(u32::cast_signed));
        // SAFETY: the context is current, and the objects are its own.
        unsafe { glow.bind_framebuffer(glow::FRAMEBUFFER, Some(self.target.framebuffer())) };
        // SAFETY: as above.
        unsafe { glow.viewport(0, 0, width, height) };
        // SAFETY: as above.
        unsafe { glow.use_program(Some(self.program)) };
        // SAFETY: as above; the shader makes its vertices itself.
        unsafe { glow.draw_arrays(glow::TRIANGLES, 0, 3) };
        // SAFETY: as above.
        unsafe { glow.use_program(None) };
        self.target.read_rgba32f().unwrap()
    }
}

impl Drop for BoundTexture {
    fn drop(&mut self) {
        // SAFETY: the context is current, and the program is its own.
        unsafe { self.gl.glow().delete_program(self.program) };
        // SAFETY: the context is current.
        unsafe { self.gl.glow().bind_texture(glow::TEXTURE_2D, None) };
    }
}

fn program(glow: &glow::Context) -> glow::Program {
    // SAFETY: the context is current, as for all calls here.
    let program = unsafe { glow.create_program() }.unwrap();
    for (kind, text) in [(glow::VERTEX_SHADER, VERTICES), (glow::FRAGMENT_SHADER, FRAGMENTS)] {
        // SAFETY: as above.
        let shader = unsafe { glow.create_shader(kind) }.unwrap();
        // SAFETY: as above, and the shader is the context's own.
        unsafe { glow.shader_source(shader, text) };
        // SAFETY: as above.
        unsafe { glow.compile_shader(shader) };
        // SAFETY: as above.
        unsafe { glow.attach_shader(program, shader) };
        // SAFETY: as above; it stays as long as the program does.
        unsafe { glow.delete_shader(shader) };
    }
    // SAFETY: as above.
    unsafe { glow.link_program(program) };
    // SAFETY: as above.
    let is_linked = unsafe { glow.get_program_link_status(program) };
    // SAFETY: as above.
    assert!(is_linked, "{}", unsafe { glow.get_program_info_log(program) });
    program
}
