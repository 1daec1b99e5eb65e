//! A cube of six colours: what kmscube draws by default, in the same number of GL calls.

use anyhow::Error;
use anyhow::Result;
use anyhow::ensure;
use dmashare::gl::Gl;
use dmashare::gl::RenderTarget;
use glow::HasContext as _;

const VERTEX: &str = "
    attribute vec3 corner;
    attribute vec3 colour;
    uniform mat4 transform;
    varying vec3 shade;
    void main() {
        gl_Position = transform * vec4(corner, 1.0);
        shade = colour;
    }
";
const FRAGMENT: &str = "
    precision mediump float;
    varying vec3 shade;
    void main() { gl_FragColor = vec4(shade, 1.0); }
";

/// Each a strip of two triangles.
const FACES: i32 = 6;
const CORNERS_OF_A_FACE: i32 = 4;
const BYTES_OF_A_VERTEX: i32 = 6 * 4;

/// How far the cube turns from one frame to the next, in radians, about two axes.
const TURN: [f32; 2] = [0.011, 0.017];

/// A cube that is drawn in a context of GL.
pub(crate) struct Cube {
    gl: Gl,
    transform: glow::UniformLocation,
    size: [u32; 2],
}

impl Cube {
    /// Makes it, and sets all of GL's state: nobody else draws. The context is current.
    pub(crate) fn new(gl: &Gl, size: [u32; 2]) -> Result<Self> {
        let glow = gl.glow();
        let bytes: Vec<u8> = vertices().into_iter().flat_map(f32::to_ne_bytes).collect();
        // SAFETY: the context is current, and the attributes lie within the buffer, which is kept
        // with the program until the context goes.
        unsafe {
            let program = program(glow)?;
            glow.use_program(Some(program));
            let transform = glow.get_uniform_location(program, "transform");
            let buffer = glow.create_buffer().map_err(Error::msg)?;
            glow.bind_buffer(glow::ARRAY_BUFFER, Some(buffer));
            glow.buffer_data_u8_slice(glow::ARRAY_BUFFER, &bytes, glow::STATIC_DRAW);
            for (place, name) in [(0, "corner"), (1, "colour")] {
                glow.bind_attrib_location(program, place, name);
                let offset = i32::try_from(place)? * 3 * 4;
                glow.enable_vertex_attrib_array(place);
                glow.vertex_attrib_pointer_f32(
                    place,
                    3,
                    glow::FLOAT,
                    false,
                    BYTES_OF_A_VERTEX,
                    offset,
                );
            }
            // The transform turns the picture over, and with it which way the corners go round.
            glow.front_face(glow::CW);
            glow.enable(glow::CULL_FACE);
            let transform = transform.ok_or_else(|| Error::msg("no uniform `transform`"))?;
            Ok(Self { gl: gl.clone(), transform, size })
        }
    }

    /// Draws it as it is after so many frames.
    pub(crate) fn draw(&self, target: &RenderTarget, frame: u32) {
        let glow = self.gl.glow();
        let [width, height] = self.size.map(|edge| edge as i32);
        let transform = transform(frame as f32, width as f32 / height as f32);
        // SAFETY: the context is current, and the framebuffer and the uniform are its own.
        unsafe {
            glow.bind_framebuffer(glow::FRAMEBUFFER, Some(target.framebuffer()));
            glow.viewport(0, 0, width, height);
            glow.clear_color(0.5, 0.5, 0.5, 1.0);
            glow.clear(glow::COLOR_BUFFER_BIT);
            glow.uniform_matrix_4_f32_slice(Some(&self.transform), false, &transform);
            for face in 0..FACES {
                let first = face * CORNERS_OF_A_FACE;
                glow.draw_arrays(glow::TRIANGLE_STRIP, first, CORNERS_OF_A_FACE);
            }
        }
    }
}

