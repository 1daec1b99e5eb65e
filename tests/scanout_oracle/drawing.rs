//! What the two processes draw with GL.
//!
//! The first draws a picture of its own, the second samples it and draws what it saw into the
//! buffer that is shown.

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::memfd;
use crate::common::renderer::Renderer;
use crate::numbers::SIZE;

/// `numbers::drawn` as a shader: exact, because no float here is above 2^17.
const PICTURE: &str = "#version 100
precision highp float;

float exclusive_or(float a, float b) {
    float result = 0.0;
    float bit = 1.0;
    for (int index = 0; index < 8; index++) {
        result += bit * abs(mod(floor(a / bit), 2.0) - mod(floor(b / bit), 2.0));
        bit *= 2.0;
    }
    return result;
}

void main() {
    vec2 p = floor(gl_FragCoord.xy);
    float alpha = mod(4.0 * p.x + p.y, 256.0);
    vec3 colour = vec3(
        exclusive_or(p.x, p.y), exclusive_or(p.x, 2.0 * p.y), exclusive_or(2.0 * p.x, p.y));
    colour = mod(4.0 * colour, 256.0);
    colour = floor((2.0 * colour * alpha + 255.0) / 510.0 + 0.0005);
    gl_FragColor = vec4(colour, alpha) / 255.0;
}";

/// Draws the first process' picture into an image of `SIZE`.
pub(crate) fn draw_picture(renderer: &Renderer, image: &Dmabuf) {
    let program = Program::new(&renderer.gl, PICTURE).unwrap();
    target(renderer, image).fill(&program).unwrap();
    renderer.gl.finish().unwrap();
}

/// Numbers of 5 and 6 bits, spread to 8 so that a driver that rounds and one that cuts (llvmpipe)
/// store the same.
const IN_SIXTEEN_BITS: &str = "#version 100
precision highp float;
uniform highp sampler2D source;
varying highp vec2 coordinates;

void main() {
    vec3 eight = floor(255.0 * texture2D(source, coordinates).rgb + 0.5);
    vec2 five = floor(eight.rb / 8.0);
    float six = floor(eight.g / 4.0);
    vec2 red_blue = 8.0 * five + floor(five / 4.0);
    gl_FragColor = vec4(red_blue.x, 4.0 * six + floor(six / 16.0), red_blue.y, 255.0) / 255.0;
}";

/// Samples the picture and draws it into an image of one plane.
pub(crate) fn draw_copy(renderer: &Renderer, picture: &Dmabuf, image: &Dmabuf) {
    let program = match image.fourcc() {
        Fourcc::RGB565 => Program::new(&renderer.gl, IN_SIXTEEN_BITS).unwrap(),
        _ => renderer.blit.clone(),
    };
    // GL renders into no format of 10 bits without alpha: the same bytes, named otherwise.
    let image = match image.fourcc() {
        Fourcc::XRGB2101010 => memfd::plane_as_image(image, 0, Fourcc::ARGB2101010, SIZE),
        _ => image.clone(),
    };
    target(renderer, &image).draw(&program, &texture(renderer, picture)).unwrap();
    renderer.gl.finish().unwrap();
}

/// Samples the picture and draws it into the planes of NV12 or P010: red is luma, green and blue
/// of the first of four pixels are chroma.
pub(crate) fn draw_planes(renderer: &Renderer, picture: &Dmabuf, image: &Dmabuf) {
    let [luma, chroma] = match image.fourcc() {
        Fourcc::P010 => [Fourcc::R16, Fourcc::GR1616],
        _ => [Fourcc::R8, Fourcc::GR88],
    };
    // Numbers of 10 bits are the upper ones of 16.
    let scale = if image.fourcc() == Fourcc::P010 { 255.0 * 256.0 / 65535.0 } else { 1.0 };
    let [width, height] = SIZE;
    let source = texture(renderer, picture);
    let planes = [
        (memfd::plane_as_image(image, 0, luma, SIZE), "r, 0.0", [0.0, 0.0]),
        (memfd::plane_as_image(image, 1, chroma, [width / 2, height / 2]), "g, texel.b", [0.5; 2]),
    ];
    for (plane, parts, [left, up]) in planes {
        let program = format!(
            "#version 100
            precision highp float;
            uniform highp sampler2D source;
            varying highp vec2 coordinates;
            void main() {{
                vec2 first = coordinates - vec2({left:?}, {up:?}) / vec2({width}.0, {height}.0);
                vec4 texel = texture2D(source, first);
                gl_FragColor = vec4({scale:?} * vec2(texel.{parts}), 0.0, 1.0);
            }}"
        );
        let program = Program::new(&renderer.gl, &program).unwrap();
        target(renderer, &plane).draw(&program, &source).unwrap();
    }
    renderer.gl.finish().unwrap();
}

fn texture(renderer: &Renderer, image: &Dmabuf) -> Texture<TwoD> {
    let image = Image::import(&renderer.display, image).unwrap();
    Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap()
}

fn target(renderer: &Renderer, image: &Dmabuf) -> RenderTarget {
    RenderTarget::new(&texture(renderer, image)).unwrap()
}
