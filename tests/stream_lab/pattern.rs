//! A picture for each frame, as whole numbers for the CPU and as a shader for a GPU.

use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::TwoD;
use dmashare::gl::Uniform;

/// Width and height of every frame, in pixels.
pub(crate) const SIZE: [u32; 2] = [64, 48];

/// Red, green and blue of 8 bits. Each differs from frame to frame, and from pixel to pixel.
pub(crate) fn colour(frame: u64, x: u32, y: u32) -> [u8; 3] {
    let frame = u32::try_from(frame).unwrap();
    let [red, green, blue] = [3 * x + 5 * frame, 5 * y + 7 * frame, x * y + 11 * frame];
    [red, green, blue].map(|part| u8::try_from(part % 256).unwrap())
}

/// All pixels, row by row.
pub(crate) fn picture(frame: u64) -> Vec<[u8; 3]> {
    let [width, height] = SIZE;
    (0..height).flat_map(|y| (0..width).map(move |x| colour(frame, x, y))).collect()
}

/// Fails if any pixel is another one, and says how many and which is the first.
pub(crate) fn assert_is(frame: u64, seen: &[[u8; 3]]) {
    let expected = picture(frame);
    assert_eq!(seen.len(), expected.len());
    let wrong: Vec<_> = (0..seen.len()).filter(|index| seen[*index] != expected[*index]).collect();
    if let Some(first) = wrong.first() {
        let [seen, expected] = [seen[*first], expected[*first]];
        panic!(
            "frame {frame}: {} pixels are wrong, the first is number {first}: {seen:?} instead of \
             {expected:?}",
            wrong.len()
        );
    }
}

/// Exact, because no float here is above 2^16.
const SHADER: &str = "#version 100
precision highp float;
uniform float frame;

void main() {
    vec2 p = floor(gl_FragCoord.xy);
    vec3 colour = vec3(
        3.0 * p.x + 5.0 * frame, 5.0 * p.y + 7.0 * frame, p.x * p.y + 11.0 * frame);
    gl_FragColor = vec4(mod(colour, 256.0) / 255.0, 1.0);
}";

/// The same drawn by GL.
pub(crate) struct Pattern {
    program: Program<TwoD>,
    frame: Uniform<TwoD>,
}

impl Pattern {
    pub(crate) fn new(gl: &Gl) -> Self {
        let program = Program::new(gl, SHADER).unwrap();
        let frame = program.uniform("frame").unwrap().unwrap();
        Self { program, frame }
    }

    pub(crate) fn draw(&self, target: &RenderTarget, frame: u64) {
        self.frame.set(u16::try_from(frame).unwrap().into()).unwrap();
        target.fill(&self.program).unwrap();
    }
}