/// # Safety
/// The context is current.
unsafe fn program(glow: &glow::Context) -> Result<glow::Program> {
    // SAFETY: the context is current, says the caller, and all objects are its own.
    unsafe {
        let program = glow.create_program().map_err(Error::msg)?;
        for (kind, source) in [(glow::VERTEX_SHADER, VERTEX), (glow::FRAGMENT_SHADER, FRAGMENT)] {
            let shader = glow.create_shader(kind).map_err(Error::msg)?;
            glow.shader_source(shader, source);
            glow.compile_shader(shader);
            glow.attach_shader(program, shader);
        }
        glow.bind_attrib_location(program, 0, "corner");
        glow.bind_attrib_location(program, 1, "colour");
        glow.link_program(program);
        let log = glow.get_program_info_log(program);
        ensure!(glow.get_program_link_status(program), "no program: {log}");
        Ok(program)
    }
}

/// Corner and colour of each vertex, face by face.
fn vertices() -> Vec<f32> {
    let mut vertices = Vec::new();
    for face in 0..6_usize {
        let (axis, is_far) = (face / 2, face % 2 == 1);
        let side = if is_far { 1.0 } else { -1.0 };
        for (u, v) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
            let mut corner = [0.0; 3];
            corner[axis] = side;
            // The outside is where the corners are counter-clockwise.
            corner[(axis + 1) % 3] = u * side;
            corner[(axis + 2) % 3] = v;
            vertices.extend(corner);
            vertices.extend(corner.map(|part: f32| (part + 1.0) / 2.0));
        }
    }
    vertices
}

/// Turned, moved away from the viewer, and in perspective; column by column, with the upper row of
/// the image at the lower edge of GL's, as a monitor reads it.
fn transform(frame: f32, aspect: f32) -> [f32; 16] {
    let [(sx, cx), (sy, cy)] = TURN.map(|turn| (turn * frame).sin_cos());
    // Rows of the rotation: about y, then about x.
    let turned = [[cy, 0.0, sy], [sx * sy, cx, -sx * cy], [-cx * sy, sx, cx * cy]];
    let (near, far, distance, zoom) = (4.0, 10.0, 7.0, 2.4);
    let depth = (far + near) / (near - far);
    let mut columns = [0.0; 16];
    for (column, part) in columns.chunks_exact_mut(4).zip(0..4) {
        let z = if part < 3 { turned[2][part] } else { -distance };
        let (x, y) = if part < 3 { (turned[0][part], turned[1][part]) } else { (0.0, 0.0) };
        column[0] = x * zoom / aspect;
        column[1] = -y * zoom;
        column[2] = z * depth + if part < 3 { 0.0 } else { 2.0 * far * near / (near - far) };
        column[3] = -z;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::transform;
    use super::vertices;

    #[test]
    fn cube_has_its_outside_on_the_outside_of_every_face() {
        for face in vertices().chunks_exact(24) {
            let corner = |vertex: usize| [0, 1, 2].map(|part| face[vertex * 6 + part]);
            let [a, b, c] = [0, 1, 2].map(corner);
            let edge = |to: [f32; 3]| [to[0] - a[0], to[1] - a[1], to[2] - a[2]];
            let (u, v) = (edge(b), edge(c));
            let normal =
                [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
            // The middle of the cube is 0, so every corner points outwards.
            let outwards: f32 = normal.iter().zip(a).map(|(n, a)| n * a).sum();
            assert!(outwards > 0.0, "{face:?}");
        }
    }

    #[test]
    fn whole_cube_is_in_the_picture_at_all_times() {
        for frame in 0..2000_u16 {
            let m = transform(f32::from(frame), 4.0 / 3.0);
            for vertex in vertices().chunks_exact(6) {
                let row = |row: usize| {
                    vertex[0] * m[row]
                        + vertex[1] * m[4 + row]
                        + vertex[2] * m[8 + row]
                        + m[12 + row]
                };
                let w = row(3);
                assert!([0, 1, 2].iter().all(|part| row(*part).abs() < w), "frame {frame}");
            }
        }
    }
}
